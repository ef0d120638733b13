//! The day's fills, what they realised, and who did best.

use std::sync::Arc;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::figure::Figure;

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
    /// Fills of fewer shares than were ordered.
    #[serde(default = "crate::figure::not_collected")]
    pub partial_fills: Figure<u64>,
    /// What the fills cost more, or brought in less, than at the prices ordered.
    #[serde(default = "crate::figure::not_collected")]
    pub slippage: Figure<Decimal>,
    /// `slippage` ÷ the amount at the prices ordered.
    #[serde(default = "crate::figure::not_collected")]
    pub slippage_ratio: Figure<f64>,
    /// The first of the orders without a fill.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unfilled: Vec<UnfilledOrder>,
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
    /// Realised profit and loss, of what it closed.
    pub realised: Option<Decimal>,
    /// Shares ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered: Option<Decimal>,
    /// The price ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_price: Option<Decimal>,
    /// Where it was traded, such as `KRX` or `NXT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub venue: Option<Arc<str>>,
}

/// An order of the day that was not filled at all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnfilledOrder {
    /// The order.
    pub order_id: String,
    /// The ticker.
    pub ticker: String,
    /// The company's name, if known.
    pub name: Option<String>,
    /// What was to be done, as recorded.
    pub action: String,
    /// Shares ordered.
    pub quantity: Option<Decimal>,
    /// The price ordered.
    pub price: Option<Decimal>,
    /// The order's status as recorded: rejected, cancelled, expired, pending.
    pub status: String,
    /// Why, as recorded.
    pub reason: Option<String>,
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
