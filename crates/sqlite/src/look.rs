//! Looking at a file before SQLite does: it takes one that was cut short for an empty one, waits for ever for
//! the other end of a pipe, and passes over a log that it cannot read.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::aside::with;
use crate::error::{Error, Fault};
use crate::wal::break_of;

/// Whether SQLite would see all that is in the file and in its log. For whoever is its only writer.
///
/// # Errors
/// [`Fault::Damaged`] with what is wrong, or what the system says.
pub fn look(path: &Path) -> Result<(), Error> {
    is_file(path)?;
    let damaged = |reason: String| Error {
        path: path.to_owned(),
        fault: Fault::Damaged,
        reason,
    };
    let io = |error: std::io::Error| Error::io(path, &error);
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    let log = with(path, "-wal");
    match (length(path), length(&log)) {
        (0, 0) => Ok(()),
        (0, _) => Err(damaged("it is gone, only its log is left".to_owned())),
        (has, 0) => match promised(path).map_err(io)? {
            Some(promised) if has < promised => Err(damaged(format!(
                "it is cut off: {has} of {promised} bytes are left"
            ))),
            _ => Ok(()),
        },
        _ => {
            // Another process may be writing: what breaks off twice at one place is broken.
            let first = break_of(&log).map_err(io)?;
            let second = first.as_ref().and_then(|_| break_of(&log).ok().flatten());
            match first {
                Some(reason) if second.as_ref() == Some(&reason) => Err(damaged(reason)),
                _ => Ok(()),
            }
        }
    }
}

/// Whatever is no file is not opened: a pipe would be waited for.
///
/// # Errors
/// When there is something else under this name.
pub(crate) fn is_file(path: &Path) -> Result<(), Error> {
    match std::fs::metadata(path) {
        Ok(found) if !found.is_file() => Err(Error {
            path: path.to_owned(),
            fault: Fault::NoFile,
            reason: "it is no regular file".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// The bytes that a database says it has; none when it does not say.
fn promised(path: &Path) -> std::io::Result<Option<u64>> {
    let mut head = [0; 100];
    if File::open(path)?.read_exact(&mut head).is_err() {
        // No database is that short.
        return Ok(Some(512));
    }
    let word = |at: usize| {
        let four = head[at..at + 4].try_into().unwrap_or_default();
        u64::from(u32::from_be_bytes(four))
    };
    let page = match u16::from_be_bytes([head[16], head[17]]) {
        1 => 65_536,
        size => u64::from(size),
    };
    // Versions before 3.7 wrote no size, and left the counter beside it behind.
    let said = head.starts_with(b"SQLite format 3\0") && word(24) == word(92);
    Ok(said.then(|| page * word(28)))
}
