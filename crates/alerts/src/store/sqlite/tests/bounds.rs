//! How much is kept, what is said when there is no more room, and who shares a commit.

use super::*;

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test at the present time")]
async fn the_oldest_finished_alerts_make_room() {
    let folder = folder();
    let options = SqliteOptions {
        max_alerts: 200,
        ..SqliteOptions::default()
    };
    let store = SqliteStore::open_with(folder.path().join("alerts.db"), options).unwrap();
    let chat = ScriptedChannel::new("chat").otherwise(Step::Answer(Outcome::permanent("no")));
    let builder = AlertManager::builder("svc", "test")
        .store(store)
        .channel(chat.clone())
        .rule(AlertRule::new("r").channel("chat").cooldown(Duration::ZERO));
    with(builder, |alerts| async move {
        let start = jiff::Timestamp::now();
        for n in 0..600 {
            alerts
                .send_alert(alert(AlertLevel::Critical, &format!("t{n}")))
                .await
                .unwrap();
        }
        assert!(chat.wait_for_attempts(600, LONG).await);
        // One more commit after the last has finished lets the rest go.
        while alerts.get_statistics().pending > 0 {
            tokio::task::yield_now().await;
        }
        alerts
            .send_alert(alert(AlertLevel::Critical, "last"))
            .await
            .unwrap();
        let until = start + Duration::from_secs(3_600);
        let history = alerts.history(start, until, 10_000).await.unwrap();
        assert!(history.len() <= 250, "{}", history.len());
        assert_eq!(history[0].accepted.alert.title, "last");
    })
    .await;
}

#[tokio::test]
async fn a_full_disk_is_said_and_critical_goes_out_all_the_same() {
    let folder = folder();
    let options = SqliteOptions {
        hard_bytes: 256 << 10,
        ..SqliteOptions::default()
    };
    let store = SqliteStore::open_with(folder.path().join("alerts.db"), options).unwrap();
    // Nothing finishes, so nothing can be pruned.
    let stuck = ScriptedChannel::new("stuck").otherwise(Step::Hang);
    let pager = ScriptedChannel::new("pager");
    let builder = AlertManager::builder("svc", "test")
        .store(store)
        .channel(stuck)
        .channel(pager.clone())
        .storm(1_000_000)
        .drain(Duration::ZERO)
        .rule(
            AlertRule::new("c")
                .min_level(AlertLevel::Critical)
                .channel("pager"),
        )
        .rule(AlertRule::new("r").channel("stuck"));
    with(builder, |alerts| async move {
        let mut failed = None;
        for n in 0..2_000 {
            let big = Alert::new(AlertLevel::Error, format!("t{n}"), "x".repeat(4_000), "s");
            if let Err(error) = alerts.send_alert(big).await {
                failed = Some(error);
                break;
            }
        }
        let Some(SendError::Store { direct, source }) = failed else {
            panic!("the disk must be full: {failed:?}");
        };
        assert!(!direct);
        assert!(matches!(source, StoreError::Full { .. }), "{source}");
        let big = Alert::new(AlertLevel::Critical, "fire", "x".repeat(16_000), "s");
        let error = alerts.send_alert(big).await.unwrap_err();
        assert!(
            matches!(error, SendError::Store { direct: true, .. }),
            "{error}"
        );
        assert!(pager.wait_for(1, LONG).await);
        assert!(alerts.get_statistics().store_errors >= 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_senders_share_commits() {
    let folder = folder();
    let (alerts, _dispatcher) = manager(&folder)
        .channel(ScriptedChannel::new("chat"))
        .storm(1_000_000)
        .build()
        .unwrap();
    let senders = (0..64).map(|sender| {
        let alerts = alerts.clone();
        async move {
            for n in 0..20 {
                alerts
                    .send_alert(alert(AlertLevel::Error, &format!("{sender}/{n}")))
                    .await
                    .unwrap();
            }
        }
    });
    futures_util::future::join_all(senders).await;
    let counts = alerts.get_statistics().commits;
    assert_eq!(counts.accepted, 64 * 20);
    assert!(
        counts.accepted / counts.accepting_commits >= 8,
        "{counts:?}"
    );
    let query = HistoryQuery {
        since: jiff::Timestamp::UNIX_EPOCH,
        until: jiff::Timestamp::MAX,
        limit: 10_000,
    };
    let (tx, rx) = tokio::sync::oneshot::channel();
    drop(alerts);
    drop(_dispatcher);
    let store = SqliteStore::open(folder.path().join("alerts.db")).unwrap();
    store.history(query, Box::new(move |found| drop(tx.send(found))));
    assert_eq!(rx.await.unwrap().unwrap().len(), 64 * 20);
}
