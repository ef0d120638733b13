//! Revisions and replicas.

use bongsu_reports::ReportStore;
use bongsu_reports::deliver::DeliveryState;
use bongsu_reports::store::PostgresStore;
use jiff::SignedDuration;

use super::*;
use crate::month::DAY;
use crate::postgres::Postgres;
use crate::support::Month;

#[tokio::test]
async fn recompute_is_a_revision_and_is_sent_only_on_request() {
    let month = Month::new();
    let inbox = Inbox::new();
    let folder = tempfile::tempdir().unwrap();
    let generator = builder(month.source(), evening(DAY))
        .sink(inbox.clone())
        .archive(folder.path())
        .build()
        .unwrap();
    let summary = generator.generate_daily_summary(DAY).await.unwrap();
    assert!(generator.send_daily_report(&summary).await.all_delivered());
    // The same again is not sent again.
    assert!(generator.send_daily_report(&summary).await.all_delivered());
    assert_eq!(inbox.count(), 1);
    month.execute(
        "UPDATE trades SET commission = commission + 1000 WHERE executed_at >= '2026-05-28'",
    );
    let revised = generator.recompute(DAY).await.unwrap();
    assert_eq!(revised.edition.revision, 1);
    assert_ne!(
        revised.trading_stats.realised,
        summary.trading_stats.realised
    );
    assert_eq!(inbox.count(), 1);
    assert!(generator.send_daily_report(&revised).await.all_delivered());
    assert_eq!(inbox.count(), 2);
    assert_eq!(generator.kept_summary(DAY).await.unwrap(), revised);
    let kept = async |since| {
        let kept = generator.kept_reports(since).await.unwrap().into_iter();
        kept.map(|r| (r.session, r.revision)).collect::<Vec<_>>()
    };
    assert_eq!(kept(DAY).await, [(DAY, 1)]);
    assert_eq!(kept(DAY.tomorrow().unwrap()).await, []);
    for file in [
        "r0/summary.json",
        "r1/summary.json",
        "r1/report.txt",
        "r1/mail.html",
        "r1/fills.csv",
    ] {
        let path = folder.path().join("2026-05-28").join(file);
        assert!(path.exists(), "{}", path.display());
    }
}

/// Two replicas and one PostgreSQL: one report, on time, whoever is first.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_replicas_send_one_report() {
    let month = Month::new();
    let server = Postgres::start();
    let inbox = Inbox {
        recipients: vec!["desk@example.com".into(), "boss@example.com".into()],
        ..Inbox::new()
    };
    let start = evening(DAY) - SignedDuration::from_secs(2);
    let tasks: Vec<_> = (0..3)
        .map(|_| {
            let generator = builder(month.source(), start)
                .store(PostgresStore::new(&server.url()).unwrap())
                .sink(inbox.clone())
                .build()
                .unwrap();
            tokio::task::spawn(generator.run_schedule())
        })
        .collect();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(40);
    while inbox.count() < 2 && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Whoever came second has looked by now, or looks in vain.
    tokio::time::sleep(Duration::from_secs(2)).await;
    for task in &tasks {
        assert!(!task.is_finished());
        task.abort();
    }
    let messages = inbox.messages();
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert_eq!(inbox.calls(), 2);
    assert_ne!(messages[0].0, messages[1].0);
    let store = PostgresStore::new(&server.url()).unwrap();
    let rows = store
        .deliveries("daily@trading-engine/test", DAY)
        .await
        .unwrap();
    assert!(
        rows.iter().all(|row| row.state == DeliveryState::Delivered),
        "{rows:?}"
    );
}
