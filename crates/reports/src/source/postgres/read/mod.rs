//! The queries. Numbers come as text where a float would lose digits, times always.

mod digests;
mod history;
mod quotes;
mod trades;

use std::collections::HashMap;

use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Column as _, Row as _, TypeInfo as _};

use super::Settings;
use crate::compute::Number;
use crate::pg::within;
use crate::source::layout::{Kind, Layout, Relation};
use crate::source::mapping::TABLES;
use crate::source::{SourceError, SourceProblem};

pub(super) use digests::digests;
pub(super) use history::history;
pub(super) use quotes::quotes;
pub(super) use trades::replay;

fn failed(what: &'static str) -> impl Fn(sqlx::Error) -> SourceError {
    move |cause| match cause {
        sqlx::Error::Io(_) => SourceError::Unreachable {
            what: format!("reading {what}"),
            cause: cause.into(),
        },
        cause => SourceError::Query {
            what,
            cause: cause.into(),
        },
    }
}

/// Lets the thread's other tasks go on every hundred rows or so: rows that have arrived are read without
/// a wait, and a full replay has millions of them.
async fn turn() {
    tokio::task::coop::consume_budget().await;
}

/// Gives each row of a query to `each`, until it wants no more.
///
/// By the simple protocol: no statement is prepared, for the next one may meet another session.
async fn rows(
    connection: &mut PgConnection,
    settings: &Settings,
    what: &'static str,
    sql: String,
    mut each: impl FnMut(&PgRow) -> Result<bool, sqlx::Error>,
) -> Result<(), SourceError> {
    // Put together of constants, of the operator's own mapping, and of quoted names.
    let mut rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch(connection);
    while let Some(row) = within(settings.limit, rows.try_next())
        .await
        .map_err(failed(what))?
    {
        if !each(&row).map_err(failed(what))? {
            break;
        }
        turn().await;
    }
    Ok(())
}

/// A text as a literal.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Which tables are there, and with which columns.
pub(super) async fn layout(
    connection: &mut PgConnection,
    settings: &Settings,
) -> Result<Layout, SourceError> {
    let mut layout = Layout::default();
    let mapping = &settings.mapping;
    // Asked of the catalogue: a failing statement would be in the server's log every evening.
    let names = TABLES.map(quoted).join(", ");
    let sql = format!(
        "SELECT name FROM unnest(ARRAY[{names}]) AS name WHERE to_regclass(name) IS NOT NULL"
    );
    let mut there: Vec<String> = Vec::new();
    rows(connection, settings, "layout", sql, |row| {
        there.push(row.try_get(0)?);
        Ok(true)
    })
    .await?;
    for table in TABLES {
        let found = if mapping.has(table) || there.iter().any(|name| name == table) {
            columns(connection, settings, table).await?.map(Some)
        } else {
            Ok(None)
        };
        layout.add(table, mapping, found);
    }
    Ok(layout)
}

/// The columns of a table or a query, of one row that is always there; or why there are none.
async fn columns(
    connection: &mut PgConnection,
    settings: &Settings,
    table: &'static str,
) -> Result<Result<HashMap<String, String>, String>, SourceError> {
    let relation = settings.mapping.relation(table);
    let sql = format!(
        "SAVEPOINT columns; \
         SELECT {table}.* FROM (SELECT 1) AS always LEFT JOIN {relation} ON false"
    );
    let asked = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_one(&mut *connection);
    match within(settings.limit, asked).await {
        Ok(row) => {
            let columns = row.columns().iter().map(|column| {
                let kind = column.type_info().name().to_ascii_lowercase();
                (column.name().to_owned(), kind)
            });
            Ok(Ok(columns.collect()))
        }
        Err(sqlx::Error::Database(error)) => {
            let back = sqlx::raw_sql("ROLLBACK TO columns").execute(connection);
            within(settings.limit, back).await.map_err(failed(table))?;
            Ok(Err(error.message().to_owned()))
        }
        Err(error) => Err(failed(table)(error)),
    }
}

/// What of the tables, and of the account chosen, is not as it is needed.
pub(super) async fn problems(
    connection: &mut PgConnection,
    settings: &Settings,
) -> Result<Vec<SourceProblem>, SourceError> {
    let layout = layout(connection, settings).await?;
    // Of tables that are not there nobody can tell whose they are.
    let account = match history::account(connection, settings, &layout).await {
        Ok(_) | Err(SourceError::Layout(_)) => None,
        Err(error) => Some(error.of_accounts()?),
    };
    Ok(layout.problems.into_iter().chain(account).collect())
}

/// How a column's times are compared and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clock {
    /// Times without a zone, in the table's.
    Naive,
    /// Instants.
    Instant,
    /// Texts of either.
    Text,
}

fn clock(relation: &Relation, column: &str) -> Clock {
    match relation.kind(column) {
        "timestamptz" => Clock::Instant,
        "timestamp" | "date" => Clock::Naive,
        _ => Clock::Text,
    }
}

/// A column as it is read, whatever the session's zone and the server's habits.
fn cast(relation: &Relation, column: &str, kind: Kind) -> String {
    match kind {
        // What is no whole number is NULL, as it would be in the other database.
        Kind::Int if column == "NULL" => "NULL::bigint".to_owned(),
        Kind::Int => match relation.kind(column) {
            "int2" | "int4" | "int8" => format!("{column}::bigint"),
            _ => format!(
                "CASE WHEN {column}::text ~ '^-?[0-9]{{1,18}}(\\.0+)?$' \
                 THEN ({column}::text)::numeric::bigint END"
            ),
        },
        Kind::Time if column != "NULL" && clock(relation, column) == Clock::Instant => {
            format!("({column} AT TIME ZONE 'UTC')::text || 'Z'")
        }
        Kind::Number | Kind::Text | Kind::Time => format!("{column}::text"),
    }
}

fn number<'r>(row: &'r PgRow, at: usize) -> Result<Number<'r>, sqlx::Error> {
    let text: Option<&str> = row.try_get(at)?;
    Ok(text.map_or(Number::Null, Number::Text))
}

/// Whose fills are read, where they tell whose they are.
async fn owner(
    connection: &mut PgConnection,
    settings: &Settings,
    layout: &Layout,
) -> Result<Option<String>, SourceError> {
    if layout.required("trades")?.owner().is_none() {
        return Ok(None);
    }
    Ok(history::account(connection, settings, layout).await?.0)
}

/// `AND user_id = 'u'` where fills tell whose they are and an account is chosen.
fn owned(trades: &Relation, account: Option<&str>) -> String {
    match trades.owner().zip(account) {
        Some((column, account)) => {
            format!(" AND {column}::text = {}", quoted(account))
        }
        None => String::new(),
    }
}
