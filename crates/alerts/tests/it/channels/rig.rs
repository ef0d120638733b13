//! What the channels' tests share beside the testkit: Python's programs, samples.

#![allow(dead_code, reason = "each feature uses its part")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use bongsu_alerts::{Alert, AlertLevel, AlertStatus, Attempt, Notification};
pub(crate) use bongsu_testkit::{
    Certificates, Lines, PATIENCE, Process as Guard, eventually, free_port,
};
use serde_json::Value;

pub(crate) fn python() -> PathBuf {
    bongsu_testkit::python("python3-aiosmtpd")
}

pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/channels")
        .join(name)
}

/// Reads a mail with Python's parser.
pub(crate) fn parse_mail(bytes: &[u8]) -> Value {
    let mut child = Command::new(python())
        .arg(script("parse_mail.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

pub(crate) fn alert() -> Alert {
    Alert::new(
        AlertLevel::Critical,
        "거래 중단: 위험 한도를 넘었습니다. 긴 제목도 접혀야 하고 다시 펴져야 합니다",
        "일일 손실이 한도를 넘었습니다.\n모든 주문을 멈춥니다. & <b>",
        "risk_manager",
    )
    .metadata("손실률", -3.25)
    .tag("trading_halt")
}

pub(crate) fn notification(alert: Alert, status: AlertStatus) -> Notification {
    Notification::new(alert, status, "trading-engine", "test")
}

pub(crate) fn firing() -> Notification {
    notification(alert(), AlertStatus::Firing)
}

#[expect(clippy::disallowed_methods, reason = "a test at the present time")]
pub(crate) fn attempt(n: &Notification, number: u32, within: Duration) -> Attempt {
    let deadline = tokio::time::Instant::now() + within;
    Attempt::new(&n.delivery_id, jiff::Timestamp::now(), deadline).attempt(number)
}
