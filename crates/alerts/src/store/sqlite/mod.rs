//! The embedded store: SQLite in WAL mode with `synchronous=FULL`, written by one OS thread that
//! shares each commit among everybody who waits.

mod read;
mod rows;
mod schema;
#[cfg(test)]
mod tests;
mod worker;
mod write;

use std::fmt;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::{
    AlertStore, Change, CommitCounts, Done, HistoryEntry, HistoryQuery, Recovered, Recovery,
    Replay, StoreError,
};
use worker::Worker;

/// How large the store may grow, and how it is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteOptions {
    /// Alerts kept; past it the oldest finished ones go. Default: 100,000.
    pub max_alerts: u64,
    /// Bytes on disk, about; past it the oldest finished ones go. Default: 64 MiB.
    pub max_bytes: u64,
    /// Bytes on disk that are never passed: writing fails with [`StoreError::Full`].
    /// Default: 1 GiB.
    pub hard_bytes: u64,
    /// Calls that may wait for the writer; past it they fail with [`StoreError::Busy`].
    /// Default: 65,536.
    pub max_waiting: usize,
    /// How long opening waits for another process to let go. Default: 5 s.
    pub lock_patience: Duration,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            max_alerts: 100_000,
            max_bytes: 64 << 20,
            hard_bytes: 1 << 30,
            max_waiting: 65_536,
            lock_patience: Duration::from_secs(5),
        }
    }
}

/// Keeps alerts in a SQLite file: what `send_alert` acknowledged survives `kill -9` and power loss.
///
/// One process at a time owns the file, by a lock on `<file>.lock` that the kernel gives back
/// however the process ends. Reading the file with other programs is fine.
pub struct SqliteStore {
    path: PathBuf,
    writer: Worker<WriteJob>,
    reader: Worker<ReadJob>,
    counts: Arc<Counts>,
    recovered: Mutex<Option<Recovered>>,
    /// Held as long as the store; given back after the writer ended.
    _lock: File,
}

/// A call of [`AlertStore::commit`].
pub(super) struct WriteJob {
    pub(super) changes: Vec<Change>,
    pub(super) done: Done<()>,
}

pub(super) enum ReadJob {
    History(HistoryQuery, Done<Vec<HistoryEntry>>),
    Dead(Replay, Done<Vec<Recovery>>),
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    commits: AtomicU64,
    batches: AtomicU64,
    accepting: AtomicU64,
    accepted: AtomicU64,
}

impl Counts {
    pub(super) fn committed(&self, batches: u64, accepted: u64) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.batches.fetch_add(batches, Ordering::Relaxed);
        self.accepted.fetch_add(accepted, Ordering::Relaxed);
        self.accepting
            .fetch_add(u64::from(accepted > 0), Ordering::Relaxed);
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens or creates a store; blocks while it reads what the last run left.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process has it and does not let go, [`StoreError::TooNew`] when a newer
    /// version wrote it, else what the disk says.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with(path, SqliteOptions::default())
    }

    /// As [`SqliteStore::open`], with other bounds.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open_with(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self, StoreError> {
        let path = path.as_ref().to_owned();
        let lock = take_lock(&path, options.lock_patience)?;
        let connection = connect(&path, &options)?;
        schema::migrate(&connection)?;
        let recovered = read::recover(&connection)?;
        let counts = Arc::new(Counts::default());
        let writer = {
            let (counts, options) = (Arc::clone(&counts), options.clone());
            Worker::start("bongsu-alerts-db", options.max_waiting, move |jobs| {
                write::run(&connection, &options, &counts, jobs);
            })
        }
        .map_err(|error| no_thread(&error))?;
        let reading = connect(&path, &options)?;
        let reader = Worker::start("bongsu-alerts-read", 1_024, move |jobs| {
            while let Some(batch) = jobs.take() {
                for job in batch {
                    read::answer(&reading, job);
                }
            }
        })
        .map_err(|error| no_thread(&error))?;
        Ok(Self {
            path,
            writer,
            reader,
            counts,
            recovered: Mutex::new(Some(recovered)),
            _lock: lock,
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// How often a lock is tried.
const LOCK_STEP: Duration = Duration::from_millis(20);

fn take_lock(path: &Path, patience: Duration) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let io = |error: std::io::Error| StoreError::Io {
        reason: format!("{}: {error}", PathBuf::from(&name).display()),
    };
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(io)?;
    let mut waited = Duration::ZERO;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(std::fs::TryLockError::WouldBlock) if waited < patience => {
                std::thread::sleep(LOCK_STEP);
                waited += LOCK_STEP;
            }
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err(StoreError::Locked {
                    path: path.display().to_string(),
                });
            }
            Err(std::fs::TryLockError::Error(error)) => return Err(io(error)),
        }
    }
}

fn connect(path: &Path, options: &SqliteOptions) -> Result<Connection, StoreError> {
    let connection = Connection::open(path).map_err(failed)?;
    connection
        .busy_timeout(Duration::from_secs(10))
        .map_err(failed)?;
    let page_size: u64 = connection
        .query_row("PRAGMA page_size", [], |row| row.get::<_, i64>(0))
        .map_err(failed)?
        .unsigned_abs()
        .max(1);
    connection
        .execute_batch(&format!(
            "PRAGMA auto_vacuum = INCREMENTAL;
             PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA journal_size_limit = 8388608;
             PRAGMA max_page_count = {};",
            (options.hard_bytes / page_size).max(16)
        ))
        .map_err(failed)?;
    Ok(connection)
}

fn no_thread(error: &std::io::Error) -> StoreError {
    StoreError::Io {
        reason: format!("cannot start a thread: {error}"),
    }
}

/// What SQLite says, in the words of [`StoreError`].
#[expect(clippy::needless_pass_by_value, reason = "fits `map_err`")]
pub(super) fn failed(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full {
            reason: error.to_string(),
        },
        _ => StoreError::Io {
            reason: error.to_string(),
        },
    }
}

impl AlertStore for SqliteStore {
    fn recover(&self) -> Result<Recovered, StoreError> {
        let mut recovered = self
            .recovered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        recovered.take().ok_or_else(|| StoreError::Io {
            reason: "a store serves one manager".to_owned(),
        })
    }

    fn commit(&self, changes: Vec<Change>, done: Done<()>) {
        if let Err((job, error)) = self.writer.push(WriteJob { changes, done }) {
            (job.done)(Err(error));
        }
    }

    fn history(&self, query: HistoryQuery, done: Done<Vec<HistoryEntry>>) {
        if let Err((ReadJob::History(_, done), error)) =
            self.reader.push(ReadJob::History(query, done))
        {
            done(Err(error));
        }
    }

    fn dead_letters(&self, select: Replay, done: Done<Vec<Recovery>>) {
        if let Err((ReadJob::Dead(_, done), error)) = self.reader.push(ReadJob::Dead(select, done))
        {
            done(Err(error));
        }
    }

    fn commits(&self) -> CommitCounts {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        CommitCounts {
            commits: get(&self.counts.commits),
            batches: get(&self.counts.batches),
            accepting_commits: get(&self.counts.accepting),
            accepted: get(&self.counts.accepted),
        }
    }

    fn close(&self) {
        self.writer.close();
        self.reader.close();
    }
}
