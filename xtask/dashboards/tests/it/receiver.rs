//! The stack's receiver, and what it makes of requests that are none.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::support::{Running, post};

/// The status line of the answer to these bytes.
fn ask(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn bad_requests_are_refused_and_the_next_one_is_heard() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alert-receiver"));
    command.arg("127.0.0.1:0");
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut receiver = Running::start("of this repository", &mut command);
    let mut lines = BufReader::new(receiver.0.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let port = first.rsplit(':').next().unwrap().parse().unwrap();

    let check = |request: &str, status: &str| assert_eq!(ask(port, request), status, "{request:?}");
    check(
        "DELETE / HTTP/1.1\r\n\r\n",
        "HTTP/1.1 405 Method Not Allowed",
    );
    check(
        "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 400 Bad Request",
    );
    check(
        "POST / HTTP/1.1\r\nContent-Length: 9999999999\r\n\r\n",
        "HTTP/1.1 413 Content Too Large",
    );
    check(
        "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 413 Content Too Large",
    );
    // The body ends before its time: nobody is answered, nobody waits.
    check("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n{}", "");
    check("", "HTTP/1.1 405 Method Not Allowed");

    let alert = json!({ "status": "firing", "startsAt": "2026-06-01T00:00:00Z", "labels": { "alertname": "거래" } });
    assert!(post(
        port,
        "/desk",
        &json!({ "receiver": "desk", "truncatedAlerts": 3, "alerts": [alert] })
    ));
    let line: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(
        (&line["alertname"], &line["receiver"]),
        (&json!("거래"), &json!("desk"))
    );
    assert_eq!(lines.next().unwrap().unwrap(), r#"{"left_out":3}"#);
}

#[test]
fn it_ends_by_itself_when_asked() {
    for signal in ["TERM", "INT"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_alert-receiver"));
        command.arg("127.0.0.1:0").stdout(Stdio::piped());
        let mut receiver = Running::start("of this repository", &mut command);
        let mut first = String::new();
        let mut said = BufReader::new(receiver.0.stdout.take().unwrap());
        said.read_line(&mut first).unwrap();
        let pid = receiver.0.id().to_string();
        let sent = Command::new("kill")
            .args([&format!("-{signal}"), &pid])
            .status();
        assert!(sent.unwrap().success());
        // An exit code, not death by the signal: the first process of a container would live on.
        assert_eq!(receiver.0.wait().unwrap().code(), Some(0), "SIG{signal}");
    }
}
