//! The examples as child processes.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

use bongsu_testkit::PATIENCE;
pub(crate) use bongsu_testkit::{Process, free_address, until};

/// Where cargo puts the package's examples: beside the folder of this test.
pub(crate) fn binary(example: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().unwrap().parent().unwrap();
    let path = match example {
        "bongsu" => folder.join(example),
        example => folder.join("examples").join(example),
    };
    assert!(
        path.exists(),
        "{} is missing: run the tests with `cargo xtask test`",
        path.display()
    );
    path
}

/// An example's command with nothing but `vars` set, working in `dir`.
pub(crate) fn command(example: &str, dir: &Path, vars: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binary(example));
    command
        .env_clear()
        .current_dir(dir)
        .envs(vars.iter().copied());
    command
}

/// Starts an example with standard output in `dir/<example>.log`.
pub(crate) fn start(example: &str, dir: &Path, vars: &[(&str, &str)]) -> Process {
    let log = std::fs::File::create(dir.join(format!("{example}.log"))).unwrap();
    let mut command = command(example, dir, vars);
    Process::start(command.stdout(Stdio::from(log)), "of this repository")
}

/// A child that serves HTTP.
pub(crate) struct Service {
    process: Process,
    pub(crate) address: SocketAddr,
}

impl Service {
    /// Starts on a free port and waits until it listens.
    pub(crate) fn start(example: &str, dir: &Path, vars: &[(&str, &str)]) -> Self {
        let address = free_address();
        let bind = address.to_string();
        let mut all = vec![
            ("SERVICE_NAME", example),
            ("BONGSU_BIND", &bind),
            ("BONGSU_DRAIN_SECONDS", "0"),
        ];
        all.extend(vars);
        let process = start(example, dir, &all);
        until("it listens", || TcpStream::connect(address).ok());
        Self { process, address }
    }

    /// Status and body of a request.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        self.ask_with(method, path, "content-type: application/json\r\n", body)
    }

    /// The same with header lines of one's own.
    pub(crate) fn ask_with(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> (u16, String) {
        ask_at(self.address, method, path, headers, body)
    }

    /// Sends SIGHUP.
    pub(crate) fn hang_up(&self) {
        self.process.signal("HUP");
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// `kill -9`, and the one that comes after it.
    pub(crate) fn crash(mut self, start: impl FnOnce() -> Self) -> Self {
        self.process.kill();
        start()
    }

    /// Sends SIGTERM and waits for the end.
    pub(crate) fn stop(self) -> ExitStatus {
        self.process.stop()
    }
}

/// Status and body of a request to whoever listens there.
pub(crate) fn ask_at(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    (status, body.to_owned())
}
