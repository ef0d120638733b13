//! An HTTP server that follows a script, one step a request, and remembers what it was sent.

#![allow(dead_code, reason = "each feature uses its part")]

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What to do with a request.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Status, headers, body.
    Answer(u16, Vec<(String, String)>, String),
    /// Never answers.
    Silence,
    /// Closes with the request unread: the client sees a reset.
    Reset,
    /// Bytes that are no HTTP.
    Garbage,
    /// A status, and a body that breaks off.
    Torn(u16),
    /// A status, and a body without end.
    Endless(u16),
}

impl Step {
    pub(crate) fn status(status: u16, body: &str) -> Self {
        Self::Answer(status, Vec::new(), body.to_owned())
    }

    pub(crate) fn with(status: u16, name: &str, value: &str) -> Self {
        Self::Answer(
            status,
            vec![(name.to_owned(), value.to_owned())],
            String::new(),
        )
    }
}

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) at: tokio::time::Instant,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Serves on a port of its own until the process ends.
#[derive(Debug, Clone)]
pub(crate) struct Sink {
    port: u16,
    script: Arc<Mutex<VecDeque<Step>>>,
    only: Option<&'static str>,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Sink {
    /// After the script, every request gets 200 `ok`.
    pub(crate) fn new(script: impl IntoIterator<Item = Step>) -> Self {
        Self::start(script, None)
    }

    /// The script is for requests whose body holds `only`; others get 200 `ok` at once.
    pub(crate) fn about(only: &'static str, script: impl IntoIterator<Item = Step>) -> Self {
        Self::start(script, Some(only))
    }

    fn start(script: impl IntoIterator<Item = Step>, only: Option<&'static str>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let sink = Self {
            port: listener.local_addr().unwrap().port(),
            script: Arc::new(Mutex::new(script.into_iter().collect())),
            only,
            received: Arc::default(),
        };
        let server = sink.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = server.clone();
                std::thread::spawn(move || server.serve(stream));
            }
        });
        sink
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn push(&self, step: Step) {
        self.script.lock().unwrap().push_back(step);
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub(crate) fn last(&self) -> Received {
        self.received().pop().expect("no request came")
    }

    fn next_step(&self) -> Step {
        let step = self.script.lock().unwrap().pop_front();
        step.unwrap_or_else(|| Step::status(200, "ok"))
    }

    fn serve(&self, mut stream: TcpStream) {
        let _ = stream.set_read_timeout(Some(Duration::from_secs(60)));
        loop {
            let mut first = [0];
            if !matches!(stream.peek(&mut first), Ok(1)) {
                return;
            }
            // Without a filter the step comes before the request is read, so that it can be a reset.
            let early = match self.only {
                None => Some(self.next_step()),
                Some(_) => None,
            };
            if matches!(early, Some(Step::Reset)) {
                return;
            }
            let Some(request) = read(&mut stream) else {
                return;
            };
            let step = early.unwrap_or_else(|| {
                let only = self.only.unwrap_or_default();
                if String::from_utf8_lossy(&request.body).contains(only) {
                    self.next_step()
                } else {
                    Step::status(200, "ok")
                }
            });
            let head_only = request.method == "HEAD";
            self.received.lock().unwrap().push(request);
            let sent = match step {
                Step::Answer(status, headers, body) => {
                    let mut text =
                        format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n", body.len());
                    for (name, value) in headers {
                        text.push_str(&format!("{name}: {value}\r\n"));
                    }
                    text.push_str("\r\n");
                    if !head_only {
                        text.push_str(&body);
                    }
                    stream.write_all(text.as_bytes())
                }
                Step::Silence => {
                    std::thread::sleep(Duration::from_secs(60));
                    return;
                }
                Step::Garbage => {
                    let _ = stream.write_all(b"\x16\x03\x01\0\0 220 mail.test ESMTP\r\n\r\n");
                    return;
                }
                Step::Torn(status) => {
                    let head = format!("HTTP/1.1 {status} x\r\ncontent-length: 100\r\n\r\no");
                    let _ = stream.write_all(head.as_bytes());
                    return;
                }
                Step::Endless(status) => {
                    let head = format!("HTTP/1.1 {status} x\r\ntransfer-encoding: chunked\r\n\r\n");
                    let mut result = stream.write_all(head.as_bytes());
                    while result.is_ok() {
                        result = stream.write_all(b"8\r\nendless \r\n");
                    }
                    return;
                }
                Step::Reset => return,
            };
            if sent.is_err() {
                return;
            }
        }
    }
}

fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut request = Received {
        method,
        path,
        headers,
        body: Vec::new(),
        at: tokio::time::Instant::now(),
    };
    let length = request.header("content-length").parse().unwrap_or(0);
    request.body = vec![0; length];
    stream.read_exact(&mut request.body).ok()?;
    Some(request)
}
