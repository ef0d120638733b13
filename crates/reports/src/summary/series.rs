//! Lines for charts.

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

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
