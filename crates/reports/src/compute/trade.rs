//! A row of the `trades` table as a source hands it over.

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

/// A row of the `trades` table as a source read it. Nothing is checked yet.
#[derive(Debug, Clone, Copy)]
pub struct TradeRow<'a> {
    /// The row's key; the order of fills at the same instant.
    pub id: i64,
    /// `order_id`.
    pub order_id: &'a str,
    /// `ticker`.
    pub ticker: &'a str,
    /// `action`: `BUY` or `SELL`.
    pub action: &'a str,
    /// `executed_quantity`, in shares.
    pub quantity: Option<i64>,
    /// `executed_price`, in won.
    pub price: Number<'a>,
    /// `total_amount`, in won before fees.
    pub amount: Option<i64>,
    /// `commission`, in won.
    pub commission: Option<i64>,
    /// `tax`, in won.
    pub tax: Option<i64>,
    /// `executed_at`.
    pub executed: Executed<'a>,
    /// `status`.
    pub status: &'a str,
    /// `strategy`.
    pub strategy: Option<&'a str>,
    /// A column that holds something else than its type; the row is then left out.
    pub malformed: Option<&'static str>,
}

/// A number as a database hands it over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number<'a> {
    /// NULL.
    Null,
    /// An integer.
    Int(i64),
    /// A float; read with as many digits as it prints.
    Real(f64),
    /// Decimal digits.
    Text(&'a str),
    /// A decimal.
    Decimal(Decimal),
}

impl Number<'_> {
    /// The number as a decimal; `None` for NULL and for what is no number.
    #[must_use]
    pub fn decimal(self) -> Option<Decimal> {
        match self {
            Self::Null => None,
            Self::Int(value) => Some(Decimal::from(value)),
            // The shortest digits that read back as the same float: 14.1 stays 14.1.
            Self::Real(value) => hundredths(value).or_else(|| value.to_string().parse().ok()),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Decimal(value) => Some(value),
        }
    }
}

/// The decimal of a positive float of at most two decimals, without a detour through text.
///
/// Below 10¹⁵ hundredths it has at most fifteen digits, so that no other decimal as short reads back
/// as the same float: it is the one that prints.
#[expect(
    clippy::cast_possible_truncation,
    clippy::float_cmp,
    reason = "checked: whole and below 10¹⁵; the comparison is the check"
)]
fn hundredths(value: f64) -> Option<Decimal> {
    let scaled = (value * 100.0).round();
    if !(1.0..1e15).contains(&scaled) || scaled / 100.0 != value {
        return None;
    }
    let whole = scaled as i64;
    Some(match (whole % 100, whole % 10) {
        (0, _) => Decimal::from(whole / 100),
        (_, 0) => Decimal::new(whole / 10, 1),
        _ => Decimal::new(whole, 2),
    })
}

/// When a row was executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Executed<'a> {
    /// NULL.
    Missing,
    /// Not a time.
    Bad(&'a str),
    /// A time, and the date it has in Korea.
    At {
        /// The date in Korea.
        date: Date,
        /// The instant.
        at: Timestamp,
    },
}
