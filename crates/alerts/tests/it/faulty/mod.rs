//! A store on a disk that fails and crashes at any call: what was acknowledged is there afterwards.

mod vfs;

use std::path::Path;

use bongsu_alerts::store::SqliteStore;
use bongsu_alerts::testing::RecordingChannel;
use bongsu_alerts::{Alert, AlertLevel, AlertManager, BuildError};

use crate::kill::history;

/// Crashes, if this is not set.
const CRASHES: &str = "BONGSU_TEST_DISK_CRASHES";
/// Crashes after which a new store is begun: each look reads all of it.
const A_STORE: u64 = 20;

/// Sends until the disk is dead; gives what was acknowledged.
async fn send(path: &Path, crash: u64) -> Vec<String> {
    let mut acknowledged = Vec::new();
    let Ok(store) = SqliteStore::open(path) else {
        return acknowledged;
    };
    let built = AlertManager::builder("faulty", "test")
        .store(store)
        .channel(RecordingChannel::new("pager"))
        .storm(1_000_000)
        .build();
    let (alerts, _nobody_delivers) = match built {
        Ok(built) => built,
        Err(BuildError::Store(_)) => return acknowledged,
        Err(error) => panic!("{error}"),
    };
    let mut n = 0;
    while !vfs::is_dead() {
        let batch = (0..1 + n % 4).map(|of| {
            let title = format!("{crash}/{n}/{of}");
            let alert = Alert::new(AlertLevel::Error, &title, "x".repeat(of * 700), "s");
            let sent = alerts.send_alert(alert);
            async move { sent.await.is_ok().then_some(title) }
        });
        let sent = futures_util::future::join_all(batch).await;
        acknowledged.extend(sent.into_iter().flatten());
        n += 1;
    }
    acknowledged
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_by_a_disk_that_crashes() {
    let crashes = bongsu_testkit::asked(CRASHES, 12_u64);
    let mut seed = u64::from(std::process::id()) << 20;
    let mut folder = tempfile::tempdir().unwrap();
    let mut promised = Vec::new();
    let mut total = 0;
    for crash in 0..crashes {
        if crash % A_STORE == 0 {
            folder = tempfile::tempdir().unwrap();
            promised.clear();
        }
        let path = folder.path().join("alerts.db");
        seed += 1;
        // From the middle of the opening to some hundred commits; every third disk only crashes.
        let calls = 20 + (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) % 1_500;
        let fails = [0, 40, 200][(crash % 3) as usize];
        vfs::insert(folder.path(), seed, calls, fails);
        let acknowledged = send(&path, crash).await;
        vfs::crash();
        total += acknowledged.len();
        promised.extend(acknowledged);
        let kept: std::collections::HashSet<String> = history(&path)
            .into_iter()
            .map(|entry| entry.accepted.alert.title.to_string())
            .collect();
        let lost: Vec<_> = promised
            .iter()
            .filter(|title| !kept.contains(*title))
            .collect();
        assert!(
            lost.is_empty(),
            "seed {seed}, {calls} calls, {fails}: {lost:?} of {}",
            promised.len()
        );
    }
    assert!(total > 0 || crashes == 0);
    println!("{crashes} crashes of the disk: {total} alerts acknowledged, none lost");
}
