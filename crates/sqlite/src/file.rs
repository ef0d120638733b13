//! Opening a file, and knowing it again.

use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::Error;
use crate::look::is_file;

/// How a file is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Bytes on disk that are never passed; writing fails with [`Fault::Full`](crate::Fault::Full).
    pub max_bytes: Option<u64>,
    /// How long a statement waits for another connection to let go. Default: 10 s.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_bytes: None,
            patience: Duration::from_secs(10),
        }
    }
}

/// Opens or makes a file: WAL, each commit on the disk before it is acknowledged, free pages given
/// back on request; 0600, and 0700 for a folder that has to be made.
///
/// # Errors
/// What the system or SQLite says, by file and with a remedy.
pub fn open(path: &Path, options: &Options) -> Result<Connection, Error> {
    is_file(path)?;
    private(path).map_err(|error| Error::io(path, &error))?;
    let wrong = |error: rusqlite::Error| Error::sqlite(path, &error);
    let connection = Connection::open(path).map_err(wrong)?;
    connection.busy_timeout(options.patience).map_err(wrong)?;
    let page_size = connection
        .query_row("PRAGMA page_size", [], |row| row.get::<_, i64>(0))
        .map_err(wrong)?
        .unsigned_abs()
        .max(1);
    connection
        .execute_batch(
            "PRAGMA auto_vacuum = INCREMENTAL;
             PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA journal_size_limit = 8388608;",
        )
        .map_err(wrong)?;
    if let Some(bytes) = options.max_bytes {
        let pages = (bytes / page_size).max(16);
        connection
            .execute_batch(&format!("PRAGMA max_page_count = {pages}"))
            .map_err(wrong)?;
    }
    Ok(connection)
}

/// Opens a file without changing it in any way, as far as can be read: also where nothing can be
/// written, and then without what only its log holds.
///
/// # Errors
/// What SQLite says.
pub fn open_read_only(path: &Path) -> Result<Connection, Error> {
    is_file(path)?;
    let wrong = |error: rusqlite::Error| Error::sqlite(path, &error);
    let readable = |connection: &Connection| {
        connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| {
            row.get::<_, i64>(0)
        })
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let plain = Connection::open_with_flags(path, flags).map_err(wrong)?;
    if readable(&plain).is_ok() {
        return Ok(plain);
    }
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                uri.push(char::from(*byte));
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    let fixed = Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI);
    let fixed = fixed.map_err(wrong)?;
    readable(&fixed).map_err(wrong)?;
    Ok(fixed)
}

/// Makes the file and its folder if they are missing. Others may not read what is traded.
fn private(path: &Path) -> std::io::Result<()> {
    make_folder(path)?;
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .append(true)
        .mode(0o600)
        .open(path)?;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 != 0 {
        // An older version made it for all to read. Somebody else's file stays as it is.
        let _ = file.set_permissions(PermissionsExt::from_mode(mode & 0o700));
    }
    Ok(())
}

/// Makes the folder that the file is to lie in, for its owner alone.
///
/// # Errors
/// What the system says.
pub fn make_folder(file: &Path) -> std::io::Result<()> {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.exists() => {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)
        }
        _ => Ok(()),
    }
}

/// Which file a name stood for when it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    /// The file under this name now; none when there is none, or it cannot be seen.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }
}
