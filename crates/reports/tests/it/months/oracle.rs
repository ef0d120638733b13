//! The figures of a day, from all rows at once and in floating point: nothing of the crate is in it.

use std::collections::BTreeMap;

use bongsu_reports::{DailySummary, Figure};
use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::world::{TICKERS, World};

#[derive(Debug, Default, Clone, Copy)]
struct Holding {
    shares: i64,
    /// Negative for a short position: what it brought in.
    cost: f64,
}

#[derive(Debug, Default)]
pub(super) struct Expected {
    fills: u64,
    gross: f64,
    commission: f64,
    tax: f64,
    /// By fills of the day, and by everything so far.
    realised: f64,
    realised_to_date: f64,
    open: BTreeMap<&'static str, Holding>,
    unrealised: f64,
    equity: f64,
    net_flow: f64,
    daily_return: Option<f64>,
}

impl Expected {
    pub(super) fn of(world: &World, day: Date, previous: Option<Date>) -> Self {
        let mut all = Self::default();
        let seoul = |at: jiff::Timestamp| jiff::tz::offset(9).to_datetime(at).date();
        let mut fills: Vec<_> = world
            .fills
            .iter()
            .filter(|(_, fill)| fill.account == world.account && seoul(fill.at) <= day)
            .collect();
        let sells = |action: &str| matches!(action, "SELL" | "SHORT");
        fills.sort_by_key(|(id, fill)| (fill.at, sells(fill.action), **id));
        let mut days: Vec<Date> = fills.iter().map(|(_, fill)| seoul(fill.at)).collect();
        let dated = world.splits.keys().chain(world.transfers.keys());
        days.extend(dated.map(|(date, _)| *date).filter(|date| *date <= day));
        days.sort_unstable();
        days.dedup();
        let mut transferred = 0.0;
        for date in days {
            for ticker in TICKERS {
                if let Some(&(new, old)) = world.splits.get(&(date, ticker)) {
                    all.split(ticker, new, old);
                }
            }
            for ticker in TICKERS {
                if let Some(&(shares, cost, value)) = world.transfers.get(&(date, ticker)) {
                    let worth = all.transfer(ticker, shares, cost as f64, value);
                    if previous.is_none_or(|previous| date > previous) {
                        transferred += worth;
                    }
                }
            }
            for (_, fill) in fills.iter().filter(|(_, fill)| seoul(fill.at) == date) {
                let fees = fill.commission as f64 / 2.0 + fill.tax as f64;
                let sale = sells(fill.action);
                let held = all.open.get(fill.ticker).map_or(0, |held| held.shares);
                if fill.action == "SELL" && held < fill.shares {
                    continue;
                }
                let (signed, cash) = match sale {
                    true => (-fill.shares, fill.amount as f64 - fees),
                    false => (fill.shares, fill.amount as f64 + fees),
                };
                let earned = all.trade(fill.ticker, signed, cash);
                all.realised_to_date += earned;
                if date == day {
                    all.realised += earned;
                    all.fills += 1;
                    all.gross += fill.amount as f64;
                    all.commission += fill.commission as f64 / 2.0;
                    all.tax += fill.tax as f64;
                }
            }
        }
        all.open.retain(|_, held| held.shares != 0);
        for (ticker, held) in &all.open {
            all.unrealised += held.shares as f64 * world.closes[&(day, *ticker)] as f64 - held.cost;
        }
        all.equity = world.equity[&day] as f64;
        let since = |date: &Date| *date <= day && previous.is_none_or(|previous| *date > previous);
        let flows = world.flows.iter().filter(|(date, _)| since(date));
        all.net_flow = flows.map(|(_, amount)| *amount as f64).sum::<f64>() + transferred;
        all.daily_return = previous
            .map(|previous| (all.equity - all.net_flow) / world.equity[&previous] as f64 - 1.0);
        all
    }

    fn split(&mut self, ticker: &'static str, new: i64, old: i64) {
        let held = self.open.entry(ticker).or_default();
        let had = held.shares;
        held.shares = held.shares * new / old;
        if had != 0 && held.shares == 0 {
            self.realised_to_date -= held.cost;
            held.cost = 0.0;
        }
    }

    /// What the shares were worth that came or went.
    fn transfer(
        &mut self,
        ticker: &'static str,
        shares: i64,
        cost: f64,
        value: Option<i64>,
    ) -> f64 {
        let held = self.open.entry(ticker).or_default();
        if shares < 0 && held.shares < -shares {
            return 0.0;
        }
        if shares < 0 {
            let gone = held.cost * -shares as f64 / held.shares as f64;
            held.cost -= gone;
            held.shares += shares;
            return -value.map_or(gone, |value| value as f64);
        }
        // As if they were bought for what they had cost.
        self.realised_to_date += self.trade(ticker, shares, cost);
        value.map_or(cost, |value| value as f64)
    }

    /// Moves the position; gives what closing a part of it realised.
    fn trade(&mut self, ticker: &'static str, signed: i64, cash: f64) -> f64 {
        let held = self.open.entry(ticker).or_default();
        let turns = held.shares.signum() * signed.signum() < 0;
        let closes = if turns {
            held.shares.abs().min(signed.abs())
        } else {
            0
        };
        let (mut earned, each) = (0.0, cash / signed.abs() as f64);
        if closes > 0 {
            let part = held.cost * closes as f64 / held.shares.abs() as f64;
            held.cost -= part;
            let closing = each * closes as f64;
            earned = if signed < 0 {
                closing - part
            } else {
                -part - closing
            };
        }
        let opens = (signed.abs() - closes) as f64;
        held.cost += each * opens * signed.signum() as f64;
        held.shares += signed;
        if held.shares == 0 {
            held.cost = 0.0;
        }
        earned
    }

    #[track_caller]
    pub(super) fn check(&self, summary: &DailySummary, name: &str) {
        let near = |what: &str, got: &Figure<Decimal>, want: f64| {
            let got = got.value().unwrap_or_else(|| panic!("{name}: no {what}"));
            let got = got.to_f64().unwrap();
            assert!(
                (got - want).abs() < 0.01,
                "{name}: {what} {got}, not {want}"
            );
        };
        let (day, all) = (&summary.trading_stats, &summary.portfolio_stats);
        assert_eq!(day.fills.get(), Some(self.fills), "{name}");
        near("gross amount", &day.gross_amount, self.gross);
        near("commission", &day.commission, self.commission);
        near("tax", &day.tax, self.tax);
        near("realised", &day.realised, self.realised);
        near(
            "realised to date",
            &all.realised_to_date,
            self.realised_to_date,
        );
        near("unrealised", &all.unrealised, self.unrealised);
        near("equity", &all.equity, self.equity);
        // What came on the series' first day is what it begins with.
        if self.daily_return.is_some() {
            near("net flow", &all.net_flow, self.net_flow);
        }
        let held: BTreeMap<&str, Decimal> = all
            .positions
            .iter()
            .map(|held| (held.ticker.as_str(), held.quantity))
            .collect();
        let want: BTreeMap<&str, Decimal> = self
            .open
            .iter()
            .map(|(ticker, held)| (*ticker, Decimal::from(held.shares)))
            .collect();
        assert_eq!(held, want, "{name}");
        for position in &all.positions {
            let cost = self.open[position.ticker.as_str()].cost;
            near(&position.ticker, &Figure::Known(position.cost), cost);
        }
        match self.daily_return {
            Some(want) => {
                let got = all.daily_return.get().expect("a return");
                assert!(
                    (got - want).abs() < 1e-9,
                    "{name}: return {got}, not {want}"
                );
            }
            None => assert_eq!(all.daily_return.get(), None, "{name}"),
        }
    }
}
