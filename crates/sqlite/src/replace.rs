//! A file that cannot be used gives way to a new one, which takes over what can be read of it.

use std::fmt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::Connection;

use crate::aside::{copy_rows, set_aside, with};
use crate::error::{Error, Fault};
use crate::file::open_read_only;
use crate::wal::rebuild;

/// What became of a file that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// The file.
    pub path: PathBuf,
    /// Its name now; none when it was gone, and made anew from what was still open.
    pub aside: Option<PathBuf>,
    /// Rows that were taken over.
    pub rows: u64,
    /// Why.
    pub why: String,
}

impl fmt::Display for Replaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, rows, why) = (self.path.display(), self.rows, &self.why);
        match &self.aside {
            Some(aside) => write!(
                f,
                "{path} could not be used and was put aside as {}, {rows} rows that can be read were taken \
                 over: {why}; look at it, then move it away",
                aside.display()
            ),
            None => write!(
                f,
                "{path} {why}; it was made anew with all that was in it, {rows} rows"
            ),
        }
    }
}

/// Puts the file aside, begins a new one by `connect`, and takes over every row that can still be read.
///
/// # Errors
/// When it cannot be renamed, or the new one not be made.
pub fn replace(
    path: &Path,
    fault: Fault,
    why: &str,
    now: Timestamp,
    connect: impl FnOnce() -> Result<Connection, Error>,
) -> Result<(Connection, Replaced), Error> {
    let tag = match fault {
        Fault::TooNew { found, .. } => format!("version{found}"),
        _ => "corrupt".to_owned(),
    };
    let aside = set_aside(path, &tag, now).map_err(|error| Error::io(path, &error))?;
    let connection = connect()?;
    let replaced = Replaced {
        path: path.to_owned(),
        rows: salvage(&aside, &connection),
        aside: Some(aside),
        why: why.to_owned(),
    };
    Ok((connection, replaced))
}

/// Rows taken over from a file that was put aside, or from its log alone.
fn salvage(aside: &Path, into: &Connection) -> u64 {
    let copy = |from: &Path| {
        let old = open_read_only(from).ok()?;
        copy_rows(&old, into).ok()
    };
    // First with the log, which has the newest of each row: SQLite deletes one that lies beside an empty file.
    let rebuilt = with(aside, "-rebuilt");
    let _ = rebuild(aside, &with(aside, "-wal"), &rebuilt);
    let of_log = copy(&rebuilt).unwrap_or(0);
    // Rows that are gone by the log would come back with the file alone.
    let of_file = if is_whole(&rebuilt) {
        0
    } else {
        copy(aside).unwrap_or(0)
    };
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(with(&rebuilt, suffix));
    }
    of_file + of_log
}

fn is_whole(file: &Path) -> bool {
    let check = |file: Connection| {
        file.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
    };
    open_read_only(file).is_ok_and(|file| check(file).is_ok_and(|said| said == "ok"))
}
