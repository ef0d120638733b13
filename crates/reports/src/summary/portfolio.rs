//! Equity, positions, and whether they add up.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::figure::Figure;

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
    /// Which price they are valued at: `krx_close` or `last_trade`.
    #[serde(default)]
    pub mark: String,
    /// Dividends, interest and what else came in beside the trades on the day, less fees and taxes.
    #[serde(default = "crate::figure::not_collected")]
    pub income: Figure<Decimal>,
    /// Cash when everything traded so far has settled: what is recorded as cash.
    #[serde(default = "crate::figure::not_collected")]
    pub settled_cash: Figure<Decimal>,
    /// When the day's trades settle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settles_on: Option<Date>,
    /// What the day's trades bring in (positive) or take on that date.
    #[serde(default = "crate::figure::not_collected")]
    pub settles: Figure<Decimal>,
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
    /// Dividends, interest and what else came in beside the trades of the span, less fees and taxes.
    #[serde(default = "crate::figure::not_collected")]
    pub income: Figure<Decimal>,
    /// `equity_change` − `realised` − `unrealised_change` − `net_flow` − `income`.
    pub difference: Figure<Decimal>,
    /// The difference is within the tolerance.
    pub balanced: Figure<bool>,
    /// What counts as balanced, in won.
    pub tolerance: Decimal,
}
