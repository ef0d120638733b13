//! What a service stands and how it ends, as a supervisor and its clients see it.

use std::{
    io::Write as _,
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Command, Stdio},
};

use bongsu_testkit::free_port;

use crate::{
    process::{Process, ask_at, binary, free_address, start, until},
    receiver::Receiver,
};

/// The engine with at most so many descriptors, and its operations on a port of their own.
fn with_descriptors(
    most: u32,
    dir: &Path,
    address: SocketAddr,
    ops: u16,
    vars: &[(&str, &str)],
) -> Process {
    let log = std::fs::File::create(dir.join("engine.log")).unwrap();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("ulimit -n {most} && exec \"$0\"")])
        .arg(binary("trading_engine"))
        .env_clear()
        .env("SERVICE_NAME", "engine")
        .env("BONGSU_BIND", address.to_string())
        .env("METRICS_PORT", ops.to_string())
        .envs(vars.iter().copied())
        .current_dir(dir)
        .stdout(Stdio::from(log));
    Process::start(&mut shell, "dash")
}

#[test]
fn slow_bodies_up_to_the_limit_on_descriptors_take_nothing_from_the_operations() {
    // This process has the other ends of them.
    let ours = bongsu::axum_glue::Descriptors::of_process();
    assert!(ours.limit > 2_000, "{ours}: raise the limit (ulimit -n)");
    for (most, bodies) in [(128, 160), (1_024, 1_100)] {
        slow_bodies(most, bodies);
    }
}

/// So many bodies that do not come, at a service that may have so many descriptors: its operations, its channels
/// and its log have theirs.
fn slow_bodies(most: u32, bodies: usize) {
    let dir = tempfile::tempdir().unwrap();
    let (address, ops) = (free_address(), free_port());
    let receiver = Receiver::start(|_| "200 OK");
    let hook = format!("http://{}/hook", receiver.address);
    let vars = [("ALERT_WEBHOOK_URLS", hook.as_str()), ("LOG_DIR", "log")];
    let engine = with_descriptors(most, dir.path(), address, ops, &vars);
    let operations = SocketAddr::from(([127, 0, 0, 1], ops));
    until("it listens", || TcpStream::connect(operations).ok());
    until("it serves", || TcpStream::connect(address).ok());
    let slow: Vec<TcpStream> = (0..bodies)
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
        let open = std::fs::read_dir(&descriptors).unwrap().count();
        (open >= most as usize * 2 / 3).then_some(())
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
    until("the channel tells of it", || {
        let told = receiver.received("POST");
        told.iter()
            .any(|told| told.body.contains("Full"))
            .then_some(())
    });
    until("the log tells of it", || {
        let mut files = std::fs::read_dir(dir.path().join("log")).ok()?.flatten();
        let found = files.any(|file| {
            let text = std::fs::read_to_string(file.path()).unwrap_or_default();
            text.contains("admin POST /admin/alerts 200")
        });
        found.then_some(())
    });
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
