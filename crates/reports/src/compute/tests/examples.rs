//! The worked examples, to the last digit.

use rust_decimal::Decimal;
use serde_json::Value;

use super::*;
use crate::Missing;

fn examples() -> Value {
    serde_json::from_str(include_str!("../../../tests/data/examples.json")).unwrap()
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
            amount: Number::Int(number("amount").unwrap()),
            commission: Number::Int(number("commission").unwrap()),
            tax: Number::Int(number("tax").unwrap()),
            executed: Executed::At {
                date: at.date(),
                at: instant_in_seoul(at),
            },
            status: text("status"),
            ..TradeRow::default()
        };
        replay.push(&row);
        every.push(&row);
    }
    replay.finish(DAY);
    every.finish(DAY);
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
