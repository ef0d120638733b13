//! The report is made from the service's own tables.

use std::process::{Command, Stdio};

use bongsu_testkit::{Process, free_address, servers::http_get, until};
use serde_json::Value;

#[test]
fn its_own_tables_make_its_report() {
    let address = free_address();
    let dir = tempfile::tempdir().unwrap();
    let mapping = concat!(env!("CARGO_MANIFEST_DIR"), "/report.sql");
    let mut command = Command::new(env!("CARGO_BIN_EXE_guest-own-schema"));
    command
        .env_clear()
        .env("SERVICE_NAME", "guest")
        .env("DATABASE_URL", "sqlite:desk.db")
        .env("BONGSU_REPORT_MAPPING", mapping)
        .env("BONGSU_REPORT_ACCOUNTS", "main")
        .env("BONGSU_BIND", address.to_string())
        .current_dir(dir.path())
        .stdout(Stdio::null());
    let service = Process::start(&mut command, "of this repository");
    let port = address.port();
    until("it is ready", || http_get(port, "/ready").ok());
    let report = http_get(port, "/admin/reports/2026-05-28?form=json").unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(
        report["portfolio_stats"]["equity"]["value"], "1000000.5",
        "{report}"
    );
    assert_eq!(report["trading_stats"]["fills"]["value"], 2, "{report}");
    assert!(service.stop().success());
}
