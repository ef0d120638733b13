//! Risk over the account's history.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::LimitUse;
use crate::figure::Figure;

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
    /// Fewer returns than the ratios deserve (30).
    #[serde(default)]
    pub few_observations: bool,
    /// The most sessions from a peak to the next one, or to the session.
    #[serde(default = "crate::figure::not_collected")]
    pub longest_drawdown: Figure<u32>,
    /// Return a year ÷ −max drawdown.
    #[serde(default = "crate::figure::not_collected")]
    pub calmar: Figure<f64>,
    /// The loss since the beginning against the service's limit.
    #[serde(default = "no_limit")]
    pub loss_limit: LimitUse,
    /// The largest position against the service's limit.
    #[serde(default = "no_limit")]
    pub position_limit: LimitUse,
}

pub(crate) fn no_limit() -> LimitUse {
    LimitUse {
        limit: crate::figure::not_collected(),
        used: crate::figure::not_collected(),
    }
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

/// The service's own limits, as its table has them at the session's end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// The largest loss from the initial capital, in percent.
    pub max_loss_percent: Option<f64>,
    /// The largest share of one position, in percent.
    pub max_position_percent: Option<f64>,
}

/// Whether the service's risk manager had halted trading at the session's end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halt {
    /// Trading was halted.
    pub halted: bool,
    /// Why.
    pub reason: Option<String>,
}
