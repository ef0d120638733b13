//! The worked examples, and rules that hold for any trades.

mod examples;
mod numbers;
mod properties;
mod rules;

use jiff::civil::{Date, date};

use super::*;
use crate::Figure;
use crate::calendar::instant_in_seoul;
use crate::money::Won;
use crate::summary::TradingStats;

#[track_caller]
fn near(name: &str, got: &Figure<f64>, expected: f64) {
    let got = got.get().unwrap_or_else(|| panic!("{name}: {got:?}"));
    assert!(
        (got - expected).abs() <= 1e-9,
        "{name}: {got}, expected {expected}"
    );
}

/// A row of a test: what is not said is a good fill.
#[derive(Debug, Clone)]
struct Row {
    id: i64,
    day: Date,
    ticker: &'static str,
    action: &'static str,
    quantity: Option<i64>,
    amount: Option<i64>,
    commission: i64,
    tax: i64,
    timed: bool,
    status: &'static str,
}

const DAY: Date = date(2026, 5, 28);

fn row(action: &'static str, quantity: i64, amount: i64) -> Row {
    Row {
        id: 1,
        day: DAY,
        ticker: "005930",
        action,
        quantity: Some(quantity),
        amount: Some(amount),
        commission: 0,
        tax: 0,
        timed: true,
        status: "EXECUTED",
    }
}

fn push(replay: &mut Replay, row: &Row) {
    let int = |value: Option<i64>| value.map_or(Number::Null, Number::Int);
    replay.push(&TradeRow {
        id: row.id,
        order_id: "ORDER",
        ticker: row.ticker,
        action: row.action,
        quantity: row.quantity,
        amount: int(row.amount),
        commission: Number::Int(row.commission),
        tax: Number::Int(row.tax),
        executed: if row.timed {
            Executed::At {
                date: row.day,
                at: instant_in_seoul(row.day.at(10, 0, 0, 0))
                    + jiff::SignedDuration::from_secs(row.id),
            }
        } else {
            Executed::Missing
        },
        status: row.status,
        ..TradeRow::default()
    });
}

fn replay(rows: &[Row], splits: Vec<Split>) -> Replay {
    let mut replay = Replay::start(ReplayPlan {
        detail: Some(DAY),
        previous: DAY.yesterday().ok(),
        splits,
        ..ReplayPlan::default()
    });
    for row in rows {
        push(&mut replay, row);
    }
    replay.finish(DAY);
    replay
}

fn stats(replay: &Replay) -> TradingStats {
    replay
        .day
        .tally
        .stats(&replay.day, &Figure::Known(Won::new(100_000_000)))
}
