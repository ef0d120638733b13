//! The store's own file, and its tables in somebody else's: versions, damage, older files.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use bongsu_reports::store::{KeptReport, ReportStore, SqliteStore, StoreError};
use jiff::Timestamp;
use rusqlite::Connection;

use crate::month::DAY;

fn kept(report: &str) -> KeptReport {
    KeptReport {
        report: report.into(),
        session: DAY,
        revision: 0,
        complete: true,
        send: true,
        generated_at: Timestamp::UNIX_EPOCH,
        summary: format!("{{\"of\":\"{report}\"}}"),
    }
}

async fn keep(store: &SqliteStore, report: &str) -> Result<(), StoreError> {
    store.keep_report(kept(report)).await.map(drop)
}

async fn has(store: &SqliteStore, report: &str) -> bool {
    store.report(report, DAY, None).await.unwrap().is_some()
}

fn sql(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

fn asked<T: rusqlite::types::FromSql>(path: &Path, sql: &str) -> T {
    let connection = Connection::open(path).unwrap();
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// An error with its causes.
fn in_words(error: &StoreError) -> String {
    let cause = std::error::Error::source(error).unwrap();
    format!("{error}: {cause}")
}

/// The tables as they were made before there was a version.
const OLD: &str = "
CREATE TABLE bongsu_report_baselines (report TEXT PRIMARY KEY, since TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE bongsu_reports (
    report TEXT NOT NULL, session_date TEXT NOT NULL, revision INTEGER NOT NULL,
    complete INTEGER NOT NULL, send INTEGER NOT NULL, generated_at TEXT NOT NULL,
    summary TEXT NOT NULL, PRIMARY KEY (report, session_date, revision)
);
CREATE TABLE bongsu_deliveries (
    report TEXT NOT NULL, session_date TEXT NOT NULL, revision INTEGER NOT NULL,
    channel TEXT NOT NULL, recipient TEXT NOT NULL,
    state TEXT NOT NULL, attempts INTEGER NOT NULL, owner TEXT, lease_until TEXT,
    not_before TEXT, first_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    message_id TEXT NOT NULL, reason TEXT,
    PRIMARY KEY (report, session_date, revision, channel, recipient)
) WITHOUT ROWID;
CREATE TABLE bongsu_positions (
    source TEXT NOT NULL, session_date TEXT NOT NULL, last_id INTEGER NOT NULL,
    book TEXT NOT NULL, PRIMARY KEY (source, session_date)
) WITHOUT ROWID;
INSERT INTO bongsu_reports VALUES ('daily@desk/production', '2026-05-28', 0, 1, 1, '2026-05-28T11:10:00Z', '{}');
INSERT INTO bongsu_reports VALUES ('daily', '2026-05-28', 0, 1, 1, '2026-05-28T11:10:00Z',
    '{\"service_name\":\"old\",\"environment\":\"production\"}');
";

#[tokio::test]
async fn a_file_of_before_there_were_versions_is_taken_over() {
    for open in [
        |path: &Path| SqliteStore::new(path),
        |path: &Path| SqliteStore::own(path),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reports.db");
        sql(&path, OLD);
        for _ in 0..2 {
            let store = open(&path);
            assert!(has(&store, "daily@desk/production").await);
            assert!(has(&store, "daily@old/production").await);
            keep(&store, "daily@new/production").await.unwrap();
        }
        let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert!(files.len() <= 3, "nothing is put aside: {files:?}");
        let version = "SELECT version FROM bongsu_reports_schema";
        assert_eq!(asked::<i64>(&path, version), 1);
    }
}

#[tokio::test]
async fn in_the_trading_database_all_else_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trading.db");
    sql(
        &path,
        "PRAGMA user_version = 7; CREATE TABLE trades (id INTEGER PRIMARY KEY); INSERT INTO trades VALUES (1)",
    );
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    let store = SqliteStore::new(&path);
    keep(&store, "daily").await.unwrap();
    assert_eq!(asked::<i64>(&path, "PRAGMA user_version"), 7);
    assert_eq!(asked::<String>(&path, "PRAGMA journal_mode"), "delete");
    assert_eq!(mode(&path), 0o644);
    assert_eq!(asked::<i64>(&path, "SELECT count(*) FROM trades"), 1);

    // A newer version of the store's tables is an error that says what helps, and nothing is moved.
    sql(&path, "UPDATE bongsu_reports_schema SET version = 99");
    let error = keep(&SqliteStore::new(&path), "daily").await.unwrap_err();
    let said = in_words(&error);
    assert!(
        said.contains("trading.db") && said.contains("run the newer version again"),
        "{said}"
    );
    // Nor is a damaged one: it is somebody else's.
    std::fs::write(&path, [0xa5; 9_000]).unwrap();
    let error = keep(&SqliteStore::new(&path), "daily").await.unwrap_err();
    let said = in_words(&error);
    assert!(
        said.contains("trading.db") && said.contains("from a backup"),
        "{said}"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn only_its_owner_reads_its_own_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/reports.db");
    let store = SqliteStore::own(&path);
    keep(&store, "daily").await.unwrap();
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
}

#[tokio::test]
async fn a_damaged_file_of_its_own_gives_way_and_what_can_be_read_stays() {
    type Damage<'a> = (&'a str, &'a dyn Fn(&Path), bool);
    let damages: [Damage<'_>; 5] = [
        (
            "garbage",
            &|path| std::fs::write(path, [0xa5; 9_000]).unwrap(),
            false,
        ),
        (
            "cut",
            &|path| {
                let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
                file.set_len(file.metadata().unwrap().len() / 2).unwrap();
            },
            false,
        ),
        (
            "a table is gone",
            &|path| sql(path, "DROP TABLE bongsu_deliveries"),
            true,
        ),
        (
            "a column is gone",
            &|path| {
                sql(
                    path,
                    "ALTER TABLE bongsu_positions RENAME COLUMN book TO other",
                );
            },
            true,
        ),
        (
            "a newer version",
            &|path| {
                sql(path, "UPDATE bongsu_reports_schema SET version = 99");
            },
            true,
        ),
    ];
    for (what, damage, saved) in damages {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reports.db");
        keep(&SqliteStore::own(&path), "daily").await.unwrap();
        damage(&path);
        let store = SqliteStore::own(&path);
        keep(&store, "weekly")
            .await
            .unwrap_or_else(|e| panic!("{what}: {}", in_words(&e)));
        assert!(!saved || has(&store, "daily").await, "{what}: lost");
        let names = std::fs::read_dir(folder.path()).unwrap();
        let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
        let aside = |name: &&std::ffi::OsString| {
            let name = name.to_string_lossy();
            let ours = ["reports.db.corrupt-", "reports.db.version99-"];
            ours.iter().any(|begin| name.starts_with(begin)) && name.ends_with('Z')
        };
        assert_eq!(names.iter().filter(aside).count(), 1, "{what}: {names:?}");
        drop(store);
        assert!(
            has(&SqliteStore::own(&path), "weekly").await,
            "{what}: a second start"
        );
    }
}

#[tokio::test]
async fn a_file_that_goes_while_it_is_open_is_made_anew_with_all_that_was_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reports.db");
    let store = SqliteStore::own(&path);
    keep(&store, "daily").await.unwrap();
    std::fs::remove_file(&path).unwrap();
    keep(&store, "weekly").await.unwrap();
    drop(store);
    let store = SqliteStore::own(&path);
    assert!(has(&store, "daily").await && has(&store, "weekly").await);
}

#[tokio::test]
async fn what_breaks_while_it_is_open_is_told_and_mended_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reports.db");
    let store = SqliteStore::own(&path);
    keep(&store, "daily").await.unwrap();
    sql(&path, "DROP TABLE bongsu_deliveries");
    let error = store.deliveries("daily", DAY).await.unwrap_err();
    assert!(
        in_words(&error).contains("reports.db"),
        "{}",
        in_words(&error)
    );
    assert_eq!(store.deliveries("daily", DAY).await.unwrap(), []);
    assert!(has(&store, "daily").await);
}
