//! Servers to test against, and waiting for conditions.

use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bongsu_health::{Check, HealthCheck, HealthStatus, Snapshot};
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// Long enough for a busy machine; a test that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Waits until `found` gives something.
pub(crate) async fn until<T>(what: &str, mut found: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found().await {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A health value whose checks run quickly, the task that drives it, and a prober that never rests.
pub(crate) struct Driven {
    pub(crate) health: HealthCheck,
    task: JoinHandle<()>,
    prober: JoinHandle<()>,
}

/// What an orchestrator does, only more often. Whatever the dependencies do, each answer is whole and
/// the service is alive.
async fn probe(health: HealthCheck) {
    loop {
        for response in [
            health.health_response(true, false),
            health.health_response(true, true),
            health.ready_response(),
            health.startup_response(),
        ] {
            assert!(matches!(response.status, 200 | 503));
            serde_json::from_slice::<serde_json::Value>(&response.body).unwrap();
        }
        assert_eq!(health.liveness_response().status, 200);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

impl Driven {
    pub(crate) fn new(checks: impl IntoIterator<Item = Check>) -> Self {
        let quick = |check: Check| {
            check
                .interval(Duration::from_millis(50))
                .timeout(Duration::from_millis(500))
        };
        let health = HealthCheck::builder("svc")
            .checks(checks.into_iter().map(quick))
            .build()
            .unwrap();
        let task = tokio::spawn(health.run());
        let prober = tokio::spawn(probe(health.clone()));
        Self {
            health,
            task,
            prober,
        }
    }

    /// Waits until the check has this status.
    pub(crate) async fn becomes(&self, name: &str, status: HealthStatus) -> Arc<Snapshot> {
        let what = format!("{name} to become {status}");
        let last = || self.health.snapshot();
        until(&what, async || {
            Some(last()).filter(|s| s.part(name).unwrap().status == status)
        })
        .await
    }

    pub(crate) fn message(&self, name: &str) -> String {
        self.health
            .snapshot()
            .dependency(name)
            .unwrap()
            .message
            .clone()
            .unwrap_or_default()
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        self.task.abort();
        let fell = self.prober.is_finished();
        self.prober.abort();
        assert!(
            !fell || std::thread::panicking(),
            "a probe was answered wrongly"
        );
    }
}

fn signal(name: &str, pids: &[u32]) {
    let status = Command::new("kill")
        .arg(format!("-{name}"))
        .args(pids.iter().map(u32::to_string))
        .status();
    assert!(status.unwrap().success(), "kill -{name} {pids:?}");
}

/// A process that is gone when this is.
struct Killed(Child);

impl Killed {
    fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A Redis of its own.
pub(crate) struct Redis {
    pub(crate) port: u16,
    args: Vec<String>,
    process: Option<Killed>,
}

impl Redis {
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut redis = Self {
            port: free_port(),
            args: args.iter().map(|a| (*a).to_owned()).collect(),
            process: None,
        };
        redis.resume();
        redis
    }

    /// Starts it again on the same port.
    pub(crate) fn resume(&mut self) {
        let child = Command::new("redis-server")
            .args([
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--daemonize",
                "no",
            ])
            .args(["--port", &self.port.to_string()])
            .args(&self.args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server starts (Debian package redis-server)");
        self.process = Some(Killed(child));
    }

    pub(crate) fn stop(&mut self) {
        self.process = None;
    }

    pub(crate) fn pause(&self) {
        signal("STOP", &[self.process.as_ref().unwrap().pid()]);
    }

    pub(crate) fn unpause(&self) {
        signal("CONT", &[self.process.as_ref().unwrap().pid()]);
    }
}

/// A PostgreSQL of its own.
pub(crate) struct Postgres {
    pub(crate) port: u16,
    bin: PathBuf,
    home: TempDir,
    process: Option<Killed>,
}

impl Postgres {
    pub(crate) fn start() -> Self {
        let bin = newest_postgres();
        let home = TempDir::new().unwrap();
        std::fs::set_permissions(home.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let data = home.path().join("data");
        std::fs::create_dir(&data).unwrap();
        if let Some((user, group)) = postgres_user() {
            chown(&data, Some(user), Some(group)).unwrap();
        }
        std::fs::set_permissions(&data, PermissionsExt::from_mode(0o700)).unwrap();
        let init = as_postgres(&bin.join("initdb"))
            .args([
                "-D",
                data.to_str().unwrap(),
                "-U",
                "postgres",
                "-A",
                "trust",
                "--locale=C",
                "-E",
                "UTF8",
                "--no-sync",
            ])
            .output()
            .expect("initdb starts (Debian package postgresql)");
        assert!(
            init.status.success(),
            "{}",
            String::from_utf8_lossy(&init.stderr)
        );
        let mut postgres = Self {
            port: free_port(),
            bin,
            home,
            process: None,
        };
        postgres.resume();
        postgres
    }

    /// Starts it again on the same port.
    pub(crate) fn resume(&mut self) {
        let child = as_postgres(&self.bin.join("postgres"))
            .args([
                "-D",
                self.data().to_str().unwrap(),
                "-p",
                &self.port.to_string(),
                "-h",
                "127.0.0.1",
            ])
            .args([
                "-c",
                "unix_socket_directories=",
                "-c",
                "fsync=off",
                "-c",
                "shared_buffers=8MB",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("postgres starts (Debian package postgresql)");
        self.process = Some(Killed(child));
    }

    /// An immediate shutdown, as after a crash; waits until it is gone.
    pub(crate) fn stop(&mut self) {
        self.end("QUIT");
    }

    /// An orderly shutdown; waits until it is gone.
    pub(crate) fn stop_cleanly(&mut self) {
        self.end("INT");
    }

    fn end(&mut self, how: &str) {
        if let Some(mut process) = self.process.take() {
            // A paused one would not hear it.
            self.each("CONT", process.pid());
            signal(how, &[process.pid()]);
            let _ = process.0.wait();
        }
    }

    /// The server and every backend: a paused parent alone leaves open sessions answering.
    pub(crate) fn pause(&self) {
        self.each("STOP", self.process.as_ref().unwrap().pid());
    }

    pub(crate) fn unpause(&self) {
        self.each("CONT", self.process.as_ref().unwrap().pid());
    }

    fn each(&self, name: &str, pid: u32) {
        let mut pids = vec![pid];
        let children =
            std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        pids.extend(
            children
                .split_whitespace()
                .filter_map(|c| c.parse::<u32>().ok()),
        );
        for pid in pids {
            // A backend may end between the listing and the signal.
            let _ = Command::new("kill")
                .args([&format!("-{name}"), &pid.to_string()])
                .stderr(Stdio::null())
                .status();
        }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    pub(crate) fn url(&self) -> String {
        format!(
            "postgres://postgres:unused@127.0.0.1:{}/postgres",
            self.port
        )
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

fn newest_postgres() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .map(Vec::from_iter)
        .unwrap_or_default();
    let mut found: Vec<PathBuf> = versions
        .into_iter()
        .flatten()
        .map(|v| v.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    found.sort();
    found
        .pop()
        .expect("a PostgreSQL server under /usr/lib/postgresql (Debian package postgresql)")
}

/// The server refuses to run as root; then it runs as this user and group.
fn postgres_user() -> Option<(u32, u32)> {
    let id = |args: &[&str]| {
        let out = Command::new("id")
            .args(args)
            .output()
            .expect("id (Debian package coreutils)");
        String::from_utf8_lossy(&out.stdout)
            .trim()
            .parse::<u32>()
            .expect("user postgres exists")
    };
    (id(&["-u"]) == 0).then(|| (id(&["-u", "postgres"]), id(&["-g", "postgres"])))
}

fn as_postgres(program: &Path) -> Command {
    if postgres_user().is_none() {
        return Command::new(program);
    }
    // exec, so that the pid is the server's own.
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
        .arg(program);
    command.current_dir("/");
    command
}
