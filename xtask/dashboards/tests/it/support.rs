//! Programs, ports, pages and folders for the tests.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use serde_json::Value;
use yaml_rust2::{Yaml, YamlLoader};

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
}

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(crate) fn yaml(path: &str) -> Yaml {
    let documents = YamlLoader::load_from_str(&read(path));
    let mut documents = documents.unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(documents.len(), 1, "{path}: one document");
    documents.remove(0)
}

/// Runs a program of a Debian package to its end.
pub(crate) fn output(package: &str, command: &mut Command) -> Output {
    command
        .output()
        .unwrap_or_else(|error| missing(package, command, &error))
}

fn missing(package: &str, command: &Command, error: &io::Error) -> ! {
    let program = command.get_program().to_string_lossy();
    panic!("cannot run {program}: {error}; it is in the Debian package {package}")
}

/// What a program said, for a message.
pub(crate) fn said(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// A program that runs until it is dropped.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    pub(crate) fn start(package: &str, command: &mut Command) -> Self {
        Self(
            command
                .spawn()
                .unwrap_or_else(|error| missing(package, command, &error)),
        )
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A folder that goes with its owner.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("bongsu-dashboards-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The body of `GET path`, when the answer is a 200.
pub(crate) fn get(port: u16, path: &str) -> Option<String> {
    get_with(port, path, "")
}

/// The same with more headers, each with its line end.
pub(crate) fn get_with(port: u16, path: &str, headers: &str) -> Option<String> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).ok()?;
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .ok()?;
    // HTTP/1.0: the answer ends with the connection.
    write!(
        stream,
        "GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n{headers}\r\n"
    )
    .ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8(answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.lines()
        .next()?
        .contains(" 200 ")
        .then(|| body.to_owned())
}

/// Sends JSON; whether it was answered with a 2xx.
pub(crate) fn post(port: u16, path: &str, body: &Value) -> bool {
    let body = body.to_string();
    let send = || -> io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(
            stream,
            "POST {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    send().is_ok_and(|answer| answer.starts_with("HTTP/1.0 2") || answer.starts_with("HTTP/1.1 2"))
}

/// The samples of an instant query: none until the server answers.
pub(crate) fn query(port: u16, expr: &str) -> Vec<Value> {
    let encoded: String = expr.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let body = get(port, &format!("/api/v1/query?query={encoded}"));
    let answer: Value = body
        .and_then(|b| serde_json::from_str(&b).ok())
        .unwrap_or_default();
    answer["data"]["result"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

/// Waits for `what`; panics with the last reason when it has not come.
pub(crate) fn wait_for<T>(what: &str, mut attempt: impl FnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + Duration::from_secs(90);
    loop {
        match attempt() {
            Ok(value) => return value,
            Err(reason) if Instant::now() > deadline => panic!("{what}: {reason}"),
            Err(_) => std::thread::sleep(Duration::from_millis(200)),
        }
    }
}
