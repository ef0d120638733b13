//! Whose rows they are, what comes beside the trades, and tables of one's own.

use super::*;

/// D6: funds carry no tax, markets are spelled in many ways, and each order is checked for itself.
pub(super) async fn d6_tax_is_checked_order_by_order(db: &Db<'_>) {
    for (id, ticker, market, sector) in [
        (1, "069500", "KOSPI", "ETF"),
        (2, "005930", "유가증권", "전기전자"),
        (3, "000660", "STK", "전기전자"),
        (4, "035720", "KSQ", "IT"),
        (5, "580001", "KOSPI", "ETN"),
        (6, "247540", "KOSDAQ GLOBAL", "화학"),
        (7, "091990", "NASDAQ", "?"),
    ] {
        db.execute(&stock(id, ticker, market, sector));
        for (row, action, day, tax) in [
            (id * 10, "BUY", "2026-05-27", 0),
            (
                id * 10 + 1,
                "SELL",
                "2026-05-28",
                match id {
                    // Two wrongs that make a right sum.
                    2 => 0,
                    3 => 16_040,
                    4 | 6 => 8_020,
                    5 => 8_020,
                    _ => 0,
                },
            ),
        ] {
            db.execute(&format!(
                "INSERT INTO trades (id, order_id, ticker, action, order_type, quantity, \
                 executed_quantity, executed_price, total_amount, commission, tax, status, created_at, \
                 executed_at) VALUES ({row}, 'O{row}', '{ticker}', '{action}', 'LIMIT', 100, 100, 40100, \
                 4010000, 0, {tax}, 'EXECUTED', '{day} 10:00:00', '{day} 10:00:00');"
            ));
        }
    }
    let summary = db.day(THU, &Set::default()).await;
    let notes = issues(&summary, QualityIssue::TaxDrift);
    let about = |order: &str| notes.iter().find(|note| note.starts_with(order)).cloned();
    assert!(
        about("O21")
            .unwrap()
            .contains("recorded is 0, statutory 8,020"),
        "{notes:?}"
    );
    assert!(
        about("O31")
            .unwrap()
            .contains("recorded is 16,040, statutory 8,020"),
        "{notes:?}"
    );
    assert!(
        about("O51")
            .unwrap()
            .contains("recorded is 8,020, statutory 0"),
        "{notes:?}"
    );
    assert!(
        about("2026-05-28").unwrap().contains("1 sales"),
        "{notes:?}"
    );
    assert_eq!(notes.len(), 4, "{notes:?}");
}

/// D11: a flow with a zone is of its date in Korea.
pub(super) async fn d11_flows_are_of_their_date_in_korea(db: &Db<'_>) {
    db.execute("CREATE TABLE cash_flows (user_id text, date text, amount bigint);");
    for (id, day) in [(1, "2026-05-27"), (2, "2026-05-28")] {
        db.execute(&equity(id, &format!("{day} 06:40:00"), 100 * id));
    }
    for text in [
        "2026-05-27T23:30:00Z",
        "2026-05-28",
        "2026-05-28 08:30:00",
        "2026-05-28T00:10:00+09:00",
    ] {
        db.execute("DELETE FROM cash_flows;");
        db.execute(&format!(
            "INSERT INTO cash_flows VALUES ('u', '{text}', 100);"
        ));
        let summary = db.day(THU, &Set::default()).await;
        assert_eq!(
            summary.portfolio_stats.daily_return.get(),
            Some(0.0),
            "{text}"
        );
    }
}

/// D12: fills that tell whose they are, are told apart; others are said to be everybody's.
pub(super) async fn d12_accounts_are_told_apart(db: &Db<'_>) {
    db.execute(&equity(1, "2026-05-28 06:40:00", 100));
    db.execute("INSERT INTO portfolio_risk_metrics (id, user_id, date, total_value, current_drawdown, total_loss_from_initial_pct) VALUES (2, 'w', '2026-05-28 06:40:00', 7, 0, 0);");
    db.execute(&fill(1, "2026-05-28 10:00:00", "BUY", 10, 1_000));
    db.execute(&fill(2, "2026-05-28 11:00:00", "BUY", 5, 1_000));
    let of = |account| Set {
        account: Some(account),
        ..Set::default()
    };
    let shared = db.day(THU, &of("u")).await;
    assert_eq!(held(&shared, "005930"), Decimal::from(15));
    assert_eq!(issues(&shared, QualityIssue::SharedTrades).len(), 1);
    db.execute("ALTER TABLE trades ADD COLUMN user_id text;");
    db.execute("UPDATE trades SET user_id = 'u' WHERE id = 1; UPDATE trades SET user_id = 'w' WHERE id = 2;");
    for (account, shares) in [("u", 10), ("w", 5)] {
        let own = db.day(THU, &of(account)).await;
        assert_eq!(held(&own, "005930"), Decimal::from(shares), "{account}");
        assert_eq!(issues(&own, QualityIssue::SharedTrades), [""; 0]);
    }
}

/// D12: an account of which nothing is recorded is named, with those there are; one that has only fills, or
/// whose equity is not written yet, is an account.
pub(super) async fn d12_an_account_that_nobody_knows_is_an_error(db: &Db<'_>) {
    let of = |account| Set {
        account: Some(account),
        ..Set::default()
    };
    let refused = async |account| {
        let generator = db.builder(&of(account)).build().unwrap();
        let error = generator.generate_daily_summary(THU).await.unwrap_err();
        let said = generator.expect_source().await.unwrap_err().chain();
        assert!(error.chain().contains(&format!("{account:?}")), "{error:?}");
        assert!(said.contains(&format!("{account:?}")), "{said}");
        error.chain()
    };
    // Nobody is known yet.
    assert_eq!(fills(&db.day(THU, &of("x")).await), 0);
    db.execute(&fill(1, "2026-05-28 10:00:00", "BUY", 10, 1_000));
    // Everybody's fills, and no equity yet: they are its own.
    assert_eq!(fills(&db.day(THU, &of("x")).await), 1);
    let others = (1..=30)
        .map(|id| equity(id, "2026-05-28 06:40:00", 100).replace("'u'", &format!("'u{id:02}'")));
    db.execute(&others.collect::<String>());
    let told = refused("U01").await;
    assert!(told.contains("there are u01, u02, u03"), "{told}");
    assert!(told.contains("u20, …"), "{told}");
    db.execute("ALTER TABLE trades ADD COLUMN account_id text;");
    db.execute("UPDATE trades SET account_id = 'filled';");
    assert_eq!(fills(&db.day(THU, &of("filled")).await), 1);
    assert_eq!(fills(&db.day(THU, &of("u30")).await), 0);
    refused("fille").await;
    db.execute("DELETE FROM portfolio_risk_metrics;");
    let told = refused("u30").await;
    assert!(told.contains("there are filled: choose"), "{told}");

    // One of several is no reason to keep the others' figures back.
    db.execute(&equity(1, "2026-05-28 06:40:00", 100));
    let builder = db.builder(&of("u"));
    let builder = match db {
        Db::Lite(path, _) => builder.also_account("x", SqliteSource::new(path).account("x")),
        Db::Pg(server, name) => {
            let source = PostgresSource::new(&url_of(server, name)).unwrap();
            builder.also_account("x", source.account("x"))
        }
    };
    let generator = builder.build().unwrap();
    let summary = generator.generate_daily_summary(THU).await.unwrap();
    assert_eq!(
        summary.portfolio_stats.equity.value(),
        Some(&Decimal::from(100))
    );
    let section = &summary.accounts[0];
    assert_eq!(section.portfolio_stats.equity.value(), None);
    let told = &section.data_quality[0].detail;
    assert!(told.contains("\"x\"; there are u"), "{told}");
    let said = generator.expect_source().await.unwrap_err().chain();
    assert!(said.contains("\"x\"; there are u"), "{said}");
}

/// D13: positions that were there before the first fill, and shares sold before they are bought.
pub(super) async fn d13_opening_positions_and_short_sales(db: &Db<'_>) {
    db.execute("CREATE TABLE position_flows (user_id text, date text, ticker text, quantity bigint, cost bigint, value bigint);");
    db.execute(&stock(1, "005930", "KOSPI", ""));
    db.execute(&price(1, 1, "2026-05-27", "1100"));
    db.execute(&price(2, 1, "2026-05-28", "1100"));
    db.execute(&equity(1, "2026-05-27 06:40:00", 110_000));
    db.execute(&equity(2, "2026-05-28 06:40:00", 110_000));
    db.execute(&fill(1, "2026-05-28 10:00:00", "SELL", 10, 1_100));
    db.execute(
        "INSERT INTO position_flows VALUES ('u', '2026-05-20', 'A005930', 100, 90000, NULL);",
    );
    let summary = db.day(THU, &Set::default()).await;
    assert_eq!(held(&summary, "005930"), Decimal::from(90));
    assert_eq!(realised(&summary), Decimal::from(2_000));
    assert_eq!(issues(&summary, QualityIssue::Oversold), [""; 0]);
    assert_eq!(
        summary.reconciliation.difference.value(),
        Some(&Decimal::ZERO)
    );
    // Shares that come in on the day are no gain; what they had gained before is none of this account.
    db.execute("INSERT INTO position_flows VALUES ('u', '2026-05-28', '005930', 10, 5000, 11000);");
    db.execute("UPDATE portfolio_risk_metrics SET total_value = 121000 WHERE id = 2;");
    let summary = db.day(THU, &Set::default()).await;
    assert_eq!(summary.portfolio_stats.daily_return.get(), Some(0.0));
    assert_eq!(
        summary.reconciliation.difference.value(),
        Some(&Decimal::ZERO)
    );

    // Short and cover, said by the fills or allowed by the setting.
    for (sell, buy, short_sales) in [
        ("SHORT", "COVER", false),
        ("SELL", "BUY", true),
        ("sell_short", "buy_to_cover", false),
    ] {
        db.execute("DELETE FROM trades; DELETE FROM position_flows;");
        db.execute(&fill(1, "2026-05-27 10:00:00", sell, 10, 1_200));
        db.execute(&fill(2, "2026-05-28 10:00:00", buy, 10, 1_000));
        let set = Set {
            short_sales,
            ..Set::default()
        };
        let open = db.day(WED, &set).await;
        assert_eq!(held(&open, "005930"), Decimal::from(-10), "{sell}");
        assert_eq!(
            open.portfolio_stats.unrealised.value(),
            Some(&Decimal::from(1_000))
        );
        let closed = db.day(THU, &set).await;
        assert_eq!(held(&closed, "005930"), Decimal::ZERO);
        assert_eq!(realised(&closed), Decimal::from(2_000));
    }
    // Not allowed, it stays an error and no phantom.
    let summary = db.day(WED, &Set::default()).await;
    assert_eq!(held(&summary, "005930"), Decimal::from(-10));
}

/// D14: a dividend is a return, explained, and no deposit.
pub(super) async fn d14_a_dividend_is_a_return(db: &Db<'_>) {
    db.execute("CREATE TABLE cash_flows (user_id text, date text, amount bigint, kind text);");
    db.execute(&equity(1, "2026-05-27 06:40:00", 1_000_000));
    for (kind, amount, change) in [
        ("dividend", 100_000, 100_000),
        ("interest", 500, 500),
        ("fee", 700, -700),
        ("tax", -900, -900),
        ("단주대금", 5_000, 5_000),
    ] {
        db.execute("DELETE FROM cash_flows; DELETE FROM portfolio_risk_metrics WHERE id > 1;");
        db.execute(&equity(2, "2026-05-28 06:40:00", 1_000_000 + change));
        db.execute(&format!(
            "INSERT INTO cash_flows VALUES ('u', '2026-05-28', {amount}, '{kind}');"
        ));
        let summary = db.day(THU, &Set::default()).await;
        let daily = summary.portfolio_stats.daily_return.get().unwrap();
        let wanted =
            rust_decimal::prelude::ToPrimitive::to_f64(&Decimal::from(change)).unwrap() / 1e6;
        assert!((daily - wanted).abs() < 1e-12, "{kind}: {daily}");
        assert_eq!(
            summary.reconciliation.income.value(),
            Some(&Decimal::from(change)),
            "{kind}"
        );
        assert_eq!(
            summary.reconciliation.difference.value(),
            Some(&Decimal::ZERO),
            "{kind}"
        );
        assert_eq!(
            issues(&summary, QualityIssue::Unreconciled),
            [""; 0],
            "{kind}"
        );
    }
}

/// D15: more executed than ordered is said; spellings of one ticker are one stock.
pub(super) async fn d15_odd_spellings_and_counts(db: &Db<'_>) {
    db.execute(&fill(1, "2026-05-27 10:00:00", "BUY", 10, 1_000));
    db.execute("UPDATE trades SET ticker = 'A005930', quantity = 5 WHERE id = 1;");
    db.execute(&fill(2, "2026-05-28 10:00:00", "SELL", 4, 1_000));
    db.execute(&fill(3, "2026-05-27 10:00:00", "BUY", 10, 1_000));
    db.execute("UPDATE trades SET ticker = '0009k0' WHERE id = 3;");
    let summary = db.day(THU, &Set::default()).await;
    assert_eq!(held(&summary, "005930"), Decimal::from(6));
    assert_eq!(held(&summary, "0009K0"), Decimal::from(10));
    assert_eq!(issues(&summary, QualityIssue::Oversold), [""; 0]);
    let before = db.day(WED, &Set::default()).await;
    assert!(issues(&before, QualityIssue::Overfilled)[0].contains("10 shares executed, 5 ordered"));
}

/// F6: ids that are names, and numbers kept as texts, of which some are none.
pub(super) async fn f6_ids_and_numbers_that_are_texts(db: &Db<'_>) {
    db.execute(
        "CREATE TABLE deals (no text, code text, bs text, qty text, won text, done text, made text);
         INSERT INTO deals VALUES
            ('a7-1', '005930', 'BUY', '10', '10000', '2026-05-28 09:00:00', '2026-05-28 08:59:00'),
            ('a7-2', '005930', 'SELL', '4', '4400.5', '2026-05-28 10:00:00', '2026-05-28 08:59:00'),
            ('a7-3', '005930', 'SELL', 'four', '4400', '2026-05-28 11:00:00', '2026-05-28 08:59:00'),
            ('a7-4', '005930', 'SELL', '3', '3300', NULL, NULL),
            ('a7-5', '005930', 'SELL', '0', '0', NULL, '2026-05-28 08:59:00');",
    );
    let mapping = "-- name: trades\nSELECT no AS id, no AS order_id, code AS ticker, bs AS action, \
                   qty AS executed_quantity, won AS total_amount, done AS executed_at, \
                   made AS created_at FROM deals";
    let set = Set {
        mapping: Some(mapping.parse().unwrap()),
        ..Set::default()
    };
    for _again in 0..2 {
        let summary = db.day(THU, &set).await;
        assert_eq!(
            (fills(&summary), held(&summary, "005930")),
            (2, Decimal::from(6))
        );
        let named = issues(&summary, QualityIssue::BadRow);
        let about = |order: &str| named.iter().any(|note| note.starts_with(order));
        assert!(
            about("a7-3") && about("a7-4") && !about("a7-5"),
            "{named:?}"
        );
    }
}

/// Any schema is a source by named queries; what is missing is named with its remedy.
pub(super) async fn f6_own_tables(db: &Db<'_>) {
    let source: Arc<dyn ReportSource> = match db {
        Db::Lite(path, _) => Arc::new(SqliteSource::new(path)),
        Db::Pg(server, name) => Arc::new(PostgresSource::new(&url_of(server, name)).unwrap()),
    };
    assert_eq!(source.check().await.unwrap(), []);
    db.execute(
        "DROP TABLE trades; ALTER TABLE portfolio_risk_metrics RENAME COLUMN total_value TO nav;",
    );
    let problems = source.check().await.unwrap();
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].starts_with("trades: there is no such table")
            && said[0].contains("docs/reports.md")
    );
    assert!(said[1].starts_with("portfolio_risk_metrics: the table has no column total_value"));
    let generator = db.builder(&Set::default()).build().unwrap();
    let error = generator
        .generate_daily_summary(THU)
        .await
        .unwrap_err()
        .chain();
    assert!(
        error.contains("portfolio_risk_metrics") && error.contains("total_value"),
        "{error}"
    );

    db.execute("CREATE TABLE orders (no int, code text, bs text, qty int, won bigint, done text);");
    db.execute(
        "INSERT INTO orders VALUES (1, '005930', 'BUY', 10, 10000, '2026-05-27T23:30:00Z');",
    );
    db.execute(&equity(1, "2026-05-28 06:40:00", 5).replace("total_value", "nav"));
    let mapping: Mapping = "-- name: trades\nSELECT no AS id, code AS ticker, bs AS action, qty AS executed_quantity, won AS total_amount, done AS executed_at FROM orders -- ours\n-- name: portfolio_risk_metrics\nSELECT user_id, date, nav AS total_value FROM portfolio_risk_metrics;\n".parse().unwrap();
    let set = Set {
        mapping: Some(mapping),
        ..Set::default()
    };
    let summary = db.day(THU, &set).await;
    assert_eq!(fills(&summary), 1);
    assert_eq!(held(&summary, "005930"), Decimal::TEN);
    assert_eq!(
        summary.portfolio_stats.equity.value(),
        Some(&Decimal::from(5))
    );
    let broken: Mapping = "-- name: trades\nSELECT no AS id, code AS ticker FROM orders\n"
        .parse()
        .unwrap();
    let set = Set {
        mapping: Some(broken),
        ..Set::default()
    };
    let generator = db.builder(&set).build().unwrap();
    let error = generator
        .generate_daily_summary(THU)
        .await
        .unwrap_err()
        .chain();
    assert!(
        error.contains("executed_at") || error.contains("total_value"),
        "{error}"
    );
}
