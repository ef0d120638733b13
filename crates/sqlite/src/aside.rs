//! A damaged file: out of the way under a name that says so, and its rows into a new one.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

/// What belongs to a database file.
const PARTS: [&str; 3] = ["", "-wal", "-shm"];

/// The name of what belongs to a file.
pub(crate) fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Renames the file, and what belongs to it, to `<file>.<why>-<time>`; gives the new name. What was not
/// there is not missed.
///
/// # Errors
/// When one of them cannot be renamed.
pub(crate) fn set_aside(path: &Path, why: &str, now: Timestamp) -> io::Result<PathBuf> {
    let time = now.strftime("%Y%m%dT%H%M%SZ");
    let free = |n: u32| match n {
        0 => with(path, &format!(".{why}-{time}")),
        n => with(path, &format!(".{why}-{time}-{n}")),
    };
    let taken = |name: &Path| PARTS.iter().any(|part| with(name, part).exists());
    let mut aside = free(0);
    for n in 1.. {
        if !taken(&aside) {
            break;
        }
        aside = free(n);
    }
    for part in PARTS {
        match std::fs::rename(with(path, part), with(&aside, part)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}

/// What was put aside of this file and is still there, the oldest first.
#[must_use]
pub fn asides(path: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Vec::new();
    };
    let begins = [".corrupt-", ".version"].map(|why| with(Path::new(name), why));
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().map(|name| name.as_encoded_bytes());
            let ours = |begin: &PathBuf| {
                name.is_some_and(|name| name.starts_with(begin.as_os_str().as_encoded_bytes()))
            };
            // Its log alone may be all that was left of it.
            let part = name.is_some_and(|name| name.ends_with(b"-shm"));
            begins.iter().any(ours) && !part
        })
        .collect();
    found.sort();
    found
}

/// Copies the rows of all tables of `into` that can still be read of `from`, one by one, past those
/// that cannot; rows that are there already stay. Gives how many were copied.
///
/// The columns are those that both files know, so that the source may be of another version.
///
/// # Errors
/// When `into` cannot be written. What cannot be read of `from` is no error.
pub fn copy_rows(from: &Connection, into: &Connection) -> rusqlite::Result<u64> {
    let tables: Vec<String> = into
        .prepare(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'
             ORDER BY rootpage",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    into.execute_batch("BEGIN IMMEDIATE")?;
    let copied = tables
        .iter()
        .try_fold(0, |sum, table| Ok(sum + copy_table(from, into, table)?));
    match copied {
        Ok(copied) => into.execute_batch("COMMIT").map(|()| copied),
        Err(error) => {
            let _ = into.execute_batch("ROLLBACK");
            Err(error)
        }
    }
}

fn columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let names = statement.query_map([table], |row| row.get(0))?;
    names.collect()
}

fn copy_table(from: &Connection, into: &Connection, table: &str) -> rusqlite::Result<u64> {
    let theirs = columns(from, table).unwrap_or_default();
    let shared: Vec<String> = columns(into, table)?
        .into_iter()
        .filter(|column| theirs.contains(column))
        .collect();
    if shared.is_empty() {
        return Ok(0);
    }
    let list = shared.join(", ");
    let places = vec!["?"; shared.len()].join(", ");
    let mut insert = into.prepare(&format!(
        "INSERT OR IGNORE INTO {table} ({list}) VALUES ({places})"
    ))?;
    let mut copied = 0;
    // From both ends, each until a page cannot be read: what lies between is lost.
    let key = &shared[0];
    for order in [
        "NOT INDEXED",
        &format!("ORDER BY {key}"),
        &format!("ORDER BY {key} DESC"),
    ] {
        let Ok(mut select) = from.prepare(&format!("SELECT {list} FROM {table} {order}")) else {
            continue;
        };
        let Ok(mut rows) = select.query([]) else {
            continue;
        };
        while let Ok(Some(row)) = rows.next() {
            if let Some(values) = values(row, shared.len()) {
                match insert.execute(params_from_iter(values)) {
                    Ok(new) => copied += new as u64,
                    // A row that breaks a rule of the table is a damaged one.
                    Err(error) if is_constraint(&error) => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }
    Ok(copied)
}

fn is_constraint(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
}

/// None for a row with text that is none.
fn values(row: &Row<'_>, count: usize) -> Option<Vec<Value>> {
    (0..count).map(|column| row.get(column).ok()).collect()
}
