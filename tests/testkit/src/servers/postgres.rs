//! A PostgreSQL of one's own.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::LazyLock,
};

use tempfile::TempDir;

use crate::{Process, free_port, until};

/// A server with the superuser `bongsu`, who needs no password, on a port that stays its own.
#[derive(Debug)]
pub struct Postgres {
    port: u16,
    folder: TempDir,
    process: Option<Process>,
}

impl Postgres {
    /// Starts it, with an empty database `bongsu`, and waits until it answers.
    ///
    /// # Panics
    ///
    /// When PostgreSQL is missing or does not start.
    #[must_use]
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Whoever runs the tests, the server's user must get in.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let data = folder.path().join("data");
        run(Command::new("cp")
            .arg("-a")
            .arg(template().join("data"))
            .arg(&data));
        let mut postgres = Self {
            port: free_port(),
            folder,
            process: None,
        };
        postgres.resume();
        postgres.sql("postgres", "CREATE DATABASE bongsu");
        postgres
    }

    /// Its port on the loopback interface.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// With a password that nobody asks for, so that a test sees whether it is shown.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://bongsu:hunter2@127.0.0.1:{}/bongsu", self.port)
    }

    /// Where its files are.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Runs statements with psql.
    ///
    /// # Panics
    ///
    /// When one of them fails.
    pub fn sql(&self, database: &str, statements: &str) {
        let mut psql = Command::new(bin().join("psql"))
            .args([
                "-q",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                "127.0.0.1",
                "-U",
                "bongsu",
            ])
            .args(["-p", &self.port.to_string(), "-d", database])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut input = psql.stdin.take().unwrap();
        input.write_all(statements.as_bytes()).unwrap();
        drop(input);
        assert!(
            psql.wait().unwrap().success(),
            "psql failed on {statements:.80}"
        );
    }

    /// Starts it again on the same port and waits until it answers.
    ///
    /// # Panics
    ///
    /// As [`Postgres::start`].
    pub fn resume(&mut self) {
        let mut command = as_server(&bin().join("postgres"));
        command
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.port.to_string(), "-h", "127.0.0.1"])
            .args(["-c", "unix_socket_directories=", "-c", "fsync=off"])
            .args(["-c", "shared_buffers=8MB"])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.process = Some(Process::start(&mut command, "postgresql"));
        until("PostgreSQL answers", || {
            let mut ready = Command::new(bin().join("pg_isready"));
            ready.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
            ready.status().unwrap().success().then_some(())
        });
    }

    /// Ends it at once, as a crash would, with every process that serves a connection.
    pub fn stop(&mut self) {
        self.end("QUIT");
    }

    /// Ends it in order.
    pub fn stop_cleanly(&mut self) {
        self.end("INT");
    }

    fn end(&mut self, how: &str) {
        if let Some(mut process) = self.process.take() {
            // A paused one would not hear it.
            each("CONT", process.id());
            process.signal(how);
            let _ = process.wait();
        }
    }

    /// The server and every backend: a paused parent alone leaves open sessions answering.
    ///
    /// # Panics
    ///
    /// When it does not run.
    pub fn pause(&self) {
        each("STOP", self.process.as_ref().expect("PostgreSQL runs").id());
    }

    /// They answer again.
    ///
    /// # Panics
    ///
    /// When it does not run.
    pub fn unpause(&self) {
        each("CONT", self.process.as_ref().expect("PostgreSQL runs").id());
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

fn each(signal: &str, server: u32) {
    // First the one that makes the others, or one more could be made that is not in the list.
    send(signal, &server.to_string());
    if signal == "STOP" {
        until("the server to stand still", || {
            let stat = fs::read_to_string(format!("/proc/{server}/stat")).ok()?;
            let state = stat.rsplit_once(") ")?.1;
            state.starts_with('T').then_some(())
        });
    }
    let backends = fs::read_to_string(format!("/proc/{server}/task/{server}/children"));
    let backends = backends.unwrap_or_default();
    for backend in backends.split_whitespace() {
        send(signal, backend);
    }
}

/// A backend may end between the listing and the signal.
fn send(signal: &str, process: &str) {
    let _ = Command::new("kill")
        .args([&format!("-{signal}"), process])
        .stderr(Stdio::null())
        .status();
}

/// An empty cluster to copy for every server. It stays in the temporary folder, for initdb takes longer than
/// many a test, and a runner may give each test a process of its own.
fn template() -> &'static Path {
    static MADE: LazyLock<PathBuf> = LazyLock::new(|| {
        let version = bin().parent().and_then(Path::file_name).unwrap();
        let version = version.to_string_lossy();
        let whose = server_user().map_or(String::new(), |(user, _)| format!("-{user}"));
        let place = std::env::temp_dir().join(format!("bongsu-postgres-{version}{whose}"));
        if !place.exists() {
            // Whole or not at all: another process may be making it as well.
            let made = initialised().keep();
            if fs::rename(&made, &place).is_err() {
                let _the_other_was_first = fs::remove_dir_all(&made);
            }
        }
        place
    });
    &MADE
}

fn initialised() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    if let Some((user, group)) = server_user() {
        chown(&data, Some(user), Some(group)).unwrap();
    }
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    let mut initdb = as_server(&bin().join("initdb"));
    initdb.args([
        "-U",
        "bongsu",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
        "-D",
    ]);
    run(initdb.arg(&data));
    folder
}

/// The newest server's programs.
fn bin() -> &'static Path {
    static FOUND: LazyLock<PathBuf> = LazyLock::new(|| {
        let versions = fs::read_dir("/usr/lib/postgresql").map(Vec::from_iter);
        let versions = versions.unwrap_or_default().into_iter().flatten();
        let bins = versions.map(|version| version.path().join("bin"));
        bins.filter(|bin| bin.join("initdb").exists())
            .max()
            .expect("a PostgreSQL server under /usr/lib/postgresql (Debian package postgresql)")
    });
    &FOUND
}

/// A program of the server's; it refuses to run as root, and is then run as its own user.
pub(super) fn as_server(path: &Path) -> Command {
    let mut command = match server_user() {
        Some((user, group)) => {
            let mut command = Command::new("setpriv");
            command
                .args([format!("--reuid={user}"), format!("--regid={group}")])
                .arg("--clear-groups")
                .arg(path);
            command
        }
        None => Command::new(path),
    };
    command.current_dir("/");
    command
}

/// Where the tests run as root: the user and group of the distribution's server.
fn server_user() -> Option<(u32, u32)> {
    let id = |args: &[&str]| {
        let output = Command::new("id").args(args).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().parse().ok()
    };
    (id(&["-u"]) == Some(0)).then(|| {
        let user = id(&["-u", "postgres"]).expect("the user postgres (Debian package postgresql)");
        (user, id(&["-g", "postgres"]).unwrap_or(user))
    })
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}
