//! The book: positions at moving average cost, cash, and what one order changes.

use std::collections::BTreeMap;

/// Broker's commission: 0.015 % of the amount.
const COMMISSION_PER_MILLION: u64 = 150;
/// Securities transaction tax on a sale, 2026: 0.20 % on KOSPI and KOSDAQ alike.
const SALE_TAX_PER_MILLION: u64 = 2_000;
/// Costs are kept in ten-thousandths of a won, so that averages lose nothing that shows.
const SCALE: i128 = 10_000;

#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Buy,
    Sell,
}

impl Side {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Position {
    quantity: u64,
    cost: i128,
}

#[derive(Clone, Debug, Default)]
pub struct Book {
    pub cash: i64,
    positions: BTreeMap<String, Position>,
}

/// What a fill does to the book, in won.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Effect {
    pub amount: u64,
    pub commission: u64,
    pub tax: u64,
    /// Realised profit or loss of a sale, after commission, tax and average cost.
    pub pnl: Option<i64>,
}

impl Book {
    pub fn new(cash: i64) -> Self {
        Self {
            cash,
            positions: BTreeMap::new(),
        }
    }

    pub fn quantity(&self, symbol: &str) -> u64 {
        self.positions.get(symbol).map_or(0, |p| p.quantity)
    }

    pub fn open_positions(&self) -> u64 {
        self.positions.len() as u64
    }

    /// Cash and holdings at `price_of` a symbol.
    pub fn equity(&self, price_of: impl Fn(&str) -> u64) -> i64 {
        let holdings: u64 = self
            .positions
            .iter()
            .map(|(symbol, p)| p.quantity * price_of(symbol))
            .sum();
        self.cash + holdings as i64
    }

    /// The fees that an order will pay.
    pub fn fees(side: Side, amount: u64) -> (u64, u64) {
        let commission = amount * COMMISSION_PER_MILLION / 1_000_000;
        let tax = match side {
            Side::Buy => 0,
            Side::Sell => amount * SALE_TAX_PER_MILLION / 1_000_000,
        };
        (commission, tax)
    }

    /// Books a fill. A sale of more than is held is the caller's error: it is cut to what is held.
    pub fn apply(
        &mut self,
        symbol: &str,
        side: Side,
        quantity: u64,
        amount: u64,
        (commission, tax): (u64, u64),
    ) -> Effect {
        let position = self.positions.entry(symbol.to_owned()).or_default();
        let pnl = match side {
            Side::Buy => {
                position.quantity += quantity;
                position.cost += i128::from(amount + commission) * SCALE;
                self.cash -= (amount + commission) as i64;
                None
            }
            Side::Sell => {
                let sold = quantity.min(position.quantity);
                let out = match position.quantity {
                    0 => 0,
                    held => position.cost * i128::from(sold) / i128::from(held),
                };
                position.quantity -= sold;
                position.cost -= out;
                let proceeds = amount as i64 - commission as i64 - tax as i64;
                self.cash += proceeds;
                Some(proceeds - (out / SCALE) as i64)
            }
        };
        if position.quantity == 0 {
            self.positions.remove(symbol);
        }
        Effect {
            amount,
            commission,
            tax,
            pnl,
        }
    }
}
