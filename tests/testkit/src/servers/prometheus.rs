//! A Prometheus and an Alertmanager of one's own.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use crate::{Process, free_port, until};

/// A Prometheus with a configuration of the caller's.
#[derive(Debug)]
pub struct Prometheus {
    port: u16,
    folder: TempDir,
    _process: Process,
}

impl Prometheus {
    /// Starts it on `config`, beside which its rule files may lie (see [`Prometheus::folder`]), with more
    /// arguments, and waits until it is ready.
    ///
    /// # Panics
    ///
    /// When Prometheus is missing or does not start.
    #[must_use]
    pub fn start(config: &str, args: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), config, args)
    }

    /// The same in a folder that holds the files that `config` names.
    ///
    /// # Panics
    ///
    /// As [`Prometheus::start`].
    #[must_use]
    pub fn start_in(folder: TempDir, config: &str, args: &[&str]) -> Self {
        let port = free_port();
        let file = folder.path().join("prometheus.yml");
        fs::write(&file, config).unwrap();
        let mut command = Command::new("prometheus");
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.path().join("data").display()
            ))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--log.level=error")
            .args(args)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = Process::start(&mut command, "prometheus");
        ready(port);
        Self {
            port,
            folder,
            _process: process,
        }
    }

    /// Its port on the loopback interface.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where its configuration lies.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// An Alertmanager with a configuration of the caller's.
#[derive(Debug)]
pub struct Alertmanager {
    port: u16,
    _folder: TempDir,
    _process: Process,
}

impl Alertmanager {
    /// Starts it on `config`, alone, and waits until it is ready.
    ///
    /// # Panics
    ///
    /// When Alertmanager is missing or does not start.
    #[must_use]
    pub fn start(config: &str) -> Self {
        let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
        let file = folder.path().join("alertmanager.yml");
        fs::write(&file, config).unwrap();
        let mut command = Command::new("prometheus-alertmanager");
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.path={}",
                folder.path().join("data").display()
            ))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .args(["--cluster.listen-address=", "--log.level=error"])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = Process::start(&mut command, "prometheus-alertmanager");
        ready(port);
        Self {
            port,
            _folder: folder,
            _process: process,
        }
    }

    /// Its port on the loopback interface.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

fn ready(port: u16) {
    until("the server is ready", || http_get(port, "/-/ready").ok());
}

/// The body of `GET path` from the loopback interface.
///
/// # Errors
///
/// When nobody answers, or not with a 200.
pub fn http_get(port: u16, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    // HTTP/1.0: the answer ends with the connection.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let status = head.lines().next().unwrap_or_default();
    if status.contains(" 200 ") {
        Ok(body.to_owned())
    } else {
        Err(io::Error::other(format!("{path}: {status:?}")))
    }
}
