//! What the service had, it has; what bongsu adds is beside it.

use std::{
    io::Read as _,
    process::{Command, Stdio},
};

use bongsu_testkit::{Process, free_address, free_port, servers::http_get, until};

#[test]
fn both_have_what_is_theirs() {
    let (address, ops) = (free_address(), free_port());
    let data = std::env::temp_dir().join(format!("guest-own-everything-{ops}"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_guest-own-everything"));
    command
        .env_clear()
        .env("SERVICE_NAME", "guest")
        .env("BONGSU_BIND", address.to_string())
        .env("METRICS_PORT", ops.to_string())
        .env("BONGSU_DATA_DIR", &data)
        .env("BONGSU_DRAIN_SECONDS", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut service = Process::start(&mut command, "of this repository");
    let said = service.lines();
    let mut errors = service.0.stderr.take().unwrap();
    let port = address.port();
    until("it is ready", || http_get(ops, "/ready").ok());

    assert_eq!(http_get(port, "/health").unwrap(), r#"{"own":true}"#);
    assert!(http_get(ops, "/health").unwrap().contains(r#""status""#));
    assert_eq!(http_get(port, "/orders").unwrap(), "none");
    assert!(
        http_get(port, "/metrics")
            .unwrap()
            .contains("own_orders_total 1")
    );
    until("bongsu counts it", || {
        let page = http_get(ops, "/metrics").ok()?;
        let counted = page.contains(r#"http_requests_total{endpoint="/orders""#);
        counted.then_some(())
    });
    let panicked = http_get(port, "/panic").unwrap_err();
    assert!(panicked.to_string().contains("500"), "{panicked}");

    // bongsu's log has its line too.
    said.find(|line| line.contains(r#""message":"an order was looked at""#));
    // Both hear of Ctrl-C.
    service.signal("INT");
    assert!(service.wait().success());
    let mut human = String::new();
    errors.read_to_string(&mut human).unwrap();
    assert!(
        human.contains("an order was looked at"),
        "the own layer:\n{human}"
    );
    assert!(human.contains("own hook: "), "the own hook:\n{human}");
    assert!(
        human.contains("own handler: Ok"),
        "the own handler of Ctrl-C:\n{human}"
    );
    let _ = std::fs::remove_dir_all(data);
}
