//! Which rows reach the figures: every case on SQLite, and on PostgreSQL where it can be.

mod accounts;
mod instants;
mod series;
mod servers;

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

use self::accounts::*;
use self::instants::*;
use self::series::*;
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
            let schema = include_str!("../../../src/source/sqlite/schema.sql")
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
    d1_dates_of_other_forms_are_named,
    d2_fills_come_in_order_of_their_instants,
    d2_buys_of_one_instant_come_by_id,
    d3_what_is_corrected_later_is_seen,
    d5_equity_belongs_to_the_session_before_the_next_opening,
    d6_tax_is_checked_order_by_order,
    d7_days_without_a_session_are_no_returns,
    d8_a_series_begins_anew,
    d9_a_price_that_is_not_positive_is_none,
    d10_one_odd_row_takes_nothing_down,
    d11_flows_are_of_their_date_in_korea,
    d12_accounts_are_told_apart,
    d12_an_account_that_nobody_knows_is_an_error,
    d13_opening_positions_and_short_sales,
    d14_a_dividend_is_a_return,
    d15_odd_spellings_and_counts,
    f6_own_tables,
    f6_ids_and_numbers_that_are_texts,
}
