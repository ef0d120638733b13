//! What the law takes from a sale, and the steps prices move in.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{Krx, Market, UnknownYear, data};

/// Transaction tax on a sale, the rural special tax included, by market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxRates {
    /// The settlement date from which they hold.
    pub since: Date,
    kospi: Decimal,
    kosdaq: Decimal,
    konex: Decimal,
}

impl TaxRates {
    /// The rate of a market as a fraction of the amount; `None` for a market not known. The market
    /// is spelled as most feeds do; see [`Market`].
    #[must_use]
    pub fn of(&self, market: &str) -> Option<Decimal> {
        Market::parse(market).map(|market| self.rate(market))
    }

    /// The rate of a market as a fraction of the amount.
    #[must_use]
    pub fn rate(&self, market: Market) -> Decimal {
        match market {
            Market::Kospi => self.kospi,
            Market::Kosdaq => self.kosdaq,
            Market::Konex => self.konex,
        }
    }
}

impl Krx {
    /// The rates for a trade on `session`. They go by the settlement date; see [`Krx::settlement`].
    ///
    /// `Ok(None)` before 2019-06-03, the oldest rates known.
    ///
    /// # Errors
    ///
    /// When the settlement date falls into a year without data.
    pub fn tax_rates(&self, session: Date) -> Result<Option<TaxRates>, UnknownYear> {
        let settled = self.settlement(session)?;
        let end = data::TAX.partition_point(|(since, _)| *since <= settled);
        let Some((since, rates)) = data::TAX[..end].last() else {
            return Ok(None);
        };
        let rate = |(transaction, rural): (i64, i64)| Decimal::new(transaction + rural, 4);
        Ok(Some(TaxRates {
            since: *since,
            kospi: rate(rates[0]),
            kosdaq: rate(rates[1]),
            konex: rate(rates[2]),
        }))
    }
}

/// The step prices move in at this price, in won (the same on KOSPI and KOSDAQ since 2023-01-25).
#[must_use]
pub fn tick_size(price: i64) -> i64 {
    data::TICKS
        .iter()
        .find(|(below, _)| price < *below)
        .map_or(1_000, |(_, step)| *step)
}
