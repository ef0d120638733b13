//! The data of one daily report: what the computation fills and the renderer shows.
//!
//! Money is an exact [`Decimal`](rust_decimal::Decimal) in won, serialised as a string; ratios are `f64` fractions
//! (`0.0121` is 1.21 %); times carry a zone. Every figure that may be undefined is a
//! [`Figure`](crate::Figure).

mod period;
mod portfolio;
mod quality;
pub(crate) mod risk;
mod series;
mod service;
mod trading;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

pub use period::{Change, GroupPnl, LimitUse, Period, PeriodKind, PositionPnl, RecentDay};
pub use portfolio::{Largest, Mark, PortfolioStats, Position, Reconciliation};
pub(crate) use quality::Words;
pub use quality::{QualityIssue, QualityNote, QualitySeverity};
pub use risk::{Halt, Limits, RiskMetrics, TailRisk};
pub use series::{IntradayPoint, MoneyPoint, RatioPoint, Series};
pub use service::{AlertCounts, AlertLine, AlertsSummary, HealthTransition, Range, SystemHealth};
pub use trading::{
    ClosedTrade, FillLine, Performer, Side, TopPerformers, TradingStats, UnfilledOrder,
};

/// Everything one daily report says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DailySummary {
    /// Version of this structure, [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The service that reports.
    pub service_name: String,
    /// Its environment, such as `production`.
    pub environment: String,
    /// The account the figures belong to, if the source was given one.
    pub account: Option<String>,
    /// The session the report is about.
    pub session: SessionInfo,
    /// When the figures were computed.
    pub generated_at: Timestamp,
    /// How the report stands to its schedule and to an earlier issue of itself.
    pub edition: Edition,
    /// Whether the source could be read.
    pub source: SourceState,
    /// Fills, closed trades, fees.
    pub trading_stats: TradingStats,
    /// Equity, cash, positions, exposure.
    pub portfolio_stats: PortfolioStats,
    /// Drawdown, value at risk, ratios.
    pub risk_metrics: RiskMetrics,
    /// Uptime, health transitions, resources, errors.
    pub system_health: SystemHealth,
    /// Best and worst tickers and trades of the day.
    pub top_performers: TopPerformers,
    /// The day's alerts.
    pub alerts_summary: AlertsSummary,
    /// Does the change in equity equal what was earned?
    pub reconciliation: Reconciliation,
    /// Lines for charts, oldest first.
    pub series: Series,
    /// What was wrong or doubtful in the data, worst first.
    pub data_quality: Vec<QualityNote>,
    /// How many more notes there were than `data_quality` holds.
    pub data_quality_omitted: u64,
    /// The day's fills in order of execution.
    pub fills: Vec<FillLine>,
    /// How many more fills there were than `fills` holds.
    pub fills_omitted: u64,
    /// Set when the report is about a whole period that ends with the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<PeriodKind>,
    /// What longer spans that end with the session have brought.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub periods: Vec<Period>,
    /// The last sessions, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent: Vec<RecentDay>,
    /// What each position earned on the day, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub position_pnl: Vec<PositionPnl>,
    /// The day by strategy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_strategy: Vec<GroupPnl>,
    /// The day by sector.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_sector: Vec<GroupPnl>,
    /// What differs from the report of the session that was kept before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// Other accounts of the same service, each with its own figures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<AccountSection>,
}

/// One more account's figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountSection {
    /// The account.
    pub account: String,
    /// Fills, closed trades, fees.
    pub trading_stats: TradingStats,
    /// Equity, cash, positions.
    pub portfolio_stats: PortfolioStats,
    /// Drawdown, ratios.
    pub risk_metrics: RiskMetrics,
    /// Does it add up?
    pub reconciliation: Reconciliation,
    /// What was wrong or doubtful in its data.
    pub data_quality: Vec<QualityNote>,
}

/// The present [`DailySummary::schema_version`].
pub const SCHEMA_VERSION: u32 = 1;

/// The session a report is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionInfo {
    /// The session's date in Korea.
    pub date: Date,
    /// What kind of day it is.
    pub kind: SessionKind,
    /// When the regular session opens; `None` on a day without one.
    pub open: Option<Timestamp>,
    /// When the regular session closes; `None` on a day without one.
    pub close: Option<Timestamp>,
    /// The session before this one, if the calendar knows it.
    pub previous: Option<Date>,
}

/// What kind of day the report is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum SessionKind {
    /// An ordinary session.
    Regular,
    /// A session with other hours.
    SpecialHours {
        /// Why, such as `first session of the year`.
        reason: String,
    },
    /// A weekend or holiday; the report was asked for all the same.
    Closed {
        /// Why, such as `Chuseok`.
        reason: String,
    },
    /// The calendar has no data for this year.
    Unknown,
}

/// How a report stands to its schedule and to earlier issues of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edition {
    /// 0 for the first issue, then 1, 2, … for each recomputed one.
    pub revision: u32,
    /// Set when the report is a catch-up: when it should have been sent.
    pub late_since: Option<Timestamp>,
    /// Set when trading could still go on at `generated_at`: the figures are as of then.
    pub as_of: Option<Timestamp>,
}

/// Whether the source of the figures could be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SourceState {
    /// It was read.
    Ok,
    /// It was not; every figure from it is missing.
    Unavailable {
        /// What failed, without secrets.
        reason: String,
    },
}
