//! Every store keeps the same promises.

use std::path::Path;
use std::sync::Arc;

use bongsu_reports::MemoryStore;
use bongsu_reports::compute::Snapshot;
use bongsu_reports::deliver::{Claim, DeliveryKey, DeliveryState, Settlement};
use bongsu_reports::store::{KeptReport, PostgresStore, ReportStore, SqliteStore};
use jiff::Timestamp;
use jiff::civil::date;

use crate::month::DAY;
use crate::postgres::Postgres;

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(1_779_960_000 + second).unwrap()
}

fn key(recipient: &str) -> DeliveryKey {
    DeliveryKey {
        report: "daily".into(),
        session: DAY,
        revision: 0,
        channel: "email".into(),
        recipient: recipient.into(),
    }
}

fn kept(revision: u32, summary: &str, send: bool) -> KeptReport {
    KeptReport {
        report: "daily".into(),
        session: DAY,
        revision,
        complete: true,
        send,
        generated_at: second(0),
        summary: summary.into(),
    }
}

async fn promises(store: Arc<dyn ReportStore>) {
    // The first baseline stays.
    assert_eq!(store.baseline("daily", second(5)).await.unwrap(), second(5));
    assert_eq!(store.baseline("daily", second(9)).await.unwrap(), second(5));

    // The first report of a revision stays; the mark to send is added.
    store.keep_report(kept(0, "first", false)).await.unwrap();
    let found = store.keep_report(kept(0, "second", true)).await.unwrap();
    assert_eq!((found.summary.as_str(), found.send), ("first", true));
    store.keep_report(kept(1, "revised", false)).await.unwrap();
    let latest = store.report("daily", DAY, None).await.unwrap().unwrap();
    assert_eq!(latest, kept(1, "revised", false));
    let first = store.report("daily", DAY, Some(0)).await.unwrap().unwrap();
    assert_eq!(first.summary, "first");
    assert_eq!(store.report("weekly", DAY, None).await.unwrap(), None);
    let listed = store.reported("daily", DAY).await.unwrap();
    assert_eq!(
        listed
            .iter()
            .map(|r| (r.revision, r.send))
            .collect::<Vec<_>>(),
        [(0, true), (1, false)]
    );
    assert!(
        store
            .reported("daily", date(2026, 5, 29))
            .await
            .unwrap()
            .is_empty()
    );

    // A claim is exclusive, survives its owner, and turns unknown after a crash while sending.
    let a = key("a@example.com");
    let granted = store
        .claim(&a, "m-a", "one", second(0), second(60))
        .await
        .unwrap();
    assert!(
        matches!(granted, Claim::Granted { attempt: 1, .. }),
        "{granted:?}"
    );
    let refused = store
        .claim(&a, "m-a", "two", second(1), second(61))
        .await
        .unwrap();
    assert!(matches!(refused, Claim::Refused(_)), "{refused:?}");
    assert!(!store.sending(&a, "two", second(1)).await.unwrap());
    let taken = store
        .claim(&a, "m-a", "two", second(60), second(120))
        .await
        .unwrap();
    assert!(
        matches!(taken, Claim::Granted { attempt: 2, .. }),
        "{taken:?}"
    );
    assert!(!store.sending(&a, "one", second(61)).await.unwrap());
    assert!(store.sending(&a, "two", second(61)).await.unwrap());
    assert_eq!(
        store
            .settle(&a, "one", Settlement::Delivered, second(62))
            .await
            .unwrap(),
        None
    );
    let lost = store
        .claim(&a, "m-a", "one", second(120), second(180))
        .await
        .unwrap();
    let Claim::Lost(record) = lost else {
        panic!("{lost:?}")
    };
    assert_eq!(record.state, DeliveryState::Unknown);
    assert_eq!(
        store
            .settle(&a, "two", Settlement::Delivered, second(121))
            .await
            .unwrap(),
        None
    );

    // A retry waits; then it is delivered, and stays so until it is reopened.
    let b = key("b@example.com");
    store
        .claim(&b, "m-b", "one", second(0), second(60))
        .await
        .unwrap();
    assert!(store.sending(&b, "one", second(1)).await.unwrap());
    let retry = Settlement::Retry {
        at: second(90),
        reason: "greylisted".into(),
    };
    let row = store
        .settle(&b, "one", retry, second(2))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.not_before, Some(second(90)));
    let early = store
        .claim(&b, "m-b", "two", second(89), second(150))
        .await
        .unwrap();
    assert!(matches!(early, Claim::Refused(_)), "{early:?}");
    let again = store
        .claim(&b, "m-b", "two", second(90), second(150))
        .await
        .unwrap();
    let Claim::Granted {
        attempt,
        message_id,
        first_at,
    } = again
    else {
        panic!("{again:?}")
    };
    assert_eq!(
        (attempt, message_id.as_str(), first_at),
        (2, "m-b", second(0))
    );
    assert!(!store.reopen(&b, "m-b2", second(91)).await.unwrap());
    assert!(store.sending(&b, "two", second(91)).await.unwrap());
    store
        .settle(&b, "two", Settlement::Delivered, second(92))
        .await
        .unwrap()
        .unwrap();
    let done = store
        .claim(&b, "m-b", "one", second(900), second(960))
        .await
        .unwrap();
    assert!(matches!(done, Claim::Refused(_)), "{done:?}");
    assert!(store.reopen(&b, "m-b2", second(901)).await.unwrap());
    let reopened = store
        .claim(&b, "m-b", "one", second(902), second(960))
        .await
        .unwrap();
    assert!(
        matches!(&reopened, Claim::Granted { attempt: 1, message_id, .. } if message_id == "m-b2"),
        "{reopened:?}"
    );
    let rows = store.deliveries("daily", DAY).await.unwrap();
    assert_eq!(
        rows.iter().map(|row| row.state).collect::<Vec<_>>(),
        [DeliveryState::Unknown, DeliveryState::Claimed]
    );

    // The latest snapshot at or before a date; a source of its own.
    let snapshot = |day, last_id| {
        let text = r#"{"realised":"-12","positions":[["005930",7,"340000000000000000"]]}"#;
        Snapshot {
            date: day,
            last_id,
            book: serde_json::from_str(text).unwrap(),
        }
    };
    let (early, late) = (
        snapshot(date(2026, 5, 26), 3),
        snapshot(date(2026, 5, 28), 9),
    );
    store
        .keep_snapshots("db", vec![late.clone(), early.clone()])
        .await
        .unwrap();
    store
        .keep_snapshots("db", vec![late.clone()])
        .await
        .unwrap();
    assert_eq!(
        store.snapshot("db", date(2026, 5, 27)).await.unwrap(),
        Some(early)
    );
    assert_eq!(
        store.snapshot("db", date(2026, 6, 1)).await.unwrap(),
        Some(late)
    );
    assert_eq!(store.snapshot("db", date(2026, 5, 25)).await.unwrap(), None);
    assert_eq!(
        store.snapshot("other", date(2026, 6, 1)).await.unwrap(),
        None
    );
    // Another one of the same date replaces it, whichever part differs.
    let mut book = snapshot(date(2026, 5, 28), 10);
    for (last_id, text) in [(10, None), (10, Some(r#"{"realised":"5","positions":[]}"#))] {
        book.last_id = last_id;
        if let Some(text) = text {
            book.book = serde_json::from_str(text).unwrap();
        }
        store
            .keep_snapshots("db", vec![book.clone()])
            .await
            .unwrap();
        assert_eq!(
            store.snapshot("db", date(2026, 6, 1)).await.unwrap(),
            Some(book.clone())
        );
    }
    store.forget_snapshots("db", None).await.unwrap();
    assert_eq!(store.snapshot("db", date(2026, 6, 1)).await.unwrap(), None);
}

/// What is kept already is not written again: no sync of the file, no wait for a disk.
#[tokio::test]
async fn a_known_snapshot_is_not_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reports.db");
    let store = SqliteStore::new(&path);
    let mut snapshot = Snapshot {
        date: DAY,
        last_id: 3,
        book: serde_json::from_str(r#"{"realised":"1","positions":[]}"#).unwrap(),
    };
    store
        .keep_snapshots("db", vec![snapshot.clone()])
        .await
        .unwrap();
    let witness = rusqlite::Connection::open(&path).unwrap();
    let version = || -> i64 {
        witness
            .query_row("PRAGMA data_version", [], |row| row.get(0))
            .unwrap()
    };
    let before = version();
    store
        .keep_snapshots("db", vec![snapshot.clone()])
        .await
        .unwrap();
    assert_eq!(version(), before);
    snapshot.last_id = 4;
    store.keep_snapshots("db", vec![snapshot]).await.unwrap();
    assert_ne!(version(), before);
}

/// Of many that claim the same delivery at once one gets it.
async fn one_winner(stores: Vec<Arc<dyn ReportStore>>) {
    let tasks: Vec<_> = stores
        .into_iter()
        .enumerate()
        .map(|(at, store)| {
            tokio::task::spawn(async move {
                let owner = format!("replica-{at}");
                let key = key("race@example.com");
                store
                    .claim(&key, "m", &owner, second(0), second(60))
                    .await
                    .unwrap()
            })
        })
        .collect();
    let mut granted = 0;
    for task in tasks {
        granted += usize::from(matches!(task.await.unwrap(), Claim::Granted { .. }));
    }
    assert_eq!(granted, 1);
}

#[tokio::test]
async fn in_memory() {
    let store = MemoryStore::new();
    promises(Arc::new(store.clone())).await;
    one_winner((0..8).map(|_| Arc::new(store.clone()) as _).collect()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_sqlite() {
    for open in [
        |path: &Path| SqliteStore::new(path),
        |path: &Path| SqliteStore::own(path),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reports.db");
        let path = path.as_path();
        // The tables are made by whoever comes first, of many at once.
        one_winner((0..8).map(|_| Arc::new(open(path)) as _).collect()).await;
        rusqlite::Connection::open(path)
            .unwrap()
            .execute("DELETE FROM bongsu_deliveries", [])
            .unwrap();
        promises(Arc::new(open(path))).await;
        // Another process finds what was kept.
        let found = open(path).report("daily", DAY, None).await.unwrap();
        assert_eq!(found.unwrap().summary, "revised");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_postgres() {
    let server = Postgres::start();
    let url = server.url();
    // The tables are made by whoever comes first, of many at once.
    one_winner(
        (0..8)
            .map(|_| Arc::new(PostgresStore::new(&url).unwrap()) as _)
            .collect(),
    )
    .await;
    server.sql(
        "bongsu",
        "DELETE FROM bongsu_deliveries; SET TIME ZONE 'Asia/Seoul'",
    );
    promises(Arc::new(PostgresStore::new(&url).unwrap())).await;
}

type Opens<'a> = Box<dyn Fn() -> Arc<dyn ReportStore> + 'a>;

/// What was kept before services were told apart is found again by the one that made it.
#[tokio::test]
async fn reports_of_before_keep_their_service() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reports.db");
    let server = Postgres::start();
    let stores: [(&str, Opens<'_>); 2] = [
        ("sqlite", Box::new(|| Arc::new(SqliteStore::new(&path)))),
        (
            "postgres",
            Box::new(|| Arc::new(PostgresStore::new(&server.url()).unwrap())),
        ),
    ];
    for (name, open) in stores {
        let mine = r#"{"service_name":"engine","environment":"live"}"#;
        let before = open();
        before.baseline("daily", second(5)).await.unwrap();
        before.keep_report(kept(0, mine, true)).await.unwrap();
        let delivery = key("a@example.com");
        let lease = second(60);
        before
            .claim(&delivery, "m", "one", second(0), lease)
            .await
            .unwrap();
        let after = open();
        let scoped = "daily@engine/live";
        let found = after.report(scoped, DAY, None).await.unwrap();
        assert_eq!(found.unwrap().summary, mine, "{name}");
        assert_eq!(
            after.deliveries(scoped, DAY).await.unwrap().len(),
            1,
            "{name}"
        );
        assert_eq!(
            after.baseline(scoped, second(9)).await.unwrap(),
            second(5),
            "{name}"
        );
        // Another service begins now.
        let other = "daily@engine/paper";
        assert_eq!(
            after.baseline(other, second(9)).await.unwrap(),
            second(9),
            "{name}"
        );
        assert_eq!(
            after.report(other, DAY, None).await.unwrap(),
            None,
            "{name}"
        );
    }
}
