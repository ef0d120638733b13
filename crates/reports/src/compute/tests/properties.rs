//! What holds for any trades.

use jiff::civil::date;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;

prop_compose! {
    fn any_row()(
        ticker in prop::sample::select(vec!["005930", "000660", "0009K0"]),
        sell in any::<bool>(),
        quantity in 1_i64..500,
        price in 1_i64..2_000_000,
        fees in 0_i64..10_000,
        day in 1_i8..29,
    ) -> Row {
        Row {
            id: 1,
            day: date(2026, 5, day),
            ticker,
            commission: fees,
            tax: if sell { fees } else { 0 },
            ..row(if sell { "SELL" } else { "BUY" }, quantity, quantity * price)
        }
    }
}

/// By day, each at an instant of its own.
fn in_order(rows: &mut [Row]) {
    rows.sort_by_key(|row| row.day);
    for (at, row) in rows.iter_mut().enumerate() {
        row.id = i64::try_from(at).unwrap();
    }
}

proptest! {
    /// Whatever is bought and sold: cash out, cash in, cost left and profit add up to the last digit,
    /// and an empty position has no cost.
    #[test]
    fn money_is_neither_lost_nor_made(mut rows in prop::collection::vec(any_row(), 0..200)) {
        in_order(&mut rows);
        let mut replay = Replay::start(ReplayPlan::default());
        let (mut cash, mut held) = (Won::ZERO, std::collections::HashMap::new());
        for row in &rows {
            push(&mut replay, row);
            let shares = held.entry(row.ticker).or_insert(0_i64);
            let (amount, quantity) = (row.amount.unwrap(), row.quantity.unwrap());
            if row.action == "BUY" {
                *shares += quantity;
                cash -= Won::new(amount + row.commission);
            } else if quantity <= *shares {
                *shares -= quantity;
                cash += Won::new(amount - row.commission - row.tax);
            }
        }
        replay.finish(DAY);
        let cost: Won = replay.book.open().map(|holding| holding.cost).sum();
        prop_assert_eq!(cash + cost, replay.book.realised);
        for (ticker, shares) in held {
            prop_assert_eq!(replay.book.quantity(ticker), shares);
        }
    }

    /// A replay cut at any day and taken up from its stored snapshot ends where an uncut one ends.
    #[test]
    fn a_snapshot_changes_nothing(
        mut rows in prop::collection::vec(any_row(), 1..100),
        cut in 1_i8..28,
    ) {
        in_order(&mut rows);
        let cut = date(2026, 5, cut);
        let mut whole = Replay::start(ReplayPlan::default());
        let mut first = Replay::start(ReplayPlan { keep: 1, ..ReplayPlan::default() });
        rows.iter().for_each(|row| push(&mut whole, row));
        whole.finish(DAY);
        rows.iter().filter(|row| row.day <= cut).for_each(|row| push(&mut first, row));
        first.finish(cut);
        let from = first.take_snapshots().pop();
        let text = serde_json::to_string(&from).unwrap();
        let from: Option<Snapshot> = serde_json::from_str(&text).unwrap();
        let after = from.as_ref().map_or(Date::MIN, |snapshot| snapshot.date);
        let mut second = Replay::new(ReplayPlan { from, ..ReplayPlan::default() }).unwrap();
        rows.iter().filter(|row| row.day > after).for_each(|row| push(&mut second, row));
        second.finish(DAY);
        prop_assert_eq!(second.book.store(), whole.book.store());
    }

    /// A share of a cost is never more than a millionth of a millionth of a won off.
    #[test]
    fn shares_are_exact(cost in 0_i64..1_000_000_000_000, whole in 1_i64..1_000_000, part in 0_i64..1_000_000) {
        let part = part.min(whole);
        let share = Won::new(cost).share(part, whole);
        let exact = Decimal::from(cost) * Decimal::from(part) / Decimal::from(whole);
        prop_assert!((share.decimal() - exact).abs() <= Decimal::new(1, 12), "{} {}", share.decimal(), exact);
    }

    /// No row, however odd, panics.
    #[test]
    fn any_row_is_taken(
        quantity in any::<Option<i64>>(),
        amount in any::<Option<i64>>(),
        commission in any::<i64>(),
        tax in any::<i64>(),
        action in "BUY|SELL|.{0,4}",
    ) {
        let mut replay = Replay::start(ReplayPlan { detail: Some(DAY), ..ReplayPlan::default() });
        push(&mut replay, &row("BUY", i64::MAX / 2, i64::MAX));
        let action: &'static str = match action.as_str() { "BUY" => "BUY", "SELL" => "SELL", _ => "HOLD" };
        let odd = Row { quantity, amount, commission, tax, ..row(action, 1, 1) };
        push(&mut replay, &odd);
        push(&mut replay, &odd);
        replay.finish(DAY);
        let _ = stats(&replay);
    }
}
