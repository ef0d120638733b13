//! Equity, prices and what the series of returns is made of.

use super::*;

/// D5: an equity written before the first venue opens is the day's before; the first one at or after the
/// close counts.
pub(super) async fn d5_equity_belongs_to_the_session_before_the_next_opening(db: &Db<'_>) {
    let (wed, thu) = (date(2026, 10, 14), date(2026, 10, 15));
    db.execute(&equity(1, "2026-10-14 06:40:00", 100_000_000));
    // 07:30 in Korea, while the pre-market trades.
    db.execute(&equity(2, "2026-10-14 22:30:00", 101_000_000));
    db.execute(&equity(3, "2026-10-15T06:40:00Z", 102_000_000));
    let on = |summary: DailySummary| *summary.portfolio_stats.equity.value().unwrap();
    assert_eq!(
        on(db.day(wed, &Set::default()).await),
        Decimal::from(100_000_000)
    );
    let summary = db.day(thu, &Set::default()).await;
    assert_eq!(
        summary.portfolio_stats.previous_equity.value(),
        Some(&Decimal::from(100_000_000))
    );
    assert_eq!(on(summary), Decimal::from(102_000_000));
}

/// D7: what is recorded on days without a session is no return of its own.
pub(super) async fn d7_days_without_a_session_are_no_returns(db: &Db<'_>) {
    let mut won = 100_000_000;
    let mut day = date(2026, 4, 27);
    while day <= THU {
        won += i64::from(day.day()) * 10_000 - 100_000;
        db.execute(&equity(
            i64::from(day.day_of_year()),
            &format!("{day} 06:40:00"),
            won,
        ));
        day = day.tomorrow().unwrap();
    }
    let all = db.day(THU, &Set::default()).await;
    db.execute(
        "DELETE FROM portfolio_risk_metrics WHERE substr(CAST(date AS text), 1, 10) IN \
         ('2026-05-01', '2026-05-02', '2026-05-03', '2026-05-05', '2026-05-09', '2026-05-10', \
          '2026-05-16', '2026-05-17', '2026-05-23', '2026-05-24', '2026-05-25');",
    );
    let sessions = db.day(THU, &Set::default()).await;
    assert_eq!(all.risk_metrics, sessions.risk_metrics);
    assert_eq!(all.risk_metrics.returns, 20);
    assert!(all.risk_metrics.few_observations);
}

/// D8: one base that is not positive begins the series anew and undoes nothing.
pub(super) async fn d8_a_series_begins_anew(db: &Db<'_>) {
    db.execute("CREATE TABLE cash_flows (user_id text, date text, amount bigint, kind text);");
    for (id, day, won) in [
        (1, "2026-05-22", 0),
        (2, "2026-05-26", 100_000_000),
        (3, "2026-05-27", 101_000_000),
        (4, "2026-05-28", 102_010_000),
    ] {
        db.execute(&equity(id, &format!("{day} 06:40:00"), won));
    }
    db.execute("INSERT INTO cash_flows VALUES ('u', '2026-05-26', 100000000, 'deposit');");
    let summary = db.day(THU, &Set::default()).await;
    let near = |got: Option<f64>, wanted: f64| {
        assert!(
            got.is_some_and(|got| (got - wanted).abs() < 1e-12),
            "{got:?} {wanted}"
        );
    };
    near(summary.portfolio_stats.total_return.get(), 0.0201);
    near(summary.risk_metrics.max_drawdown.get(), 0.0);
    assert_eq!(summary.risk_metrics.since, Some(date(2026, 5, 26)));
    let said = issues(&summary, QualityIssue::SeriesRestarted);
    assert!(said[0].contains("since 2026-05-26"), "{said:?}");

    // A deposit of a hundred times the equity does not make a thousand per cent.
    db.execute("DELETE FROM portfolio_risk_metrics; DELETE FROM cash_flows;");
    db.execute(&equity(1, "2026-05-27 06:40:00", 1_000_000));
    db.execute(&equity(2, "2026-05-28 06:40:00", 110_000_000));
    db.execute("INSERT INTO cash_flows VALUES ('u', '2026-05-28', 99000000, NULL);");
    let summary = db.day(THU, &Set::default()).await;
    near(summary.portfolio_stats.daily_return.get(), 0.1);
    assert_eq!(issues(&summary, QualityIssue::LargeFlow).len(), 1);

    // Once everything is lost no ratio is defined.
    db.execute(
        "DELETE FROM cash_flows; UPDATE portfolio_risk_metrics SET total_value = -5 WHERE id = 2;",
    );
    let summary = db.day(THU, &Set::default()).await;
    assert!(summary.risk_metrics.max_drawdown.missing().is_some());
    assert!(summary.risk_metrics.var_95.missing().is_some());
    assert!(summary.risk_metrics.sharpe.missing().is_some());
}

/// D9: a price that is not positive is none.
pub(super) async fn d9_a_price_that_is_not_positive_is_none(db: &Db<'_>) {
    db.execute(&stock(1, "005930", "KOSPI", "전기전자"));
    db.execute(&stock(2, "^KS11", "", ""));
    db.execute(&fill(1, "2026-05-27 10:00:00", "BUY", 10, 70_000));
    db.execute(&equity(1, "2026-05-27 06:40:00", 1_000_000));
    db.execute(&equity(2, "2026-05-28 06:40:00", 1_000_000));
    db.execute(&price(1, 1, "2026-05-27", "71000"));
    db.execute(&price(2, 2, "2026-05-27", "2700"));
    for close in ["0", "-5"] {
        db.execute("DELETE FROM stock_prices WHERE id > 2;");
        db.execute(&price(3, 1, "2026-05-28", close));
        db.execute(&price(4, 2, "2026-05-28", close));
        let summary = db.day(THU, &Set::default()).await;
        let unrealised = summary.portfolio_stats.unrealised.value();
        assert_eq!(unrealised, Some(&Decimal::from(10_000)), "{close}");
        assert!(issues(&summary, QualityIssue::StalePrice)[0].contains("2026-05-27"));
        assert!(
            summary.portfolio_stats.benchmark_return.missing().is_some(),
            "{close}"
        );
        // F9: the line is not drawn on with an old close, and it is said.
        assert_eq!(summary.series.benchmark.last().unwrap().date, WED);
        let stale = issues(&summary, QualityIssue::StalePrice);
        assert!(
            stale.iter().any(|note| note.starts_with("^KS11")),
            "{stale:?}"
        );
    }
}

/// D10: an odd row is left out by name, and a fraction of a won is no reason.
pub(super) async fn d10_one_odd_row_takes_nothing_down(db: &Db<'_>) {
    db.execute("CREATE TABLE cash_flows (user_id text, date text, amount text, kind text);");
    db.execute(&equity(1, "2026-05-27 06:40:00", 100));
    db.execute(&equity(2, "2026-05-28 06:40:00", 200));
    db.execute("UPDATE portfolio_risk_metrics SET total_value = 100.5 WHERE id = 1;");
    db.execute(&equity(3, "not a date", 7));
    db.execute("INSERT INTO cash_flows VALUES ('u', '28/05/2026', '5', NULL), ('u', '2026-05-28', 'many', NULL), ('u', '2026-05-28', '10', 'gift'), ('u', '2026-05-28', '10', NULL);");
    db.execute(&fill(1, "2026-05-28 10:00:00", "BUY", 10, 1_000));
    db.execute("UPDATE trades SET total_amount = 10000.12, commission = 1.5 WHERE id = 1;");
    let summary = db.day(THU, &Set::default()).await;
    let previous = summary.portfolio_stats.previous_equity.value().unwrap();
    assert_eq!(previous.to_string(), "100.5");
    assert_eq!(
        summary.portfolio_stats.net_flow.value(),
        Some(&Decimal::TEN)
    );
    let cost = summary.portfolio_stats.positions[0].cost;
    assert_eq!(cost.to_string(), "10001.62");
    let named = issues(&summary, QualityIssue::BadRow).join("\n");
    for word in [
        "portfolio_risk_metrics 3",
        "28/05/2026",
        "unreadable amount",
        "unknown kind \"gift\"",
    ] {
        assert!(named.contains(word), "{word}: {named}");
    }
}
