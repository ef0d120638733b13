//! What the tests share: children that die with their guard, a certificate authority, samples.

#![allow(dead_code, reason = "each feature uses its part")]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use bongsu_alerts::{Alert, AlertLevel, AlertStatus, Attempt, Notification};
use serde_json::Value;

/// Long enough for a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A program that is killed, by its own pid, when the guard goes.
#[derive(Debug)]
pub(crate) struct Guard(pub(crate) Child);

impl Guard {
    /// Starts a program; a missing one fails with the package that has it.
    pub(crate) fn start(command: &mut Command, package: &str) -> Self {
        let program = command.get_program().to_string_lossy().into_owned();
        match command.spawn() {
            Ok(child) => Self(child),
            Err(error) => {
                panic!("cannot start {program}: {error}; install the Debian package {package}")
            }
        }
    }

    pub(crate) fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The lines a child prints, readable with a deadline.
#[derive(Debug)]
pub(crate) struct Lines(Receiver<String>);

impl Lines {
    pub(crate) fn of(stdout: ChildStdout) -> Self {
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self(receiver)
    }

    pub(crate) fn next(&self) -> String {
        self.0
            .recv_timeout(PATIENCE)
            .expect("the server printed nothing in time")
    }

    pub(crate) fn json(&self) -> Value {
        let line = self.next();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Whatever was printed and not read yet.
    pub(crate) fn rest(&self) -> Vec<String> {
        self.0.try_iter().collect()
    }
}

#[expect(clippy::disallowed_methods, reason = "tests find their interpreter")]
pub(crate) fn python() -> PathBuf {
    if let Some(path) = std::env::var_os("BONGSU_TEST_PYTHON") {
        return path.into();
    }
    let path = PathBuf::from("/usr/bin/python3");
    assert!(
        path.exists(),
        "no Python at {}: install the Debian package python3-aiosmtpd, or set BONGSU_TEST_PYTHON to a Python with aiosmtpd",
        path.display()
    );
    path
}

pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/channels")
        .join(name)
}

/// A port nobody listened on a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// A certificate authority and a leaf for `localhost`, made anew.
#[derive(Debug)]
pub(crate) struct Certificates {
    pub(crate) dir: tempfile::TempDir,
}

impl Certificates {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let extensions = "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost\n";
        std::fs::write(dir.path().join("leaf.ext"), extensions).unwrap();
        let made = Self { dir };
        made.openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=test-ca -keyout ca.key -out ca.pem -addext keyUsage=critical,keyCertSign");
        made.openssl("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout leaf.key -out leaf.csr");
        made.openssl("x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile leaf.ext -out leaf.pem");
        made
    }

    fn openssl(&self, arguments: &str) {
        let output = Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(self.dir.path())
            .output()
            .expect("openssl is missing: install the Debian package openssl");
        assert!(
            output.status.success(),
            "openssl {arguments}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn ca_pem(&self) -> Vec<u8> {
        std::fs::read(self.path("ca.pem")).unwrap()
    }
}

/// Reads a mail with Python's parser.
pub(crate) fn parse_mail(bytes: &[u8]) -> Value {
    let mut child = Command::new(python())
        .arg(script("parse_mail.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

pub(crate) fn alert() -> Alert {
    Alert::new(
        AlertLevel::Critical,
        "거래 중단: 위험 한도를 넘었습니다. 긴 제목도 접혀야 하고 다시 펴져야 합니다",
        "일일 손실이 한도를 넘었습니다.\n모든 주문을 멈춥니다. & <b>",
        "risk_manager",
    )
    .metadata("손실률", -3.25)
    .tag("trading_halt")
}

pub(crate) fn notification(alert: Alert, status: AlertStatus) -> Notification {
    Notification::new(alert, status, "trading-engine", "test")
}

pub(crate) fn firing() -> Notification {
    notification(alert(), AlertStatus::Firing)
}

pub(crate) fn attempt(n: &Notification, number: u32, within: Duration) -> Attempt {
    let deadline = tokio::time::Instant::now() + within;
    Attempt::new(&n.delivery_id, jiff::Timestamp::now(), deadline).attempt(number)
}

/// Polls until `probe` gives a value.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut probe: impl FnMut() -> F,
) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(value) = probe().await {
            return value;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "never happened: {what}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
