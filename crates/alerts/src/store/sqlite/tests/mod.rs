mod bounds;
mod restarts;

use std::time::Duration;

use rusqlite::Connection;
use ulid::Ulid;

use super::*;
use crate::AlertStatus;
use crate::store::{Accepted, DIGEST_KEY, Delivery, DeliveryState, HistoryQuery};
use crate::testing::{ScriptedChannel, Step};
use crate::tests::with;
use crate::{Alert, AlertLevel, AlertManager, AlertManagerBuilder, AlertRule, Outcome, SendError};

const LONG: Duration = Duration::from_secs(30);

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn manager(folder: &tempfile::TempDir) -> AlertManagerBuilder {
    AlertManager::builder("svc", "test")
        .store(SqliteStore::open(folder.path().join("alerts.db")).unwrap())
}

fn alert(level: AlertLevel, title: &str) -> Alert {
    Alert::new(level, title, "m", "src")
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test at the present time")]
async fn the_dead_are_in_the_history_and_can_be_replayed() {
    let folder = folder();
    let chat = ScriptedChannel::new("chat").step(Step::Answer(Outcome::permanent("400")));
    let builder = manager(&folder).channel(chat.clone());
    with(builder, |alerts| async move {
        let since = jiff::Timestamp::now();
        let receipt = alerts
            .send_alert(alert(AlertLevel::Error, "t"))
            .await
            .unwrap();
        assert!(chat.wait_for_attempts(1, LONG).await);
        let until = since + Duration::from_secs(3_600);
        let dead = loop {
            let history = alerts.history(since, until, 10).await.unwrap();
            assert_eq!(history.len(), 1);
            let delivery = history[0].deliveries[0].clone();
            if delivery.state == DeliveryState::Dead {
                break delivery;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(dead.reason, "400");
        let by_alert = crate::Replay::Id(receipt.alert_id);
        assert_eq!(alerts.replay(by_alert.clone()).await.unwrap(), 1);
        assert!(chat.wait_for(1, LONG).await);
        assert_eq!(chat.received()[0].delivery_id, dead.id.to_string());
        while alerts.get_statistics().pending > 0 {
            tokio::task::yield_now().await;
        }
        let again = alerts.replay(crate::Replay::Since(since)).await.unwrap();
        assert_eq!(again, 0);
    })
    .await;
}

#[test]
fn one_process_and_one_manager_at_a_time() {
    let folder = folder();
    let path = folder.path().join("alerts.db");
    let store = SqliteStore::open(&path).unwrap();
    let options = SqliteOptions {
        lock_patience: Duration::from_millis(50),
        ..SqliteOptions::default()
    };
    let error = SqliteStore::open_with(&path, options).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    assert!(store.recover().is_ok());
    assert!(store.recover().is_err());
    drop(store);
    SqliteStore::open(&path).unwrap();
}

#[test]
fn an_older_file_is_migrated() {
    let folder = folder();
    let path = folder.path().join("alerts.db");
    {
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(schema::STEPS[0]).unwrap();
        connection.execute_batch("PRAGMA user_version = 1").unwrap();
        connection
            .execute(
                "INSERT INTO silences VALUES ('x', ?1)",
                [serde_json::to_string(&crate::Silence::new(
                    crate::Matcher::new(),
                    jiff::Timestamp::MAX,
                    "kim",
                ))
                .unwrap()],
            )
            .unwrap();
    }
    let recovered = SqliteStore::open(&path).unwrap().recover().unwrap();
    assert_eq!(recovered.silences.len(), 1);
}
