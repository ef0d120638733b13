//! One SQLite is linked, and all three use it.

use std::process::{Command, Stdio};

use bongsu_testkit::{Process, free_address, servers::http_get, until};

#[test]
fn all_three_share_one_sqlite() {
    let address = free_address();
    let data = std::env::temp_dir().join(format!("guest-sqlite-{}", address.port()));
    std::fs::create_dir_all(&data).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_guest-sqlite"));
    command
        .env_clear()
        .env("SERVICE_NAME", "guest")
        .env("SERVICE_DB", data.join("service.db"))
        .env("DATABASE_URL", "sqlite:service.db")
        .env("BONGSU_BIND", address.to_string())
        .env("BONGSU_DATA_DIR", &data)
        .env("BONGSU_DRAIN_SECONDS", "0")
        .current_dir(&data)
        .stdout(Stdio::null());
    let service = Process::start(&mut command, "of this repository");
    let port = address.port();
    until("it is ready", || http_get(port, "/ready").ok());
    assert_eq!(http_get(port, "/orders").unwrap(), "1");
    until("its database is checked", || {
        let health = http_get(port, "/health").ok()?;
        health
            .contains(r#""name":"database","type":"database","status":"healthy""#)
            .then_some(())
    });
    assert!(service.stop().success());
    // The alert store of bongsu is there beside it.
    assert!(data.join("alerts.db").exists());
    let _ = std::fs::remove_dir_all(data);
}
