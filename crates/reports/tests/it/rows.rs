//! Which rows reach the figures: every case on SQLite, and on PostgreSQL where it can be.

use std::path::PathBuf;
use std::sync::Arc;

use bongsu_reports::source::postgres::PostgresSource;
use bongsu_reports::source::sqlite::{SqliteSource, create_schema};
use bongsu_reports::source::time::StoredZone;
use bongsu_reports::source::{Mapping, ReportSource};
use bongsu_reports::summary::QualityIssue;
use bongsu_reports::{DailySummary, MemoryStore, ReportGenerator};
use jiff::civil::{Date, date};
use rust_decimal::Decimal;

use crate::postgres::Postgres;

const WED: Date = date(2026, 5, 27);
const THU: Date = date(2026, 5, 28);
const FRI: Date = date(2026, 5, 29);

/// A database of one case.
enum Db<'a> {
    Lite(
        PathBuf,
        #[expect(dead_code, reason = "the folder lives as long")] tempfile::TempDir,
    ),
    Pg(&'a Postgres, String),
}

/// What is set beside the defaults.
#[derive(Default, Clone)]
struct Set {
    utc: bool,
    account: Option<&'static str>,
    mapping: Option<Mapping>,
    short_sales: bool,
    store: MemoryStore,
}

impl Db<'_> {
    fn lite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trading.db");
        create_schema(&rusqlite::Connection::open(&path).unwrap()).unwrap();
        Self::Lite(path, folder)
    }

    fn execute(&self, sql: &str) {
        match self {
            Self::Lite(path, _) => {
                let connection = rusqlite::Connection::open(path).unwrap();
                connection
                    .execute_batch(sql)
                    .unwrap_or_else(|error| panic!("{error}: {sql}"));
            }
            Self::Pg(server, name) => server.sql(name, sql),
        }
    }

    fn builder(&self, set: &Set) -> bongsu_reports::ReportGeneratorBuilder {
        macro_rules! with {
            ($source:expr) => {{
                let mut source = $source;
                if set.utc {
                    source = source.trades_zone(StoredZone::utc());
                }
                if let Some(account) = set.account {
                    source = source.account(account);
                }
                if let Some(mapping) = &set.mapping {
                    source = source.mapping(mapping.clone());
                }
                ReportGenerator::builder(source)
            }};
        }
        let builder = match self {
            Self::Lite(path, _) => with!(SqliteSource::new(path)),
            Self::Pg(server, name) => with!(PostgresSource::new(&url_of(server, name)).unwrap()),
        };
        builder
            .store(set.store.clone())
            .short_sales(set.short_sales)
    }

    async fn day(&self, day: Date, set: &Set) -> DailySummary {
        let generator = self.builder(set).build().unwrap();
        generator.generate_daily_summary(day).await.unwrap()
    }
}

fn url_of(server: &Postgres, database: &str) -> String {
    format!(
        "postgres://bongsu:hunter2@127.0.0.1:{}/{database}",
        server.port()
    )
}

/// A fill: id, time, `BUY` or `SELL`, shares, price.
fn fill(id: i64, at: &str, action: &str, shares: i64, price: i64) -> String {
    let amount = shares * price;
    format!(
        "INSERT INTO trades (id, order_id, ticker, action, order_type, quantity, executed_price, \
         executed_quantity, total_amount, commission, tax, status, created_at, executed_at) VALUES \
         ({id}, 'O{id}', '005930', '{action}', 'LIMIT', {shares}, {price}, {shares}, {amount}, 0, 0, \
         'EXECUTED', '{at}', '{at}');"
    )
}

fn equity(id: i64, at: &str, won: i64) -> String {
    format!(
        "INSERT INTO portfolio_risk_metrics (id, user_id, date, total_value, cash_balance, \
         current_drawdown, total_loss_from_initial_pct) VALUES ({id}, 'u', '{at}', {won}, {won}, 0, 0);"
    )
}

fn stock(id: i64, ticker: &str, market: &str, sector: &str) -> String {
    format!(
        "INSERT INTO stocks (id, ticker, name_kr, market, sector) VALUES \
         ({id}, '{ticker}', '종목{id}', '{market}', '{sector}');"
    )
}

fn price(id: i64, stock: i64, on: &str, close: &str) -> String {
    format!(
        "INSERT INTO stock_prices (id, stock_id, date, open, high, low, close, volume) VALUES \
         ({id}, {stock}, '{on}', 0, 0, 0, {close}, 0);"
    )
}

fn held(summary: &DailySummary, ticker: &str) -> Decimal {
    let mut positions = summary.portfolio_stats.positions.iter();
    let found = positions.find(|held| held.ticker == ticker);
    found.map_or(Decimal::ZERO, |held| held.quantity)
}

fn fills(summary: &DailySummary) -> u64 {
    summary.trading_stats.fills.get().unwrap()
}

fn realised(summary: &DailySummary) -> Decimal {
    *summary.trading_stats.realised.value().unwrap()
}

fn issues(summary: &DailySummary, issue: QualityIssue) -> Vec<String> {
    let notes = summary
        .data_quality
        .iter()
        .filter(|note| note.issue == issue);
    notes
        .map(|note| format!("{}: {}", note.subject, note.detail))
        .collect()
}

/// D1: a fill is in exactly one day's report, whatever its text.
async fn d1_every_fill_has_one_day(db: &Db<'_>) {
    // 08:30 in Korea on the 28th, in every form; and the same of 23:50 there.
    for (text, utc, day) in [
        ("2026-05-27T23:30:00+00:00", false, THU),
        ("2026-05-27T23:30:00Z", false, THU),
        ("2026-05-27 23:30:00.123456Z", false, THU),
        ("2026-05-27T23:30:00+0000", false, THU),
        ("2026-05-27 23:30:00", true, THU),
        ("2026-05-28T08:30:00+09:00", false, THU),
        ("2026-05-28T08:30", false, THU),
        ("2026-05-28 12:30:00+13:00", false, THU),
        ("2026-05-27 12:30:00-11:00", false, THU),
        ("2026-05-28T09:30:00+10:00", true, THU),
        ("2026-05-28T14:50:00Z", false, THU),
        ("2026-05-28T14:50:00Z", true, THU),
        ("2026-05-28 23:50:00", false, THU),
        ("2026-05-28T15:10:00Z", false, FRI),
        ("2026-05-28 15:10:00", true, FRI),
    ] {
        db.execute("DELETE FROM trades;");
        db.execute(&fill(1, "2026-05-26 10:00:00+09:00", "BUY", 10, 1_000));
        db.execute(&fill(2, text, "SELL", 10, 1_100));
        let set = Set {
            utc,
            ..Set::default()
        };
        for on in [WED, THU, FRI] {
            let summary = db.day(on, &set).await;
            let (count, won) = if on == day { (1, 1_000) } else { (0, 0) };
            assert_eq!(fills(&summary), count, "{text} utc={utc} on {on}");
            assert_eq!(realised(&summary), Decimal::from(won), "{text} on {on}");
            let left = if on < day { 10 } else { 0 };
            assert_eq!(
                held(&summary, "005930"),
                Decimal::from(left),
                "{text} on {on}"
            );
            assert_eq!(
                issues(&summary, QualityIssue::BadRow),
                [""; 0],
                "{text} on {on}"
            );
        }
    }
}

/// D1: what has no readable time is named, and in no figure.
async fn d1_what_has_no_day_is_named(db: &Db<'_>) {
    db.execute(&fill(1, "2026-05-28 10:00:00", "BUY", 10, 1_000));
    db.execute(&fill(2, "28/05/2026 10:00", "BUY", 5, 1_000));
    db.execute(&fill(3, "2026-05-28 25:61", "BUY", 5, 1_000));
    db.execute(&fill(4, "soon", "BUY", 5, 1_000));
    db.execute("UPDATE trades SET created_at = NULL WHERE id = 4;");
    db.execute(&fill(5, "2026-05-28 10:00:00", "BUY", 5, 1_000));
    db.execute("UPDATE trades SET executed_at = NULL, created_at = NULL WHERE id = 5;");
    let summary = db.day(THU, &Set::default()).await;
    assert_eq!(fills(&summary), 1);
    let named = issues(&summary, QualityIssue::BadRow).join("\n");
    for (order, why) in [
        ("O2", "unreadable time"),
        ("O3", "unreadable time"),
        ("O4", "unreadable time"),
        ("O5", "without a time"),
    ] {
        let line = named.lines().find(|line| line.starts_with(order));
        assert!(
            line.is_some_and(|line| line.contains(why)),
            "{order}: {named}"
        );
    }
    // A day later only those that no day owns are named again.
    let later = issues(&db.day(FRI, &Set::default()).await, QualityIssue::BadRow).join("\n");
    assert!(later.contains("O5") && !later.contains("O3"), "{later}");
}

/// D2: the order is that of the instants; within one, what was bought comes first.
async fn d2_fills_come_in_order_of_their_instants(db: &Db<'_>) {
    for (buy, sell) in [
        ((1, "2026-05-28T09:01:00"), (2, "2026-05-28 10:00:00")),
        (
            (1, "2026-05-28T09:00:00+09:00"),
            (2, "2026-05-28T00:30:00Z"),
        ),
        ((2, "2026-05-28 09:00:00"), (1, "2026-05-28 09:00:00")),
        ((2, "2026-05-28T00:00:00Z"), (1, "2026-05-28 09:00:00")),
        ((9, "2026-05-28 09:00:00.5"), (3, "2026-05-28 09:00:00.500")),
        ((1, "2026-05-28 09:00:00.9"), (2, "2026-05-28T09:00:01")),
    ] {
        db.execute("DELETE FROM trades;");
        db.execute(&fill(sell.0, sell.1, "SELL", 10, 1_100));
        db.execute(&fill(buy.0, buy.1, "BUY", 10, 1_000));
        for day in [THU, FRI] {
            let summary = db.day(day, &Set::default()).await;
            assert_eq!(
                issues(&summary, QualityIssue::Oversold),
                [""; 0],
                "{buy:?} {sell:?}"
            );
            assert_eq!(held(&summary, "005930"), Decimal::ZERO, "{buy:?} {sell:?}");
            let won = if day == THU { 1_000 } else { 0 };
            assert_eq!(realised(&summary), Decimal::from(won), "{buy:?} {sell:?}");
            assert_eq!(
                *summary.portfolio_stats.realised_to_date.value().unwrap(),
                Decimal::from(1_000)
            );
        }
    }
}

/// D3: a row corrected, deleted, filled in or added later is seen, and said; a late split too.
async fn d3_what_is_corrected_later_is_seen(db: &Db<'_>) {
    db.execute(
        "CREATE TABLE stock_splits (ticker text, date text, numerator int, denominator int);",
    );
    for (correction, shares) in [
        (
            "UPDATE trades SET executed_quantity = 7, total_amount = 7000 WHERE id = 2;",
            17,
        ),
        ("UPDATE trades SET commission = 5 WHERE id = 2;", 20),
        (
            "UPDATE trades SET executed_price = 1 , total_amount = 11 WHERE id = 2;",
            20,
        ),
        ("DELETE FROM trades WHERE id = 2;", 10),
        ("UPDATE trades SET action = 'SELL' WHERE id = 2;", 0),
        // A pending row of a low id, booked after the report.
        (
            "UPDATE trades SET executed_quantity = 4, total_amount = 4000, status = 'EXECUTED', \
             executed_at = '2026-05-26 11:00:00' WHERE id = 0;",
            24,
        ),
        (
            "INSERT INTO stock_splits VALUES ('005930', '2026-05-26', 2, 1);",
            30,
        ),
    ] {
        db.execute("DELETE FROM trades; DELETE FROM stock_splits;");
        db.execute(&fill(0, "2026-05-26 09:00:00", "BUY", 0, 1_000));
        db.execute("UPDATE trades SET executed_at = NULL, status = 'PENDING' WHERE id = 0;");
        db.execute(&fill(1, "2026-05-22 10:00:00", "BUY", 10, 1_000));
        db.execute(&fill(2, "2026-05-26 10:00:00", "BUY", 10, 1_000));
        let set = Set::default();
        for day in [date(2026, 5, 26), WED] {
            db.day(day, &set).await;
        }
        let undisturbed = db.day(THU, &set).await;
        assert_eq!(
            held(&undisturbed, "005930"),
            Decimal::from(20),
            "{correction}"
        );
        assert_eq!(issues(&undisturbed, QualityIssue::SnapshotRebuilt), [""; 0]);
        db.execute(correction);
        let corrected = db.day(THU, &set).await;
        assert_eq!(
            held(&corrected, "005930"),
            Decimal::from(shares),
            "{correction}"
        );
        let said = issues(&corrected, QualityIssue::SnapshotRebuilt);
        assert_eq!(said.len(), 1, "{correction}: {:?}", corrected.data_quality);
        // What is true of the 22nd stays.
        let since = "from 2026-05-23 on";
        assert!(said[0].contains(since), "{correction}: {said:?}");
        // The same as from nothing, in every figure; and the next time it is no news.
        let fresh = db.day(THU, &Set::default()).await;
        assert_eq!(
            fresh.portfolio_stats, corrected.portfolio_stats,
            "{correction}"
        );
        let again = db.day(THU, &set).await;
        assert_eq!(
            issues(&again, QualityIssue::SnapshotRebuilt),
            [""; 0],
            "{correction}"
        );
        assert_eq!(again.portfolio_stats, fresh.portfolio_stats);
    }
}

/// D5: an equity written before the first venue opens is the day's before; the first one at or after the
/// close counts.
async fn d5_equity_belongs_to_the_session_before_the_next_opening(db: &Db<'_>) {
    let (wed, thu) = (date(2026, 10, 14), date(2026, 10, 15));
    db.execute(&equity(1, "2026-10-14 06:40:00", 100_000_000));
    // 07:30 in Korea, while the pre-market trades.
    db.execute(&equity(2, "2026-10-14 22:30:00", 101_000_000));
    db.execute(&equity(3, "2026-10-15T06:40:00Z", 102_000_000));
    let on = |summary: DailySummary| *summary.portfolio_stats.equity.value().unwrap();
    assert_eq!(
        on(db.day(wed, &Set::default()).await),
        Decimal::from(100_000_000)
    );
    let summary = db.day(thu, &Set::default()).await;
    assert_eq!(
        summary.portfolio_stats.previous_equity.value(),
        Some(&Decimal::from(100_000_000))
    );
    assert_eq!(on(summary), Decimal::from(102_000_000));
}

/// D6: funds carry no tax, markets are spelled in many ways, and each order is checked for itself.
async fn d6_tax_is_checked_order_by_order(db: &Db<'_>) {
    for (id, ticker, market, sector) in [
        (1, "069500", "KOSPI", "ETF"),
        (2, "005930", "유가증권", "전기전자"),
        (3, "000660", "STK", "전기전자"),
        (4, "035720", "KSQ", "IT"),
        (5, "580001", "KOSPI", "ETN"),
        (6, "247540", "KOSDAQ GLOBAL", "화학"),
        (7, "091990", "NASDAQ", "?"),
    ] {
        db.execute(&stock(id, ticker, market, sector));
        for (row, action, day, tax) in [
            (id * 10, "BUY", "2026-05-27", 0),
            (
                id * 10 + 1,
                "SELL",
                "2026-05-28",
                match id {
                    // Two wrongs that make a right sum.
                    2 => 0,
                    3 => 16_040,
                    4 | 6 => 8_020,
                    5 => 8_020,
                    _ => 0,
                },
            ),
        ] {
            db.execute(&format!(
                "INSERT INTO trades (id, order_id, ticker, action, order_type, quantity, \
                 executed_quantity, executed_price, total_amount, commission, tax, status, created_at, \
                 executed_at) VALUES ({row}, 'O{row}', '{ticker}', '{action}', 'LIMIT', 100, 100, 40100, \
                 4010000, 0, {tax}, 'EXECUTED', '{day} 10:00:00', '{day} 10:00:00');"
            ));
        }
    }
    let summary = db.day(THU, &Set::default()).await;
    let notes = issues(&summary, QualityIssue::TaxDrift);
    let about = |order: &str| notes.iter().find(|note| note.starts_with(order)).cloned();
    assert!(
        about("O21")
            .unwrap()
            .contains("recorded is 0, statutory 8020"),
        "{notes:?}"
    );
    assert!(
        about("O31")
            .unwrap()
            .contains("recorded is 16040, statutory 8020"),
        "{notes:?}"
    );
    assert!(
        about("O51")
            .unwrap()
            .contains("recorded is 8020, statutory 0"),
        "{notes:?}"
    );
    assert!(
        about("2026-05-28").unwrap().contains("1 sales"),
        "{notes:?}"
    );
    assert_eq!(notes.len(), 4, "{notes:?}");
}

/// D7: what is recorded on days without a session is no return of its own.
async fn d7_days_without_a_session_are_no_returns(db: &Db<'_>) {
    let mut won = 100_000_000;
    let mut day = date(2026, 4, 27);
    while day <= THU {
        won += i64::from(day.day()) * 10_000 - 100_000;
        db.execute(&equity(
            i64::from(day.day_of_year()),
            &format!("{day} 06:40:00"),
            won,
        ));
        day = day.tomorrow().unwrap();
    }
    let all = db.day(THU, &Set::default()).await;
    db.execute(
        "DELETE FROM portfolio_risk_metrics WHERE substr(CAST(date AS text), 1, 10) IN \
         ('2026-05-01', '2026-05-02', '2026-05-03', '2026-05-05', '2026-05-09', '2026-05-10', \
          '2026-05-16', '2026-05-17', '2026-05-23', '2026-05-24', '2026-05-25');",
    );
    let sessions = db.day(THU, &Set::default()).await;
    assert_eq!(all.risk_metrics, sessions.risk_metrics);
    assert_eq!(all.risk_metrics.returns, 20);
    assert!(all.risk_metrics.few_observations);
}

/// D8: one base that is not positive begins the series anew and undoes nothing.
async fn d8_a_series_begins_anew(db: &Db<'_>) {
    db.execute("CREATE TABLE cash_flows (user_id text, date text, amount bigint, kind text);");
    for (id, day, won) in [
        (1, "2026-05-22", 0),
        (2, "2026-05-26", 100_000_000),
        (3, "2026-05-27", 101_000_000),
        (4, "2026-05-28", 102_010_000),
    ] {
        db.execute(&equity(id, &format!("{day} 06:40:00"), won));
    }
    db.execute("INSERT INTO cash_flows VALUES ('u', '2026-05-26', 100000000, 'deposit');");
    let summary = db.day(THU, &Set::default()).await;
    let near = |got: Option<f64>, wanted: f64| {
        assert!(
            got.is_some_and(|got| (got - wanted).abs() < 1e-12),
            "{got:?} {wanted}"
        );
    };
    near(summary.portfolio_stats.total_return.get(), 0.0201);
    near(summary.risk_metrics.max_drawdown.get(), 0.0);
    assert_eq!(summary.risk_metrics.since, Some(date(2026, 5, 26)));
    let said = issues(&summary, QualityIssue::SeriesRestarted);
    assert!(said[0].contains("since 2026-05-26"), "{said:?}");

    // A deposit of a hundred times the equity does not make a thousand per cent.
    db.execute("DELETE FROM portfolio_risk_metrics; DELETE FROM cash_flows;");
    db.execute(&equity(1, "2026-05-27 06:40:00", 1_000_000));
    db.execute(&equity(2, "2026-05-28 06:40:00", 110_000_000));
    db.execute("INSERT INTO cash_flows VALUES ('u', '2026-05-28', 99000000, NULL);");
    let summary = db.day(THU, &Set::default()).await;
    near(summary.portfolio_stats.daily_return.get(), 0.1);
    assert_eq!(issues(&summary, QualityIssue::LargeFlow).len(), 1);

    // Once everything is lost no ratio is defined.
    db.execute(
        "DELETE FROM cash_flows; UPDATE portfolio_risk_metrics SET total_value = -5 WHERE id = 2;",
    );
    let summary = db.day(THU, &Set::default()).await;
    assert!(summary.risk_metrics.max_drawdown.missing().is_some());
    assert!(summary.risk_metrics.var_95.missing().is_some());
    assert!(summary.risk_metrics.sharpe.missing().is_some());
}

/// D9: a price that is not positive is none.
async fn d9_a_price_that_is_not_positive_is_none(db: &Db<'_>) {
    db.execute(&stock(1, "005930", "KOSPI", "전기전자"));
    db.execute(&stock(2, "^KS11", "", ""));
    db.execute(&fill(1, "2026-05-27 10:00:00", "BUY", 10, 70_000));
    db.execute(&equity(1, "2026-05-27 06:40:00", 1_000_000));
    db.execute(&equity(2, "2026-05-28 06:40:00", 1_000_000));
    db.execute(&price(1, 1, "2026-05-27", "71000"));
    db.execute(&price(2, 2, "2026-05-27", "2700"));
    for close in ["0", "-5"] {
        db.execute("DELETE FROM stock_prices WHERE id > 2;");
        db.execute(&price(3, 1, "2026-05-28", close));
        db.execute(&price(4, 2, "2026-05-28", close));
        let summary = db.day(THU, &Set::default()).await;
        let unrealised = summary.portfolio_stats.unrealised.value();
        assert_eq!(unrealised, Some(&Decimal::from(10_000)), "{close}");
        assert!(issues(&summary, QualityIssue::StalePrice)[0].contains("2026-05-27"));
        assert!(
            summary.portfolio_stats.benchmark_return.missing().is_some(),
            "{close}"
        );
        // F9: the line is not drawn on with an old close, and it is said.
        assert_eq!(summary.series.benchmark.last().unwrap().date, WED);
        let stale = issues(&summary, QualityIssue::StalePrice);
        assert!(
            stale.iter().any(|note| note.starts_with("^KS11")),
            "{stale:?}"
        );
    }
}

/// D10: an odd row is left out by name, and a fraction of a won is no reason.
async fn d10_one_odd_row_takes_nothing_down(db: &Db<'_>) {
    db.execute("CREATE TABLE cash_flows (user_id text, date text, amount text, kind text);");
    db.execute(&equity(1, "2026-05-27 06:40:00", 100));
    db.execute(&equity(2, "2026-05-28 06:40:00", 200));
    db.execute("UPDATE portfolio_risk_metrics SET total_value = 100.5 WHERE id = 1;");
    db.execute(&equity(3, "not a date", 7));
    db.execute("INSERT INTO cash_flows VALUES ('u', '28/05/2026', '5', NULL), ('u', '2026-05-28', 'many', NULL), ('u', '2026-05-28', '10', 'gift'), ('u', '2026-05-28', '10', NULL);");
    db.execute(&fill(1, "2026-05-28 10:00:00", "BUY", 10, 1_000));
    db.execute("UPDATE trades SET total_amount = 10000.12, commission = 1.5 WHERE id = 1;");
    let summary = db.day(THU, &Set::default()).await;
    let previous = summary.portfolio_stats.previous_equity.value().unwrap();
    assert_eq!(previous.to_string(), "100.5");
    assert_eq!(
        summary.portfolio_stats.net_flow.value(),
        Some(&Decimal::TEN)
    );
    let cost = summary.portfolio_stats.positions[0].cost;
    assert_eq!(cost.to_string(), "10001.62");
    let named = issues(&summary, QualityIssue::BadRow).join("\n");
    for word in [
        "portfolio_risk_metrics 3",
        "28/05/2026",
        "unreadable amount",
        "unknown kind \"gift\"",
    ] {
        assert!(named.contains(word), "{word}: {named}");
    }
}

/// D11: a flow with a zone is of its date in Korea.
async fn d11_flows_are_of_their_date_in_korea(db: &Db<'_>) {
    db.execute("CREATE TABLE cash_flows (user_id text, date text, amount bigint);");
    for (id, day) in [(1, "2026-05-27"), (2, "2026-05-28")] {
        db.execute(&equity(id, &format!("{day} 06:40:00"), 100 * id));
    }
    for text in [
        "2026-05-27T23:30:00Z",
        "2026-05-28",
        "2026-05-28 08:30:00",
        "2026-05-28T00:10:00+09:00",
    ] {
        db.execute("DELETE FROM cash_flows;");
        db.execute(&format!(
            "INSERT INTO cash_flows VALUES ('u', '{text}', 100);"
        ));
        let summary = db.day(THU, &Set::default()).await;
        assert_eq!(
            summary.portfolio_stats.daily_return.get(),
            Some(0.0),
            "{text}"
        );
    }
}

/// D12: fills that tell whose they are, are told apart; others are said to be everybody's.
async fn d12_accounts_are_told_apart(db: &Db<'_>) {
    db.execute(&equity(1, "2026-05-28 06:40:00", 100));
    db.execute("INSERT INTO portfolio_risk_metrics (id, user_id, date, total_value, current_drawdown, total_loss_from_initial_pct) VALUES (2, 'w', '2026-05-28 06:40:00', 7, 0, 0);");
    db.execute(&fill(1, "2026-05-28 10:00:00", "BUY", 10, 1_000));
    db.execute(&fill(2, "2026-05-28 11:00:00", "BUY", 5, 1_000));
    let of = |account| Set {
        account: Some(account),
        ..Set::default()
    };
    let shared = db.day(THU, &of("u")).await;
    assert_eq!(held(&shared, "005930"), Decimal::from(15));
    assert_eq!(issues(&shared, QualityIssue::SharedTrades).len(), 1);
    db.execute("ALTER TABLE trades ADD COLUMN user_id text;");
    db.execute("UPDATE trades SET user_id = 'u' WHERE id = 1; UPDATE trades SET user_id = 'w' WHERE id = 2;");
    for (account, shares) in [("u", 10), ("w", 5)] {
        let own = db.day(THU, &of(account)).await;
        assert_eq!(held(&own, "005930"), Decimal::from(shares), "{account}");
        assert_eq!(issues(&own, QualityIssue::SharedTrades), [""; 0]);
    }
}

/// D13: positions that were there before the first fill, and shares sold before they are bought.
async fn d13_opening_positions_and_short_sales(db: &Db<'_>) {
    db.execute("CREATE TABLE position_flows (user_id text, date text, ticker text, quantity bigint, cost bigint, value bigint);");
    db.execute(&stock(1, "005930", "KOSPI", ""));
    db.execute(&price(1, 1, "2026-05-27", "1100"));
    db.execute(&price(2, 1, "2026-05-28", "1100"));
    db.execute(&equity(1, "2026-05-27 06:40:00", 110_000));
    db.execute(&equity(2, "2026-05-28 06:40:00", 110_000));
    db.execute(&fill(1, "2026-05-28 10:00:00", "SELL", 10, 1_100));
    db.execute(
        "INSERT INTO position_flows VALUES ('u', '2026-05-20', 'A005930', 100, 90000, NULL);",
    );
    let summary = db.day(THU, &Set::default()).await;
    assert_eq!(held(&summary, "005930"), Decimal::from(90));
    assert_eq!(realised(&summary), Decimal::from(2_000));
    assert_eq!(issues(&summary, QualityIssue::Oversold), [""; 0]);
    assert_eq!(
        summary.reconciliation.difference.value(),
        Some(&Decimal::ZERO)
    );
    // Shares that come in on the day are no gain; what they had gained before is none of this account.
    db.execute("INSERT INTO position_flows VALUES ('u', '2026-05-28', '005930', 10, 5000, 11000);");
    db.execute("UPDATE portfolio_risk_metrics SET total_value = 121000 WHERE id = 2;");
    let summary = db.day(THU, &Set::default()).await;
    assert_eq!(summary.portfolio_stats.daily_return.get(), Some(0.0));
    assert_eq!(
        summary.reconciliation.difference.value(),
        Some(&Decimal::ZERO)
    );

    // Short and cover, said by the fills or allowed by the setting.
    for (sell, buy, short_sales) in [
        ("SHORT", "COVER", false),
        ("SELL", "BUY", true),
        ("sell_short", "buy_to_cover", false),
    ] {
        db.execute("DELETE FROM trades; DELETE FROM position_flows;");
        db.execute(&fill(1, "2026-05-27 10:00:00", sell, 10, 1_200));
        db.execute(&fill(2, "2026-05-28 10:00:00", buy, 10, 1_000));
        let set = Set {
            short_sales,
            ..Set::default()
        };
        let open = db.day(WED, &set).await;
        assert_eq!(held(&open, "005930"), Decimal::from(-10), "{sell}");
        assert_eq!(
            open.portfolio_stats.unrealised.value(),
            Some(&Decimal::from(1_000))
        );
        let closed = db.day(THU, &set).await;
        assert_eq!(held(&closed, "005930"), Decimal::ZERO);
        assert_eq!(realised(&closed), Decimal::from(2_000));
    }
    // Not allowed, it stays an error and no phantom.
    let summary = db.day(WED, &Set::default()).await;
    assert_eq!(held(&summary, "005930"), Decimal::from(-10));
}

/// D14: a dividend is a return, explained, and no deposit.
async fn d14_a_dividend_is_a_return(db: &Db<'_>) {
    db.execute("CREATE TABLE cash_flows (user_id text, date text, amount bigint, kind text);");
    db.execute(&equity(1, "2026-05-27 06:40:00", 1_000_000));
    for (kind, amount, change) in [
        ("dividend", 100_000, 100_000),
        ("interest", 500, 500),
        ("fee", 700, -700),
        ("tax", -900, -900),
        ("단주대금", 5_000, 5_000),
    ] {
        db.execute("DELETE FROM cash_flows; DELETE FROM portfolio_risk_metrics WHERE id > 1;");
        db.execute(&equity(2, "2026-05-28 06:40:00", 1_000_000 + change));
        db.execute(&format!(
            "INSERT INTO cash_flows VALUES ('u', '2026-05-28', {amount}, '{kind}');"
        ));
        let summary = db.day(THU, &Set::default()).await;
        let daily = summary.portfolio_stats.daily_return.get().unwrap();
        let wanted =
            rust_decimal::prelude::ToPrimitive::to_f64(&Decimal::from(change)).unwrap() / 1e6;
        assert!((daily - wanted).abs() < 1e-12, "{kind}: {daily}");
        assert_eq!(
            summary.reconciliation.income.value(),
            Some(&Decimal::from(change)),
            "{kind}"
        );
        assert_eq!(
            summary.reconciliation.difference.value(),
            Some(&Decimal::ZERO),
            "{kind}"
        );
        assert_eq!(
            issues(&summary, QualityIssue::Unreconciled),
            [""; 0],
            "{kind}"
        );
    }
}

/// D15: more executed than ordered is said; spellings of one ticker are one stock.
async fn d15_odd_spellings_and_counts(db: &Db<'_>) {
    db.execute(&fill(1, "2026-05-27 10:00:00", "BUY", 10, 1_000));
    db.execute("UPDATE trades SET ticker = 'A005930', quantity = 5 WHERE id = 1;");
    db.execute(&fill(2, "2026-05-28 10:00:00", "SELL", 4, 1_000));
    db.execute(&fill(3, "2026-05-27 10:00:00", "BUY", 10, 1_000));
    db.execute("UPDATE trades SET ticker = '0009k0' WHERE id = 3;");
    let summary = db.day(THU, &Set::default()).await;
    assert_eq!(held(&summary, "005930"), Decimal::from(6));
    assert_eq!(held(&summary, "0009K0"), Decimal::from(10));
    assert_eq!(issues(&summary, QualityIssue::Oversold), [""; 0]);
    let before = db.day(WED, &Set::default()).await;
    assert!(issues(&before, QualityIssue::Overfilled)[0].contains("10 shares executed, 5 ordered"));
}

/// Any schema is a source by named queries; what is missing is named with its remedy.
async fn f6_own_tables(db: &Db<'_>) {
    let source: Arc<dyn ReportSource> = match db {
        Db::Lite(path, _) => Arc::new(SqliteSource::new(path)),
        Db::Pg(server, name) => Arc::new(PostgresSource::new(&url_of(server, name)).unwrap()),
    };
    assert_eq!(source.check().await.unwrap(), []);
    db.execute(
        "DROP TABLE trades; ALTER TABLE portfolio_risk_metrics RENAME COLUMN total_value TO nav;",
    );
    let problems = source.check().await.unwrap();
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].starts_with("trades: there is no such table")
            && said[0].contains("docs/reports.md")
    );
    assert!(said[1].starts_with("portfolio_risk_metrics: the table has no column total_value"));
    let generator = db.builder(&Set::default()).build().unwrap();
    let error = generator
        .generate_daily_summary(THU)
        .await
        .unwrap_err()
        .chain();
    assert!(
        error.contains("portfolio_risk_metrics") && error.contains("total_value"),
        "{error}"
    );

    db.execute("CREATE TABLE orders (no int, code text, bs text, qty int, won bigint, done text);");
    db.execute(
        "INSERT INTO orders VALUES (1, '005930', 'BUY', 10, 10000, '2026-05-27T23:30:00Z');",
    );
    db.execute(&equity(1, "2026-05-28 06:40:00", 5).replace("total_value", "nav"));
    let mapping: Mapping = "-- name: trades\nSELECT no AS id, code AS ticker, bs AS action, qty AS executed_quantity, won AS total_amount, done AS executed_at FROM orders -- ours\n-- name: portfolio_risk_metrics\nSELECT user_id, date, nav AS total_value FROM portfolio_risk_metrics;\n".parse().unwrap();
    let set = Set {
        mapping: Some(mapping),
        ..Set::default()
    };
    let summary = db.day(THU, &set).await;
    assert_eq!(fills(&summary), 1);
    assert_eq!(held(&summary, "005930"), Decimal::TEN);
    assert_eq!(
        summary.portfolio_stats.equity.value(),
        Some(&Decimal::from(5))
    );
    let broken: Mapping = "-- name: trades\nSELECT no AS id, code AS ticker FROM orders\n"
        .parse()
        .unwrap();
    let set = Set {
        mapping: Some(broken),
        ..Set::default()
    };
    let generator = db.builder(&set).build().unwrap();
    let error = generator
        .generate_daily_summary(THU)
        .await
        .unwrap_err()
        .chain();
    assert!(
        error.contains("executed_at") || error.contains("total_value"),
        "{error}"
    );
}

macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        mod lite {
            $(
                #[tokio::test]
                async fn $case() {
                    super::$case(&super::Db::lite()).await;
                }
            )*
        }

        /// The same cases, each in a database of its own, with times and prices as text.
        #[tokio::test]
        async fn every_case_on_postgres() {
            let server = Postgres::start();
            let schema = include_str!("../../src/source/sqlite/schema.sql")
                .replace("DATETIME", "text")
                .replace("VARCHAR(10)", "text")
                .replace("total_value BIGINT", "total_value numeric")
                .replace("total_amount BIGINT", "total_amount numeric")
                .replace("commission INTEGER", "commission numeric")
                .replace("is_trading_halted BOOLEAN", "is_trading_halted boolean");
            $(
                let name = stringify!($case);
                eprintln!("{name}");
                server.sql("postgres", &format!("CREATE DATABASE {name}"));
                server.sql(name, &schema);
                $case(&Db::Pg(&server, name.to_owned())).await;
            )*
        }
    };
}

cases! {
    d1_every_fill_has_one_day,
    d1_what_has_no_day_is_named,
    d2_fills_come_in_order_of_their_instants,
    d3_what_is_corrected_later_is_seen,
    d5_equity_belongs_to_the_session_before_the_next_opening,
    d6_tax_is_checked_order_by_order,
    d7_days_without_a_session_are_no_returns,
    d8_a_series_begins_anew,
    d9_a_price_that_is_not_positive_is_none,
    d10_one_odd_row_takes_nothing_down,
    d11_flows_are_of_their_date_in_korea,
    d12_accounts_are_told_apart,
    d13_opening_positions_and_short_sales,
    d14_a_dividend_is_a_return,
    d15_odd_spellings_and_counts,
    f6_own_tables,
}

/// D4: two databases of one file name, used in turn with one store, are two.
#[tokio::test]
async fn d4_two_databases_of_one_name_are_two() {
    let (paper, live) = (Db::lite(), Db::lite());
    paper.execute(&fill(1, "2026-05-26 10:00:00", "BUY", 10, 1_000));
    live.execute(&fill(1, "2026-05-26 10:00:00", "BUY", 3, 1_000));
    let set = Set::default();
    for (db, shares) in [(&paper, 10), (&live, 3), (&paper, 10), (&live, 3)] {
        let summary = db.day(THU, &set).await;
        assert_eq!(held(&summary, "005930"), Decimal::from(shares));
        assert_eq!(issues(&summary, QualityIssue::SnapshotRebuilt), [""; 0]);
    }
    // A copy restored in its place is seen as well.
    let (Db::Lite(paper, _), Db::Lite(live, _)) = (&paper, &live) else {
        unreachable!()
    };
    std::fs::copy(live, paper).unwrap();
    let restored = ReportGenerator::builder(SqliteSource::new(paper)).store(set.store.clone());
    let summary = restored
        .build()
        .unwrap()
        .generate_daily_summary(THU)
        .await
        .unwrap();
    assert_eq!(held(&summary, "005930"), Decimal::from(3));
}

/// Numbers since 1970, of whatever unit, are times too.
#[tokio::test]
async fn times_that_are_numbers() {
    let db = Db::lite();
    // 08:30 in Korea on the 28th.
    for at in ["1779924600", "1779924600000", "1779924600000000"] {
        db.execute("DELETE FROM trades;");
        db.execute(&fill(2, "2026-05-28 09:00:00", "SELL", 10, 1_100));
        db.execute(&fill(1, "x", "BUY", 10, 1_000));
        db.execute(&format!(
            "UPDATE trades SET executed_at = {at} WHERE id = 1;"
        ));
        for (day, count) in [(WED, 0), (THU, 2), (FRI, 0)] {
            let summary = db.day(day, &Set::default()).await;
            assert_eq!(fills(&summary), count, "{at} on {day}");
            assert_eq!(held(&summary, "005930"), Decimal::ZERO);
            assert_eq!(issues(&summary, QualityIssue::Oversold), [""; 0]);
        }
    }
}

/// D15: instants of `timestamptz` are instants, whatever zone the server lives in; infinity is named.
#[tokio::test]
async fn d15_timestamptz_and_infinity() {
    let server = Postgres::start();
    for zone in ["UTC", "Asia/Seoul", "America/New_York"] {
        let name = format!("z{}", zone.len());
        server.sql("postgres", &format!("CREATE DATABASE {name}"));
        server.sql(
            "postgres",
            &format!("ALTER DATABASE {name} SET timezone = '{zone}'"),
        );
        let schema =
            include_str!("../../src/source/sqlite/schema.sql").replace("DATETIME", "timestamptz");
        server.sql(&name, &schema);
        let db = Db::Pg(&server, name);
        db.execute(&fill(1, "2026-05-26 10:00:00+09", "BUY", 30, 1_000));
        db.execute(&fill(2, "2026-05-27 23:05:00+00", "SELL", 10, 1_000));
        db.execute(&fill(3, "2026-05-27 19:59:00+09", "SELL", 5, 1_000));
        db.execute(&fill(4, "infinity", "SELL", 5, 1_000));
        db.execute(&stock(1, "005930", "KOSPI", ""));
        db.execute(&price(1, 1, "2026-05-27 00:00:00+09", "1000"));
        db.execute(&price(2, 1, "2026-05-28 00:00:00+09", "2000"));
        db.execute(&equity(1, "2026-05-27 15:40:00+09", 1));
        db.execute(&equity(2, "2026-05-28 00:10:00+09", 2));
        let wed = db.day(WED, &Set::default()).await;
        assert_eq!(
            (fills(&wed), held(&wed, "005930")),
            (1, Decimal::from(25)),
            "{zone}"
        );
        assert_eq!(
            wed.portfolio_stats.equity.value(),
            Some(&Decimal::ONE),
            "{zone}"
        );
        let mark = wed.portfolio_stats.positions[0].price.value().unwrap();
        assert_eq!(
            (mark.price, mark.date),
            (Decimal::from(1_000), WED),
            "{zone}"
        );
        let named = issues(&wed, QualityIssue::BadRow);
        assert!(
            named.iter().any(|note| note.starts_with("O4")),
            "{zone}: {named:?}"
        );
        let thu = db.day(THU, &Set::default()).await;
        assert_eq!(
            (fills(&thu), held(&thu, "005930")),
            (1, Decimal::from(15)),
            "{zone}"
        );
    }
}

/// A server that is frozen is an error after the statement's time, with its name.
#[tokio::test]
async fn a_frozen_server_is_told() {
    let server = Postgres::start();
    server.sql(
        "bongsu",
        &include_str!("../../src/source/sqlite/schema.sql").replace("DATETIME", "timestamp"),
    );
    let limit = std::time::Duration::from_secs(1);
    let source = PostgresSource::new(&server.url())
        .unwrap()
        .statement_timeout(limit);
    let store = bongsu_reports::store::PostgresStore::new(&server.url()).unwrap();
    let generator = ReportGenerator::builder(source)
        .store(store.statement_timeout(limit))
        .build()
        .unwrap();
    generator.generate_daily_summary(THU).await.unwrap();
    server.pause();
    let begun = std::time::Instant::now();
    let error = generator
        .generate_daily_summary(THU)
        .await
        .unwrap_err()
        .chain();
    let took = begun.elapsed();
    let kept = generator.kept_reports(THU).await.unwrap_err().chain();
    server.unpause();
    assert!(took < std::time::Duration::from_secs(40), "{took:?}");
    assert!(error.contains("127.0.0.1"), "{error}");
    assert!(kept.contains("did not answer"), "{kept}");
}
