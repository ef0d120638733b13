//! A real PostgreSQL 15 with the original's tables.

use bongsu_reports::source::postgres::PostgresSource;
use bongsu_reports::store::PostgresStore;
use bongsu_reports::{MemoryStore, ReportError, ReportGenerator};
use bongsu_testkit::servers::PgBouncer;
pub(crate) use bongsu_testkit::servers::Postgres;
use jiff::civil::date;
use rust_decimal::Decimal;

use crate::delivery::{Inbox, short};
use crate::month::{DAY, check_day};
use crate::support::{Month, data};

/// A server with the fixture restored into it.
pub(crate) fn with_month() -> Postgres {
    let server = Postgres::start();
    server.sql("bongsu", &data("original.sql"));
    server
}

/// Both databases hold the same rows: the reports are the same to the last digit.
#[tokio::test]
async fn the_worked_month_on_postgres() {
    let server = with_month();
    let month = Month::new();
    let ours = ReportGenerator::builder(PostgresSource::new(&server.url()).unwrap())
        .build()
        .unwrap();
    let lite = ReportGenerator::builder(month.source()).build().unwrap();
    check_day(&ours.generate_daily_summary(DAY).await.unwrap());
    let sessions = ours
        .calendar()
        .sessions(date(2026, 4, 27), date(2026, 5, 29))
        .unwrap();
    for session in sessions {
        let mut from_postgres = ours.generate_daily_summary(session).await.unwrap();
        let from_sqlite = lite.generate_daily_summary(session).await.unwrap();
        from_postgres.generated_at = from_sqlite.generated_at;
        assert_eq!(from_postgres, from_sqlite, "{session}");
    }
    assert_eq!(ours.rebuild(None).await.unwrap(), 502);
}

/// Flows and splits, when the tables are there; a backfilled fill makes the positions anew.
#[tokio::test]
async fn optional_tables_and_backfill_on_postgres() {
    let server = with_month();
    let source = PostgresSource::new(&server.url())
        .unwrap()
        .account("user001");
    let generator = ReportGenerator::builder(source).build().unwrap();
    let before = generator.generate_daily_summary(DAY).await.unwrap();
    server.sql(
        "bongsu",
        "CREATE TABLE cash_flows (user_id text, date timestamp, amount bigint);
         INSERT INTO cash_flows VALUES ('user001', '2026-05-28 10:00', 1000000);
         CREATE TABLE stock_splits (ticker text, date timestamp, numerator int, denominator int);
         INSERT INTO stock_splits VALUES ('214150', '2026-05-28', 5, 1);
         INSERT INTO trades (id, order_id, ticker, action, order_type, quantity, executed_price,
           executed_quantity, total_amount, commission, tax, status, created_at, executed_at)
         VALUES (9001, 'LATE', '005930', 'BUY', 'MARKET', 10, 42000, 10, 420000, 63, 0,
           'EXECUTED', '2026-05-20 10:00', '2026-05-20 10:00');",
    );
    let after = generator.generate_daily_summary(DAY).await.unwrap();
    let quantity = |summary: &bongsu_reports::DailySummary, ticker: &str| {
        let found = summary
            .portfolio_stats
            .positions
            .iter()
            .find(|held| held.ticker == ticker);
        found.unwrap().quantity
    };
    assert_eq!(
        after.portfolio_stats.net_flow.value().unwrap().to_string(),
        "1000000"
    );
    // 437 were held at the opening and are split; 100 were bought on the day.
    assert_eq!(quantity(&before, "214150"), Decimal::from(537));
    assert_eq!(quantity(&after, "214150"), Decimal::from(437 * 5 + 100));
    assert_eq!(
        quantity(&after, "005930"),
        quantity(&before, "005930") + Decimal::TEN
    );
    assert!(
        after
            .data_quality
            .iter()
            .any(|note| note.issue == bongsu_reports::summary::QualityIssue::SnapshotRebuilt),
        "{:?}",
        after.data_quality
    );
}

/// Behind a pooler that gives each transaction another session, beside others who use it: reports are
/// the same, kept, sent once and found again.
#[tokio::test]
async fn behind_a_pooler_in_transaction_mode() {
    let server = with_month();
    // A type of the service's own: its columns are described by nothing that a pooler would keep.
    server.sql(
        "bongsu",
        "CREATE TYPE side AS ENUM ('BUY', 'SELL'); \
         ALTER TABLE trades ALTER COLUMN action TYPE side USING action::side;",
    );
    let bouncer = PgBouncer::before(&server);
    let made = |name: &str| {
        let store = PostgresStore::new(&bouncer.url()).unwrap();
        ReportGenerator::builder(PostgresSource::new(&bouncer.url()).unwrap())
            .store(store)
            .renderer(short)
            .service(name, "test")
            .sink(Inbox::new())
            .build()
            .unwrap()
    };
    let direct = ReportGenerator::builder(PostgresSource::new(&server.url()).unwrap());
    let direct = direct.service("a", "test").build().unwrap();
    let mut expected = direct.generate_daily_summary(DAY).await.unwrap();
    let (a, b) = (made("a"), made("b"));
    for round in 0..2 {
        let (ours, theirs) =
            tokio::join!(a.generate_daily_summary(DAY), b.generate_daily_summary(DAY));
        let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
        expected.generated_at = ours.generated_at;
        assert_eq!(ours, expected, "{round}");
        let (ours, theirs) = tokio::join!(a.send_daily_report(&ours), b.send_daily_report(&theirs));
        assert!(
            ours.all_delivered() && theirs.all_delivered(),
            "{ours:?} {theirs:?}"
        );
        // Another process, that begins its statements from the first one again.
        let again = made("a").kept_summary(DAY).await.unwrap();
        assert_eq!(again.session.date, DAY);
    }
    assert!(a.rebuild(None).await.unwrap() > 400);
    assert_eq!(a.deliveries(DAY).await.unwrap().deliveries.len(), 1);
}

/// A server that is gone is an error with its place and without the password; it is found again.
#[tokio::test]
async fn a_server_that_is_gone() {
    let mut server = with_month();
    let generator = ReportGenerator::builder(PostgresSource::new(&server.url()).unwrap())
        .store(MemoryStore::new())
        .build()
        .unwrap();
    generator.generate_daily_summary(DAY).await.unwrap();
    server.stop();
    let error = generator.generate_daily_summary(DAY).await.unwrap_err();
    let text = error.chain();
    assert!(matches!(error, ReportError::Source { .. }), "{text}");
    assert!(
        text.contains("127.0.0.1") && !text.contains("hunter2"),
        "{text}"
    );
    assert!(!format!("{generator:?}").contains("hunter2"));
    server.resume();
    check_day(&generator.generate_daily_summary(DAY).await.unwrap());
}
