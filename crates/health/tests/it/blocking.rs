//! Files: SQLite, disks, and calls that never come back.

use std::process::Command;
use std::time::{Duration, Instant};

use bongsu_health::HealthStatus::{Healthy, Unhealthy};
use bongsu_health::checks::{SqliteProbe, disk, sqlite};
use bongsu_health::{Check, HealthCheck};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::rig::{Driven, until};

#[tokio::test]
async fn sqlite_found_missing_broken_locked() {
    let dir = TempDir::new().unwrap();
    let path = |name: &str| dir.path().join(name);
    let writer = Connection::open(path("good.db")).unwrap();
    writer.execute_batch("CREATE TABLE t (x)").unwrap();
    std::fs::write(path("garbage.db"), [0xAB; 8_192]).unwrap();
    let quick = |name: &str| SqliteProbe::new(path(name)).busy_timeout(Duration::from_millis(50));
    let driven = Driven::new([
        sqlite("good", path("good.db")),
        sqlite("missing", path("missing.db")),
        sqlite("garbage", path("garbage.db")),
        quick("good.db").writable(true).into_check("writable"),
    ]);
    driven.becomes("good", Healthy).await;
    driven.becomes("writable", Healthy).await;
    driven.becomes("missing", Unhealthy).await;
    driven.becomes("garbage", Unhealthy).await;
    assert!(
        !path("missing.db").exists(),
        "a check must not make a database"
    );
    assert!(
        driven.message("garbage").contains("not a database"),
        "{}",
        driven.message("garbage")
    );

    // A writer that does not let go stops writers, not readers.
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    driven.becomes("writable", Unhealthy).await;
    assert!(
        driven.message("writable").contains("locked"),
        "{}",
        driven.message("writable")
    );
    driven.becomes("good", Healthy).await;
    writer.execute_batch("COMMIT").unwrap();
    driven.becomes("writable", Healthy).await;
}

#[tokio::test]
async fn disk_agrees_with_df() {
    let dir = TempDir::new().unwrap();
    let driven = Driven::new([disk("disk", dir.path()), disk("nowhere", "/no/such/path")]);
    driven.becomes("nowhere", Unhealthy).await;
    let snapshot = until("a result", async || {
        Some(driven.health.snapshot()).filter(|s| s.part("disk").unwrap().runs > 0)
    })
    .await;
    let metadata = &snapshot.dependency("disk").unwrap().metadata;
    let df = Command::new("df")
        .arg("-P")
        .arg("-k")
        .arg(dir.path())
        .output()
        .unwrap();
    let text = String::from_utf8(df.stdout).unwrap();
    let fields: Vec<&str> = text.lines().nth(1).unwrap().split_whitespace().collect();
    let kib = |at: usize| fields[at].parse::<f64>().unwrap();
    let (used, available) = (
        metadata["used_bytes"].as_f64().unwrap(),
        metadata["available_bytes"].as_f64().unwrap(),
    );
    // Others write to the same disk meanwhile: 1 % of the whole.
    let slack = (kib(2) + kib(3)) * 1_024.0 * 0.01;
    assert!(
        (used - kib(2) * 1_024.0).abs() <= slack,
        "used {used}, df {text}"
    );
    assert!(
        (available - kib(3) * 1_024.0).abs() <= slack,
        "available {available}, df {text}"
    );
    let percent: f64 = fields[4].trim_end_matches('%').parse().unwrap();
    assert!(
        (metadata["used_percent"].as_f64().unwrap() - percent).abs() <= 2.0,
        "{metadata:?}, df {text}"
    );
}

fn check_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    tasks
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok())
        .filter(|name| name.trim() == "bongsu-off")
        .count()
}

/// Opening a FIFO without a writer never returns, like a file on a mount that has died.
#[test]
fn a_hung_file_costs_one_thread_and_no_shutdown() {
    let dir = TempDir::new().unwrap();
    let fifo = dir.path().join("hung.db");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let hung: Vec<Check> = (0..3)
        .map(|n| sqlite(format!("hung{n}"), &fifo).timeout(Duration::from_millis(50)))
        .collect();
    let health = HealthCheck::builder("svc").checks(hung).build().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        for _ in 0..40 {
            health.refresh_all().await;
        }
    });
    let snapshot = health.snapshot();
    assert_eq!(snapshot.part("hung0").unwrap().status, Unhealthy);
    assert_eq!(
        snapshot.dependency("hung0").unwrap().message.as_deref(),
        Some("an earlier attempt is still stuck")
    );
    // Other tests of this binary have a thread for a moment now and then, hence not exactly three.
    let threads = check_threads();
    assert!(
        (3..=10).contains(&threads),
        "{threads} threads after 120 hung runs"
    );
    let before = Instant::now();
    drop(runtime);
    assert!(
        before.elapsed() < Duration::from_secs(20),
        "the runtime waited for a hung call"
    );
    // Let the threads go: their open returns once there is a writer.
    drop(std::fs::OpenOptions::new().write(true).open(&fifo).unwrap());
}
