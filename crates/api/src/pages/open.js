(() => {
  const failed = document.getElementById("failed");
  const button = document.getElementById("open");
  let broken = false;
  const fail = () => {
    broken = true;
    failed.hidden = false;
  };
  const openPage = async () => {
    /* the gateway's script */
  };
  const run = () => openPage().catch(fail);
  addEventListener("unhandledrejection", fail);
  button.addEventListener("click", () => (broken ? location.reload() : run()));
  run();
})();
