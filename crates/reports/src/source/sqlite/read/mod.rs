//! The queries.

mod digests;
mod history;
mod quotes;
mod trades;

use std::collections::HashMap;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::Settings;
use crate::compute::{Executed, Number};
use crate::source::layout::Layout;
use crate::source::mapping::TABLES;
use crate::source::text::{Times, epoch};
use crate::source::{SourceError, SourceProblem};

pub(super) use digests::digests;
pub(super) use history::history;
pub(super) use quotes::quotes;
pub(super) use trades::replay;

fn failed(what: &'static str) -> impl FnOnce(rusqlite::Error) -> SourceError {
    move |cause| SourceError::Query {
        what,
        cause: cause.into(),
    }
}

/// Which tables are there, and with which columns.
pub(super) fn layout(connection: &Connection, settings: &Settings) -> Layout {
    let mut layout = Layout::default();
    for table in TABLES {
        let mapping = &settings.mapping;
        let sql = format!("SELECT * FROM {} LIMIT 0", mapping.relation(table));
        let found = match connection.prepare(&sql) {
            Ok(query) => {
                let names = query.column_names().into_iter();
                let columns: HashMap<String, String> = names
                    .map(|name| (name.to_ascii_lowercase(), String::new()))
                    .collect();
                Ok(Some(columns))
            }
            Err(error) => {
                let text = error.to_string();
                if !mapping.has(table) && text.contains("no such table") {
                    Ok(None)
                } else {
                    Err(text)
                }
            }
        };
        layout.add(table, mapping, found);
    }
    layout
}

/// What of the tables, and of the account chosen, is not as it is needed.
pub(super) fn problems(
    connection: &Connection,
    settings: &Settings,
) -> Result<Vec<SourceProblem>, SourceError> {
    let layout = layout(connection, settings);
    // Of tables that are not there nobody can tell whose they are.
    let account = match history::account(connection, settings, &layout) {
        Ok(_) | Err(SourceError::Layout(_)) => None,
        Err(error) => Some(error.of_accounts()?),
    };
    Ok(layout.problems.into_iter().chain(account).collect())
}

/// Whose fills are read, where they tell whose they are.
pub(super) fn owner(
    connection: &Connection,
    settings: &Settings,
    layout: &Layout,
) -> Result<Option<String>, SourceError> {
    if layout.required("trades")?.owner().is_none() {
        return Ok(None);
    }
    Ok(history::account(connection, settings, layout)?.0)
}

/// A text column as it lies in the row, without a copy; NULL where it holds something else.
fn text<'r>(row: &'r Row<'_>, at: usize) -> Result<Option<&'r str>, rusqlite::Error> {
    Ok(row.get_ref(at)?.as_str_or_null().ok().flatten())
}

fn number<'r>(row: &'r Row<'_>, at: usize) -> Result<Number<'r>, rusqlite::Error> {
    Ok(match row.get_ref(at)? {
        ValueRef::Integer(value) => Number::Int(value),
        ValueRef::Real(value) => Number::Real(value),
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).map_or(Number::Bad, Number::Text),
        ValueRef::Null => Number::Null,
        ValueRef::Blob(_) => Number::Bad,
    })
}

/// A whole number, also where it was kept as a float or as text; NULL where it is none.
fn whole(row: &Row<'_>, at: usize) -> Result<Option<i64>, rusqlite::Error> {
    use rust_decimal::prelude::ToPrimitive as _;
    let value = number(row, at)?.decimal();
    Ok(value
        .filter(|value| value.is_integer())
        .and_then(|value| value.to_i64()))
}

fn flag(row: &Row<'_>, at: usize) -> Result<Option<bool>, rusqlite::Error> {
    Ok(match row.get_ref(at)? {
        ValueRef::Integer(value) => Some(value != 0),
        ValueRef::Text(b"true" | b"t" | b"1") => Some(true),
        ValueRef::Text(b"false" | b"f" | b"0") => Some(false),
        _ => None,
    })
}

/// A time: text, or a number since 1970.
fn time<'r>(
    row: &'r Row<'_>,
    at: usize,
    times: &mut Times<'_>,
) -> Result<Executed<'r>, rusqlite::Error> {
    let value = match row.get_ref(at)? {
        ValueRef::Null => return Ok(Executed::Missing),
        ValueRef::Text(bytes) => return Ok(times.of_bytes(bytes)),
        other => other,
    };
    times.stray();
    Ok(match value {
        ValueRef::Integer(value) => epoch(value).map_or(Executed::Bad("out of range"), instant),
        #[expect(clippy::cast_possible_truncation, reason = "a float saturates")]
        ValueRef::Real(value) => {
            // By its size, as a whole number is.
            let in_nanos = match value.abs() {
                size if size < 1e11 => 1e9,
                size if size < 1e14 => 1e6,
                size if size < 1e17 => 1e3,
                _ => 1.0,
            };
            let at = jiff::Timestamp::from_nanosecond((value * in_nanos) as i128);
            match at {
                Ok(at) if value.is_finite() => instant(at),
                _ => Executed::Bad("out of range"),
            }
        }
        _ => Executed::Bad("not a time"),
    })
}

fn instant(at: jiff::Timestamp) -> Executed<'static> {
    Executed::At {
        date: crate::calendar::date_in_seoul(at),
        at,
    }
}

/// A date as text; a number since 1970 becomes one.
fn date_text(row: &Row<'_>, at: usize) -> Result<String, rusqlite::Error> {
    Ok(match row.get_ref(at)? {
        ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        ValueRef::Integer(value) => epoch(value).map_or_else(String::new, |at| at.to_string()),
        _ => String::new(),
    })
}
