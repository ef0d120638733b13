//! The data of one daily report: what the computation fills and the renderer shows.
//!
//! Money is an exact [`Decimal`] in won, serialised as a string; ratios are `f64` fractions
//! (`0.0121` is 1.21 %); times carry a zone. Every figure that may be undefined is a [`Figure`].

use std::sync::Arc;

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::figure::Figure;

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

/// The day's fills and closed trades.
///
/// A *fill* is an order with an executed quantity, whatever its status. A *closed trade* is one
/// selling fill against the moving-average cost of the position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TradingStats {
    /// Fills of the day.
    pub fills: Figure<u64>,
    /// Buying fills.
    pub buys: Figure<u64>,
    /// Selling fills.
    pub sells: Figure<u64>,
    /// Orders made on the day and not filled at all (cancelled, failed, still pending).
    pub unfilled_orders: Figure<u64>,
    /// Σ amount of all fills.
    pub gross_amount: Figure<Decimal>,
    /// Σ amount of the buying fills.
    pub buy_amount: Figure<Decimal>,
    /// Σ amount of the selling fills.
    pub sell_amount: Figure<Decimal>,
    /// Σ recorded commission.
    pub commission: Figure<Decimal>,
    /// Σ recorded tax.
    pub tax: Figure<Decimal>,
    /// Σ realised profit and loss after fees and tax.
    pub realised: Figure<Decimal>,
    /// Closed trades.
    pub closed: Figure<u64>,
    /// Closed trades with a profit.
    pub wins: Figure<u64>,
    /// Closed trades with a loss.
    pub losses: Figure<u64>,
    /// Closed trades with exactly nothing.
    pub even: Figure<u64>,
    /// wins ÷ closed.
    pub win_rate: Figure<f64>,
    /// Σ of the wins.
    pub gross_profit: Figure<Decimal>,
    /// Σ of the losses, as a positive amount.
    pub gross_loss: Figure<Decimal>,
    /// `gross_profit` ÷ `gross_loss`.
    pub profit_factor: Figure<f64>,
    /// `gross_profit` ÷ wins.
    pub average_win: Figure<Decimal>,
    /// −`gross_loss` ÷ losses (negative).
    pub average_loss: Figure<Decimal>,
    /// (Σ buy + Σ sell) ÷ end equity.
    pub turnover: Figure<f64>,
}

/// Equity, cash and open positions at the session's end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PortfolioStats {
    /// Equity as the source recorded it: cash plus the positions' value.
    pub equity: Figure<Decimal>,
    /// The cash recorded plus the positions as this report values them.
    pub equity_recomputed: Figure<Decimal>,
    /// Equity at the end of the session before.
    pub previous_equity: Figure<Decimal>,
    /// Deposits less withdrawals of the day (0 when the source records none).
    pub net_flow: Figure<Decimal>,
    /// Equity less previous equity less flows.
    pub daily_pnl: Figure<Decimal>,
    /// `(E_t − flow) ÷ E_{t−1} − 1`.
    pub daily_return: Figure<f64>,
    /// The benchmark's return over the same span.
    pub benchmark_return: Figure<f64>,
    /// Return since the first recorded equity, less flows.
    pub total_return: Figure<f64>,
    /// Cash recorded by the source.
    pub cash: Figure<Decimal>,
    /// Σ value of the open positions.
    pub invested: Figure<Decimal>,
    /// Σ value less cost of the open positions.
    pub unrealised: Figure<Decimal>,
    /// Realised profit and loss since the first trade.
    pub realised_to_date: Figure<Decimal>,
    /// invested ÷ equity.
    pub exposure: Figure<f64>,
    /// Herfindahl–Hirschman index of the invested part, 0–1.
    pub hhi: Figure<f64>,
    /// 1 ÷ HHI.
    pub effective_positions: Figure<f64>,
    /// The largest position.
    pub largest: Figure<Largest>,
    /// Open positions, largest value first.
    pub positions: Vec<Position>,
    /// How many more positions there were than `positions` holds.
    pub positions_omitted: u64,
    /// Open positions in all.
    pub position_count: Figure<u64>,
}

/// The largest position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Largest {
    /// Its ticker.
    pub ticker: String,
    /// Its name, if known.
    pub name: Option<String>,
    /// Its value ÷ equity.
    pub share_of_equity: Figure<f64>,
}

/// An open position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// The ticker.
    pub ticker: String,
    /// The company's name, if known.
    pub name: Option<String>,
    /// The industry sector, if known.
    pub sector: Option<String>,
    /// Shares held.
    pub quantity: Decimal,
    /// Moving-average cost of the shares held, buying fees included.
    pub cost: Decimal,
    /// cost ÷ quantity.
    pub average_cost: Decimal,
    /// The price it is valued at.
    pub price: Figure<Mark>,
    /// price × quantity.
    pub value: Figure<Decimal>,
    /// value − cost.
    pub unrealised: Figure<Decimal>,
    /// unrealised ÷ cost.
    pub return_on_cost: Figure<f64>,
    /// value ÷ invested.
    pub weight: Figure<f64>,
}

/// The price a position is valued at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// The closing price.
    pub price: Decimal,
    /// The session it is from.
    pub date: Date,
    /// Older than the report's session: the last close known.
    pub stale: bool,
}

/// Risk over the account's whole recorded history up to the session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RiskMetrics {
    /// Daily returns at hand.
    pub returns: u32,
    /// The first date of the series.
    pub since: Option<Date>,
    /// min(E ÷ running max − 1), zero or negative.
    pub max_drawdown: Figure<f64>,
    /// E ÷ running max − 1 today.
    pub current_drawdown: Figure<f64>,
    /// Sessions since the last peak.
    pub drawdown_sessions: Figure<u32>,
    /// sd · √252.
    pub volatility: Figure<f64>,
    /// mean ÷ sd · √252, risk-free rate 0.
    pub sharpe: Figure<f64>,
    /// mean ÷ downside deviation · √252.
    pub sortino: Figure<f64>,
    /// Value at risk at 95 %: a daily return, usually negative.
    pub var_95: Figure<TailRisk>,
    /// Value at risk at 99 %.
    pub var_99: Figure<TailRisk>,
    /// cov ÷ var against the benchmark on matched dates.
    pub beta: Figure<f64>,
    /// The benchmark's ticker.
    pub benchmark: String,
    /// The day's risk limits as the source recorded them.
    pub trading_halted: Figure<Halt>,
}

/// Historical value at risk and what lies beyond it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TailRisk {
    /// The daily return at the percentile (negative for a loss).
    pub var: f64,
    /// The mean of the returns at or below it.
    pub cvar: f64,
    /// `var` × equity, a loss as a negative amount.
    pub var_amount: Figure<Decimal>,
    /// Fewer returns than the percentile deserves (20 at 95 %, 100 at 99 %).
    pub few_observations: bool,
}

/// Whether the service's risk manager had halted trading at the session's end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halt {
    /// Trading was halted.
    pub halted: bool,
    /// Why.
    pub reason: Option<String>,
}

/// The running system over the report's day; from a [`crate::ContextProvider`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SystemHealth {
    /// `healthy`, `degraded` or `unhealthy` when the report was made.
    pub status: Figure<String>,
    /// Seconds since the process started.
    pub uptime_seconds: Figure<u64>,
    /// Share of the day in which the service was not unhealthy, 0–1.
    pub availability: Figure<f64>,
    /// Errors logged on the day.
    pub errors: Figure<u64>,
    /// Warnings logged on the day.
    pub warnings: Figure<u64>,
    /// CPU use in percent.
    pub cpu_percent: Figure<Range>,
    /// Memory use in percent.
    pub memory_percent: Figure<Range>,
    /// Disk use in percent.
    pub disk_percent: Figure<Range>,
    /// Changes of health on the day, oldest first.
    pub transitions: Vec<HealthTransition>,
    /// How many more changes there were than `transitions` holds.
    pub transitions_omitted: u64,
}

impl Default for SystemHealth {
    /// Nothing collected.
    fn default() -> Self {
        use crate::Missing::NotCollected;
        Self {
            status: NotCollected.into(),
            uptime_seconds: NotCollected.into(),
            availability: NotCollected.into(),
            errors: NotCollected.into(),
            warnings: NotCollected.into(),
            cpu_percent: NotCollected.into(),
            memory_percent: NotCollected.into(),
            disk_percent: NotCollected.into(),
            transitions: Vec::new(),
            transitions_omitted: 0,
        }
    }
}

/// Lowest, mean and highest of a sampled quantity.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// Lowest sample.
    pub min: f64,
    /// Mean of the samples.
    pub avg: f64,
    /// Highest sample.
    pub max: f64,
}

/// A change of health.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthTransition {
    /// When.
    pub at: Timestamp,
    /// The dependency; empty for the whole service.
    pub name: String,
    /// The status before.
    pub from: String,
    /// The status after.
    pub to: String,
    /// What was said about it.
    pub message: Option<String>,
}

/// Best and worst of the day by realised profit and loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TopPerformers {
    /// Tickers with a profit, best first.
    pub best: Vec<Performer>,
    /// Tickers with a loss, worst first.
    pub worst: Vec<Performer>,
    /// The closed trade with the highest profit.
    pub best_trade: Figure<ClosedTrade>,
    /// The closed trade with the highest loss.
    pub worst_trade: Figure<ClosedTrade>,
    /// Realised profit and loss of every ticker closed on the day, for the chart; best first.
    pub by_ticker: Vec<Performer>,
    /// How many more tickers there were than `by_ticker` holds.
    pub by_ticker_omitted: u64,
}

/// A ticker's realised result of the day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Performer {
    /// The ticker.
    pub ticker: String,
    /// The company's name, if known.
    pub name: Option<String>,
    /// Realised profit and loss after fees and tax.
    pub realised: Decimal,
    /// realised ÷ cost of what was sold.
    pub return_on_cost: Figure<f64>,
    /// Closed trades.
    pub closed: u64,
}

/// A selling fill against the average cost of its position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClosedTrade {
    /// The order.
    pub order_id: String,
    /// When it was executed.
    pub executed_at: Timestamp,
    /// The ticker.
    pub ticker: String,
    /// The company's name, if known.
    pub name: Option<String>,
    /// Shares sold.
    pub quantity: Decimal,
    /// What they brought in before fees.
    pub proceeds: Decimal,
    /// Their moving-average cost.
    pub cost: Decimal,
    /// proceeds − commission − tax − cost.
    pub realised: Decimal,
    /// realised ÷ cost.
    pub return_on_cost: Figure<f64>,
}

/// The day's alerts; from a [`crate::ContextProvider`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertsSummary {
    /// Alerts raised on the day.
    pub total: Figure<u64>,
    /// Count by level.
    pub by_level: Figure<AlertCounts>,
    /// Alerts held back by cooldown, silence or grouping.
    pub suppressed: Figure<u64>,
    /// Deliveries that were given up.
    pub undelivered: Figure<u64>,
    /// Alerts still active when the report was made.
    pub active: Figure<u64>,
    /// The worst five, worst first.
    pub worst: Vec<AlertLine>,
}

impl Default for AlertsSummary {
    /// Nothing collected.
    fn default() -> Self {
        use crate::Missing::NotCollected;
        Self {
            total: NotCollected.into(),
            by_level: NotCollected.into(),
            suppressed: NotCollected.into(),
            undelivered: NotCollected.into(),
            active: NotCollected.into(),
            worst: Vec::new(),
        }
    }
}

/// Alerts by level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertCounts {
    /// Level critical.
    pub critical: u64,
    /// Level error.
    pub error: u64,
    /// Level warning.
    pub warning: u64,
    /// Level info.
    pub info: u64,
}

/// One alert in a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertLine {
    /// When it was raised.
    pub at: Timestamp,
    /// `critical`, `error`, `warning` or `info`.
    pub level: String,
    /// Its title.
    pub title: String,
    /// Where it came from.
    pub source: String,
    /// How often it was raised on the day.
    pub count: u64,
    /// When it was resolved, if it was.
    pub resolved_at: Option<Timestamp>,
}

/// ΔE = Σ realised + Δ unrealised + flows, with the difference shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reconciliation {
    /// Change in recorded equity since the session before.
    pub equity_change: Figure<Decimal>,
    /// Σ realised of the span.
    pub realised: Figure<Decimal>,
    /// Change in unrealised over the span.
    pub unrealised_change: Figure<Decimal>,
    /// Deposits less withdrawals of the span.
    pub net_flow: Figure<Decimal>,
    /// `equity_change` − `realised` − `unrealised_change` − `net_flow`.
    pub difference: Figure<Decimal>,
    /// The difference is within the tolerance.
    pub balanced: Figure<bool>,
    /// What counts as balanced, in won.
    pub tolerance: Decimal,
}

/// Lines for charts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Recorded equity by session, oldest first, this session last.
    pub equity: Vec<MoneyPoint>,
    /// E ÷ running max − 1 by session.
    pub drawdown: Vec<RatioPoint>,
    /// The benchmark's close on the same dates, where known.
    pub benchmark: Vec<MoneyPoint>,
    /// Realised profit and loss of the day, cumulated by fill, for an intraday line.
    pub realised_intraday: Vec<IntradayPoint>,
}

/// An amount at a date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MoneyPoint {
    /// The session.
    pub date: Date,
    /// The amount.
    pub value: Decimal,
}

/// A ratio at a date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RatioPoint {
    /// The session.
    pub date: Date,
    /// The ratio.
    pub value: f64,
}

/// An amount at an instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IntradayPoint {
    /// When.
    pub at: Timestamp,
    /// The amount.
    pub value: Decimal,
}

/// A fill of the day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FillLine {
    /// The order.
    pub order_id: String,
    /// When it was executed.
    pub executed_at: Timestamp,
    /// The ticker.
    pub ticker: Arc<str>,
    /// The company's name, if known.
    pub name: Option<Arc<str>>,
    /// Bought or sold.
    pub side: Side,
    /// Shares.
    pub quantity: Decimal,
    /// Price of a share.
    pub price: Decimal,
    /// What was paid or received before fees.
    pub amount: Decimal,
    /// Recorded commission.
    pub commission: Decimal,
    /// Recorded tax.
    pub tax: Decimal,
    /// The order's status as recorded.
    pub status: Arc<str>,
    /// The strategy that placed it.
    pub strategy: Option<Arc<str>>,
    /// Realised profit and loss, for a sale.
    pub realised: Option<Decimal>,
}

/// Bought or sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Bought.
    Buy,
    /// Sold.
    Sell,
}

/// Something wrong or doubtful in the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QualityNote {
    /// How bad it is.
    pub severity: QualitySeverity,
    /// What it is.
    pub issue: QualityIssue,
    /// What it is about: an order, a ticker or a date.
    pub subject: String,
    /// The particulars, in English.
    pub detail: String,
}

/// How bad a data-quality issue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QualitySeverity {
    /// The row was left out.
    Error,
    /// Used, but doubtful.
    Warning,
    /// For information.
    Info,
}

/// What is wrong or doubtful.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum QualityIssue {
    /// A row that cannot be read or breaks a rule (unknown action, negative quantity, fill without time).
    BadRow,
    /// More was sold than held; the sale was left out.
    Oversold,
    /// The recorded amount is not price × quantity.
    AmountMismatch,
    /// The recorded tax is not the statutory one.
    TaxDrift,
    /// No closing price at all.
    MissingPrice,
    /// The last close known is from an earlier session.
    StalePrice,
    /// A fill on a day or at a time without trading.
    OutsideSession,
    /// A ticker that is not a KRX ticker.
    UnknownTicker,
    /// The recorded equity is not cash plus positions.
    EquityMismatch,
    /// The reconciliation line does not balance.
    Unreconciled,
    /// Sessions without a recorded equity.
    EquityGap,
    /// Equity is zero or negative.
    NegativeEquity,
    /// The calendar has no data for the year.
    CalendarUnknown,
    /// A stored session snapshot did not fit and was rebuilt.
    SnapshotRebuilt,
    /// The positions table holds other quantities than the fills add up to.
    PortfolioMismatch,
    /// A fill without a recorded amount, commission or tax.
    IncompleteRow,
    /// A split left a fraction of a share.
    SplitFraction,
    /// Too few observations for a percentile.
    FewObservations,
    /// The source or a part of it could not be read.
    SourceUnavailable,
}
