//! What went wrong, with which file, and what helps.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// A SQLite file did not do it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}: {reason} ({})", path.display(), fault.remedy())]
pub struct Error {
    /// The file.
    pub path: PathBuf,
    /// What kind of trouble.
    pub fault: Fault,
    /// In SQLite's or the system's words.
    pub reason: String,
}

/// What kind of trouble a file is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It is no database, or its pages or rows do not fit together.
    Damaged,
    /// A newer version of the program wrote it.
    TooNew {
        /// The version found.
        found: i64,
        /// The newest version known.
        known: i64,
    },
    /// The disk, or the file's own bound, is full.
    Full,
    /// It cannot be written: permissions, or a file system that is read-only.
    ReadOnly,
    /// Another process holds it.
    Busy,
    /// Something else than a regular file has its name.
    NoFile,
    /// Anything else that the system says.
    Io,
}

impl Fault {
    /// What an operator can do about it.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Damaged => "restore it from a backup, or move it away",
            Self::TooNew { .. } => "run the newer version again, or move the file away",
            Self::Full => "make room on its disk",
            Self::ReadOnly => "make it and its folder writable for the service",
            Self::Busy => "end the other process that uses it",
            Self::NoFile => "move it away",
            Self::Io => "look at its disk and its folder",
        }
    }

    /// Which kind SQLite's error is.
    #[must_use]
    pub fn of(error: &rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            // A table that should be there is not: the schema's page is damaged, or not ours.
            Some(ErrorCode::Unknown) => Self::Damaged,
            _ => Self::Io,
        }
    }
}

impl Error {
    /// SQLite's error about this file.
    #[must_use]
    pub fn sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        Self {
            path: path.to_owned(),
            fault: Fault::of(error),
            reason: error.to_string(),
        }
    }

    /// The system's error about this file.
    #[must_use]
    pub fn io(path: &Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let fault = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Fault::Full,
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Fault::ReadOnly,
            _ => Fault::Io,
        };
        Self {
            path: path.to_owned(),
            fault,
            reason: error.to_string(),
        }
    }
}
