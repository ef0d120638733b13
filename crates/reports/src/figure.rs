//! A figure that may be missing: a value, or the reason why there is none.

use serde::{Deserialize, Serialize};

/// A value, or the reason why there is none.
///
/// A report never shows an invented number: what could not be computed is printed as "–" with its
/// [`Missing`] reason.
///
/// ```
/// use bongsu_reports::{Figure, Missing};
///
/// let rate: Figure<f64> = Figure::Missing(Missing::NoClosedTrades);
/// assert_eq!(rate.value(), None);
/// assert_eq!(serde_json::to_string(&Figure::Known(0.5))?, r#"{"value":0.5}"#);
/// assert_eq!(serde_json::to_string(&rate)?, r#"{"missing":{"code":"no_closed_trades"}}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub type Figure<T> = bongsu_figure::Figure<T, Missing>;

/// What reports of before there was a figure hold for it.
pub(crate) fn not_collected<T>() -> Figure<T> {
    Missing::NotCollected.into()
}

/// Why a figure has no value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Missing {
    /// No fill on the day.
    #[error("no trades")]
    NoTrades,
    /// No position was reduced or closed on the day.
    #[error("no closed trades")]
    NoClosedTrades,
    /// Every closed trade was a win or even, so that a ratio to losses is undefined.
    #[error("no losing trades")]
    NoLosses,
    /// No closed trade was a win.
    #[error("no winning trades")]
    NoWins,
    /// No session so far had a return below zero.
    #[error("no negative returns")]
    NoNegativeReturns,
    /// The series is too short.
    #[error("{have} returns, {need} needed")]
    TooFewReturns {
        /// Returns at hand.
        have: u32,
        /// Returns needed at least.
        need: u32,
    },
    /// The returns do not vary.
    #[error("returns do not vary")]
    NoVariation,
    /// The benchmark does not vary over the matched dates.
    #[error("benchmark does not vary")]
    BenchmarkFlat,
    /// No benchmark prices for the dates of the account's returns.
    #[error("no benchmark prices")]
    NoBenchmark,
    /// The equity at the start is zero or negative: a return on it is undefined.
    #[error("base not positive")]
    BaseNotPositive,
    /// The source holds no equity for the day.
    #[error("no equity recorded")]
    NoEquity,
    /// The source holds no equity before the day.
    #[error("no earlier equity")]
    NoPreviousEquity,
    /// The source holds no cash balance for the day.
    #[error("no cash balance recorded")]
    NoCash,
    /// Nothing is invested.
    #[error("nothing invested")]
    NothingInvested,
    /// No price at all is known for the ticker.
    #[error("no price")]
    NoPrice,
    /// At least one open position has no price at all, so that a sum would be wrong.
    #[error("{count} positions without a price")]
    UnpricedPositions {
        /// Open positions without any price.
        count: u32,
    },
    /// The running system does not collect this.
    #[error("not collected")]
    NotCollected,
    /// The source could not be read; [`crate::SourceState`] has the reason.
    #[error("source unavailable")]
    SourceUnavailable,
    /// The numbers do not fit: an overflow or not a number.
    #[error("not computable")]
    NotComputable,
}
