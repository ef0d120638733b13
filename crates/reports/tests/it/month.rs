//! The worked month: every expected figure of one day, and every day's reconciliation.

use bongsu_reports::{DailySummary, Figure, ReportGenerator};
use jiff::civil::{Date, date};
use rust_decimal::Decimal;
use serde_json::Value;

use crate::support::{Month, data};

pub(crate) const DAY: Date = date(2026, 5, 28);

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

#[track_caller]
fn near(name: &str, got: Option<f64>, expected: f64) {
    let got = got.unwrap_or_else(|| panic!("{name} is missing"));
    assert!(
        (got - expected).abs() <= 1e-9,
        "{name}: {got}, expected {expected}"
    );
}

/// Money to a millionth of a millionth: the expectation is printed as a float of 53 bits.
#[track_caller]
fn money(name: &str, got: &Figure<Decimal>, expected: &Value) {
    let got = got.value().unwrap_or_else(|| panic!("{name} is missing"));
    let expected = number(expected);
    let float: f64 = got.to_string().parse().unwrap();
    assert!(
        (float - expected).abs() <= expected.abs() * 4.0 * f64::EPSILON,
        "{name}: {got}, expected {expected}"
    );
}

/// Every figure of `expected_2026-05-28.json`.
#[track_caller]
pub(crate) fn check_day(summary: &DailySummary) {
    let expected: Value = serde_json::from_str(&data("expected_2026-05-28.json")).unwrap();
    let trading = &expected["trading"];
    let stats = &summary.trading_stats;
    for (name, got) in [
        ("fills", &stats.fills),
        ("buys", &stats.buys),
        ("sells", &stats.sells),
        ("closed", &stats.closed),
        ("wins", &stats.wins),
        ("losses", &stats.losses),
        ("even", &stats.even),
    ] {
        assert_eq!(got.get(), trading[name].as_u64(), "{name}");
    }
    money(
        "gross amount",
        &stats.gross_amount,
        &trading["gross_amount"],
    );
    money("commission", &stats.commission, &trading["commission"]);
    money("tax", &stats.tax, &trading["tax"]);
    money("realised", &stats.realised, &trading["realised_net"]);
    money(
        "gross profit",
        &stats.gross_profit,
        &trading["gross_profit"],
    );
    money("gross loss", &stats.gross_loss, &trading["gross_loss"]);
    money("average win", &stats.average_win, &trading["avg_win"]);
    money("average loss", &stats.average_loss, &trading["avg_loss"]);
    near(
        "win rate",
        stats.win_rate.get(),
        number(&trading["win_rate"]),
    );
    near(
        "profit factor",
        stats.profit_factor.get(),
        number(&trading["profit_factor"]),
    );
    near(
        "turnover",
        stats.turnover.get(),
        number(&expected["turnover"]),
    );

    let by_ticker = expected["by_ticker_realised"].as_object().unwrap();
    assert_eq!(summary.top_performers.by_ticker.len(), by_ticker.len());
    for performer in &summary.top_performers.by_ticker {
        let rounded = performer.realised.round_dp(4).to_string();
        let float: f64 = rounded.parse().unwrap();
        near(
            &performer.ticker,
            Some(float),
            number(&by_ticker[&performer.ticker]),
        );
    }

    let portfolio = &summary.portfolio_stats;
    let positions = expected["positions"].as_object().unwrap();
    assert_eq!(portfolio.positions.len(), positions.len());
    for position in &portfolio.positions {
        let expected = &positions[&position.ticker];
        assert_eq!(
            position.quantity,
            Decimal::from(expected["qty"].as_i64().unwrap())
        );
        money("cost", &Figure::Known(position.cost), &expected["cost"]);
        money("value", &position.value, &expected["value"]);
        // A small difference of large floats: exact here, rounded there.
        let unrealised: f64 = position
            .unrealised
            .value()
            .unwrap()
            .to_string()
            .parse()
            .unwrap();
        assert!((unrealised - number(&expected["unrealised"])).abs() < 1e-7);
        near(
            "return",
            position.return_on_cost.get().map(|ratio| ratio * 100.0),
            number(&expected["ret_pct"]),
        );
    }
    money("unrealised", &portfolio.unrealised, &expected["unrealised"]);
    money("cash", &portfolio.cash, &expected["cash"]);
    money("equity", &portfolio.equity, &expected["equity_reported"]);
    money(
        "equity",
        &portfolio.equity_recomputed,
        &expected["equity_recomputed"],
    );
    money(
        "realised to date",
        &portfolio.realised_to_date,
        &expected["realised_since_start"],
    );
    let concentration = &expected["concentration"];
    money("invested", &portfolio.invested, &concentration["invested"]);
    near(
        "hhi",
        portfolio.hhi.get(),
        number(&concentration["hhi_invested"]),
    );
    near(
        "n",
        portfolio.effective_positions.get(),
        number(&concentration["effective_n"]),
    );
    near(
        "exposure",
        portfolio.exposure.get(),
        number(&concentration["exposure"]),
    );
    let largest = portfolio.largest.value().unwrap();
    assert_eq!(largest.ticker, concentration["largest"].as_str().unwrap());
    near(
        "largest",
        largest.share_of_equity.get(),
        number(&concentration["largest_pct_equity"]),
    );

    let risk = &expected["risk"];
    let metrics = &summary.risk_metrics;
    assert_eq!(Some(u64::from(metrics.returns)), risk["n_returns"].as_u64());
    let tail = |figure: &Figure<bongsu_reports::summary::TailRisk>| {
        let tail = figure.value().unwrap();
        (Some(tail.var), Some(tail.cvar))
    };
    let ((var_95, cvar_95), (var_99, cvar_99)) = (tail(&metrics.var_95), tail(&metrics.var_99));
    for (name, got) in [
        ("max_drawdown", metrics.max_drawdown.get()),
        ("current_drawdown", metrics.current_drawdown.get()),
        ("total_return", portfolio.total_return.get()),
        ("daily_return", portfolio.daily_return.get()),
        ("var_95", var_95),
        ("cvar_95", cvar_95),
        ("var_99", var_99),
        ("cvar_99", cvar_99),
        ("volatility", metrics.volatility.get()),
        ("sharpe", metrics.sharpe.get()),
        ("sortino", metrics.sortino.get()),
        ("beta", metrics.beta.get()),
    ] {
        near(name, got, number(&risk[name]));
    }
    assert!(metrics.var_99.value().unwrap().few_observations);
    assert!(!metrics.var_95.value().unwrap().few_observations);
}

#[tokio::test]
async fn the_worked_day() {
    let month = Month::new();
    let generator = ReportGenerator::builder(month.source()).build().unwrap();
    let summary = generator.generate_daily_summary(DAY).await.unwrap();
    check_day(&summary);
    // From the snapshot that the first run kept: the same report.
    let again = generator.generate_daily_summary(DAY).await.unwrap();
    check_day(&again);
    assert_eq!(summary.fills, again.fills);
    assert_eq!(summary.portfolio_stats, again.portfolio_stats);
    assert_eq!(summary.reconciliation, again.reconciliation);
    assert_eq!(summary.data_quality, again.data_quality);
}

/// Every session of the month, each from the day before's snapshot, and the same from nothing.
#[tokio::test]
async fn every_day_reconciles() {
    let month = Month::new();
    let stepwise = ReportGenerator::builder(month.source()).build().unwrap();
    let sessions = stepwise
        .calendar()
        .sessions(date(2026, 4, 27), date(2026, 5, 29))
        .unwrap();
    assert_eq!(sessions.len(), 22);
    let mut total = Decimal::ZERO;
    for session in sessions {
        let summary = stepwise.generate_daily_summary(session).await.unwrap();
        let line = &summary.reconciliation;
        let known = |figure: &Figure<Decimal>| *figure.value().unwrap();
        // The line itself is exact …
        assert_eq!(
            known(&line.difference),
            known(&line.equity_change)
                - known(&line.realised)
                - known(&line.unrealised_change)
                - known(&line.net_flow),
            "{session}"
        );
        // … and what is left is what the original cut off each fill, less than three won.
        assert_eq!(line.balanced, Figure::Known(true), "{session}: {line:?}");
        assert!(
            known(&line.difference).abs() < Decimal::from(30),
            "{session}: {line:?}"
        );
        assert_eq!(
            summary.portfolio_stats.equity, summary.portfolio_stats.equity_recomputed,
            "{session}"
        );
        total += known(&line.difference);

        let fresh = ReportGenerator::builder(month.source()).build().unwrap();
        let whole = fresh.generate_daily_summary(session).await.unwrap();
        assert_eq!(whole.reconciliation, summary.reconciliation, "{session}");
        assert_eq!(whole.portfolio_stats, summary.portfolio_stats, "{session}");
        assert_eq!(whole.trading_stats, summary.trading_stats, "{session}");
    }
    // The differences of the days add up to that of the month.
    assert_eq!(total, Decimal::from(-350));
}
