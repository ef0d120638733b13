//! Everything goes on one thread: requests, checks, alerts, the orderly end, which the service's own handler of
//! the signal hears of too.

use std::{
    io::Read as _,
    process::{Command, Stdio},
};

use bongsu_testkit::{Process, free_address, servers::http_get, until};

#[test]
fn one_thread_serves_watches_and_ends() {
    let address = free_address();
    let data = std::env::temp_dir().join(format!("guest-current-thread-{}", address.port()));
    let mut command = Command::new(env!("CARGO_BIN_EXE_guest-current-thread"));
    command
        .env_clear()
        .env("SERVICE_NAME", "guest")
        .env("BONGSU_BIND", address.to_string())
        .env("BONGSU_DATA_DIR", &data)
        .env("BONGSU_DRAIN_SECONDS", "0")
        .env("BONGSU_RESOURCE_INTERVAL_SECONDS", "1")
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut service = Process::start(&mut command, "of this repository");
    let port = address.port();
    until("it is ready", || http_get(port, "/ready").ok());
    assert_eq!(http_get(port, "/orders").unwrap(), "none");
    until("resources are sampled beside it", || {
        let page = http_get(port, "/metrics").ok()?;
        let sampled = page.contains("\nsystem_memory_percent ");
        (sampled && page.contains(r#"version="1.4.2""#)).then_some(())
    });
    let mut errors = service.0.stderr.take().unwrap();
    service.signal("INT");
    assert!(service.wait().success());
    let mut said = String::new();
    errors.read_to_string(&mut said).unwrap();
    assert!(said.contains("own handler"), "{said}");
    let _ = std::fs::remove_dir_all(data);
}
