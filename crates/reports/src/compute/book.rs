//! Open positions at moving-average cost.
//!
//! * A buy adds its amount and its fees to the cost (K-IFRS and the brokers' statements do so).
//! * A sale takes out `cost · q ÷ Q`; a full exit takes all that is left, so that no dust remains.
//! * realised = amount − commission − tax − cost taken out.
//! * A split multiplies the quantity and leaves the cost.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use bongsu_trace::Fnv;
use serde::{Deserialize, Serialize};

use crate::money::Won;

/// Positions and the profit and loss realised so far.
#[derive(Debug, Clone, Default)]
pub struct Book {
    index: HashMap<Arc<str>, Slot, BuildHasherDefault<Fnv>>,
    holdings: Vec<Holding>,
    pub(crate) realised: Won,
}

/// Where a book holds a ticker; good as long as the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot(usize);

impl Slot {
    pub(crate) fn index(self) -> usize {
        self.0
    }
}

/// One position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holding {
    pub(crate) ticker: Arc<str>,
    pub(crate) quantity: i64,
    pub(crate) cost: Won,
}

/// What a sale realised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Realised {
    pub(crate) cost: Won,
    pub(crate) pnl: Won,
}

/// More was sold than held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Oversold {
    pub(crate) held: i64,
}

/// A [`Book`] as it is stored, exact: amounts are integers of 10⁻¹² won in decimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredBook {
    realised: String,
    positions: Vec<(String, i64, String)>,
}

impl StoredBook {
    /// A form that [`Book::restore`] refuses.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(crate) fn damaged() -> Self {
        Self {
            realised: String::new(),
            positions: Vec::new(),
        }
    }
}

impl Book {
    fn slot(&mut self, ticker: &str) -> Slot {
        if let Some(&slot) = self.index.get(ticker) {
            return slot;
        }
        let slot = Slot(self.holdings.len());
        let ticker: Arc<str> = ticker.into();
        self.index.insert(Arc::clone(&ticker), slot);
        self.holdings.push(Holding {
            ticker,
            quantity: 0,
            cost: Won::ZERO,
        });
        slot
    }

    /// Adds shares at what they cost in all, fees included; `None` when the count overflows.
    pub(crate) fn buy(&mut self, ticker: &str, quantity: i64, cost: Won) -> Option<Slot> {
        let slot = self.slot(ticker);
        let holding = &mut self.holdings[slot.0];
        holding.quantity = holding.quantity.checked_add(quantity)?;
        holding.cost += cost;
        Some(slot)
    }

    /// Takes shares out for what they brought in after fees and tax.
    pub(crate) fn sell(
        &mut self,
        ticker: &str,
        quantity: i64,
        net: Won,
    ) -> Result<(Slot, Realised), Oversold> {
        let Some(&slot) = self.index.get(ticker) else {
            return Err(Oversold { held: 0 });
        };
        let holding = &mut self.holdings[slot.0];
        if quantity > holding.quantity {
            return Err(Oversold {
                held: holding.quantity,
            });
        }
        let cost = holding.cost.share(quantity, holding.quantity);
        holding.quantity -= quantity;
        holding.cost -= cost;
        let pnl = net - cost;
        self.realised += pnl;
        Ok((slot, Realised { cost, pnl }))
    }

    /// Multiplies the shares held by `numerator ÷ denominator`, cost unchanged.
    ///
    /// Returns `false` when a fraction of a share was cut off.
    pub(crate) fn split(&mut self, ticker: &str, numerator: i64, denominator: i64) -> bool {
        let Some(&slot) = self.index.get(ticker) else {
            return true;
        };
        if numerator <= 0 || denominator <= 0 {
            return false;
        }
        let holding = &mut self.holdings[slot.0];
        let product = i128::from(holding.quantity) * i128::from(numerator);
        let whole = product / i128::from(denominator);
        holding.quantity = i64::try_from(whole).unwrap_or(i64::MAX);
        product % i128::from(denominator) == 0
    }

    /// The open positions, in no particular order.
    pub(crate) fn open(&self) -> impl Iterator<Item = &Holding> {
        self.holdings.iter().filter(|holding| holding.quantity > 0)
    }

    /// The ticker in a slot.
    pub(crate) fn ticker(&self, slot: Slot) -> &Arc<str> {
        &self.holdings[slot.0].ticker
    }

    /// Every ticker ever held, in the order of the slots.
    pub(crate) fn all_tickers(&self) -> impl Iterator<Item = &str> {
        self.holdings.iter().map(|holding| &*holding.ticker)
    }

    /// Tickers of the open positions.
    pub fn tickers(&self) -> impl Iterator<Item = &str> {
        self.open().map(|holding| &*holding.ticker)
    }

    /// Shares held of a ticker.
    #[must_use]
    pub fn quantity(&self, ticker: &str) -> i64 {
        self.index
            .get(ticker)
            .map_or(0, |&slot| self.holdings[slot.0].quantity)
    }

    /// The open positions as they are now.
    pub(crate) fn positions(&self) -> Positions {
        Positions {
            realised: self.realised,
            open: self.open().cloned().collect(),
        }
    }

    /// The book in its stored form, sorted by ticker.
    #[must_use]
    pub fn store(&self) -> StoredBook {
        self.positions().store()
    }

    /// The book of a stored form; `None` when it is damaged.
    #[must_use]
    pub fn restore(stored: &StoredBook) -> Option<Self> {
        let mut book = Self {
            realised: Won::from_raw(stored.realised.parse().ok()?),
            ..Self::default()
        };
        for (ticker, quantity, cost) in &stored.positions {
            if *quantity <= 0 || book.quantity(ticker) != 0 {
                return None;
            }
            book.buy(ticker, *quantity, Won::from_raw(cost.parse().ok()?))?;
        }
        Some(book)
    }
}

/// What a [`Book`] held at some moment.
#[derive(Debug)]
pub(crate) struct Positions {
    realised: Won,
    open: Vec<Holding>,
}

impl Positions {
    pub(crate) fn store(&self) -> StoredBook {
        let text = |won: Won| won.raw().to_string();
        let mut positions: Vec<_> = self
            .open
            .iter()
            .map(|held| (held.ticker.to_string(), held.quantity, text(held.cost)))
            .collect();
        positions.sort();
        StoredBook {
            realised: text(self.realised),
            positions,
        }
    }
}
