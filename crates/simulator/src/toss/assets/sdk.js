// A browser SDK shaped like version 2 of the Toss Payments SDK, for the simulator's window:
// TossPayments(clientKey).payment({ customerKey }).requestPayment({ method: "CARD", … }).
(() => {
  const origin = new URL(document.currentScript.src).origin;

  const refuse = (code, message) =>
    Promise.reject(Object.assign(new Error(message), { code }));

  // The window takes over the page, so the promise of a payment that opens never settles.
  const requestPayment = (clientKey, request) => {
    const { method, amount, orderId, orderName, successUrl, failUrl } = request ?? {};
    if (method !== "CARD") {
      return refuse("NOT_SUPPORTED_METHOD", "지원되지 않는 결제 수단입니다.");
    }
    if (!amount || !Number.isInteger(amount.value) || !orderId || !orderName || !successUrl || !failUrl) {
      return refuse("INVALID_PARAMETERS", "필수 파라미터가 누락되었습니다.");
    }
    const query = new URLSearchParams({
      clientKey, orderId, orderName, successUrl, failUrl,
      amount: amount.value,
      currency: amount.currency ?? "KRW",
    });
    for (const name of ["customerEmail", "customerName"]) {
      if (request[name]) query.set(name, request[name]);
    }
    location.assign(`${origin}/pay?${query}`);
    return new Promise(() => {});
  };

  const TossPayments = (clientKey) => {
    if (typeof clientKey !== "string" || clientKey === "") {
      throw Object.assign(new Error("clientKey를 확인해주세요."), { code: "INVALID_CLIENT_KEY" });
    }
    return {
      payment: ({ customerKey } = {}) => {
        if (!customerKey) {
          throw Object.assign(new Error("customerKey를 확인해주세요."), { code: "INVALID_CUSTOMER_KEY" });
        }
        return { requestPayment: (request) => requestPayment(clientKey, request) };
      },
    };
  };
  TossPayments.ANONYMOUS = "ANONYMOUS";
  window.TossPayments = TossPayments;
})();
