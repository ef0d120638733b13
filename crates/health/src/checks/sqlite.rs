//! Whether a SQLite database can be read (and written).

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use bongsu_connect::OffRuntime;
use rusqlite::{Connection, OpenFlags};

use crate::check::{Check, CheckError, CheckOutput, Probe};
use crate::status::DependencyType;

/// Opens the file anew for each run, so that a file that was replaced or removed is noticed.
#[derive(Debug)]
#[must_use]
pub struct SqliteProbe {
    path: PathBuf,
    writable: bool,
    busy: Duration,
    off: OffRuntime,
}

impl SqliteProbe {
    /// Of this file. It must exist: a check never creates a database.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            writable: false,
            busy: Duration::from_secs(1),
            off: OffRuntime::default(),
        }
    }

    /// Also takes the write lock for a moment, which finds a read-only file and a writer that
    /// never lets go. Default no.
    pub const fn writable(mut self, yes: bool) -> Self {
        self.writable = yes;
        self
    }

    /// How long to wait for somebody else's lock. Default 1 s.
    pub const fn busy_timeout(mut self, wait: Duration) -> Self {
        self.busy = wait;
        self
    }

    /// As a check of a database.
    pub fn into_check(self, name: impl Into<String>) -> Check {
        Check::from_probe(name, DependencyType::Database, self)
    }
}

fn look(path: &std::path::Path, writable: bool, busy: Duration) -> rusqlite::Result<i64> {
    let access = if writable {
        OpenFlags::SQLITE_OPEN_READ_WRITE
    } else {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    };
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(busy)?;
    // `SELECT 1` alone never touches the file; the schema version is in its header.
    let schema = connection.query_row("PRAGMA schema_version", [], |row| row.get(0))?;
    connection.query_row("SELECT 1", [], |row| row.get::<_, i64>(0))?;
    if writable {
        connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK")?;
    }
    Ok(schema)
}

#[async_trait]
impl Probe for SqliteProbe {
    async fn check(&self) -> Result<CheckOutput, CheckError> {
        let (path, writable, busy) = (self.path.clone(), self.writable, self.busy);
        let schema = self.off.run(move || look(&path, writable, busy)).await??;
        Ok(CheckOutput::ok().metadata("schema_version", schema))
    }
}

/// A check that the SQLite database at `path` can be read; see [`SqliteProbe`].
pub fn sqlite(name: impl Into<String>, path: impl Into<PathBuf>) -> Check {
    SqliteProbe::new(path).into_check(name)
}
