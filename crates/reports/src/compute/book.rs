//! Open positions at moving-average cost.
//!
//! * A buy adds its amount and its fees to the cost (K-IFRS and the brokers' statements do so).
//! * A sale takes out `cost · q ÷ Q`; a full exit takes all that is left, so that no dust remains.
//! * realised = amount − commission − tax − cost taken out.
//! * A short position has a negative quantity and as its cost, negative too, what its sale brought in.
//! * A split multiplies the quantity and leaves the cost.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use bongsu_trace::Fnv;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::totals::Totals;
use crate::money::Won;

/// Positions and the profit and loss realised so far.
#[derive(Debug, Clone, Default)]
pub struct Book {
    index: HashMap<Arc<str>, Slot, BuildHasherDefault<Fnv>>,
    holdings: Vec<Holding>,
    pub(crate) realised: Won,
    pub(crate) totals: Totals,
    pub(crate) transferred: Vec<Transferred>,
}

/// Shares that came (or went, negative) without a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Transferred {
    pub(crate) date: Date,
    pub(crate) cost: Won,
    pub(crate) value: Won,
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
    /// When it was opened, and what has been realised of it since.
    pub(crate) opened: Option<Date>,
    pub(crate) earned: Won,
}

impl Holding {
    /// Nothing is held any more, and no fill closed it.
    fn close(&mut self) {
        self.opened = None;
        self.earned = Won::ZERO;
    }
}

/// What a fill did to a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) slot: Slot,
    /// Of what it closed, if anything.
    pub(crate) realised: Option<Realised>,
    /// A position that is closed with it: since when it was open, and what it earned in all.
    pub(crate) trip: Option<Trip>,
}

/// What closing shares realised; for a short position the cost is what buying them back cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Realised {
    pub(crate) cost: Won,
    pub(crate) pnl: Won,
}

/// A position from its first share to its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trip {
    pub(crate) opened: Option<Date>,
    pub(crate) pnl: Won,
}

/// Why a fill does not fit the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// More was sold than held.
    Oversold { held: i64 },
    /// The count of shares overflows.
    OutOfRange,
}

/// A [`Book`] as it is stored, exact: amounts are integers of 10⁻¹² won in decimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredBook {
    realised: String,
    positions: Vec<(String, i64, String)>,
    /// Since when each position is open and what was realised of it, in their order.
    #[serde(default)]
    trips: Vec<(Option<Date>, String)>,
    #[serde(default)]
    pub(crate) totals: Totals,
    /// Cost and value of the shares that came or went without a trade: they are flows of every later
    /// return.
    #[serde(default)]
    transferred: Vec<(Date, String, String)>,
    /// Of the rows the book was made of; see [`Fingerprint`](super::Fingerprint).
    #[serde(default)]
    pub(crate) fingerprint: super::Fingerprint,
}

impl StoredBook {
    /// What another book has otherwise: tickers with their shares, and the realised profit.
    pub(crate) fn differences(&self, other: &Self) -> Vec<(String, String, String)> {
        let mut all = std::collections::BTreeMap::<&str, (i64, i64)>::new();
        for (ticker, quantity, _) in &self.positions {
            all.entry(ticker).or_default().0 = *quantity;
        }
        for (ticker, quantity, _) in &other.positions {
            all.entry(ticker).or_default().1 = *quantity;
        }
        let mut found: Vec<_> = all
            .into_iter()
            .filter(|(_, (before, after))| before != after)
            .map(|(ticker, (before, after))| {
                (ticker.to_owned(), before.to_string(), after.to_string())
            })
            .collect();
        if self.realised != other.realised {
            let won = |text: &str| {
                let raw = text.parse().unwrap_or_default();
                Won::from_raw(raw).decimal().round().to_string()
            };
            found.push((
                "realised".to_owned(),
                won(&self.realised),
                won(&other.realised),
            ));
        }
        found
    }

    /// A form that [`Book::restore`] refuses.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(crate) fn damaged() -> Self {
        Self {
            realised: String::new(),
            positions: Vec::new(),
            trips: Vec::new(),
            totals: Totals::default(),
            transferred: Vec::new(),
            fingerprint: super::Fingerprint::default(),
        }
    }
}

impl Book {
    /// Where a ticker is held, a new place if it never was.
    pub(crate) fn slot(&mut self, ticker: &str) -> Slot {
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
            opened: None,
            earned: Won::ZERO,
        });
        slot
    }

    /// Moves a position by `signed` shares for `cash` won (what was paid, fees included, or what came
    /// in after fees and tax, positive). What is beyond the shares held opens a position the other
    /// way, if `short` allows that.
    pub(crate) fn trade(
        &mut self,
        slot: Slot,
        signed: i64,
        cash: Won,
        on: Option<Date>,
        short: bool,
    ) -> Result<Moved, Misfit> {
        let held = self.holdings[slot.0].quantity;
        let after = held.checked_add(signed).ok_or(Misfit::OutOfRange)?;
        if after < 0 && signed < 0 && !short {
            return Err(Misfit::Oversold { held });
        }
        let holding = &mut self.holdings[slot.0];
        let closes = if held.signum() == -signed.signum() {
            held.unsigned_abs().min(signed.unsigned_abs())
        } else {
            0
        };
        let closes = i64::try_from(closes).map_err(|_| Misfit::OutOfRange)?;
        let size = signed.checked_abs().ok_or(Misfit::OutOfRange)?;
        // Of a fill that turns a position round, each part has its share of the money.
        let closing_cash = cash.share(closes, size);
        let mut moved = Moved {
            slot,
            realised: None,
            trip: None,
        };
        if closes > 0 {
            let held = held.checked_abs().ok_or(Misfit::OutOfRange)?;
            let cost = holding.cost.share(closes, held);
            holding.cost -= cost;
            // A short position's cost is negative: what it brought in.
            let realised = if signed < 0 {
                Realised {
                    cost,
                    pnl: closing_cash - cost,
                }
            } else {
                Realised {
                    cost: closing_cash,
                    pnl: Won::ZERO - cost - closing_cash,
                }
            };
            holding.earned += realised.pnl;
            self.realised += realised.pnl;
            moved.realised = Some(realised);
            if closes == held {
                moved.trip = Some(Trip {
                    opened: holding.opened.take(),
                    pnl: std::mem::take(&mut holding.earned),
                });
            }
        }
        if closes < size {
            let rest = cash - closing_cash;
            holding.cost += if signed < 0 { Won::ZERO - rest } else { rest };
            holding.opened = holding.opened.or(on);
        }
        holding.quantity = after;
        Ok(moved)
    }

    /// Shares that come without a trade at a cost (`quantity > 0`), or go with theirs; returns the cost
    /// that went. Those that come to a short position give back what was borrowed, as a cover at their
    /// cost would. `None` when more go than are held.
    pub(crate) fn transfer(
        &mut self,
        ticker: &str,
        quantity: i64,
        cost: Won,
        on: Date,
    ) -> Option<Won> {
        let slot = self.slot(ticker);
        let holding = &mut self.holdings[slot.0];
        if quantity == 0 {
            return Some(Won::ZERO);
        }
        if quantity > 0 {
            let short = holding.quantity.checked_neg()?.max(0);
            let back = short.min(quantity);
            let after = holding.quantity.checked_add(quantity)?;
            let given = cost.share(back, quantity);
            if back > 0 {
                let brought = holding.cost.share(back, short);
                holding.cost -= brought;
                let pnl = Won::ZERO - brought - given;
                holding.earned += pnl;
                self.realised += pnl;
                if back == short {
                    holding.close();
                }
            }
            if back < quantity {
                holding.cost += cost - given;
                holding.opened = holding.opened.or(Some(on));
            }
            holding.quantity = after;
            return Some(cost);
        }
        let gone = quantity.checked_neg()?;
        if gone > holding.quantity {
            return None;
        }
        let cost = holding.cost.share(gone, holding.quantity);
        holding.quantity -= gone;
        holding.cost -= cost;
        if holding.quantity == 0 {
            holding.close();
        }
        Some(cost)
    }

    /// Multiplies the shares held by `numerator ÷ denominator`, cost unchanged. Where no whole share is
    /// left, the cost is lost: what comes for the fraction is cash of its own.
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
        holding.quantity =
            i64::try_from(whole).unwrap_or(if whole < 0 { i64::MIN } else { i64::MAX });
        if whole == 0 && product != 0 {
            self.realised -= std::mem::take(&mut holding.cost);
            holding.close();
        }
        product % i128::from(denominator) == 0
    }

    /// The open positions, in no particular order.
    pub(crate) fn open(&self) -> impl Iterator<Item = &Holding> {
        self.holdings.iter().filter(|holding| holding.quantity != 0)
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
            totals: self.totals,
            transferred: self.transferred.clone(),
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
        let won = |text: &str| text.parse().ok().map(Won::from_raw);
        let mut book = Self {
            realised: won(&stored.realised)?,
            totals: stored.totals,
            ..Self::default()
        };
        for (date, cost, value) in &stored.transferred {
            book.transferred.push(Transferred {
                date: *date,
                cost: won(cost)?,
                value: won(value)?,
            });
        }
        for (at, (ticker, quantity, cost)) in stored.positions.iter().enumerate() {
            if *quantity == 0 || book.quantity(ticker) != 0 {
                return None;
            }
            let slot = book.slot(ticker);
            let holding = &mut book.holdings[slot.0];
            holding.quantity = *quantity;
            holding.cost = won(cost)?;
            // A cost has its position's sign; a damaged one has another.
            if holding.cost.is_negative() && *quantity > 0 {
                return None;
            }
            if let Some((opened, earned)) = stored.trips.get(at) {
                holding.opened = *opened;
                holding.earned = won(earned)?;
            }
        }
        Some(book)
    }
}

/// What a [`Book`] held at some moment.
#[derive(Debug, Clone)]
pub(crate) struct Positions {
    realised: Won,
    totals: Totals,
    transferred: Vec<Transferred>,
    open: Vec<Holding>,
}

impl Positions {
    pub(crate) fn store(&self) -> StoredBook {
        let text = |won: Won| won.raw().to_string();
        let mut open: Vec<&Holding> = self.open.iter().collect();
        open.sort_by(|a, b| a.ticker.cmp(&b.ticker));
        StoredBook {
            realised: text(self.realised),
            positions: open
                .iter()
                .map(|held| (held.ticker.to_string(), held.quantity, text(held.cost)))
                .collect(),
            trips: open
                .iter()
                .map(|held| (held.opened, text(held.earned)))
                .collect(),
            totals: self.totals,
            transferred: self
                .transferred
                .iter()
                .map(|moved| (moved.date, text(moved.cost), text(moved.value)))
                .collect(),
            fingerprint: super::Fingerprint::default(),
        }
    }
}
