//! The queries. Numbers come as text where a float would lose digits, times always.

mod history;
mod quotes;
mod trades;

use sqlx::postgres::PgConnection;

use crate::source::SourceError;

pub(super) use history::history;
pub(super) use quotes::quotes;
pub(super) use trades::{backfilled, replay};

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

async fn has_table(connection: &mut PgConnection, name: &str) -> Result<bool, SourceError> {
    sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(name)
        .fetch_one(connection)
        .await
        .map_err(failed("to_regclass"))
}
