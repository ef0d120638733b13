//! A row of the `trades` table as a source hands it over.

use std::borrow::Cow;

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

use super::fingerprint::RowHash;
use crate::money::Won;

/// A row of the `trades` table as a source read it. Nothing is checked yet.
///
/// A source of your own fills in what it has: `TradeRow { id, ticker, ..TradeRow::default() }`.
#[derive(Debug, Clone, Copy, Default)]
pub struct TradeRow<'a> {
    /// The row's key; the order of fills at the same instant.
    pub id: i64,
    /// `order_id`.
    pub order_id: &'a str,
    /// `ticker`.
    pub ticker: &'a str,
    /// `action`: `BUY` or `SELL`; `SHORT` and `COVER` where sales without holdings are meant.
    pub action: &'a str,
    /// `quantity`, as it was ordered, in shares.
    pub ordered: Option<i64>,
    /// `price`, as it was ordered, in won.
    pub order_price: Number<'a>,
    /// `executed_quantity`, in shares.
    pub quantity: Option<i64>,
    /// `executed_price`, in won.
    pub price: Number<'a>,
    /// `total_amount`, in won before fees.
    pub amount: Number<'a>,
    /// `commission`, in won.
    pub commission: Number<'a>,
    /// `tax`, in won.
    pub tax: Number<'a>,
    /// `executed_at`.
    pub executed: Executed<'a>,
    /// `status`.
    pub status: &'a str,
    /// `reason`.
    pub reason: Option<&'a str>,
    /// `strategy`.
    pub strategy: Option<&'a str>,
    /// `venue`: `KRX` or `NXT`.
    pub venue: Option<&'a str>,
    /// A column that holds something else than its type; the row is then left out.
    pub malformed: Option<&'static str>,
}

impl<'a> TradeRow<'a> {
    /// What the row goes by where it is told of: its order, or else its key.
    pub(crate) fn name(&self) -> Cow<'a, str> {
        match self.order_id {
            "" => Cow::Owned(format!("trades {}", self.id)),
            order => Cow::Borrowed(order),
        }
    }

    /// A hash of all that the positions depend on, the same for a lean row and a detailed one.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let at = match self.executed {
            Executed::At { at, .. } => at.as_nanosecond(),
            Executed::Missing | Executed::Bad(_) => i128::MIN,
        };
        let mut hash = RowHash::default()
            .part(&self.id.to_le_bytes())
            .part(&at.to_le_bytes())
            .part(self.ticker.as_bytes())
            .part(self.action.as_bytes())
            .part(&self.quantity.unwrap_or(i64::MIN).to_le_bytes());
        for number in [self.amount, self.commission, self.tax] {
            hash = number.hash(hash);
        }
        if self.quantity.is_none_or(|quantity| quantity == 0) {
            hash = hash.part(self.status.as_bytes());
        }
        if self.amount == Number::Null {
            hash = self.price.hash(hash);
        }
        hash.part(&[u8::from(self.malformed.is_some())]).finish()
    }
}

/// A [`TradeRow`] that is kept until it is its turn.
#[derive(Debug, Clone, Default)]
pub(crate) struct OwnedRow {
    pub(crate) id: i64,
    pub(crate) at: Option<(Date, Timestamp)>,
    bad_time: Option<String>,
    order_id: String,
    ticker: String,
    action: String,
    status: String,
    reason: Option<String>,
    strategy: Option<String>,
    venue: Option<String>,
    ordered: Option<i64>,
    quantity: Option<i64>,
    /// Order price, price, amount, commission, tax.
    numbers: [Number<'static>; 5],
    malformed: Option<&'static str>,
}

impl OwnedRow {
    /// Takes a row over; the room of the row before is used again.
    pub(crate) fn assign(&mut self, row: &TradeRow<'_>) {
        fn set(to: &mut String, from: &str) {
            to.clear();
            to.push_str(from);
        }
        fn set_or_not(to: &mut Option<String>, from: Option<&str>) {
            match (to.as_mut(), from) {
                (Some(to), Some(from)) => set(to, from),
                (_, from) => *to = from.map(str::to_owned),
            }
        }
        self.id = row.id;
        (self.at, self.bad_time) = match row.executed {
            Executed::At { date, at } => (Some((date, at)), None),
            Executed::Missing => (None, None),
            Executed::Bad(text) => (None, Some(text.to_owned())),
        };
        set(&mut self.order_id, row.order_id);
        set(&mut self.ticker, row.ticker);
        set(&mut self.action, row.action);
        set(&mut self.status, row.status);
        set_or_not(&mut self.reason, row.reason);
        set_or_not(&mut self.strategy, row.strategy);
        set_or_not(&mut self.venue, row.venue);
        (self.ordered, self.quantity) = (row.ordered, row.quantity);
        self.numbers = [
            row.order_price,
            row.price,
            row.amount,
            row.commission,
            row.tax,
        ]
        .map(Number::fixed);
        self.malformed = row.malformed;
    }

    pub(crate) fn row(&self) -> TradeRow<'_> {
        let [order_price, price, amount, commission, tax] = self.numbers;
        TradeRow {
            id: self.id,
            order_id: &self.order_id,
            ticker: &self.ticker,
            action: &self.action,
            ordered: self.ordered,
            order_price,
            quantity: self.quantity,
            price,
            amount,
            commission,
            tax,
            executed: match (&self.at, &self.bad_time) {
                (Some((date, at)), _) => Executed::At {
                    date: *date,
                    at: *at,
                },
                (None, Some(text)) => Executed::Bad(text),
                (None, None) => Executed::Missing,
            },
            status: &self.status,
            reason: self.reason.as_deref(),
            strategy: self.strategy.as_deref(),
            venue: self.venue.as_deref(),
            malformed: self.malformed,
        }
    }
}

/// A number as a database hands it over.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Number<'a> {
    /// NULL.
    #[default]
    Null,
    /// Something that is no number.
    Bad,
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
    fn hash(self, hash: RowHash) -> RowHash {
        match self {
            Self::Null => hash.part(b"-"),
            Self::Bad => hash.part(b"?"),
            Self::Int(value) => hash.part(&value.to_le_bytes()),
            Self::Real(value) => hash.part(&value.to_bits().to_le_bytes()).part(b"r"),
            Self::Text(text) => hash.part(text.as_bytes()),
            Self::Decimal(value) => hash.part(&value.serialize()),
        }
    }

    /// The same number, whatever happens to its text.
    pub(crate) fn fixed(self) -> Number<'static> {
        match self {
            Self::Null => Number::Null,
            Self::Int(value) => Number::Int(value),
            Self::Decimal(value) => Number::Decimal(value),
            Self::Bad => Number::Bad,
            Self::Real(_) | Self::Text(_) => self.decimal().map_or(Number::Bad, Number::Decimal),
        }
    }

    /// The amount of won; `None` for NULL, an error for what is no number.
    pub(crate) fn won(self) -> Result<Option<Won>, NotANumber> {
        match self {
            Self::Null => Ok(None),
            Self::Int(value) => Ok(Some(Won::new(value))),
            other => match other.decimal().and_then(Won::from_decimal) {
                Some(won) => Ok(Some(won)),
                None => Err(NotANumber),
            },
        }
    }

    /// A price: a positive number. Feeds fill the days without trading with zeros.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(crate) fn price(self) -> Option<Decimal> {
        self.decimal()
            .filter(|price| price.is_sign_positive() && !price.is_zero())
    }

    /// The number as a decimal; `None` for NULL and for what is no number.
    #[must_use]
    pub fn decimal(self) -> Option<Decimal> {
        match self {
            Self::Null | Self::Bad => None,
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

/// It is there and no number.
#[derive(Debug)]
pub(crate) struct NotANumber;

/// When a row was executed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Executed<'a> {
    /// NULL.
    #[default]
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
