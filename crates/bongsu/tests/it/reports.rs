//! The report of a service with tables of its own, as its operator sets it up.

use std::path::Path;

use serde_json::Value;

use crate::{
    process::{Service, free_address, until},
    tools::{check, run},
};

/// A broker's back office: other names, epoch seconds, one table for two accounts.
const SCHEMA: &str = "
    CREATE TABLE deals (no INTEGER PRIMARY KEY, acct TEXT, isu TEXT, side TEXT, filled INTEGER,
                        px REAL, fee REAL, tax REAL, at INTEGER);
    INSERT INTO deals VALUES
        (1, 'main', 'A005930', 'buy',  10, 70000, 105, 0,    1779926400),
        (2, 'main', 'A005930', 'sell',  4, 71000, 42,  426,  1779928200),
        (3, 'algo', '000660',  'buy',   7, 90000, 94,  0,    1779928300);
    CREATE TABLE nav (acct TEXT, at TEXT, won REAL, cash REAL);
    INSERT INTO nav VALUES ('main', '2026-05-28T15:40:00', 1000000.5, 580000),
                           ('algo', '2026-05-28T15:40:00', 2000000, 1370000);
    CREATE TABLE master (isu TEXT, nm TEXT, mkt TEXT);
    INSERT INTO master VALUES ('005930', '삼성전자', '유가증권'), ('000660', 'SK하이닉스', 'STK');
    CREATE TABLE closes (isu TEXT, day TEXT, px INTEGER);
    INSERT INTO closes VALUES ('005930', '20260528', 71500), ('000660', '20260528', 90000);";

const MAPPING: &str = "
-- name: trades
SELECT no AS id, acct AS account, isu AS ticker, side AS action, filled AS executed_quantity,
       px AS executed_price, fee AS commission, tax, at AS executed_at FROM deals
-- name: portfolio_risk_metrics
SELECT acct AS user_id, at AS date, won AS total_value, cash AS cash_balance FROM nav
-- name: stocks
SELECT isu AS ticker, nm AS name_kr, mkt AS market FROM master
-- name: stock_prices
SELECT isu AS ticker, day AS date, px AS close FROM closes;
";

fn service(folder: &Path) {
    let database = rusqlite::Connection::open(folder.join("desk.db")).unwrap();
    database.execute_batch(SCHEMA).unwrap();
    std::fs::write(folder.join("report.sql"), MAPPING).unwrap();
}

/// What is set, the exit code, and what is said.
type Case<'a> = (&'a [(&'a str, &'a str)], i32, &'a [&'a str]);

#[test]
fn the_doctor_says_what_of_the_report_will_not_work() {
    let folder = tempfile::tempdir().unwrap();
    service(folder.path());
    std::fs::write(folder.path().join("bad.sql"), "-- name: trade\nSELECT 1\n").unwrap();
    std::fs::write(
        folder.path().join("short.sql"),
        MAPPING.replace("filled AS executed_quantity", "filled AS quantity"),
    )
    .unwrap();
    std::fs::write(folder.path().join("days.txt"), "2026-12-24 shut\n").unwrap();
    let cases: &[Case<'_>] = &[
        (
            &[],
            0,
            &[
                "warning  report tables: trades",
                "warning  report tables: portfolio_risk_metrics",
                "warning  report tables: stocks",
                "warning  report tables: stock_prices",
                "docs/reports.md",
            ],
        ),
        (
            &[("BONGSU_REPORT_MAPPING", "report.sql")],
            0,
            &[
                "several accounts are recorded (algo, main)",
                "BONGSU_REPORT_ACCOUNTS",
            ],
        ),
        (
            &[
                ("BONGSU_REPORT_MAPPING", "report.sql"),
                ("BONGSU_REPORT_ACCOUNTS", "main,other"),
            ],
            0,
            &["no row is of the account \"other\"; there are algo, main"],
        ),
        (
            &[("BONGSU_REPORT_MAPPING", "short.sql")],
            0,
            &[
                "report tables: trades",
                "the query has no column executed_quantity",
            ],
        ),
        (
            &[
                ("BONGSU_REPORT_MAPPING", "report.sql"),
                ("BONGSU_REPORT_ACCOUNTS", "main,algo"),
            ],
            0,
            &[
                "ok       report tables",
                "are there, with every column needed",
            ],
        ),
        (
            &[
                ("BONGSU_REPORT_MAPPING", "gone.sql"),
                ("BONGSU_CALENDAR", "days.txt"),
                ("BONGSU_REPORT_ZONE", "Asia/Soul"),
                ("BONGSU_REPORT_PERIODS", "weekly@26:00"),
                ("BONGSU_REPORT_ACCOUNTS", "main,main"),
                ("BONGSU_REPORT_MARK", "noon"),
            ],
            2,
            &[
                "BONGSU_REPORT_MAPPING: cannot read gone.sql",
                "BONGSU_CALENDAR: calendar line 1",
                "BONGSU_REPORT_ZONE: \"Asia/Soul\" is no time zone",
                "BONGSU_REPORT_PERIODS",
                "main is there twice",
                "krx_close, last_trade",
            ],
        ),
        (
            &[("BONGSU_REPORT_MAPPING", "bad.sql")],
            2,
            &["mapping line 1", "unknown name \"trade\""],
        ),
    ];
    let bind = free_address().to_string();
    for (vars, code, said) in cases {
        let mut all = vec![
            ("SERVICE_NAME", "desk"),
            ("BONGSU_BIND", bind.as_str()),
            ("DATABASE_URL", "sqlite:desk.db"),
        ];
        all.extend(*vars);
        let (ended, told) = run("doctor", folder.path(), &all, &[]);
        assert_eq!(ended, *code, "{vars:?}: {told}");
        check(&told, said);
    }
}

#[test]
fn the_start_says_what_the_evening_would() {
    let folder = tempfile::tempdir().unwrap();
    service(folder.path());
    let vars = [
        ("DATABASE_URL", "sqlite:desk.db"),
        ("BONGSU_REPORT_MAPPING", "report.sql"),
        ("BONGSU_REPORT_ACCOUNTS", "nobody"),
    ];
    let service = Service::start("minimal", folder.path(), &vars);
    let log = folder.path().join("minimal.log");
    until("the log names the account", || {
        let log = std::fs::read_to_string(&log).unwrap();
        let line = log
            .lines()
            .find(|line| line.contains("no report can be made"))?;
        assert!(
            line.contains("nobody") && line.contains("algo, main"),
            "{line}"
        );
        Some(())
    });
    assert_eq!(service.ask("GET", "/liveness", "").0, 200);
}

#[test]
fn a_report_asked_for_by_hand_of_an_account_that_nobody_knows_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    service(folder.path());
    let day = "2026-05-28";
    for accounts in ["nobody", "main,nobody"] {
        let vars = [
            ("SERVICE_NAME", "desk"),
            ("DATABASE_URL", "sqlite:desk.db"),
            ("BONGSU_REPORT_MAPPING", "report.sql"),
            ("BONGSU_REPORT_ACCOUNTS", accounts),
        ];
        let named = ["\"nobody\"; there are algo, main"];
        for args in [&["preview", day, "--out", "out"][..], &["send", day]] {
            let (code, told) = run("report", folder.path(), &vars, args);
            assert_eq!(code, 1, "{accounts} {args:?}: {told}");
            check(&told, &named);
        }
        assert!(!folder.path().join("out").exists());
        let service = Service::start("minimal", folder.path(), &vars);
        let (status, told) = service.ask("GET", &format!("/admin/reports/{day}"), "");
        assert_eq!(status, 502, "{told}");
        check(&told.replace('\\', ""), &named);
    }
}

#[test]
fn tables_of_ones_own_make_a_report_and_are_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    service(folder.path());
    // A closure announced late: the day before is then two sessions back.
    std::fs::write(
        folder.path().join("days.txt"),
        "2026-05-27 closed 임시공휴일\n",
    )
    .unwrap();
    let vars = [
        ("SERVICE_NAME", "desk"),
        ("DATABASE_URL", "sqlite:desk.db"),
        ("BONGSU_REPORT_MAPPING", "report.sql"),
        ("BONGSU_REPORT_ACCOUNTS", "main,algo"),
        ("BONGSU_REPORT_ZONE", "Asia/Seoul"),
        ("BONGSU_REPORT_LANGUAGE", "ko"),
        ("BONGSU_CALENDAR", "days.txt"),
    ];
    let preview = || {
        let args = ["preview", "2026-05-28", "--out", "out"];
        let (code, told) = run("report", folder.path(), &vars, &args);
        assert_eq!(code, 0, "{told}");
        let json = std::fs::read_to_string(folder.path().join("out/summary.json")).unwrap();
        let json: Value = serde_json::from_str(&json).unwrap();
        json
    };
    let summary = preview();
    assert_eq!(
        summary["trading_stats"]["fills"]["value"], 2,
        "{}",
        summary["trading_stats"]
    );
    assert_eq!(summary["portfolio_stats"]["equity"]["value"], "1000000.5");
    assert_eq!(summary["session"]["previous"], "2026-05-26");
    let page = std::fs::read_to_string(folder.path().join("out/preview.html")).unwrap();
    for words in ["삼성전자", "algo"] {
        assert!(page.contains(words), "{words} is not in the report");
    }
    let database = rusqlite::Connection::open(folder.path().join("desk.db")).unwrap();
    database
        .execute_batch("UPDATE deals SET filled = 5 WHERE no = 2")
        .unwrap();
    let (code, told) = run(
        "report",
        folder.path(),
        &vars,
        &["rebuild", "--from", "2026-05-01"],
    );
    assert_eq!(code, 0, "{told}");
    check(&told, &["computed anew from 3 rows"]);
    let (code, _) = run("report", folder.path(), &vars, &["rebuild", "2026-05-01"]);
    assert_eq!(code, 2);
}
