//! The embedded store: SQLite in WAL mode with `synchronous=FULL`, written by one OS thread that
//! shares each commit among everybody who waits.

#[cfg(test)]
mod damage;
mod disk;
mod read;
mod rows;
#[cfg(test)]
mod samples;
mod schema;
#[cfg(test)]
mod tests;
mod worker;
mod write;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bongsu_sqlite::Fault;

use super::{
    AlertStore, Change, CommitCounts, Done, HistoryEntry, HistoryQuery, Recovered, Recovery,
    Replay, StoreError, StoreTrouble,
};
use disk::{Disk, Trouble};
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
    trouble: Trouble,
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
    /// A file that is damaged, or written by a newer version, is put aside as `<file>.corrupt-<time>` or
    /// `<file>.version<n>-<time>` and what can be read of it is taken over. A file that cannot be opened
    /// at all is tried again with each commit, which fails meanwhile. [`AlertStore::trouble`] tells of both.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process has it and does not let go.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with(path, SqliteOptions::default())
    }

    /// As [`SqliteStore::open`], with other bounds.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open_with(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self, StoreError> {
        let path = path.as_ref().to_owned();
        let (disk, connection, recovered) = Disk::start(&path, options.clone())?;
        let counts = Arc::new(Counts::default());
        let trouble = disk.trouble().clone();
        let writer = {
            let counts = Arc::clone(&counts);
            Worker::start("bongsu-alerts-db", options.max_waiting, move |jobs| {
                disk::run(disk, connection, &counts, jobs);
            })
        }
        .map_err(|error| no_thread(&error))?;
        let reader = {
            let (path, options) = (path.clone(), options.file());
            Worker::start("bongsu-alerts-read", 1_024, move |jobs| {
                read::run(&path, &options, jobs);
            })
        }
        .map_err(|error| no_thread(&error))?;
        Ok(Self {
            path,
            writer,
            reader,
            counts,
            recovered: Mutex::new(Some(recovered)),
            trouble,
        })
    }

    /// The alerts accepted in a span of time, the newest first, of a file that another process may own: nothing of it
    /// is changed. Blocks.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn read(
        path: impl AsRef<Path>,
        query: HistoryQuery,
    ) -> Result<Vec<HistoryEntry>, StoreError> {
        let connection = bongsu_sqlite::open_read_only(path.as_ref());
        let connection = connection.map_err(|error| StoreError::Io {
            reason: error.to_string(),
        })?;
        read::history(&connection, query).map_err(failed)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn no_thread(error: &std::io::Error) -> StoreError {
    StoreError::Io {
        reason: format!("cannot start a thread: {error}"),
    }
}

/// What SQLite says, in the words of [`StoreError`].
#[expect(clippy::needless_pass_by_value, reason = "fits `map_err`")]
pub(super) fn failed(error: rusqlite::Error) -> StoreError {
    let reason = error.to_string();
    match Fault::of(&error) {
        Fault::Full => StoreError::Full { reason },
        Fault::Damaged => StoreError::Damaged { reason },
        _ => StoreError::Io { reason },
    }
}

impl SqliteOptions {
    fn file(&self) -> bongsu_sqlite::Options {
        bongsu_sqlite::Options {
            max_bytes: Some(self.hard_bytes),
            ..bongsu_sqlite::Options::default()
        }
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

    fn trouble(&self) -> Option<StoreTrouble> {
        self.trouble.now()
    }

    fn close(&self) {
        self.writer.close();
        self.reader.close();
    }
}
