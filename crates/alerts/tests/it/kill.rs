//! `kill -9` at random moments: whatever `send_alert` acknowledged is delivered or visibly dead.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use bongsu_alerts::store::{AlertStore, DeliveryState, HistoryQuery, SqliteStore};
use bongsu_alerts::{Alert, AlertLevel, AlertManager, BreakerConfig, RetryConfig, SendError};
use bongsu_testkit::{PATIENCE, until};
use jiff::Timestamp;

use crate::child::{FileChannel, LineFile, Process, say};

const ROUNDS: u64 = 16;
const SENDERS: usize = 32;

/// Arguments: the folder, the round, the storm threshold, `send` or `drain`.
pub(crate) async fn sender(arguments: &[String]) {
    let [folder, round, storm, what] = arguments else {
        panic!("{arguments:?}");
    };
    let folder = Path::new(folder);
    let (alerts, dispatcher) = AlertManager::builder("killed", "test")
        .store(SqliteStore::open(folder.join("alerts.db")).unwrap())
        .channel(FileChannel::new(folder.join("delivered")))
        .storm(storm.parse().unwrap())
        .retry(RetryConfig {
            base: Duration::from_millis(5),
            cap: Duration::from_millis(50),
            ..RetryConfig::default()
        })
        .breaker(BreakerConfig {
            open: Duration::from_millis(10),
            longest: Duration::from_millis(50),
            ..BreakerConfig::default()
        })
        .concurrency(16, 16)
        .build()
        .unwrap();
    let sending = what == "send";
    let acknowledged = LineFile::open(&folder.join("acknowledged"));
    let work = async {
        if sending {
            say("begun");
            let senders = (0..SENDERS).map(|sender| {
                let (alerts, acknowledged) = (alerts.clone(), acknowledged.clone());
                async move {
                    for n in 0_u64.. {
                        let level = AlertLevel::from_index((n % 4) as usize);
                        let title = format!("{round}/{sender}/{n}");
                        match alerts.send_alert(Alert::new(level, &title, "m", "s")).await {
                            Ok(_) => acknowledged.add(&title),
                            // Not acknowledged, so not promised.
                            Err(SendError::Full) => {}
                            Err(error) => panic!("{error}"),
                        }
                    }
                }
            });
            futures_util::future::join_all(senders).await;
        }
        while alerts.get_statistics().pending > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let work = async {
        work.await;
        let _ = stop.send(());
    };
    tokio::join!(work, dispatcher.run(stopped));
}

pub(crate) fn history(path: &Path) -> Vec<bongsu_alerts::HistoryEntry> {
    let store = SqliteStore::open(path).unwrap();
    let (tx, rx) = std::sync::mpsc::channel();
    let everything = HistoryQuery {
        since: Timestamp::UNIX_EPOCH,
        until: Timestamp::MAX,
        limit: usize::MAX,
    };
    store.history(everything, Box::new(move |found| tx.send(found).unwrap()));
    rx.recv().unwrap().unwrap()
}

fn kill_loop(storm: usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    let storm = storm.to_string();
    let mut random = u64::from(std::process::id()) | 1;
    let (acknowledged, mut known) = (folder.path().join("acknowledged"), 0);
    for round in 0..ROUNDS {
        let mut child = Process::start("sender", &[&path, &round.to_string(), &storm, "send"]);
        assert_eq!(child.lines().next().as_deref(), Some("begun"));
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        // However slow the machine is: after some more were acknowledged, somewhere between two.
        let before = known;
        known = until("more is acknowledged", || {
            let now = LineFile::read(&acknowledged).len();
            (now > before + (random % 150) as usize).then_some(now)
        });
        std::thread::sleep(Duration::from_micros(random % 20_000));
        child.kill();
    }
    let mut child = Process::start("sender", &[&path, "last", &storm, "drain"]);
    child.finish(PATIENCE);

    let acknowledged = LineFile::read(&acknowledged);
    let mut delivered: HashMap<String, HashSet<String>> = HashMap::new();
    let mut ids = HashSet::new();
    for line in LineFile::read(&folder.path().join("delivered")) {
        let (id, title) = line.split_once(' ').unwrap();
        ids.insert(id.to_owned());
        delivered
            .entry(title.to_owned())
            .or_default()
            .insert(id.to_owned());
    }
    let history = history(&folder.path().join("alerts.db"));
    let states: HashMap<String, DeliveryState> = history
        .iter()
        .flat_map(|entry| &entry.deliveries)
        .map(|delivery| (delivery.id.to_string(), delivery.state))
        .collect();
    let by_title: HashMap<&str, _> = history
        .iter()
        .map(|entry| (entry.accepted.alert.title.as_str(), &entry.deliveries))
        .collect();
    let mut lost = Vec::new();
    for title in &acknowledged {
        let Some(deliveries) = by_title.get(title.as_str()) else {
            lost.push(format!("{title}: not in the store"));
            continue;
        };
        for delivery in *deliveries {
            let (id, state) = match delivery.parent {
                Some(parent) => {
                    let id = parent.to_string();
                    let state = states.get(&id).copied();
                    (id, state)
                }
                None => (delivery.id.to_string(), Some(delivery.state)),
            };
            match state {
                Some(DeliveryState::Delivered) if ids.contains(&id) => {}
                Some(DeliveryState::Dead) => {}
                other => lost.push(format!("{title}: {other:?}")),
            }
        }
        // Twice only under one idempotency key.
        if delivered.get(title).is_some_and(|ids| ids.len() > 1) {
            lost.push(format!("{title}: two keys"));
        }
    }
    assert!(
        lost.is_empty(),
        "{} lost: {:?}",
        lost.len(),
        &lost[..lost.len().min(10)]
    );
}

#[test]
fn nothing_acknowledged_is_lost_by_kill_9() {
    kill_loop(1_000_000);
}

#[test]
fn nor_what_was_gathered_in_a_digest() {
    kill_loop(20);
}
