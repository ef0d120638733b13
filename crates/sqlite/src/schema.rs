//! The schema's version, and the steps from one to the next.

use std::path::Path;

use rusqlite::Connection;

use crate::error::{Error, Fault};

/// The steps from each version of a schema to the next, and where a file says which one it has.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    steps: &'static [&'static str],
    table: Option<&'static str>,
}

impl Schema {
    /// Of a file that is all one's own: its `user_version` is the version.
    #[must_use]
    pub const fn of_file(steps: &'static [&'static str]) -> Self {
        Self { steps, table: None }
    }

    /// Of tables that may lie in somebody else's file: the version is in a table of this name.
    #[must_use]
    pub const fn beside_others(table: &'static str, steps: &'static [&'static str]) -> Self {
        Self {
            steps,
            table: Some(table),
        }
    }

    /// The version that the file says it has; 0 for none.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn version(&self, connection: &Connection) -> rusqlite::Result<i64> {
        let Some(table) = self.table else {
            return connection.query_row("PRAGMA user_version", [], |row| row.get(0));
        };
        let there = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?1";
        if connection.query_row(there, [table], |row| row.get::<_, i64>(0))? == 0 {
            return Ok(0);
        }
        let found = format!("SELECT coalesce(max(version), 0) FROM {table}");
        connection.query_row(&found, [], |row| row.get(0))
    }

    /// Brings a file up to the newest version, in one transaction. Of several that try at once, one does it.
    ///
    /// # Errors
    /// [`Fault::TooNew`] when the file is beyond the last step; else what SQLite says.
    pub fn migrate(&self, connection: &Connection, path: &Path) -> Result<(), Error> {
        let wrong = |error: rusqlite::Error| Error::sqlite(path, &error);
        if self.left(connection, path)?.is_empty() {
            return Ok(());
        }
        connection.execute_batch("BEGIN IMMEDIATE").map_err(wrong)?;
        let result = self.left(connection, path).and_then(|left| {
            for step in left {
                connection.execute_batch(step).map_err(wrong)?;
            }
            let version = self.steps.len();
            let kept = match self.table {
                None => format!("PRAGMA user_version = {version}; COMMIT"),
                Some(table) => format!(
                    "CREATE TABLE IF NOT EXISTS {table}
                         (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL);
                     INSERT OR REPLACE INTO {table} VALUES (1, {version}); COMMIT"
                ),
            };
            connection.execute_batch(&kept).map_err(wrong)
        });
        if result.is_err() {
            // A failed COMMIT leaves the transaction open.
            let _ = connection.execute_batch("ROLLBACK");
        }
        result
    }

    /// The steps that are still to be taken.
    fn left(&self, connection: &Connection, path: &Path) -> Result<&'static [&'static str], Error> {
        let found = self.version(connection);
        let found = found.map_err(|error| Error::sqlite(path, &error))?;
        let done = usize::try_from(found).unwrap_or(0);
        self.steps.get(done..).ok_or_else(|| {
            let known = i64::try_from(self.steps.len()).unwrap_or(i64::MAX);
            Error {
                path: path.to_owned(),
                fault: Fault::TooNew { found, known },
                reason: format!("schema version {found}, this build knows up to {known}"),
            }
        })
    }

    /// A column of the newest version that the file, whatever its version says, does not have.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn missing(&self, connection: &Connection) -> rusqlite::Result<Option<String>> {
        let right = Connection::open_in_memory()?;
        for step in self.steps {
            right.execute_batch(step)?;
        }
        let there = columns(connection)?;
        let needed = columns(&right)?.into_iter();
        Ok(needed.into_iter().find(|column| !there.contains(column)))
    }
}

fn columns(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut columns = connection.prepare(
        "SELECT t.name || '.' || c.name FROM sqlite_master t, pragma_table_info(t.name) c
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%'",
    )?;
    let names = columns.query_map([], |row| row.get(0))?;
    names.collect()
}
