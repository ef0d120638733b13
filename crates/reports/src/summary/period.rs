//! Longer spans than a day, and what moved within it.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::figure::Figure;

/// A span that ends with the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PeriodKind {
    /// Since the week's first day.
    Week,
    /// Since the month's first day.
    Month,
    /// Since the year's first day.
    Year,
    /// Since the first recorded equity.
    Inception,
}

impl PeriodKind {
    /// `week`, `month`, `year`, `inception`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
            Self::Inception => "inception",
        }
    }

    /// The span's first day, of the one that a date is in; `None` since inception.
    #[must_use]
    pub fn first_day(self, date: Date) -> Option<Date> {
        match self {
            Self::Week => {
                let back = i64::from(date.weekday().to_monday_zero_offset());
                Some(date.saturating_sub(jiff::Span::new().days(back)))
            }
            Self::Month => Some(date.first_of_month()),
            Self::Year => Some(date.first_of_year()),
            Self::Inception => None,
        }
    }
}

/// What a span that ends with the session has brought.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Period {
    /// Which.
    pub kind: PeriodKind,
    /// The session whose close it begins from.
    pub since: Option<Date>,
    /// Sessions with a return in it.
    pub sessions: u32,
    /// Change in equity less flows.
    pub pnl: Figure<Decimal>,
    /// Π(1 + r) − 1.
    #[serde(rename = "return")]
    pub total_return: Figure<f64>,
    /// Each benchmark's return between the same two closes, by ticker.
    pub benchmarks: Vec<(String, Figure<f64>)>,
    /// Deposits less withdrawals.
    pub net_flow: Figure<Decimal>,
    /// Dividends, interest and what else came in beside the trades, less fees and taxes.
    pub income: Figure<Decimal>,
    /// Fills.
    pub fills: Figure<u64>,
    /// Realised profit and loss.
    pub realised: Figure<Decimal>,
    /// Recorded commission.
    pub commission: Figure<Decimal>,
    /// Recorded tax.
    pub tax: Figure<Decimal>,
    /// wins ÷ closed trades.
    pub win_rate: Figure<f64>,
    /// gross profit ÷ gross loss.
    pub profit_factor: Figure<f64>,
    /// Positions closed to their last share.
    pub round_trips: Figure<u64>,
    /// Days such a position was open, on the average.
    pub holding_days: Figure<f64>,
    /// Average profit of a round trip that won ÷ average loss of one that did not.
    pub payoff: Figure<f64>,
}

/// One of the last sessions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecentDay {
    /// The session.
    pub date: Date,
    /// Equity at its end.
    pub equity: Decimal,
    /// Change in equity less flows.
    pub pnl: Figure<Decimal>,
    /// The day's return.
    #[serde(rename = "return")]
    pub daily_return: Figure<f64>,
    /// The benchmark's return over the same span.
    pub benchmark: Figure<f64>,
}

/// What a position earned on the day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PositionPnl {
    /// The ticker.
    pub ticker: String,
    /// The company's name, if known.
    pub name: Option<String>,
    /// Realised on the day.
    pub realised: Decimal,
    /// Change of the unrealised profit and loss.
    pub unrealised_change: Figure<Decimal>,
    /// Both together.
    pub total: Figure<Decimal>,
}

/// A strategy's or a sector's part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupPnl {
    /// The name; empty where none is recorded.
    pub name: String,
    /// Fills of the day.
    pub fills: u64,
    /// Realised on the day.
    pub realised: Decimal,
    /// Value of its open positions; missing for a strategy, which no position has.
    pub value: Figure<Decimal>,
    /// `value` ÷ equity.
    pub weight: Figure<f64>,
}

/// The service's own limits, and how much of them is used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LimitUse {
    /// `max_loss_limit` or `max_position_size_limit`, as a fraction.
    pub limit: Figure<f64>,
    /// What there is, as a fraction.
    pub used: Figure<f64>,
}

/// A figure that differs from the report that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which: `equity`, `realised`, a ticker.
    pub what: String,
    /// As it was.
    pub before: String,
    /// As it is.
    pub after: String,
}
