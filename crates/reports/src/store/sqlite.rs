//! The store in a SQLite file; replicas on one machine may share it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bongsu_sqlite::{Options, OwnFile, Schema};
use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::steps::{self, Deliveries};
use super::{KeptReport, ReportStore, Reported, StoreError, row};
use crate::compute::Snapshot;
use crate::deliver::{Claim, DeliveryKey, DeliveryRecord, Settlement};
use crate::source::blocking;

/// The version is in a table of its own, for the file may be the trading database.
const SCHEMA: Schema = Schema::beside_others(
    "bongsu_reports_schema",
    &[
        // 1: as files of before there were versions have it.
        "CREATE TABLE IF NOT EXISTS bongsu_report_baselines (
         report TEXT PRIMARY KEY, since TEXT NOT NULL
     ) WITHOUT ROWID;
     CREATE TABLE IF NOT EXISTS bongsu_reports (
         report TEXT NOT NULL, session_date TEXT NOT NULL, revision INTEGER NOT NULL,
         complete INTEGER NOT NULL, send INTEGER NOT NULL, generated_at TEXT NOT NULL,
         summary TEXT NOT NULL,
         PRIMARY KEY (report, session_date, revision)
     );
     CREATE TABLE IF NOT EXISTS bongsu_deliveries (
         report TEXT NOT NULL, session_date TEXT NOT NULL, revision INTEGER NOT NULL,
         channel TEXT NOT NULL, recipient TEXT NOT NULL,
         state TEXT NOT NULL, attempts INTEGER NOT NULL, owner TEXT, lease_until TEXT,
         not_before TEXT, first_at TEXT NOT NULL, updated_at TEXT NOT NULL,
         message_id TEXT NOT NULL, reason TEXT,
         PRIMARY KEY (report, session_date, revision, channel, recipient)
     ) WITHOUT ROWID;
     CREATE TABLE IF NOT EXISTS bongsu_positions (
         source TEXT NOT NULL, session_date TEXT NOT NULL, last_id INTEGER NOT NULL,
         book TEXT NOT NULL,
         PRIMARY KEY (source, session_date)
     ) WITHOUT ROWID;",
    ],
);

/// Names of before there were several services in a store: each report's own summary tells whose it is. A process
/// of an older version may still write them, so that it is no step of the schema.
const SCOPE: &str = "
BEGIN IMMEDIATE;
INSERT OR IGNORE INTO bongsu_report_baselines (report, since)
    SELECT r.report || '@' || json_extract(r.summary, '$.service_name') || '/'
        || json_extract(r.summary, '$.environment'), b.since
    FROM bongsu_reports r JOIN bongsu_report_baselines b ON b.report = r.report
    WHERE instr(r.report, '@') = 0 AND json_valid(r.summary)
        AND json_extract(r.summary, '$.service_name') IS NOT NULL;
UPDATE OR IGNORE bongsu_deliveries SET report = coalesce((
    SELECT r.report || '@' || json_extract(r.summary, '$.service_name') || '/'
        || json_extract(r.summary, '$.environment')
    FROM bongsu_reports r WHERE r.report = bongsu_deliveries.report
        AND r.session_date = bongsu_deliveries.session_date
        AND r.revision = bongsu_deliveries.revision AND json_valid(r.summary)), report)
    WHERE instr(report, '@') = 0;
UPDATE OR IGNORE bongsu_reports SET report = report || '@' || json_extract(summary, '$.service_name')
        || '/' || json_extract(summary, '$.environment')
    WHERE instr(report, '@') = 0 AND json_valid(summary)
        AND json_extract(summary, '$.service_name') IS NOT NULL;
COMMIT;
";

const DELIVERY: &str = "SELECT revision, channel, recipient, state, attempts, owner, lease_until, \
     not_before, first_at, updated_at, message_id, reason FROM bongsu_deliveries ";

/// Remembers in a SQLite file, in tables named `bongsu_…` that it makes itself.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    file: Arc<Mutex<Held>>,
}

#[derive(Debug)]
struct Held {
    place: Place,
    /// Old names were looked for.
    scoped: bool,
}

#[derive(Debug)]
enum Place {
    Own(OwnFile),
    Shared(PathBuf, Option<Connection>),
}

impl SqliteStore {
    /// A store in a file that is somebody else's too, such as the trading database: nothing but the store's
    /// own tables is touched. It is opened, and made if need be, on the first use.
    #[must_use]
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self::at(Place::Shared(path.as_ref().to_owned(), None))
    }

    /// A store in a file that is the store's alone: for its owner's eyes, and put aside as
    /// `<file>.corrupt-<time>` or `<file>.version<n>-<time>` when it is damaged or of a newer version; what can
    /// be read of it is taken over, and the log says so. It is opened, and made if need be, on the first use.
    #[must_use]
    pub fn own(path: impl AsRef<Path>) -> Self {
        let options = Options::default();
        Self::at(Place::Own(OwnFile::new(path.as_ref(), options, SCHEMA)))
    }

    fn at(place: Place) -> Self {
        Self {
            file: Arc::new(Mutex::new(Held {
                place,
                scoped: false,
            })),
        }
    }

    /// Runs `work` in a transaction that holds the write lock from the beginning, one at a time.
    async fn write<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let file = Arc::clone(&self.file);
        let done = blocking::run(move || {
            let mut held = file.lock().unwrap_or_else(PoisonError::into_inner);
            let done = held.ready().and_then(|connection| {
                let now = TransactionBehavior::Immediate;
                let transaction = connection.transaction_with_behavior(now)?;
                let answer = work(&transaction)?;
                transaction.commit()?;
                Ok(answer)
            });
            done.map_err(|failure| match failure {
                Failure::Sql(error) => Failure::File(held.place.failed(&error)),
                other => other,
            })
        })
        .await
        .map_err(|cause| StoreError::new(what, cause))?;
        done.map_err(|failure| match failure {
            Failure::Sql(cause) => StoreError::new(what, cause),
            Failure::File(cause) => StoreError::new(what, cause),
            Failure::Store(error) => error,
        })
    }
}

impl Held {
    fn ready(&mut self) -> Result<&mut Connection, Failure> {
        let connection = self.place.ready().map_err(Failure::File)?;
        if !self.scoped {
            let old = "SELECT 1 FROM bongsu_reports WHERE instr(report, '@') = 0 LIMIT 1";
            if connection.prepare(old)?.exists([])? {
                connection.execute_batch(SCOPE)?;
            }
            self.scoped = true;
        }
        Ok(connection)
    }
}

impl Place {
    #[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
    fn ready(&mut self) -> Result<&mut Connection, bongsu_sqlite::Error> {
        match self {
            Self::Own(file) => {
                // The moment is part of a name, no more.
                let (connection, replaced) = file.ready(Timestamp::now())?;
                if let Some(replaced) = replaced {
                    tracing::error!(target: "bongsu_reports", "the store of the reports: {replaced}");
                }
                Ok(connection)
            }
            Self::Shared(_, Some(connection)) => Ok(connection),
            Self::Shared(path, open) => Ok(open.insert(shared(path)?)),
        }
    }

    /// What a statement met. The next one goes over a connection of its own.
    fn failed(&mut self, error: &rusqlite::Error) -> bongsu_sqlite::Error {
        match self {
            Self::Own(file) => file.failed(error),
            Self::Shared(path, open) => {
                *open = None;
                bongsu_sqlite::Error::sqlite(path, error)
            }
        }
    }
}

/// Somebody else's file, in which all stays as its owner has set it.
fn shared(path: &Path) -> Result<Connection, bongsu_sqlite::Error> {
    let wrong = |error: rusqlite::Error| bongsu_sqlite::Error::sqlite(path, &error);
    let connection = Connection::open(path).map_err(wrong)?;
    let patience = Options::default().patience;
    connection.busy_timeout(patience).map_err(wrong)?;
    SCHEMA.migrate(&connection, path)?;
    Ok(connection)
}

enum Failure {
    Sql(rusqlite::Error),
    File(bongsu_sqlite::Error),
    Store(StoreError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn find(
    transaction: &Transaction<'_>,
    key: &DeliveryKey,
) -> Result<Option<DeliveryRecord>, Failure> {
    let found = transaction
        .prepare(&format!(
            "{DELIVERY} WHERE report = ?1 AND session_date = ?2 AND revision = ?3 \
             AND channel = ?4 AND recipient = ?5"
        ))?
        .query_row(
            params![
                key.report,
                key.session.to_string(),
                key.revision,
                key.channel,
                key.recipient
            ],
            |row| row.try_into(),
        )
        .optional()?;
    let record = found.map(|columns| row::delivery(&key.report, key.session, columns));
    Ok(record.transpose()?)
}

fn put(transaction: &Transaction<'_>, row: &DeliveryRecord) -> Result<(), Failure> {
    let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
    transaction
        .prepare(
            "INSERT OR REPLACE INTO bongsu_deliveries (report, session_date, revision, channel, \
             recipient, state, attempts, owner, lease_until, not_before, first_at, updated_at, \
             message_id, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?
        .execute(params![
            row.key.report,
            row.key.session.to_string(),
            row.key.revision,
            row.key.channel,
            row.key.recipient,
            row.state.as_str(),
            row.attempts,
            row.owner,
            text(row.lease_until),
            text(row.not_before),
            row.first_at.to_string(),
            row.updated_at.to_string(),
            row.message_id,
            row.reason
        ])?;
    Ok(())
}

const REPORT: &str = "SELECT revision, complete, send, generated_at, summary FROM bongsu_reports \
     WHERE report = ?1 AND session_date = ?2 ";

fn kept_report(
    transaction: &Transaction<'_>,
    report: &str,
    session: Date,
    revision: Option<u32>,
) -> Result<Option<KeptReport>, Failure> {
    let found = transaction
        .prepare(&format!(
            "{REPORT} AND (?3 IS NULL OR revision = ?3) ORDER BY revision DESC LIMIT 1"
        ))?
        .query_row(params![report, session.to_string(), revision], |row| {
            row.try_into()
        })
        .optional()?;
    let kept = found.map(|columns| row::kept_report(report, session, columns));
    Ok(kept.transpose()?)
}

impl Deliveries for SqliteStore {
    async fn change<T: Send + 'static>(
        &self,
        what: &'static str,
        key: &DeliveryKey,
        fresh: Option<DeliveryRecord>,
        decide: impl FnOnce(DeliveryRecord) -> (T, Option<DeliveryRecord>) + Send + 'static,
    ) -> Result<Option<T>, StoreError> {
        let key = key.clone();
        self.write(what, move |tx| {
            let Some(row) = find(tx, &key)?.or(fresh) else {
                return Ok(None);
            };
            let (answer, write) = decide(row);
            if let Some(write) = write {
                put(tx, &write)?;
            }
            Ok(Some(answer))
        })
        .await
    }
}

#[async_trait]
impl ReportStore for SqliteStore {
    async fn baseline(&self, report: &str, now: Timestamp) -> Result<Timestamp, StoreError> {
        let report = report.to_owned();
        self.write("baseline", move |tx| {
            tx.execute(
                "INSERT OR IGNORE INTO bongsu_report_baselines (report, since) VALUES (?1, ?2)",
                params![report, now.to_string()],
            )?;
            let text: String = tx.query_row(
                "SELECT since FROM bongsu_report_baselines WHERE report = ?1",
                [&report],
                |row| row.get(0),
            )?;
            Ok(row::timestamp(&text)?)
        })
        .await
    }

    async fn keep_report(&self, report: KeptReport) -> Result<KeptReport, StoreError> {
        self.write("keeping a report", move |tx| {
            tx.execute(
                "INSERT INTO bongsu_reports \
                 (report, session_date, revision, complete, send, generated_at, summary) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
                 ON CONFLICT DO UPDATE SET send = max(send, excluded.send)",
                params![
                    report.report,
                    report.session.to_string(),
                    report.revision,
                    report.complete,
                    report.send,
                    report.generated_at.to_string(),
                    report.summary
                ],
            )?;
            let kept = kept_report(tx, &report.report, report.session, Some(report.revision))?;
            Ok(kept.unwrap_or(report))
        })
        .await
    }

    async fn report(
        &self,
        report: &str,
        session: Date,
        revision: Option<u32>,
    ) -> Result<Option<KeptReport>, StoreError> {
        let report = report.to_owned();
        self.write("reading a report", move |tx| {
            kept_report(tx, &report, session, revision)
        })
        .await
    }

    async fn reported(&self, report: &str, since: Date) -> Result<Vec<Reported>, StoreError> {
        let report = report.to_owned();
        self.write("reading the reports", move |tx| {
            let mut query = tx.prepare(
                "SELECT session_date, revision, complete, send, generated_at FROM bongsu_reports \
                 WHERE report = ?1 AND session_date >= ?2 ORDER BY session_date, revision",
            )?;
            let mut rows = query.query(params![report, since.to_string()])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(row::reported(row.try_into()?)?);
            }
            Ok(found)
        })
        .await
    }

    async fn claim(
        &self,
        key: &DeliveryKey,
        message_id: &str,
        owner: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Claim, StoreError> {
        steps::claim(self, key, message_id, owner, now, lease_until).await
    }

    async fn sending(
        &self,
        key: &DeliveryKey,
        owner: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        steps::sending(self, key, owner, now).await
    }

    async fn settle(
        &self,
        key: &DeliveryKey,
        owner: &str,
        outcome: Settlement,
        now: Timestamp,
    ) -> Result<Option<DeliveryRecord>, StoreError> {
        steps::settle(self, key, owner, outcome, now).await
    }

    async fn reopen(
        &self,
        key: &DeliveryKey,
        message_id: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        steps::reopen(self, key, message_id, now).await
    }

    async fn deliveries(
        &self,
        report: &str,
        session: Date,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        let report = report.to_owned();
        self.write("reading deliveries", move |tx| {
            let mut query = tx.prepare(&format!(
                "{DELIVERY} WHERE report = ?1 AND session_date = ?2 \
                 ORDER BY revision, channel, recipient"
            ))?;
            let mut rows = query.query(params![report, session.to_string()])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(row::delivery(&report, session, row.try_into()?)?);
            }
            Ok(found)
        })
        .await
    }

    async fn snapshot(
        &self,
        source: &str,
        at_or_before: Date,
    ) -> Result<Option<Snapshot>, StoreError> {
        let source = source.to_owned();
        self.write("reading positions", move |tx| {
            let found = tx
                .prepare(
                    "SELECT session_date, last_id, book FROM bongsu_positions \
                     WHERE source = ?1 AND session_date <= ?2 ORDER BY session_date DESC LIMIT 1",
                )?
                .query_row(params![source, at_or_before.to_string()], |row| {
                    row.try_into()
                })
                .optional()?;
            Ok(found.map(row::snapshot).transpose()?)
        })
        .await
    }

    async fn keep_snapshots(
        &self,
        source: &str,
        snapshots: Vec<Snapshot>,
    ) -> Result<(), StoreError> {
        let source = source.to_owned();
        self.write("keeping positions", move |tx| {
            let mut insert = tx.prepare(
                // A snapshot that is there already costs no write, and so no sync of the file.
                "INSERT INTO bongsu_positions (source, session_date, last_id, book) \
                 VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE \
                 SET last_id = excluded.last_id, book = excluded.book \
                 WHERE last_id <> excluded.last_id OR book <> excluded.book",
            )?;
            for snapshot in &snapshots {
                insert.execute(params![
                    source,
                    snapshot.date.to_string(),
                    snapshot.last_id,
                    row::book_text(snapshot)?
                ])?;
            }
            Ok(())
        })
        .await
    }

    async fn forget_snapshots(&self, source: &str, after: Option<Date>) -> Result<(), StoreError> {
        let source = source.to_owned();
        self.write("forgetting positions", move |tx| {
            tx.execute(
                "DELETE FROM bongsu_positions WHERE source = ?1 AND session_date > ?2",
                params![
                    source,
                    after.map(|after| after.to_string()).unwrap_or_default()
                ],
            )?;
            Ok(())
        })
        .await
    }
}
