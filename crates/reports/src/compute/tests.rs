//! The worked examples, and rules that hold for any trades.

use jiff::civil::{Date, date};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::Value;

use super::replay::Number;
use super::*;
use crate::calendar::instant_in_seoul;
use crate::money::Won;
use crate::summary::{QualityIssue, TradingStats};
use crate::{Figure, Missing};

fn examples() -> Value {
    serde_json::from_str(include_str!("../../tests/data/examples.json")).unwrap()
}

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
    replay.push(&TradeRow {
        id: row.id,
        order_id: "ORDER",
        ticker: row.ticker,
        action: row.action,
        quantity: row.quantity,
        price: Number::Null,
        amount: row.amount,
        commission: Some(row.commission),
        tax: Some(row.tax),
        executed: if row.timed {
            Executed::At {
                date: row.day,
                at: instant_in_seoul(row.day.at(10, 0, 0, 0)),
            }
        } else {
            Executed::Missing
        },
        status: row.status,
        strategy: None,
        malformed: None,
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
        .stats(replay.day.unfilled, &Figure::Known(Won::new(100_000_000)))
}

/// Example A: three sales, one order cancelled after a partial fill, exact to the last digit.
#[test]
fn the_example_of_trades() {
    let example = &examples()["A_trades"];
    let mut replay = Replay::start(ReplayPlan {
        detail: Some(DAY),
        ..ReplayPlan::default()
    });
    let mut every = Replay::start(ReplayPlan::default());
    for (id, input) in example["input"].as_array().unwrap().iter().enumerate() {
        let text = |name: &str| input[name].as_str().unwrap();
        let number = |name: &str| input[name].as_i64();
        let at: jiff::civil::DateTime = text("executed_at").parse().unwrap();
        let row = TradeRow {
            id: i64::try_from(id).unwrap(),
            order_id: text("order_id"),
            ticker: text("ticker"),
            action: text("action"),
            quantity: number("qty"),
            price: Number::Int(number("price").unwrap()),
            amount: number("amount"),
            commission: number("commission"),
            tax: number("tax"),
            executed: Executed::At {
                date: at.date(),
                at: instant_in_seoul(at),
            },
            status: text("status"),
            strategy: None,
            malformed: None,
        };
        replay.push(&row);
        every.push(&row);
    }
    let expected = &example["expected"];
    let closed = &replay.day.sales;
    let wanted = expected["closed"].as_array().unwrap();
    assert_eq!(closed.len(), wanted.len());
    for (sale, wanted) in closed.iter().zip(wanted) {
        let (fill, realised) = (&replay.day.fills[sale.fill], sale.realised);
        assert_eq!(fill.realised, Some(realised.pnl.decimal()));
        assert_eq!(&*fill.ticker, wanted["ticker"].as_str().unwrap());
        assert_eq!(realised.cost.decimal(), fraction(&wanted["cost"]));
        assert_eq!(realised.pnl.decimal(), fraction(&wanted["net_pnl"]));
        near(
            "return",
            &summarise::ratio(realised.pnl, realised.cost, Missing::BaseNotPositive)
                .map(|ratio| ratio * 100.0),
            wanted["pnl_pct"].as_f64().unwrap(),
        );
    }
    let got = stats(&replay);
    let wanted = &expected["stats"];
    for (name, figure) in [
        ("closed", &got.closed),
        ("wins", &got.wins),
        ("losses", &got.losses),
        ("even", &got.even),
    ] {
        assert_eq!(figure.get(), wanted[name].as_u64(), "{name}");
    }
    near(
        "win rate",
        &got.win_rate,
        wanted["win_rate"].as_f64().unwrap(),
    );
    near(
        "profit factor",
        &got.profit_factor,
        wanted["profit_factor"].as_f64().unwrap(),
    );
    for (name, figure) in [
        ("gross_profit", &got.gross_profit),
        ("gross_loss", &got.gross_loss),
        ("avg_win", &got.average_win),
        ("avg_loss", &got.average_loss),
    ] {
        let wanted: Decimal = wanted[name].to_string().parse().unwrap();
        assert_eq!(*figure.value().unwrap(), wanted, "{name}");
    }
    assert_eq!(every.book.realised, Won::new(-101_441));
    // Every sale is of the second day; of the commission, 6,866 in all, 2,710 are of the first.
    assert_eq!(got.tax, Figure::Known(Decimal::from(36_030)));
    assert_eq!(got.commission, Figure::Known(Decimal::from(6_866 - 2_710)));
    assert_eq!(
        replay.day.unfilled, 1,
        "the order that was cancelled without a fill"
    );
    let open: Vec<_> = every.book.open().collect();
    assert_eq!(open.len(), 1);
    assert_eq!((&*open[0].ticker, open[0].quantity), ("035720", 200));
    assert_eq!(open[0].cost, Won::new(9_701_455));
}

/// `"21453216/5"` or `"7351102"`, exactly.
fn fraction(value: &Value) -> Decimal {
    let text = value.as_str().unwrap();
    let (above, below) = text.split_once('/').unwrap_or((text, "1"));
    above.parse::<Decimal>().unwrap() / below.parse::<Decimal>().unwrap()
}

/// Example B: twenty returns, against quantstats' and empyrical's own output.
#[test]
fn the_example_of_risk() {
    let example = &examples()["B_equity"];
    let list = |name: &str| -> Vec<f64> {
        let values = example["input"][name].as_array().unwrap();
        values.iter().map(|value| value.as_f64().unwrap()).collect()
    };
    let expected = |name: &str| example["expected"][name].as_f64().unwrap();
    let equity = list("equity");
    let known = |line: &[f64]| -> Vec<f64> {
        risk::returns(line, &[])
            .into_iter()
            .map(Option::unwrap)
            .collect()
    };
    let (ours, theirs) = (known(&equity), known(&list("kospi")));
    assert_eq!(ours.len(), 20);
    let drawdowns: Vec<f64> = risk::drawdowns(&equity)
        .into_iter()
        .map(Option::unwrap)
        .collect();
    let lowest = drawdowns.iter().copied().fold(0.0, f64::min);
    near(
        "max drawdown",
        &Figure::Known(lowest),
        expected("max_drawdown"),
    );
    near(
        "drawdown",
        &Figure::Known(drawdowns[20]),
        expected("current_drawdown"),
    );
    near("return", &Figure::Known(ours[19]), expected("daily_return"));
    near(
        "volatility",
        &risk::volatility(&ours),
        expected("volatility"),
    );
    near("sharpe", &risk::sharpe(&ours), expected("sharpe"));
    near("sortino", &risk::sortino(&ours), expected("sortino"));
    near(
        "var 95",
        &risk::value_at_risk(&ours, 0.05),
        expected("var_95"),
    );
    near(
        "var 99",
        &risk::value_at_risk(&ours, 0.01),
        expected("var_99"),
    );
    near(
        "cvar 95",
        &risk::conditional_value_at_risk(&ours, 0.05),
        expected("cvar_95"),
    );
    near(
        "cvar 99",
        &risk::conditional_value_at_risk(&ours, 0.01),
        expected("cvar_99"),
    );
    let pairs: Vec<_> = ours.iter().copied().zip(theirs).collect();
    near("beta", &risk::beta(&pairs), expected("beta"));
}

/// Example C, against pyfolio's output.
#[test]
fn the_example_of_concentration() {
    let expected = &examples()["C_concentration"]["expected"];
    let hhi = risk::concentration(&[30e6, 20e6, 10e6]);
    near("hhi", &hhi, expected["hhi_invested"].as_f64().unwrap());
    near(
        "n",
        &hhi.map(|hhi| 1.0 / hhi),
        expected["effective_n"].as_f64().unwrap(),
    );
    let traded = replay(&[row("BUY", 1, 11_480_000)], vec![]);
    near(
        "turnover",
        &stats(&traded).turnover,
        expected["turnover"].as_f64().unwrap(),
    );
}

#[test]
fn undefined_ratios_are_missing_with_their_reason() {
    fn check(figure: &Figure<f64>, expected: &Missing) {
        assert_eq!(figure.missing(), Some(expected));
    }
    let few = |have, need| Missing::TooFewReturns { have, need };
    check(&risk::sharpe(&[]), &few(0, 2));
    check(&risk::sharpe(&[0.01]), &few(1, 2));
    check(&risk::sharpe(&[0.01, 0.01, 0.01]), &Missing::NoVariation);
    check(&risk::sharpe(&[0.0, 0.0]), &Missing::NoVariation);
    check(&risk::volatility(&[0.01]), &few(1, 2));
    check(&risk::sortino(&[0.01, 0.02]), &Missing::NoNegativeReturns);
    check(&risk::value_at_risk(&[], 0.05), &few(0, 1));
    check(&risk::beta(&[]), &Missing::NoBenchmark);
    check(&risk::beta(&[(0.1, 0.2)]), &few(1, 2));
    check(
        &risk::beta(&[(0.1, 0.2), (0.3, 0.2)]),
        &Missing::BenchmarkFlat,
    );
    check(&risk::concentration(&[]), &Missing::NothingInvested);
    check(&risk::concentration(&[0.0]), &Missing::NothingInvested);
    assert_eq!(risk::returns(&[100.0, 0.0, 50.0], &[]), [Some(-1.0), None]);
    assert_eq!(risk::returns(&[-5.0, 50.0], &[]), [None]);
    // A deposit is no gain.
    assert_eq!(risk::returns(&[100.0, 150.0], &[0.0, 50.0]), [Some(0.0)]);
    assert_eq!(
        risk::drawdowns(&[0.0, 100.0, 50.0]),
        [None, Some(0.0), Some(-0.5)]
    );
    // One value is its own percentile.
    assert_eq!(risk::value_at_risk(&[-0.02], 0.05), Figure::Known(-0.02));
    // Equal returns at the edge count as often as needed.
    let ties: Vec<f64> = std::iter::repeat_n(-0.01, 41).collect();
    near("ties", &risk::conditional_value_at_risk(&ties, 0.05), -0.01);
}

#[test]
fn days_of_few_trades() {
    let none = stats(&replay(&[], vec![]));
    assert_eq!(none.fills, Figure::Known(0));
    assert_eq!(none.realised, Figure::Known(Decimal::ZERO));
    assert_eq!(none.win_rate, Missing::NoClosedTrades.into());
    assert_eq!(none.profit_factor, Missing::NoClosedTrades.into());

    let win = stats(&replay(
        &[row("BUY", 10, 1_000), row("SELL", 10, 1_500)],
        vec![],
    ));
    assert_eq!(win.win_rate, Figure::Known(1.0));
    assert_eq!(win.profit_factor, Missing::NoLosses.into());
    assert_eq!(win.average_loss, Missing::NoLosses.into());
    assert_eq!(win.average_win, Figure::Known(Decimal::from(500)));

    // An even trade stays in the denominator of the win rate.
    let even = stats(&replay(
        &[
            row("BUY", 20, 2_000),
            row("SELL", 10, 1_500),
            row("SELL", 10, 1_000),
        ],
        vec![],
    ));
    assert_eq!(
        (even.even, even.win_rate),
        (Figure::Known(1), Figure::Known(0.5))
    );
}

#[test]
fn a_row_that_breaks_a_rule_is_left_out_and_listed() {
    #[track_caller]
    fn check(bad: Row, issue: QualityIssue, words: &str) {
        let replay = replay(&[row("BUY", 10, 1_000), bad], vec![]);
        let note = replay
            .day
            .notes
            .first()
            .unwrap_or_else(|| panic!("no note for {words}"));
        assert_eq!(note.issue, issue, "{note:?}");
        assert!(note.detail.contains(words), "{note:?}");
        assert_eq!(replay.book.quantity("005930"), 10);
        assert_eq!(stats(&replay).fills, Figure::Known(1));
    }
    use QualityIssue::{BadRow, Oversold};
    check(row("HOLD", 5, 500), BadRow, "unknown action \"HOLD\"");
    check(row("BUY", -5, 500), BadRow, "negative executed quantity -5");
    check(row("BUY", 5, -500), BadRow, "negative amount");
    check(
        row("SELL", 11, 500),
        Oversold,
        "sold 11 of 005930 with 10 held",
    );
    let with = |change: fn(&mut Row)| {
        let mut row = row("BUY", 5, 500);
        change(&mut row);
        row
    };
    check(with(|row| row.timed = false), BadRow, "fill without a time");
    check(
        with(|row| row.quantity = None),
        BadRow,
        "EXECUTED without an executed quantity",
    );
    check(
        with(|row| row.amount = None),
        BadRow,
        "neither an amount nor a price",
    );
    check(with(|row| row.tax = -1), BadRow, "negative tax");
    check(with(|row| row.ticker = ""), BadRow, "no ticker");
}

#[test]
fn a_cancelled_order_with_a_fill_did_trade_and_one_without_did_not() {
    let mut partly = row("BUY", 5, 500);
    partly.status = "CANCELLED";
    let mut never = row("BUY", 0, 0);
    never.status = "CANCELLED";
    never.timed = false;
    let replay = replay(&[partly, never], vec![]);
    assert_eq!(replay.book.quantity("005930"), 5);
    assert_eq!(replay.day.unfilled, 1);
    assert!(replay.day.notes.is_empty());
}

#[test]
fn splits_multiply_the_shares_and_leave_the_cost() {
    let split = |numerator, denominator, day| Split {
        ticker: "005930".into(),
        date: day,
        numerator,
        denominator,
    };
    let mut before = row("BUY", 7, 7_000);
    before.day = date(2026, 5, 20);
    let check = |splits: Vec<Split>, quantity, previous, notes| {
        let replay = replay(std::slice::from_ref(&before), splits);
        assert_eq!(replay.book.quantity("005930"), quantity);
        assert_eq!(
            replay.previous.as_ref().unwrap().quantity("005930"),
            previous
        );
        assert_eq!(replay.book.open().next().unwrap().cost, Won::new(7_000));
        assert_eq!(replay.day.notes.len(), notes);
    };
    // On the day itself: the night before it is not yet done.
    check(vec![split(50, 1, DAY)], 350, 7, 0);
    check(vec![split(50, 1, date(2026, 5, 26))], 350, 350, 0);
    // Two at once, in any order given; a fraction of a share is cut off and said.
    check(
        vec![split(1, 10, DAY), split(5, 1, date(2026, 5, 22))],
        3,
        35,
        1,
    );
    // Before the position was opened, and after the day: nothing.
    check(vec![split(50, 1, date(2026, 5, 20))], 7, 7, 0);
}

#[test]
fn a_damaged_snapshot_is_refused() {
    let check = |text: &str| {
        let snapshot = Snapshot {
            date: DAY,
            last_id: 1,
            book: serde_json::from_str(text).unwrap(),
        };
        let plan = ReplayPlan {
            from: Some(snapshot),
            ..ReplayPlan::default()
        };
        assert!(Replay::new(plan).is_none(), "{text}");
    };
    check(r#"{"realised":"","positions":[]}"#);
    check(r#"{"realised":"0","positions":[["005930",-1,"5"]]}"#);
    check(r#"{"realised":"0","positions":[["005930",1,"x"]]}"#);
    check(r#"{"realised":"0","positions":[["005930",1,"5"],["005930",1,"5"]]}"#);
}

#[test]
fn a_year_of_sessions_keeps_the_last_ones_and_the_month_ends() {
    let mut replay = Replay::start(ReplayPlan {
        keep: 3,
        ..ReplayPlan::default()
    });
    let mut day = date(2026, 1, 2);
    while day <= date(2026, 5, 20) {
        let mut row = row("BUY", 1, 1);
        row.day = day;
        push(&mut replay, &row);
        day = day.tomorrow().unwrap();
    }
    replay.finish(date(2026, 5, 20));
    let dates: Vec<String> = replay
        .take_snapshots()
        .iter()
        .map(|kept| kept.date.to_string())
        .collect();
    assert_eq!(
        dates,
        [
            "2026-01-31",
            "2026-02-28",
            "2026-03-31",
            "2026-04-30",
            "2026-05-18",
            "2026-05-19",
            "2026-05-20"
        ]
    );
}

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

proptest! {
    /// Whatever is bought and sold: cash out, cash in, cost left and profit add up to the last digit,
    /// and an empty position has no cost.
    #[test]
    fn money_is_neither_lost_nor_made(mut rows in prop::collection::vec(any_row(), 0..200)) {
        rows.sort_by_key(|row| row.day);
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
        rows.sort_by_key(|row| row.day);
        let cut = date(2026, 5, cut);
        let mut whole = Replay::start(ReplayPlan::default());
        let mut first = Replay::start(ReplayPlan { keep: 1, ..ReplayPlan::default() });
        rows.iter().for_each(|row| push(&mut whole, row));
        rows.iter().filter(|row| row.day <= cut).for_each(|row| push(&mut first, row));
        first.finish(cut);
        let from = first.take_snapshots().pop();
        let text = serde_json::to_string(&from).unwrap();
        let from: Option<Snapshot> = serde_json::from_str(&text).unwrap();
        let after = from.as_ref().map_or(Date::MIN, |snapshot| snapshot.date);
        let mut second = Replay::new(ReplayPlan { from, ..ReplayPlan::default() }).unwrap();
        rows.iter().filter(|row| row.day > after).for_each(|row| push(&mut second, row));
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

#[test]
fn a_float_is_the_decimal_it_prints_as() {
    for value in [
        0.0,
        -0.0,
        -14.1,
        0.01,
        0.1,
        0.005,
        1.0,
        14.1,
        14.125,
        50_123.45,
        50_000.0,
        1e-7,
        0.29,
        1.005,
        9_999_999_999_999.99,
        99_999_999_999_999.98,
        1e15,
        1e20,
        f64::MAX,
        f64::NAN,
        f64::INFINITY,
    ] {
        let printed: Option<Decimal> = value.to_string().parse().ok();
        let got = Number::Real(value).decimal();
        assert_eq!(got, printed, "{value}");
        assert_eq!(
            got.map(|got| got.scale()),
            printed.map(|printed| printed.scale()),
            "{value}"
        );
    }
}

proptest! {
    #[test]
    fn any_float_is_the_decimal_it_prints_as(cents in 0_u64..2_000_000_000_000_000, tail in 0_u8..3) {
        #[expect(clippy::cast_precision_loss, reason = "any float will do")]
        let value = cents as f64 / [100.0, 1_000.0, 7.0][usize::from(tail)];
        let printed: Option<Decimal> = value.to_string().parse().ok();
        let got = Number::Real(value).decimal();
        prop_assert_eq!(got.map(|got| got.to_string()), printed.map(|printed| printed.to_string()));
    }
}
