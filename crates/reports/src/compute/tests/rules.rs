//! Few trades, bad rows, splits, snapshots.

use jiff::civil::date;
use rust_decimal::Decimal;

use super::*;
use crate::Missing;
use crate::compute::book::Book;
use crate::summary::QualityIssue;

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
        assert!(note.detail_ko.as_ref().is_some_and(|ko| ko != &note.detail));
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
fn a_consolidation_that_leaves_no_share_ends_the_position_at_a_loss() {
    let mut before = row("BUY", 7, 7_000);
    before.day = date(2026, 5, 20);
    let split = Split {
        ticker: "005930".into(),
        date: date(2026, 5, 26),
        numerator: 1,
        denominator: 10,
    };
    let replay = replay(&[before, row("BUY", 2, 300)], vec![split]);
    let held: Vec<_> = replay.book.open().collect();
    assert_eq!((held[0].quantity, held[0].cost), (2, Won::new(300)));
    assert_eq!(held[0].opened, Some(DAY), "a position of its own");
    assert_eq!(replay.book.realised, Won::new(-7_000));
}

#[test]
fn shares_that_come_to_a_short_position_give_back_what_was_borrowed() {
    let mut book = Book::default();
    let slot = book.slot("005930");
    book.trade(slot, -10, Won::new(1_000), Some(DAY), true)
        .unwrap();
    book.transfer("005930", 4, Won::new(300), DAY).unwrap();
    assert_eq!(book.realised, Won::new(100));
    let now = |book: &Book| {
        let held = book.open().next().map(|held| (held.quantity, held.cost));
        held.unwrap()
    };
    assert_eq!(now(&book), (-6, Won::new(-600)));
    // More than was borrowed: the rest is held, at its share of the cost.
    book.transfer("005930", 10, Won::new(1_000), DAY).unwrap();
    assert_eq!(
        (now(&book), book.realised),
        ((4, Won::new(400)), Won::new(100))
    );
    assert!(Book::restore(&book.store()).is_some());
    assert_eq!(book.transfer("005930", -5, Won::ZERO, DAY), None);
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
    check(r#"{"realised":"0","positions":[["005930",0,"5"]]}"#);
    check(r#"{"realised":"0","positions":[["005930",1,"-5"]]}"#);
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
