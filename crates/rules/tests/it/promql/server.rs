//! A Prometheus with the world in it: the older part in blocks that promtool made, the newer part written to
//! it, for no text can hold the mark of a series' end.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::Command,
};

use bongsu_rules::Series;
use bongsu_testkit::servers::{Prometheus, http_get};

use super::{
    answer::Answer,
    generate::Question,
    world::{self, HEAD_MS},
};

pub(crate) struct Server(Prometheus);

impl Server {
    /// None, with a word about it, where there is no Prometheus; under CI that is a failure.
    #[expect(
        clippy::disallowed_methods,
        reason = "a test looks whether it runs in CI"
    )]
    pub(crate) fn start() -> Option<Self> {
        if !Path::new("/usr/bin/promtool").exists() {
            let needed = std::env::var("CI").is_ok_and(|value| value == "true");
            assert!(
                !needed,
                "there is no promtool: install the Debian package prometheus"
            );
            println!("not held against Prometheus: install the Debian package prometheus");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let (all, text) = (world::all(), folder.path().join("world.txt"));
        fs::write(&text, world::text(&all)).unwrap();
        let mut promtool = Command::new("promtool");
        promtool.args(["tsdb", "create-blocks-from", "openmetrics"]);
        promtool.arg(&text).arg(folder.path().join("data"));
        let made = promtool.output().unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let args = [
            "--web.enable-remote-write-receiver",
            "--storage.tsdb.retention.time=50y",
        ];
        let server = Self(Prometheus::start_in(folder, "", &args));
        write(server.0.port(), &request(&all));
        Some(server)
    }

    pub(crate) fn ask(&self, question: &Question) -> Answer {
        match http_get(self.0.port(), &question.path()) {
            Ok(body) => Answer::of_api(&body),
            // A status that is not 200 is an answer; a server that does not answer is not.
            Err(error) if error.to_string().contains("HTTP/1.") => Answer::Error,
            Err(error) => panic!("{question}: {error}"),
        }
    }
}

fn write(port: u16, body: &[u8]) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let head = format!(
        "POST /api/v1/write HTTP/1.0\r\nContent-Encoding: snappy\r\nContent-Type: application/x-protobuf\r\n\
         X-Prometheus-Remote-Write-Version: 0.1.0\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(" 204 "), "{answer}");
}

/// The newer part as remote write has it: protocol buffers in Snappy, of literals alone.
fn request(all: &[Series]) -> Vec<u8> {
    let mut message = Vec::new();
    for series in all {
        let mut one = Vec::new();
        for (name, value) in series.labels.iter() {
            let mut label = Vec::new();
            field(&mut label, 1, name.as_bytes());
            field(&mut label, 2, value.as_bytes());
            field(&mut one, 1, &label);
        }
        for sample in series.samples.iter().filter(|it| it.time_ms >= HEAD_MS) {
            let mut point = vec![1 << 3 | 1];
            point.extend(sample.value.to_le_bytes());
            point.push(2 << 3);
            varint(&mut point, sample.time_ms.unsigned_abs());
            field(&mut one, 2, &point);
        }
        field(&mut message, 1, &one);
    }
    let mut out = Vec::new();
    varint(&mut out, message.len() as u64);
    for part in message.chunks(60) {
        out.push((part.len() as u8 - 1) << 2);
        out.extend(part);
    }
    out
}

fn field(out: &mut Vec<u8>, number: u8, content: &[u8]) {
    out.push(number << 3 | 2);
    varint(out, content.len() as u64);
    out.extend(content);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value > 127 {
        out.push(value as u8 | 128);
        value >>= 7;
    }
    out.push(value as u8);
}
