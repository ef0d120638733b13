//! The queries.

mod history;
mod quotes;
mod trades;

use jiff::civil::Date;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use crate::compute::Number;
use crate::source::SourceError;
use crate::source::tables::{bad_value, day};

pub(super) use history::history;
pub(super) use quotes::quotes;
pub(super) use trades::{backfilled, replay};

fn failed(what: &'static str) -> impl FnOnce(rusqlite::Error) -> SourceError {
    move |cause| SourceError::Query {
        what,
        cause: cause.into(),
    }
}

fn has_table(connection: &Connection, name: &str) -> Result<bool, SourceError> {
    connection
        .prepare_cached("SELECT 1 FROM sqlite_master WHERE type IN ('table', 'view') AND name = ?1")
        .and_then(|mut query| query.exists([name]))
        .map_err(failed("sqlite_master"))
}

/// A text column as it lies in the row, without a copy.
fn text<'r>(
    row: &'r Row<'_>,
    at: usize,
    what: &'static str,
) -> Result<Option<&'r str>, SourceError> {
    match row.get_ref(at).map_err(failed(what))? {
        ValueRef::Null => Ok(None),
        ValueRef::Text(bytes) => std::str::from_utf8(bytes)
            .map(Some)
            .map_err(|_| bad_value(what, "not UTF-8")),
        other => Err(bad_value(what, &format!("{:?}", other.data_type()))),
    }
}

fn day_of(row: &Row<'_>, at: usize, what: &'static str) -> Result<Date, SourceError> {
    day(text(row, at, what)?.unwrap_or_default(), what)
}

fn number<'r>(row: &'r Row<'_>, at: usize) -> Result<Number<'r>, rusqlite::Error> {
    Ok(match row.get_ref(at)? {
        ValueRef::Integer(value) => Number::Int(value),
        ValueRef::Real(value) => Number::Real(value),
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).map_or(Number::Null, Number::Text),
        ValueRef::Null | ValueRef::Blob(_) => Number::Null,
    })
}
