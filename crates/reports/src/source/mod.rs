//! Where the figures come from.
//!
//! A [`ReportSource`] reads the trading service's own tables, as they are. It computes nothing: it
//! hands rows to a [`Replay`] and returns what else the computation asks for.

pub(crate) mod blocking;
mod equity;
mod flow;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod layout;
mod mapping;
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

pub use equity::{EquityDays, EquityRow, HistoryQuery, MarkPrice, UnknownMark};
pub use flow::{Flow, FlowKind};
pub use mapping::{BadMapping, Mapping};

use crate::compute::{Digests, Replay, Split, Transfer};
use crate::summary::{Halt, Limits, QualityNote};

/// Reads the service's tables.
#[async_trait]
pub trait ReportSource: Send + Sync + std::fmt::Debug + 'static {
    /// A name for messages, without secrets, such as `sqlite trading.db`.
    fn describe(&self) -> String;

    /// What tells this source from any other one, without secrets: where it is in full, whose rows it
    /// reads, and how. Stored positions are kept by it. Default: [`ReportSource::describe`].
    fn identity(&self) -> String {
        self.describe()
    }

    /// The account's history up to and including a date, and the optional tables.
    async fn history(&self, query: HistoryQuery) -> Result<AccountHistory, SourceError>;

    /// Gives every row of `trades` executed after [`Replay::after`] and up to and including
    /// `through`, in order of their instants, to `replay`, and with `detail` also the rows created on
    /// that date which were never executed. The replay is returned unfinished.
    async fn replay(
        &self,
        replay: Replay,
        through: Date,
        detail: Option<Date>,
    ) -> Result<Replay, SourceError>;

    /// Prices and names.
    async fn quotes(&self, query: QuoteQuery) -> Result<Quotes, SourceError>;

    /// A number that is another one whenever a row may have changed; `None` when that cannot be told
    /// without reading. Default: `None`.
    async fn version(&self) -> Result<Option<u64>, SourceError> {
        Ok(None)
    }

    /// What was executed on each date up to and including `through`: everything of a row that the
    /// positions depend on is in its hash, so that a row corrected, deleted or added later shows.
    async fn digests(&self, through: Date) -> Result<Digests, SourceError>;

    /// Are [`ReportSource::digests`] made of [`TradeRow::hash`](crate::compute::TradeRow::hash)? A replay
    /// of everything then makes them on its way. Default: no.
    fn hashes_as_replays(&self) -> bool {
        false
    }

    /// What of the tables is not there or not as it is needed, each with its remedy; empty when a
    /// report can be made. Default: nothing is asked.
    ///
    /// # Errors
    ///
    /// When the source cannot be reached.
    async fn check(&self) -> Result<Vec<SourceProblem>, SourceError> {
        Ok(Vec::new())
    }
}

/// A table, or a named query of a mapping, that is not as it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceProblem {
    /// The table or query, such as `trades`.
    pub table: String,
    /// What is wrong, with its remedy.
    pub problem: String,
}

impl std::fmt::Display for SourceProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.table, self.problem)
    }
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
    /// A table, or a query of a mapping, is not there or lacks a column.
    #[error("{0}")]
    Layout(SourceProblem),
    /// Several accounts are recorded and none was chosen.
    #[error("several accounts are recorded ({found}): choose one")]
    SeveralAccounts {
        /// Some of them.
        found: String,
    },
    /// Nothing is recorded of the account that was chosen, but of others.
    #[error("no row is of the account {account:?}; there are {found}: choose one of them")]
    UnknownAccount {
        /// The one that was chosen.
        account: String,
        /// Some of those that are recorded.
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
        !matches!(
            self,
            Self::SeveralAccounts { .. } | Self::UnknownAccount { .. } | Self::Layout(_)
        )
    }

    /// What it says of the accounts, where the tables are as they are needed and those are not.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    fn of_accounts(self) -> Result<SourceProblem, Self> {
        match self {
            Self::SeveralAccounts { .. } | Self::UnknownAccount { .. } => Ok(SourceProblem {
                table: "portfolio_risk_metrics".to_owned(),
                problem: self.to_string(),
            }),
            other => Err(other),
        }
    }
}

/// The account's equity line and what else is recorded by date.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AccountHistory {
    /// The account; `None` when nothing is recorded for any.
    pub account: Option<String>,
    /// One point a session, oldest first; see [`EquityDays`].
    pub equity: Vec<EquityPoint>,
    /// Whether trading was halted at the last row.
    pub halt: Option<Halt>,
    /// The service's own limits at the last row.
    pub limits: Option<Limits>,
    /// Money that came and went; empty without a `cash_flows` table.
    pub flows: Vec<Flow>,
    /// Shares that came and went without a trade; empty without a `position_flows` table.
    pub transfers: Vec<Transfer>,
    /// Splits; empty without a `stock_splits` table.
    pub splits: Vec<Split>,
    /// The recorded present holdings (`portfolios`), by ticker.
    pub holdings: HashMap<String, i64>,
    /// The fills are of every account, for they do not tell whose they are.
    pub shared_trades: bool,
    /// Rows that were left out, by name.
    pub notes: Vec<QualityNote>,
}

/// Equity at the end of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EquityPoint {
    /// The session.
    pub date: Date,
    /// Cash plus positions, in won.
    pub equity: Decimal,
    /// Cash, in won.
    pub cash: Option<Decimal>,
}

/// Which prices are wanted.
#[derive(Debug, Clone, Default)]
pub struct QuoteQuery {
    /// Tickers whose closes and names are wanted.
    pub tickers: Vec<String>,
    /// Dates at which the last close is wanted.
    pub dates: Vec<Date>,
    /// The benchmarks' tickers.
    pub benchmarks: Vec<String>,
    /// Their closes from the last one at or before this date …
    pub benchmark_from: Option<Date>,
    /// … to this one.
    pub benchmark_to: Option<Date>,
}

/// Prices and names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Quotes {
    /// Closes by ticker, sorted by date.
    pub closes: HashMap<String, Vec<(Date, Decimal)>>,
    /// The benchmarks' closes by ticker, sorted by date.
    pub benchmarks: HashMap<String, Vec<(Date, Decimal)>>,
    /// Names and markets by ticker.
    pub stocks: HashMap<String, Stock>,
}

/// What is known of a stock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stock {
    /// Its Korean name.
    pub name: Option<String>,
    /// Its market, as the feed spells it; see [`Market`](crate::calendar::Market).
    pub market: Option<String>,
    /// Its sector.
    pub sector: Option<String>,
    /// Its industry.
    pub industry: Option<String>,
}

impl Quotes {
    /// The last close at or before a date.
    pub(crate) fn close(&self, ticker: &str, date: Date) -> Option<(Date, Decimal)> {
        let closes = self.closes.get(ticker)?;
        let end = closes.partition_point(|(at, _)| *at <= date);
        closes[..end].last().copied()
    }

    /// A benchmark's closes.
    pub(crate) fn benchmark(&self, ticker: &str) -> &[(Date, Decimal)] {
        self.benchmarks.get(ticker).map_or(&[], Vec::as_slice)
    }

    /// The Korean name.
    pub(crate) fn name(&self, ticker: &str) -> Option<String> {
        self.stocks.get(ticker).and_then(|stock| stock.name.clone())
    }
}
