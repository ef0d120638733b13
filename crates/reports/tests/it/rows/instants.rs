//! When a fill was, and in which order fills come.

use super::*;

/// D1: a fill is in exactly one day's report, whatever its text.
pub(super) async fn d1_every_fill_has_one_day(db: &Db<'_>) {
    // 08:30 in Korea on the 28th, in every form; and the same of 23:50 there.
    for (text, utc, day) in [
        ("2026-05-27T23:30:00+00:00", false, THU),
        ("2026-05-27T23:30:00Z", false, THU),
        ("2026-05-27 23:30:00.123456Z", false, THU),
        ("2026-05-27T23:30:00+0000", false, THU),
        ("2026-05-27 23:30:00 UTC", false, THU),
        ("2026-05-27t23:30:00z", false, THU),
        ("2026-05-27 23:30:00+00", false, THU),
        ("2026-05-27 23:30:00", true, THU),
        ("2026-05-28T08:30:00+09:00", false, THU),
        ("2026-05-28T08:30:00+09:00[Asia/Seoul]", false, THU),
        ("2026-05-27T19:30:00-04:00[America/New_York]", false, THU),
        ("2026-05-28T08:30", false, THU),
        ("2026-05-28 12:30:00+13:00", false, THU),
        ("2026-05-27 12:30:00-11:00", false, THU),
        ("2026-05-28T09:30:00+10:00", true, THU),
        ("2026-05-28T14:50:00Z", false, THU),
        ("2026-05-28T14:50:00Z", true, THU),
        ("2026-05-28 23:50:00", false, THU),
        ("2026-05-28T15:10:00Z", false, FRI),
        ("2026-05-28 15:10:00", true, FRI),
    ] {
        db.execute("DELETE FROM trades;");
        db.execute(&fill(1, "2026-05-26 10:00:00+09:00", "BUY", 10, 1_000));
        db.execute(&fill(2, text, "SELL", 10, 1_100));
        let set = Set {
            utc,
            ..Set::default()
        };
        for on in [WED, THU, FRI] {
            let summary = db.day(on, &set).await;
            let (count, won) = if on == day { (1, 1_000) } else { (0, 0) };
            assert_eq!(fills(&summary), count, "{text} utc={utc} on {on}");
            assert_eq!(realised(&summary), Decimal::from(won), "{text} on {on}");
            let left = if on < day { 10 } else { 0 };
            assert_eq!(
                held(&summary, "005930"),
                Decimal::from(left),
                "{text} on {on}"
            );
            assert_eq!(
                issues(&summary, QualityIssue::BadRow),
                [""; 0],
                "{text} on {on}"
            );
        }
    }
}

/// D1: what has no readable time is named, and in no figure.
pub(super) async fn d1_what_has_no_day_is_named(db: &Db<'_>) {
    db.execute(&fill(1, "2026-05-28 10:00:00", "BUY", 10, 1_000));
    db.execute(&fill(2, "28/05/2026 10:00", "BUY", 5, 1_000));
    db.execute(&fill(3, "2026-05-28 25:61", "BUY", 5, 1_000));
    db.execute(&fill(4, "soon", "BUY", 5, 1_000));
    db.execute("UPDATE trades SET created_at = NULL WHERE id = 4;");
    db.execute(&fill(5, "2026-05-28 10:00:00", "BUY", 5, 1_000));
    db.execute("UPDATE trades SET executed_at = NULL, created_at = NULL WHERE id = 5;");
    // A zone that is nowhere.
    db.execute(&fill(6, "2026-05-28T10:00:00+16:00", "BUY", 5, 1_000));
    db.execute(&fill(7, "2026-05-28T10:00:00-15:30", "BUY", 5, 1_000));
    let summary = db.day(THU, &Set::default()).await;
    assert_eq!(fills(&summary), 1);
    let named = issues(&summary, QualityIssue::BadRow).join("\n");
    for (order, why) in [
        ("O2", "unreadable time"),
        ("O3", "unreadable time"),
        ("O4", "unreadable time"),
        ("O5", "without a time"),
        ("O6", "unreadable time"),
        ("O7", "unreadable time"),
    ] {
        let line = named.lines().find(|line| line.starts_with(order));
        assert!(
            line.is_some_and(|line| line.contains(why)),
            "{order}: {named}"
        );
    }
    // A day later only those that no day owns are named again.
    let later = issues(&db.day(FRI, &Set::default()).await, QualityIssue::BadRow).join("\n");
    assert!(later.contains("O5") && !later.contains("O3"), "{later}");
}

/// D1: dates that are written in another way lie among no day's texts, and are named nonetheless, once.
pub(super) async fn d1_dates_of_other_forms_are_named(db: &Db<'_>) {
    for text in [
        "2026/05/28 10:00:00",
        "2026.05.28 10:00",
        "20260528100000",
        "20260528",
        "2026-5-28 10:00",
        "2026-1-28 10:00",
        "2026-05-8 10:00",
        "2026-05/28 10:00",
        "05/28/2026 10:00",
        "오전 10시",
        "",
    ] {
        db.execute("DELETE FROM trades;");
        db.execute(&fill(1, "2026-05-28 10:00:00", "BUY", 10, 1_000));
        db.execute(&fill(2, text, "SELL", 4, 1_100));
        let mut named = 0;
        for day in [THU, FRI] {
            let summary = db.day(day, &Set::default()).await;
            assert_eq!(held(&summary, "005930"), Decimal::TEN, "{text}");
            let notes = issues(&summary, QualityIssue::BadRow);
            assert!(notes.len() <= 1, "{text}: {notes:?}");
            named += usize::from(notes.iter().any(|note| note.starts_with("O2")));
        }
        assert_eq!(named, 2, "{text}");
    }
    // Without an order's number the row is named by its key.
    db.execute("UPDATE trades SET order_id = '', executed_at = 'soon' WHERE id = 2;");
    let notes = issues(&db.day(THU, &Set::default()).await, QualityIssue::BadRow);
    assert!(notes[0].starts_with("trades 2"), "{notes:?}");
}

/// D2: the order is that of the instants; within one, what was bought comes first.
pub(super) async fn d2_fills_come_in_order_of_their_instants(db: &Db<'_>) {
    for (buy, sell) in [
        ((1, "2026-05-28T09:01:00"), (2, "2026-05-28 10:00:00")),
        (
            (1, "2026-05-28T09:00:00+09:00"),
            (2, "2026-05-28T00:30:00Z"),
        ),
        ((2, "2026-05-28 09:00:00"), (1, "2026-05-28 09:00:00")),
        ((2, "2026-05-28T00:00:00Z"), (1, "2026-05-28 09:00:00")),
        ((9, "2026-05-28 09:00:00.5"), (3, "2026-05-28 09:00:00.500")),
        ((1, "2026-05-28 09:00:00.9"), (2, "2026-05-28T09:00:01")),
    ] {
        db.execute("DELETE FROM trades;");
        db.execute(&fill(sell.0, sell.1, "SELL", 10, 1_100));
        db.execute(&fill(buy.0, buy.1, "BUY", 10, 1_000));
        for day in [THU, FRI] {
            let summary = db.day(day, &Set::default()).await;
            assert_eq!(
                issues(&summary, QualityIssue::Oversold),
                [""; 0],
                "{buy:?} {sell:?}"
            );
            assert_eq!(held(&summary, "005930"), Decimal::ZERO, "{buy:?} {sell:?}");
            let won = if day == THU { 1_000 } else { 0 };
            assert_eq!(realised(&summary), Decimal::from(won), "{buy:?} {sell:?}");
            assert_eq!(
                *summary.portfolio_stats.realised_to_date.value().unwrap(),
                Decimal::from(1_000)
            );
        }
    }
}

/// Within one instant the buys come by their ids too, whatever the texts of their times.
pub(super) async fn d2_buys_of_one_instant_come_by_id(db: &Db<'_>) {
    db.execute(&fill(3, "2026-05-28 09:00:00", "BUY", 10, 1_000));
    db.execute(&fill(2, "2026-05-28 09:00:00.000", "BUY", 20, 1_000));
    db.execute(&fill(1, "2026-05-28T09:00:00+09:00", "BUY", 30, 1_000));
    let summary = db.day(THU, &Set::default()).await;
    let shares: Vec<Decimal> = summary.fills.iter().map(|fill| fill.quantity).collect();
    assert_eq!(shares, [30, 20, 10].map(Decimal::from));
}

/// D3: a row corrected, deleted, filled in or added later is seen, and said; a late split too.
pub(super) async fn d3_what_is_corrected_later_is_seen(db: &Db<'_>) {
    db.execute(
        "CREATE TABLE stock_splits (ticker text, date text, numerator int, denominator int);",
    );
    for (correction, shares) in [
        (
            "UPDATE trades SET executed_quantity = 7, total_amount = 7000 WHERE id = 2;",
            17,
        ),
        ("UPDATE trades SET commission = 5 WHERE id = 2;", 20),
        (
            "UPDATE trades SET executed_price = 1 , total_amount = 11 WHERE id = 2;",
            20,
        ),
        ("DELETE FROM trades WHERE id = 2;", 10),
        ("UPDATE trades SET action = 'SELL' WHERE id = 2;", 0),
        // A pending row of a low id, booked after the report.
        (
            "UPDATE trades SET executed_quantity = 4, total_amount = 4000, status = 'EXECUTED', \
             executed_at = '2026-05-26 11:00:00' WHERE id = 0;",
            24,
        ),
        (
            "INSERT INTO stock_splits VALUES ('005930', '2026-05-26', 2, 1);",
            30,
        ),
    ] {
        db.execute("DELETE FROM trades; DELETE FROM stock_splits;");
        db.execute(&fill(0, "2026-05-26 09:00:00", "BUY", 0, 1_000));
        db.execute("UPDATE trades SET executed_at = NULL, status = 'PENDING' WHERE id = 0;");
        db.execute(&fill(1, "2026-05-22 10:00:00", "BUY", 10, 1_000));
        db.execute(&fill(2, "2026-05-26 10:00:00", "BUY", 10, 1_000));
        let set = Set::default();
        for day in [date(2026, 5, 26), WED] {
            db.day(day, &set).await;
        }
        let undisturbed = db.day(THU, &set).await;
        assert_eq!(
            held(&undisturbed, "005930"),
            Decimal::from(20),
            "{correction}"
        );
        assert_eq!(issues(&undisturbed, QualityIssue::SnapshotRebuilt), [""; 0]);
        db.execute(correction);
        let corrected = db.day(THU, &set).await;
        assert_eq!(
            held(&corrected, "005930"),
            Decimal::from(shares),
            "{correction}"
        );
        let said = issues(&corrected, QualityIssue::SnapshotRebuilt);
        assert_eq!(said.len(), 1, "{correction}: {:?}", corrected.data_quality);
        // What is true of the 22nd stays.
        let since = "from 2026-05-23 on";
        assert!(said[0].contains(since), "{correction}: {said:?}");
        // The same as from nothing, in every figure; and the next time it is no news.
        let fresh = db.day(THU, &Set::default()).await;
        assert_eq!(
            fresh.portfolio_stats, corrected.portfolio_stats,
            "{correction}"
        );
        let again = db.day(THU, &set).await;
        assert_eq!(
            issues(&again, QualityIssue::SnapshotRebuilt),
            [""; 0],
            "{correction}"
        );
        assert_eq!(again.portfolio_stats, fresh.portfolio_stats);
    }
}
