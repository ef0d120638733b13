//! Random months: what is computed day by day, through every correction, is what an oracle of few lines
//! says, what is computed from nothing, and what the other database says.
//!
//! `BONGSU_TEST_MONTHS=1000` runs as many; every seed is a month that stays the same.

mod oracle;
mod world;

use std::path::Path;

use bongsu_reports::source::postgres::PostgresSource;
use bongsu_reports::source::sqlite::SqliteSource;
use bongsu_reports::source::time::StoredZone;
use bongsu_reports::summary::QualityIssue;
use bongsu_reports::{DailySummary, MemoryStore, ReportGenerator, ReportSource};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

use self::oracle::Expected;
use self::world::{SCHEMA, World};
use crate::postgres::Postgres;

const CLOCK: &str = "2026-06-10T12:00:00Z";

fn months() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a test's own parameter")]
    let asked = std::env::var("BONGSU_TEST_MONTHS").ok();
    asked.map_or(40, |text| text.parse().expect("BONGSU_TEST_MONTHS"))
}

fn generator(source: impl ReportSource) -> ReportGenerator {
    let clock: Timestamp = CLOCK.parse().unwrap();
    let builder = ReportGenerator::builder(source).store(MemoryStore::new());
    builder.runtime_clock(clock).build().unwrap()
}

fn lite(path: &Path, world: &World) -> SqliteSource {
    let zone = StoredZone::other(TimeZone::fixed(world.zone));
    let source = SqliteSource::new(path).trades_zone(zone);
    source.account(world.account)
}

fn postgres(server: &Postgres, name: &str, world: &World) -> PostgresSource {
    let zone = StoredZone::other(TimeZone::fixed(world.zone));
    let url = server.url();
    let (place, _) = url.rsplit_once('/').unwrap();
    let source = PostgresSource::new(&format!("{place}/{name}"))
        .unwrap()
        .trades_zone(zone);
    source.account(world.account)
}

/// What must not depend on the way it was computed: everything but that it was computed anew.
fn figures(mut summary: DailySummary) -> DailySummary {
    summary.data_quality.retain(|note| {
        // Rows of earlier days that broke a rule are counted where they are read.
        note.issue != QualityIssue::SnapshotRebuilt && note.subject != "earlier days"
    });
    summary.changes.clear();
    summary.generated_at = Timestamp::UNIX_EPOCH;
    summary
}

fn sessions() -> Vec<Date> {
    let krx = bongsu_reports::calendar::Krx::new();
    krx.sessions(date(2026, 5, 4), date(2026, 5, 29)).unwrap()
}

#[tokio::test]
async fn day_by_day_is_as_the_oracle_and_as_from_nothing() {
    for seed in 1..=months() {
        eprintln!("month {seed}");
        month(seed).await;
    }
}

async fn month(seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trading.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch(&format!("PRAGMA synchronous = OFF; {SCHEMA}"))
        .unwrap();
    let mut world = World::new(seed);
    let stepwise = generator(lite(&path, &world));
    let sessions = sessions();
    for (at, &day) in sessions.iter().enumerate() {
        connection.execute_batch(&world.pass(day)).unwrap();
        connection
            .execute_batch(&world.correct(&sessions[..=at]))
            .unwrap();
        let ours = figures(stepwise.generate_daily_summary(day).await.unwrap());
        let whole = generator(lite(&path, &world));
        let whole = figures(whole.generate_daily_summary(day).await.unwrap());
        let name = format!("seed {seed} {day}");
        assert_eq!(ours.portfolio_stats, whole.portfolio_stats, "{name}");
        assert_eq!(ours.trading_stats, whole.trading_stats, "{name}");
        assert_eq!(ours, whole, "{name}");
        let previous = at.checked_sub(1).map(|before| sessions[before]);
        Expected::of(&world, day, previous).check(&ours, &name);
    }
    // Made anew from the middle, nothing changes either.
    let last = *sessions.last().unwrap();
    let before = stepwise.generate_daily_summary(last).await.unwrap();
    stepwise.rebuild(Some(sessions[8])).await.unwrap();
    let after = stepwise.generate_daily_summary(last).await.unwrap();
    assert_eq!(figures(before), figures(after), "seed {seed}");
}

/// A part of the months, on both databases: the reports are the same.
#[tokio::test]
async fn both_databases_say_the_same() {
    let server = Postgres::start();
    for seed in 1..=months().div_ceil(20) {
        let name = format!("month{seed}");
        eprintln!("{name}");
        server.sql("postgres", &format!("CREATE DATABASE {name}"));
        server.sql(&name, SCHEMA);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trading.db");
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        let mut world = World::new(seed);
        let one = generator(lite(&path, &world));
        let other = generator(postgres(&server, &name, &world));
        let sessions = sessions();
        for (at, &day) in sessions.iter().enumerate() {
            let sql = world.pass(day) + &world.correct(&sessions[..=at]);
            connection.execute_batch(&sql).unwrap();
            server.sql(&name, &sql);
            let one = figures(one.generate_daily_summary(day).await.unwrap());
            let other = figures(other.generate_daily_summary(day).await.unwrap());
            assert_eq!(one.portfolio_stats, other.portfolio_stats, "{name} {day}");
            assert_eq!(one.trading_stats, other.trading_stats, "{name} {day}");
            assert_eq!(one.data_quality, other.data_quality, "{name} {day}");
            assert_eq!(one, other, "{name} {day}");
        }
    }
}
