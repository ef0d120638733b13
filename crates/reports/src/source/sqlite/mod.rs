//! The original's tables in SQLite.
//!
//! ```
//! use bongsu_reports::source::sqlite::{SqliteSource, create_schema};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("trading.db");
//! create_schema(&rusqlite::Connection::open(&path)?)?; // for a new database
//! let source = SqliteSource::new(&path).account("user001");
//! # let _ = source;
//! # Ok(())
//! # }
//! ```

mod read;

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::civil::Date;
use rusqlite::{Connection, OpenFlags};

use super::time::StoredZone;
use super::{
    AccountHistory, HistoryQuery, Mapping, QuoteQuery, Quotes, ReportSource, SourceError,
    SourceProblem, blocking,
};
use crate::compute::{Digests, Replay};

/// Makes the tables this source reads, where they are missing: `trades`, `portfolios`,
/// `portfolio_risk_metrics`, `stocks`, `stock_prices`, with their indexes.
///
/// For new databases, examples and tests; a service that has the tables needs it not.
///
/// # Errors
///
/// When a table of that name exists in another shape, or the database cannot be written.
pub fn create_schema(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.execute_batch(include_str!("schema.sql"))
}

/// Pages kept in memory: enough for what a report reads, so that no page is fetched twice.
const CACHE_KIB: i64 = 8 * 1024;

/// Reads the original's tables from a SQLite file. The file is opened read-only, on the first use.
#[derive(Debug, Clone)]
pub struct SqliteSource {
    settings: Arc<Settings>,
    /// Kept open between reports; taken out while it is in use.
    idle: Arc<Mutex<Option<Kept>>>,
}

/// An open connection, and the how-manieth it is.
#[derive(Debug)]
struct Kept {
    connection: Connection,
    serial: u64,
    /// In which state of the file every fill's time was seen to lie where its date does.
    ordinary: Cell<Option<i64>>,
}

impl Kept {
    /// Another number once another connection has changed the file.
    fn state(&self) -> Result<i64, SourceError> {
        let state = self
            .connection
            .pragma_query_value(None, "data_version", |row| row.get(0));
        state.map_err(|cause| SourceError::Query {
            what: "data_version",
            cause: cause.into(),
        })
    }
}

#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) path: PathBuf,
    pub(super) account: Option<String>,
    pub(super) trades_zone: StoredZone,
    pub(super) risk_zone: StoredZone,
    pub(super) busy: Duration,
    pub(super) mapping: Mapping,
}

impl SqliteSource {
    /// A source that reads this file.
    #[must_use]
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            settings: Arc::new(Settings {
                path: path.as_ref().to_owned(),
                account: None,
                trades_zone: StoredZone::seoul(),
                risk_zone: StoredZone::utc(),
                busy: Duration::from_secs(10),
                mapping: Mapping::default(),
            }),
            idle: Arc::default(),
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        // What is known of the file was seen with the settings of before.
        self.idle = Arc::default();
        self
    }

    /// Whose equity is read (`user_id`), and whose fills, where `trades` tells it by a column `user_id`,
    /// `account_id` or `account`. Default: the only one recorded; several are an error.
    #[must_use]
    pub fn account(self, account: impl Into<String>) -> Self {
        let account = account.into();
        self.with(|settings| settings.account = Some(account))
    }

    /// The zone of the naive times in `trades`. Default: Korea.
    #[must_use]
    pub fn trades_zone(self, zone: StoredZone) -> Self {
        self.with(|settings| settings.trades_zone = zone)
    }

    /// The zone of the naive times in `portfolio_risk_metrics`. Default: UTC.
    #[must_use]
    pub fn risk_zone(self, zone: StoredZone) -> Self {
        self.with(|settings| settings.risk_zone = zone)
    }

    /// Queries in place of tables, for a schema of one's own. Default: none.
    #[must_use]
    pub fn mapping(self, mapping: Mapping) -> Self {
        self.with(|settings| settings.mapping = mapping)
    }

    /// How long a read waits for a writer. Default: 10 s.
    #[must_use]
    pub fn busy_timeout(self, limit: Duration) -> Self {
        self.with(|settings| settings.busy = limit)
    }

    /// Runs `work` in one read transaction: it sees one state of the tables, and the file's lock is
    /// taken once and not for every query.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Kept, &Settings) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        let settings = Arc::clone(&self.settings);
        let idle = Arc::clone(&self.idle);
        blocking::run(move || {
            let kept = idle.lock().unwrap_or_else(PoisonError::into_inner).take();
            let kept = match kept {
                Some(kept) => kept,
                None => open(&settings)?,
            };
            let answer = in_transaction(&kept, &settings, work);
            if answer.is_ok() {
                *idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
            }
            answer
        })
        .await?
    }
}

fn in_transaction<T>(
    kept: &Kept,
    settings: &Settings,
    work: impl FnOnce(&Kept, &Settings) -> Result<T, SourceError>,
) -> Result<T, SourceError> {
    let failed = |cause: rusqlite::Error| SourceError::Query {
        what: "a read transaction",
        cause: cause.into(),
    };
    let transaction = kept.connection.unchecked_transaction().map_err(failed)?;
    // Whatever the connection knows of the schema, this finds out whether it still is so.
    let tables: Result<i64, _> =
        transaction.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0));
    tables.map_err(failed)?;
    let answer = work(kept, settings)?;
    transaction.commit().map_err(failed)?;
    Ok(answer)
}

fn open(settings: &Settings) -> Result<Kept, SourceError> {
    use std::sync::atomic::{AtomicU64, Ordering};
    static OPENED: AtomicU64 = AtomicU64::new(0);
    let unreachable = |cause: rusqlite::Error| SourceError::Unreachable {
        what: format!("opening {}", settings.path.display()),
        cause: cause.into(),
    };
    let connection = Connection::open_with_flags(
        &settings.path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(unreachable)?;
    connection
        .busy_timeout(settings.busy)
        .map_err(unreachable)?;
    connection
        .pragma_update(None, "cache_size", -CACHE_KIB)
        .map_err(unreachable)?;
    Ok(Kept {
        connection,
        serial: OPENED.fetch_add(1, Ordering::Relaxed),
        ordinary: Cell::new(None),
    })
}

#[async_trait]
impl ReportSource for SqliteSource {
    fn describe(&self) -> String {
        let name = self.settings.path.file_name().unwrap_or_default();
        format!("sqlite {}", name.display())
    }

    fn identity(&self) -> String {
        let settings = &self.settings;
        let path = std::fs::canonicalize(&settings.path);
        format!(
            "sqlite {} account={:?} zone={:?} {}",
            path.as_ref().unwrap_or(&settings.path).display(),
            settings.account,
            settings.trades_zone,
            settings.mapping.text()
        )
    }

    async fn history(&self, query: HistoryQuery) -> Result<AccountHistory, SourceError> {
        self.read(move |kept, settings| {
            let layout = read::layout(&kept.connection, settings);
            read::history(&kept.connection, settings, &layout, &query)
        })
        .await
    }

    async fn replay(
        &self,
        replay: Replay,
        through: Date,
        detail: Option<Date>,
    ) -> Result<Replay, SourceError> {
        self.read(move |kept, settings| {
            let layout = read::layout(&kept.connection, settings);
            let account = read::owner(&kept.connection, settings, &layout)?;
            let ordinary = kept.ordinary.get() == Some(kept.state()?);
            read::replay(
                &kept.connection,
                settings,
                &layout,
                (account.as_deref(), ordinary),
                replay,
                (through, detail),
            )
        })
        .await
    }

    async fn quotes(&self, query: QuoteQuery) -> Result<Quotes, SourceError> {
        self.read(move |kept, settings| {
            let layout = read::layout(&kept.connection, settings);
            read::quotes(&kept.connection, &layout, &query)
        })
        .await
    }

    async fn version(&self) -> Result<Option<u64>, SourceError> {
        // Of two connections each has its own count.
        self.read(|kept, _| {
            let changes = kept.state()?.unsigned_abs();
            Ok(Some(kept.serial.wrapping_shl(40) ^ changes))
        })
        .await
    }

    fn hashes_as_replays(&self) -> bool {
        true
    }

    async fn digests(&self, through: Date) -> Result<Digests, SourceError> {
        self.read(move |kept, settings| {
            let layout = read::layout(&kept.connection, settings);
            let account = read::owner(&kept.connection, settings, &layout)?;
            let (digests, ordinary) = read::digests(
                &kept.connection,
                settings,
                &layout,
                account.as_deref(),
                through,
            )?;
            // A query of one's own may find other rows in the same state of the file.
            let ordinary = ordinary && !settings.mapping.has("trades");
            kept.ordinary.set(ordinary.then_some(kept.state()?));
            Ok(digests)
        })
        .await
    }

    async fn check(&self) -> Result<Vec<SourceProblem>, SourceError> {
        self.read(|kept, settings| read::problems(&kept.connection, settings))
            .await
    }
}
