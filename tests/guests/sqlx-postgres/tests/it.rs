//! Its DATABASE_URL is its own: bongsu, built without the feature `postgres`, starts beside it.

use std::process::{Command, Stdio};

use bongsu_testkit::{
    Process, free_address,
    servers::{Postgres, http_get},
    until,
};

#[test]
fn its_pool_its_check_and_bongsu() {
    let database = Postgres::start();
    let address = free_address();
    let data = std::env::temp_dir().join(format!("guest-sqlx-postgres-{}", address.port()));
    let mut command = Command::new(env!("CARGO_BIN_EXE_guest-sqlx-postgres"));
    command
        .env_clear()
        .env("SERVICE_NAME", "guest")
        .env("BONGSU_BIND", address.to_string())
        .env("BONGSU_DATA_DIR", &data)
        .env("BONGSU_DRAIN_SECONDS", "0")
        .env("DATABASE_URL", database.url())
        .stdout(Stdio::null());
    let service = Process::start(&mut command, "of this repository");
    let port = address.port();
    until("it is ready", || http_get(port, "/ready").ok());
    assert_eq!(http_get(port, "/orders").unwrap(), "true");
    let health = http_get(port, "/health").unwrap();
    assert!(health.contains(r#""name":"postgres""#), "{health}");
    assert!(!health.contains("hunter2"), "{health}");
    assert!(service.stop().success());
    let _ = std::fs::remove_dir_all(data);
}
