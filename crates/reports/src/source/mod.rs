//! Where the figures come from.
//!
//! A [`ReportSource`] reads the trading service's own tables, as they are. It computes nothing: it
//! hands rows to a [`Replay`] and returns what else the computation asks for.

pub(crate) mod blocking;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod tables;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod text;
pub mod time;

use std::collections::HashMap;

use async_trait::async_trait;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::compute::{Replay, Split};
use crate::summary::Halt;

/// Reads the service's tables.
#[async_trait]
pub trait ReportSource: Send + Sync + std::fmt::Debug + 'static {
    /// A name for messages, without secrets, such as `sqlite trading.db`.
    fn describe(&self) -> String;

    /// The account's history up to and including `through`, and the optional tables.
    async fn history(&self, through: Date) -> Result<AccountHistory, SourceError>;

    /// Gives every row of `trades` executed after [`Replay::after`] and up to and including
    /// `through`, in order of (`executed_at`, `id`), to `replay`, and with `detail` also the rows
    /// created on that date which were never executed. The replay is returned unfinished.
    async fn replay(
        &self,
        replay: Replay,
        through: Date,
        detail: Option<Date>,
    ) -> Result<Replay, SourceError>;

    /// Prices and names.
    async fn quotes(&self, query: QuoteQuery) -> Result<Quotes, SourceError>;

    /// Is there a row that a snapshot could not have seen: one inserted after it (`id > last_id`)
    /// but executed on or before its date? The next hundred thousand rows are looked at.
    async fn backfilled(&self, last_id: i64, on_or_before: Date) -> Result<bool, SourceError>;
}

/// Why a source could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// It cannot be reached; later it may.
    #[error("source unreachable: {what}")]
    Unreachable {
        /// What was tried, without secrets.
        what: String,
        /// The cause.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It was reached, but a query failed.
    #[error("reading {what}")]
    Query {
        /// The table or the step.
        what: &'static str,
        /// The cause.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Several accounts are recorded and none was chosen.
    #[error("several accounts recorded ({found}): choose one")]
    SeveralAccounts {
        /// Some of them.
        found: String,
    },
    /// It took too long.
    #[error("source did not answer in {seconds} s")]
    Timeout {
        /// The limit.
        seconds: u64,
    },
    /// The reading thread ended without an answer.
    #[error("reading thread ended without an answer")]
    Stopped,
}

impl SourceError {
    /// Would another attempt help?
    #[must_use]
    pub fn is_transient(&self) -> bool {
        !matches!(self, Self::SeveralAccounts { .. })
    }
}

/// The account's equity line and what else is recorded by date.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AccountHistory {
    /// The account; `None` when nothing is recorded for any.
    pub account: Option<String>,
    /// One point a day, the day's last, oldest first.
    pub equity: Vec<EquityPoint>,
    /// Whether trading was halted at the last point.
    pub halt: Option<Halt>,
    /// Deposits (positive) and withdrawals by date, in won; empty without a `cash_flows` table.
    pub flows: Vec<(Date, i64)>,
    /// Splits; empty without a `stock_splits` table.
    pub splits: Vec<Split>,
    /// The recorded present holdings (`portfolios`), by ticker.
    pub holdings: HashMap<String, i64>,
}

/// Equity at the end of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EquityPoint {
    /// The date in Korea.
    pub date: Date,
    /// Cash plus positions, in won.
    pub equity: i64,
    /// Cash, in won.
    pub cash: Option<i64>,
}

/// Which prices are wanted.
#[derive(Debug, Clone, Default)]
pub struct QuoteQuery {
    /// Tickers whose closes and names are wanted.
    pub tickers: Vec<String>,
    /// Dates at which the last close is wanted.
    pub dates: Vec<Date>,
    /// The benchmark's ticker.
    pub benchmark: String,
    /// The benchmark's closes from the last one at or before this date …
    pub benchmark_from: Option<Date>,
    /// … to this one.
    pub benchmark_to: Option<Date>,
}

/// Prices and names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Quotes {
    /// Closes by ticker, sorted by date.
    pub closes: HashMap<String, Vec<(Date, Decimal)>>,
    /// The benchmark's closes, sorted by date.
    pub benchmark: Vec<(Date, Decimal)>,
    /// Names and markets by ticker.
    pub stocks: HashMap<String, Stock>,
}

/// What is known of a stock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stock {
    /// Its Korean name.
    pub name: Option<String>,
    /// `KOSPI`, `KOSDAQ` or `KONEX`.
    pub market: Option<String>,
    /// Its sector.
    pub sector: Option<String>,
}

impl Quotes {
    /// The last close at or before a date.
    pub(crate) fn close(&self, ticker: &str, date: Date) -> Option<(Date, Decimal)> {
        let closes = self.closes.get(ticker)?;
        let end = closes.partition_point(|(at, _)| *at <= date);
        closes[..end].last().copied()
    }

    /// The Korean name.
    pub(crate) fn name(&self, ticker: &str) -> Option<String> {
        self.stocks.get(ticker).and_then(|stock| stock.name.clone())
    }
}
