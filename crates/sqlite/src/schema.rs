//! The schema's version, and the steps from one to the next.

use std::path::Path;

use rusqlite::Connection;

use crate::error::{Error, Fault};

/// The version that the file says it has (`user_version`).
///
/// # Errors
/// When the file cannot be read.
pub fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Brings a file up to the newest version, in one transaction. Each step takes the schema from its
/// place in the list to the next version.
///
/// # Errors
/// [`Fault::TooNew`] when the file is beyond the last step; else what SQLite says.
pub fn migrate(connection: &Connection, path: &Path, steps: &[&str]) -> Result<(), Error> {
    let wrong = |error: rusqlite::Error| Error::sqlite(path, &error);
    let found = version(connection).map_err(wrong)?;
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(Error {
            path: path.to_owned(),
            fault: Fault::TooNew { found, known },
            reason: format!("schema version {found}, this build knows up to {known}"),
        });
    }
    let done = usize::try_from(found).unwrap_or(0);
    if done == steps.len() {
        return Ok(());
    }
    connection.execute_batch("BEGIN IMMEDIATE").map_err(wrong)?;
    let result = steps[done..]
        .iter()
        .try_for_each(|step| connection.execute_batch(step))
        .and_then(|()| connection.execute_batch(&format!("PRAGMA user_version = {known}; COMMIT")));
    result.map_err(|error| {
        // A failed COMMIT leaves the transaction open.
        let _ = connection.execute_batch("ROLLBACK");
        wrong(error)
    })
}
