//! What a service stands and how it ends, as a supervisor and its clients see it.

use std::{
    io::Write as _,
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Command, Stdio},
};

use bongsu_testkit::free_port;

use crate::process::{Process, ask_at, binary, free_address, start, until};

/// The engine with at most so many descriptors, and its operations on a port of their own.
fn with_descriptors(most: u32, dir: &Path, address: SocketAddr, ops: u16) -> Process {
    let log = std::fs::File::create(dir.join("engine.log")).unwrap();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("ulimit -n {most} && exec \"$0\"")])
        .arg(binary("trading_engine"))
        .env_clear()
        .env("SERVICE_NAME", "engine")
        .env("BONGSU_BIND", address.to_string())
        .env("METRICS_PORT", ops.to_string())
        .current_dir(dir)
        .stdout(Stdio::from(log));
    Process::start(&mut shell, "dash")
}

#[test]
fn slow_bodies_up_to_the_limit_on_descriptors_take_nothing_from_the_operations() {
    let dir = tempfile::tempdir().unwrap();
    let (address, ops) = (free_address(), free_port());
    let engine = with_descriptors(128, dir.path(), address, ops);
    let operations = SocketAddr::from(([127, 0, 0, 1], ops));
    until("it listens", || TcpStream::connect(operations).ok());
    until("it serves", || TcpStream::connect(address).ok());
    let slow: Vec<TcpStream> = (0..160)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            let begun = "POST /trade HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                 content-length: 1000\r\n\r\n{";
            stream.write_all(begun.as_bytes()).unwrap();
            stream
        })
        .collect();
    let descriptors = format!("/proc/{}/fd", engine.id());
    until("they have all that they can have", || {
        (std::fs::read_dir(&descriptors).unwrap().count() >= 96).then_some(())
    });
    let ask = |method, path, body| {
        let json = "content-type: application/json\r\n";
        ask_at(operations, method, path, json, body)
    };
    for path in ["/liveness", "/metrics", "/admin/alerts"] {
        assert_eq!(ask("GET", path, "").0, 200, "{path}");
    }
    let alert = r#"{"level": "error", "title": "Full", "source": "test", "key": "full"}"#;
    let (status, said) = ask("POST", "/admin/alerts", alert);
    assert_eq!(status, 200, "{said}");
    drop(slow);
    let order = r#"{"symbol":"005930","side":"buy","quantity":1}"#;
    let json = "content-type: application/json\r\n";
    assert_eq!(ask_at(address, "POST", "/trade", json, order).0, 200);
    assert!(engine.stop().success());
    let log = std::fs::read_to_string(dir.path().join("engine.log")).unwrap();
    assert!(!log.contains("cannot accept connections"), "{log}");
}

#[test]
fn whoever_asks_twice_waits_for_nothing() {
    for signal in ["INT", "TERM"] {
        let dir = tempfile::tempdir().unwrap();
        let address = free_address();
        let bind = address.to_string();
        let vars = [
            ("SERVICE_NAME", "minimal"),
            ("BONGSU_BIND", &bind),
            ("BONGSU_DRAIN_SECONDS", "1h"),
            ("BONGSU_GRACE_SECONDS", "1h"),
        ];
        let mut service = start("minimal", dir.path(), &vars);
        until("it listens", || TcpStream::connect(address).ok());
        service.signal(signal);
        until("it is asked to go elsewhere", || {
            (ask_at(address, "GET", "/ready", "", "").0 == 503).then_some(())
        });
        service.signal(signal);
        assert!(service.wait().success(), "SIG{signal}");
    }
}
