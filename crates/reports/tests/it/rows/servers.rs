//! What one database alone can do: files of one name, numbers for times, zones of a server.

use bongsu_reports::compute::{Replay, ReplayPlan};

use super::*;

/// D4: two databases of one file name, used in turn with one store, are two.
#[tokio::test]
async fn d4_two_databases_of_one_name_are_two() {
    let (paper, live) = (Db::lite(), Db::lite());
    paper.execute(&fill(1, "2026-05-26 10:00:00", "BUY", 10, 1_000));
    live.execute(&fill(1, "2026-05-26 10:00:00", "BUY", 3, 1_000));
    let set = Set::default();
    for (db, shares) in [(&paper, 10), (&live, 3), (&paper, 10), (&live, 3)] {
        let summary = db.day(THU, &set).await;
        assert_eq!(held(&summary, "005930"), Decimal::from(shares));
        assert_eq!(issues(&summary, QualityIssue::SnapshotRebuilt), [""; 0]);
    }
    // A copy restored in its place is seen as well.
    let (Db::Lite(paper, _), Db::Lite(live, _)) = (&paper, &live) else {
        unreachable!()
    };
    std::fs::copy(live, paper).unwrap();
    let restored = ReportGenerator::builder(SqliteSource::new(paper)).store(set.store.clone());
    let summary = restored
        .build()
        .unwrap()
        .generate_daily_summary(THU)
        .await
        .unwrap();
    assert_eq!(held(&summary, "005930"), Decimal::from(3));
}

/// Numbers since 1970, of whatever unit, are times too.
#[tokio::test]
async fn times_that_are_numbers() {
    let db = Db::lite();
    // 08:30 in Korea on the 28th.
    for at in [
        "1779924600",
        "1779924600.5",
        "1779924600000",
        "1779924600000.0",
        "1779924600000000",
    ] {
        db.execute("DELETE FROM trades;");
        db.execute(&fill(2, "2026-05-28 09:00:00", "SELL", 10, 1_100));
        db.execute(&fill(1, "x", "BUY", 10, 1_000));
        db.execute(&format!(
            "UPDATE trades SET executed_at = {at} WHERE id = 1;"
        ));
        for (day, count) in [(WED, 0), (THU, 2), (FRI, 0)] {
            let summary = db.day(day, &Set::default()).await;
            assert_eq!(fills(&summary), count, "{at} on {day}");
            assert_eq!(held(&summary, "005930"), Decimal::ZERO);
            assert_eq!(issues(&summary, QualityIssue::Oversold), [""; 0]);
        }
    }
}

/// What was seen of all times holds for that state of the file alone: one that comes later and does not
/// lie where its date does is found, by the same connection.
#[tokio::test]
async fn an_odd_time_that_comes_later_is_found() {
    let db = Db::lite();
    db.execute(&fill(1, "2026-05-26 10:00:00", "BUY", 10, 1_000));
    db.execute(&fill(2, "2026-05-28 08:30:00", "SELL", 4, 1_100));
    let generator = db.builder(&Set::default()).build().unwrap();
    for (at, sold) in [
        ("'2026-05-28 08:30:00'", 4),
        ("'2026-05-27T23:30:00Z'", 4),
        ("'2026-05-28 08:30:00'", 4),
        ("1779924600", 4),
        ("'2026-05-28 12:30:00+13:00'", 4),
        ("'soon'", 0),
        ("'2026-05-28T08:30'", 4),
        ("'2026-05-32'", 0),
        ("NULL", 0),
    ] {
        db.execute(&format!(
            "UPDATE trades SET executed_at = {at}, created_at = NULL WHERE id = 2;"
        ));
        // The second time everything is known already.
        for round in 0..2 {
            let summary = generator.generate_daily_summary(THU).await.unwrap();
            let left = Decimal::from(10 - sold);
            assert_eq!(held(&summary, "005930"), left, "{at} {round}");
            assert_eq!(fills(&summary), u64::from(sold > 0), "{at} {round}");
            let named = issues(&summary, QualityIssue::BadRow);
            assert_eq!(named.len(), usize::from(sold == 0), "{at}: {named:?}");
        }
    }
}

/// A fill that comes between the two readings of one report is found by the second.
#[tokio::test]
async fn an_odd_time_that_comes_between_two_readings_is_found() {
    let db = Db::lite();
    let Db::Lite(path, _) = &db else {
        unreachable!()
    };
    db.execute("ALTER TABLE trades ADD COLUMN user_id text;");
    db.execute(&fill(1, "2026-05-26 10:00:00", "BUY", 10, 1_000));
    db.execute("UPDATE trades SET user_id = 'u';");
    let ours = SqliteSource::new(path).account("u");
    let sold = async |source: &SqliteSource| {
        let plan = ReplayPlan {
            detail: Some(THU),
            ..ReplayPlan::default()
        };
        let read = source.replay(Replay::start(plan), THU, Some(THU)).await;
        read.unwrap().rows()
    };
    ours.digests(THU).await.unwrap();
    assert_eq!(sold(&ours).await, 1);
    db.execute(&fill(2, "2026-05-27T23:30:00Z", "SELL", 4, 1_100));
    db.execute("UPDATE trades SET user_id = 'w' WHERE id = 2;");
    // What is known of one account's fills is not known of another's.
    ours.digests(THU).await.unwrap();
    assert_eq!(sold(&ours.clone().account("w")).await, 1);
    db.execute("UPDATE trades SET user_id = 'u';");
    assert_eq!(sold(&ours).await, 2);
}

/// D15: instants of `timestamptz` are instants, whatever zone the server lives in; infinity is named.
#[tokio::test]
async fn d15_timestamptz_and_infinity() {
    let server = Postgres::start();
    for zone in ["UTC", "Asia/Seoul", "America/New_York"] {
        let name = format!("z{}", zone.len());
        server.sql("postgres", &format!("CREATE DATABASE {name}"));
        server.sql(
            "postgres",
            &format!("ALTER DATABASE {name} SET timezone = '{zone}'"),
        );
        let schema = include_str!("../../../src/source/sqlite/schema.sql")
            .replace("DATETIME", "timestamptz");
        server.sql(&name, &schema);
        let db = Db::Pg(&server, name);
        db.execute(&fill(1, "2026-05-26 10:00:00+09", "BUY", 30, 1_000));
        db.execute(&fill(2, "2026-05-27 23:05:00+00", "SELL", 10, 1_000));
        db.execute(&fill(3, "2026-05-27 19:59:00+09", "SELL", 5, 1_000));
        db.execute(&fill(4, "infinity", "SELL", 5, 1_000));
        db.execute(&stock(1, "005930", "KOSPI", ""));
        db.execute(&price(1, 1, "2026-05-27 00:00:00+09", "1000"));
        db.execute(&price(2, 1, "2026-05-28 00:00:00+09", "2000"));
        db.execute(&equity(1, "2026-05-27 15:40:00+09", 1));
        db.execute(&equity(2, "2026-05-28 00:10:00+09", 2));
        let wed = db.day(WED, &Set::default()).await;
        assert_eq!(
            (fills(&wed), held(&wed, "005930")),
            (1, Decimal::from(25)),
            "{zone}"
        );
        assert_eq!(
            wed.portfolio_stats.equity.value(),
            Some(&Decimal::ONE),
            "{zone}"
        );
        let mark = wed.portfolio_stats.positions[0].price.value().unwrap();
        assert_eq!(
            (mark.price, mark.date),
            (Decimal::from(1_000), WED),
            "{zone}"
        );
        let named = issues(&wed, QualityIssue::BadRow);
        assert!(
            named.iter().any(|note| note.starts_with("O4")),
            "{zone}: {named:?}"
        );
        let thu = db.day(THU, &Set::default()).await;
        assert_eq!(
            (fills(&thu), held(&thu, "005930")),
            (1, Decimal::from(15)),
            "{zone}"
        );
    }
}

/// A server that is frozen is an error after the statement's time, with its name.
#[tokio::test]
async fn a_frozen_server_is_told() {
    let server = Postgres::start();
    server.sql(
        "bongsu",
        &include_str!("../../../src/source/sqlite/schema.sql").replace("DATETIME", "timestamp"),
    );
    let limit = std::time::Duration::from_secs(1);
    let source = PostgresSource::new(&server.url())
        .unwrap()
        .statement_timeout(limit);
    let store = bongsu_reports::store::PostgresStore::new(&server.url()).unwrap();
    let generator = ReportGenerator::builder(source)
        .store(store.statement_timeout(limit))
        .build()
        .unwrap();
    generator.generate_daily_summary(THU).await.unwrap();
    server.pause();
    let begun = std::time::Instant::now();
    let error = generator
        .generate_daily_summary(THU)
        .await
        .unwrap_err()
        .chain();
    let took = begun.elapsed();
    let kept = generator.kept_reports(THU).await.unwrap_err().chain();
    server.unpause();
    assert!(took < std::time::Duration::from_secs(40), "{took:?}");
    assert!(error.contains("127.0.0.1"), "{error}");
    assert!(kept.contains("did not answer"), "{kept}");
}
