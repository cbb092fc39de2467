//! A PostgreSQL cluster of one's own, for tests and benches: started here, gone with this process.
//!
//! A shell stands between us and the server. It takes commands on its standard input and, when
//! that ends, also because we were killed, stops the server and removes its folder. Everything
//! here panics when it fails: without a database there is nothing to test.
#![allow(clippy::expect_used, reason = "a test without its database has failed")]

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio, id},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

/// Commands, one a line; each is answered by a line. `$1` folder, `$2` port, `$3`… how to run.
const SUPERVISOR: &str = r#"
data="$1"; port="$2"; shift 2
start() { "$@" -D "$data/books" -p "$port" -k "$data" >>"$data/log" 2>&1 </dev/null & pid=$!; }
stop() { kill -"$1" "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; }
start "$@"; echo started
while read -r command; do
    case "$command" in
        start) start "$@" ;;
        stop) stop INT ;;
        kill) stop QUIT ;;
    esac
    echo "$command"
done
stop QUIT
rm -rf "$data"
"#;

/// A running cluster. Dropping it, or dying with it, stops the server and removes its folder.
#[derive(Debug)]
pub struct Cluster {
    programs: PathBuf,
    port: u16,
    databases: AtomicU32,
    template: Mutex<Option<String>>,
    line: Mutex<Line>,
}

#[derive(Debug)]
struct Line {
    supervisor: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Cluster {
    /// Starts an empty cluster that listens on 127.0.0.1 alone. Takes a second or two.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a cluster with these settings, e.g. `fsync=off`.
    pub fn start_with(settings: &[&str]) -> Self {
        Self::start_in(&std::env::temp_dir(), settings)
    }

    /// Starts a cluster whose files are in memory, where the machine has such a folder: for tests
    /// about what is decided, not about what a disk keeps.
    pub fn start_in_memory() -> Self {
        Self::start_in(&memory_or_disk(), &[])
    }

    fn start_in(place: &Path, settings: &[&str]) -> Self {
        let programs = programs();
        let folder = tempfile::Builder::new()
            .prefix("payonce-pg-")
            .tempdir_in(place)
            .expect("a folder for the cluster")
            .keep();
        let user = server_user(&folder);
        init(&programs, &folder, user.as_deref());
        let port = free_port();
        let mut run = run_as(user.as_deref());
        run.push(programs.join("postgres").display().to_string());
        let defaults = ["listen_addresses=127.0.0.1", "max_connections=300", "shared_buffers=64MB"];
        for setting in defaults.iter().chain(settings) {
            run.extend(["-c".to_owned(), (*setting).to_owned()]);
        }
        let mut supervisor = Command::new("sh")
            .args(["-c", SUPERVISOR, "supervisor"])
            .arg(&folder)
            .arg(port.to_string())
            .args(run)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("a shell");
        let commands = supervisor.stdin.take();
        let answers = BufReader::new(supervisor.stdout.take().expect("piped"));
        let mut line = Line { supervisor, commands, answers };
        line.answer();
        let cluster = Self {
            programs,
            port,
            databases: AtomicU32::new(0),
            template: Mutex::new(None),
            line: Mutex::new(line),
        };
        cluster.wait_until_ready();
        cluster
    }

    /// The URL of a database of this cluster.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://payonce@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database and returns its URL. Every later [`Cluster::fresh_database`] is a
    /// copy of it, so migrate it first and leave no connection open.
    pub fn template_database(&self) -> String {
        self.sql("postgres", "CREATE DATABASE template_books");
        *self.template.lock().unwrap_or_else(PoisonError::into_inner) =
            Some("template_books".to_owned());
        self.url("template_books")
    }

    /// Makes a database that nobody else has and returns its URL: a copy of the template, if
    /// there is one.
    pub fn fresh_database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("books_{}_{number}", id());
        // The lock is held: two copies of one template cannot be made at once.
        let template = self.template.lock().unwrap_or_else(PoisonError::into_inner);
        let source = template.as_deref().unwrap_or("template1");
        self.sql("postgres", &format!("CREATE DATABASE {name} TEMPLATE {source}"));
        self.url(&name)
    }

    /// Runs statements in a database and returns what they print, one row a line.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        self.try_sql(database, sql).unwrap_or_else(|told| panic!("{sql}: {told}"))
    }

    /// Runs statements that the server may refuse; the error is what it said.
    pub fn try_sql(&self, database: &str, sql: &str) -> Result<String, String> {
        let output = self
            .psql(database)
            .args(["-v", "ON_ERROR_STOP=1", "-c", sql])
            .output()
            .expect("psql runs");
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    /// Stops the server as an operator would: clients are cut off.
    pub fn stop(&self) {
        self.command("stop");
    }

    /// Stops the server as a crash would: no checkpoint, and recovery at the next start.
    pub fn crash(&self) {
        self.command("kill");
    }

    /// Starts the server again on the same data, after [`Cluster::stop`] or [`Cluster::crash`].
    pub fn restart(&self) {
        self.command("start");
        self.wait_until_ready();
    }

    fn psql(&self, database: &str) -> Command {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-d", &self.url(database)]);
        psql
    }

    fn command(&self, command: &str) {
        self.line.lock().unwrap_or_else(PoisonError::into_inner).command(command);
    }

    fn wait_until_ready(&self) {
        for _ in 0..400 {
            let answer = self.psql("postgres").args(["-c", "SELECT 1"]).output();
            if answer.is_ok_and(|output| output.status.success()) {
                return;
            }
            pause();
        }
        panic!("the cluster on port {} did not start", self.port);
    }
}

impl Line {
    fn command(&mut self, command: &str) {
        let commands = self.commands.as_mut().expect("open until dropped");
        writeln!(commands, "{command}").expect("the supervisor listens");
        self.answer();
    }

    fn answer(&mut self) {
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the supervisor answers");
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        drop(self.commands.take());
        let _already_gone = self.supervisor.wait();
    }
}

/// A folder in memory, or the usual one for temporary files where there is none.
fn memory_or_disk() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

/// Where the newest installed server's programs are.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|version| {
            let number = version.file_name().to_str()?.parse().ok()?;
            let programs = version.path().join("bin");
            programs.join("initdb").exists().then_some((number, programs))
        })
        .collect();
    found.sort();
    let newest =
        found.pop().expect("PostgreSQL under /usr/lib/postgresql (apt-get install postgresql)");
    newest.1
}

/// PostgreSQL refuses to run as root: whoever it runs as then owns the folder.
fn server_user(folder: &Path) -> Option<String> {
    if fs::metadata(folder).expect("the folder is there").uid() != 0 {
        return None;
    }
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let user = if accounts.contains("\npostgres:") { "postgres" } else { "nobody" };
    let owned = Command::new("chown").arg(user).arg(folder).status();
    assert!(
        owned.is_ok_and(|status| status.success()),
        "cannot give {} to {user}",
        folder.display()
    );
    Some(user.to_owned())
}

fn run_as(user: Option<&str>) -> Vec<String> {
    user.map_or_else(Vec::new, |user| {
        ["setpriv", "--reuid", user, "--clear-groups", "--"].map(str::to_owned).into()
    })
}

fn init(programs: &Path, folder: &Path, user: Option<&str>) {
    let mut run = run_as(user);
    run.push(programs.join("initdb").display().to_string());
    let output = Command::new(&run[0])
        .args(&run[1..])
        .args(["-U", "payonce", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"])
        .arg("-D")
        .arg(folder.join("books"))
        .current_dir(folder)
        .output()
        .expect("initdb runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "initdb: {told}");
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it has an address").port()
}

#[expect(clippy::disallowed_methods, reason = "a real server starts in real time")]
fn pause() {
    std::thread::sleep(std::time::Duration::from_millis(50));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_starts_copies_its_template_stops_and_starts_again() {
        let cluster = Cluster::start();
        cluster.template_database();
        cluster.sql("template_books", "CREATE TABLE t (x INT); INSERT INTO t VALUES (7)");
        let url = cluster.fresh_database();
        let name = url.rsplit('/').next().unwrap().to_owned();
        assert_eq!(cluster.sql(&name, "SELECT x FROM t").trim(), "7");
        cluster.stop();
        cluster.restart();
        cluster.crash();
        cluster.restart();
        assert_eq!(cluster.sql(&name, "SELECT x FROM t").trim(), "7");
    }
}
