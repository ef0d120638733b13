//! A file that may not grow any further: said to the caller, and CRITICAL goes out all the same.

use std::path::Path;
use std::time::Duration;

use bongsu_alerts::store::{AlertStore, HistoryQuery, SqliteStore};
use bongsu_alerts::testing::RecordingChannel;
use bongsu_alerts::{Alert, AlertLevel, AlertManager, SendError};

use crate::child::{Process, say};

/// Argument: the folder. Runs under a file size limit.
pub(crate) async fn sender(arguments: &[String]) {
    let folder = Path::new(&arguments[0]);
    let pager = RecordingChannel::new("pager");
    let (alerts, dispatcher) = AlertManager::builder("svc", "test")
        .store(SqliteStore::open(folder.join("alerts.db")).unwrap())
        .channel(pager.clone())
        .storm(1_000_000)
        .build()
        .unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let body = async {
        let mut acknowledged = 0;
        let error = loop {
            let title = format!("t{acknowledged}");
            let alert = Alert::new(AlertLevel::Error, title, "x".repeat(8_000), "s");
            match alerts.send_alert(alert).await {
                Ok(_) => acknowledged += 1,
                Err(error) => break error,
            }
            assert!(acknowledged < 10_000, "the limit was never met");
        };
        assert!(
            matches!(error, SendError::Store { direct: false, .. }),
            "{error:?}"
        );
        // A group commit may have met the limit where one alert alone still fits: those go first.
        let (fire, error) = loop {
            let title = format!("fire {acknowledged}");
            let alert = Alert::new(AlertLevel::Critical, &*title, "x".repeat(16_000), "s");
            match alerts.send_alert(alert).await {
                Ok(_) => acknowledged += 1,
                Err(error) => break (title, error),
            }
            assert!(acknowledged < 10_000, "the limit was never met again");
        };
        assert!(
            matches!(error, SendError::Store { direct: true, .. }),
            "{error:?}"
        );
        let mut waited = 0;
        while !pager.received().iter().any(|seen| seen.title == fire) {
            assert!(waited < 3_000, "the direct delivery never came");
            tokio::time::sleep(Duration::from_millis(10)).await;
            waited += 1;
        }
        say(&format!("acknowledged {acknowledged}"));
        let _ = stop.send(());
    };
    tokio::join!(body, dispatcher.run(stopped));
}

#[test]
fn a_disk_that_takes_no_more_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    // Blocks of 512 bytes; the signal is ignored so that write() fails instead.
    let limit = "trap '' XFSZ; ulimit -f 4000";
    let mut child = Process::start_limited("full-disk", &[path], limit);
    let mut lines = child.lines();
    let said = lines.next().expect("the child has to report");
    child.finish(Duration::from_secs(60));
    let acknowledged: usize = said
        .strip_prefix("acknowledged ")
        .and_then(|count| count.parse().ok())
        .unwrap_or_else(|| panic!("{said}"));
    // With room again, everything that was acknowledged is there.
    let store = SqliteStore::open(folder.path().join("alerts.db")).unwrap();
    let (tx, rx) = std::sync::mpsc::channel();
    let everything = HistoryQuery {
        since: jiff::Timestamp::UNIX_EPOCH,
        until: jiff::Timestamp::MAX,
        limit: usize::MAX,
    };
    store.history(everything, Box::new(move |found| tx.send(found).unwrap()));
    let found = rx.recv().unwrap().unwrap();
    let sent = |title: &str| title.starts_with('t') || title.starts_with("fire ");
    let kept = found
        .iter()
        .filter(|entry| sent(&entry.accepted.alert.title))
        .count();
    assert!(acknowledged > 10);
    assert_eq!(kept, acknowledged);
}
