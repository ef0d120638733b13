//! The fixture, in SQLite.

use std::path::{Path, PathBuf};

use bongsu_reports::source::sqlite::{SqliteSource, create_schema};
use rusqlite::types::Value;

pub(crate) fn data(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A SQLite file with the fixture's rows, made by the public schema.
pub(crate) struct Month {
    pub(crate) path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Month {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trading.db");
        let connection = rusqlite::Connection::open(&path).unwrap();
        create_schema(&connection).unwrap();
        copy_blocks(&connection, &data("original.sql"));
        Self {
            path,
            _folder: folder,
        }
    }

    pub(crate) fn source(&self) -> SqliteSource {
        SqliteSource::new(&self.path)
    }

    pub(crate) fn execute(&self, sql: &str) {
        let connection = rusqlite::Connection::open(&self.path).unwrap();
        connection.execute_batch(sql).unwrap();
    }
}

/// Feeds the `COPY … FROM stdin` blocks of a PostgreSQL dump to SQLite.
fn copy_blocks(connection: &rusqlite::Connection, dump: &str) {
    connection.execute_batch("BEGIN").unwrap();
    let mut insert = None;
    for line in dump.lines() {
        if let Some(rest) = line.strip_prefix("COPY public.") {
            let target = rest.strip_suffix(" FROM stdin;").unwrap();
            let columns = target.matches(',').count() + 1;
            let marks = vec!["?"; columns].join(", ");
            insert = Some(
                connection
                    .prepare(&format!("INSERT INTO {target} VALUES ({marks})"))
                    .unwrap(),
            );
        } else if line == "\\." {
            insert = None;
        } else if let Some(insert) = &mut insert {
            let row = line.split('\t').map(|field| match field {
                "\\N" => Value::Null,
                "t" => Value::Integer(1),
                "f" => Value::Integer(0),
                text => Value::Text(text.to_owned()),
            });
            insert.execute(rusqlite::params_from_iter(row)).unwrap();
        }
    }
    connection.execute_batch("COMMIT").unwrap();
}
