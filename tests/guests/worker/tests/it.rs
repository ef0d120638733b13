//! What is under way is finished within the grace period, and nothing further is begun.

use std::process::{Command, Stdio};

use bongsu_testkit::{Process, until};

#[test]
fn an_order_is_not_cut_off_between_its_two_ends() {
    let data = std::env::temp_dir().join(format!("guest-worker-{}", std::process::id()));
    std::fs::create_dir_all(&data).unwrap();
    let orders = data.join("orders");
    let mut command = Command::new(env!("CARGO_BIN_EXE_guest-worker"));
    command
        .env_clear()
        .env("SERVICE_NAME", "guest")
        .env("BONGSU_DATA_DIR", &data)
        .env("ORDERS", &orders)
        .stdout(Stdio::null());
    let service = Process::start(&mut command, "of this repository");
    let noted = || std::fs::read_to_string(&orders).unwrap_or_default();
    until("an order is under way", || {
        noted().ends_with("sent 2\n").then_some(())
    });
    assert!(service.stop().success());
    assert_eq!(noted(), "sent 1\nfilled 1\nsent 2\nfilled 2\n");
    let _ = std::fs::remove_dir_all(data);
}
