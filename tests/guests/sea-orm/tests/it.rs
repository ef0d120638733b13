//! Both have their SQLite, which is one.

use std::process::{Command, Stdio};

use bongsu_testkit::{Process, free_address, servers::http_get, until};

#[test]
fn it_starts_beside_sea_orm() {
    let address = free_address();
    let data = std::env::temp_dir().join(format!("guest-sea-orm-{}", address.port()));
    std::fs::create_dir_all(&data).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_guest-sea-orm"));
    command
        .env_clear()
        .env("SERVICE_NAME", "guest")
        .env("BONGSU_BIND", address.to_string())
        .env("BONGSU_DATA_DIR", data.join("bongsu"))
        .current_dir(&data)
        .stdout(Stdio::null());
    let service = Process::start(&mut command, "of this repository");
    let port = address.port();
    until("it is ready", || http_get(port, "/ready").ok());
    assert_eq!(http_get(port, "/orders").unwrap(), "0");
    assert!(service.stop().success());
    assert!(data.join("bongsu/alerts.db").exists());
    let _ = std::fs::remove_dir_all(data);
}
