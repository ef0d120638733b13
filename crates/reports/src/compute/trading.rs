//! The day's fills added up.

use super::book::{Book, Realised, Slot};
use super::day::Day;
use super::rules::Fill;
use crate::money::Won;
use crate::summary::{Side, TradingStats};
use crate::{Figure, Missing};

/// Running sums over a day's fills.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tally {
    buys: u64,
    sells: u64,
    buy_amount: Won,
    sell_amount: Won,
    commission: Won,
    tax: Won,
    pub(crate) realised: Won,
    wins: u64,
    losses: u64,
    even: u64,
    gross_profit: Won,
    gross_loss: Won,
    /// By the book's slots, as far as the last one traded.
    by_slot: Vec<TickerTally>,
}

/// Running sums over a ticker's fills, all but the count over its sales.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct TickerTally {
    pub(crate) fills: u64,
    pub(crate) realised: Won,
    pub(crate) cost: Won,
    pub(crate) closed: u64,
}

impl Tally {
    pub(super) fn add(&mut self, slot: Slot, fill: &Fill, realised: Option<Realised>) {
        let (amount, tax) = (fill.amount, fill.tax);
        self.commission += fill.commission;
        self.tax += tax;
        if self.by_slot.len() <= slot.index() {
            self.by_slot
                .resize_with(slot.index() + 1, TickerTally::default);
        }
        let entry = &mut self.by_slot[slot.index()];
        entry.fills += 1;
        match fill.side {
            Side::Buy => {
                self.buys += 1;
                self.buy_amount += amount;
            }
            Side::Sell => {
                self.sells += 1;
                self.sell_amount += amount;
            }
        }
        let Some(Realised { cost, pnl }) = realised else {
            return;
        };
        self.realised += pnl;
        if pnl.is_positive() {
            self.wins += 1;
            self.gross_profit += pnl;
        } else if pnl.is_negative() {
            self.losses += 1;
            self.gross_loss += Won::ZERO - pnl;
        } else {
            self.even += 1;
        }
        entry.realised += pnl;
        entry.cost += cost;
        entry.closed += 1;
    }

    /// The tickers traded, in no particular order.
    pub(crate) fn by_ticker<'a>(
        &'a self,
        book: &'a Book,
    ) -> impl Iterator<Item = (&'a str, &'a TickerTally)> {
        book.all_tickers()
            .zip(&self.by_slot)
            .filter(|(_, tally)| tally.fills > 0)
    }

    /// What the fills bring in, or take, when they settle.
    pub(crate) fn settles(&self) -> Won {
        self.sell_amount - self.buy_amount - self.commission - self.tax
    }

    pub(crate) fn fills(&self) -> u64 {
        self.buys + self.sells
    }

    /// The section; turnover wants the equity at the end.
    ///
    /// * win rate = wins ÷ closed; even trades stay in the denominator (pyfolio,
    ///   `round_trips.gen_round_trip_stats`). None closed: missing.
    /// * profit factor = Σ win ÷ Σ |loss| (pyfolio, the same). No loss: missing, never 0 or ∞.
    /// * turnover = (Σ buy + Σ sell) ÷ end equity (pyfolio `txn.get_turnover` over the portfolio's
    ///   value). Equity ≤ 0: missing.
    pub(crate) fn stats(&self, day: &Day, equity: &Figure<Won>) -> TradingStats {
        let closed = self.wins + self.losses + self.even;
        let gross = self.buy_amount + self.sell_amount;
        let known = |value: Won| Figure::Known(value.decimal());
        TradingStats {
            fills: Figure::Known(self.fills()),
            buys: Figure::Known(self.buys),
            sells: Figure::Known(self.sells),
            unfilled_orders: Figure::Known(day.unfilled),
            gross_amount: known(gross),
            buy_amount: known(self.buy_amount),
            sell_amount: known(self.sell_amount),
            commission: known(self.commission),
            tax: known(self.tax),
            realised: known(self.realised),
            closed: Figure::Known(closed),
            wins: Figure::Known(self.wins),
            losses: Figure::Known(self.losses),
            even: Figure::Known(self.even),
            win_rate: if closed == 0 {
                Missing::NoClosedTrades.into()
            } else {
                Figure::Known(count(self.wins) / count(closed))
            },
            gross_profit: known(self.gross_profit),
            gross_loss: known(self.gross_loss),
            profit_factor: if closed == 0 {
                Missing::NoClosedTrades.into()
            } else if self.losses == 0 {
                Missing::NoLosses.into()
            } else {
                Figure::Known(self.gross_profit.to_f64() / self.gross_loss.to_f64())
            },
            average_win: average(self.gross_profit, self.wins, closed, Missing::NoWins),
            average_loss: average(
                Won::ZERO - self.gross_loss,
                self.losses,
                closed,
                Missing::NoLosses,
            ),
            turnover: match equity {
                Figure::Known(equity) if equity.is_positive() => {
                    Figure::Known(gross.to_f64() / equity.to_f64())
                }
                Figure::Known(_) => Missing::BaseNotPositive.into(),
                Figure::Missing(why) => why.clone().into(),
            },
            partial_fills: Figure::Known(day.partial),
            slippage: if day.slippage_fills == 0 {
                Missing::NotCollected.into()
            } else {
                known(day.slippage)
            },
            slippage_ratio: if day.slippage_fills == 0 {
                Missing::NotCollected.into()
            } else {
                super::summarise::ratio(day.slippage, day.slippage_of, Missing::NotComputable)
            },
            unfilled: day.orders.clone(),
        }
    }
}

fn average(sum: Won, n: u64, closed: u64, none: Missing) -> Figure<rust_decimal::Decimal> {
    if closed == 0 {
        Missing::NoClosedTrades.into()
    } else if n == 0 {
        none.into()
    } else {
        Figure::Known(sum.decimal() / rust_decimal::Decimal::from(n))
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(crate) fn count(n: u64) -> f64 {
    n as f64
}
