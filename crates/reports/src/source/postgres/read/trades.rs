//! The trades, in order of execution.

use futures_util::TryStreamExt as _;
use jiff::civil::Date;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Row as _};

use super::super::Settings;
use super::{failed, turn};
use crate::compute::{Number, Replay, TradeRow};
use crate::source::SourceError;
use crate::source::tables::{BACKFILL_ROWS, Dates, Spans, day_after, midnight};
use crate::source::text::Times;
use crate::source::time::StoredZone;

/// Every column a detailed row shows.
const DETAILED: &str = "SELECT id::bigint, ticker, action, executed_quantity::bigint, \
     total_amount::bigint, commission::bigint, tax::bigint, executed_at::text, status, \
     executed_price::text, order_id, strategy FROM trades ";
/// What the positions need, and no more.
const LEAN: &str = "SELECT id::bigint, ticker, action, executed_quantity::bigint, \
     total_amount::bigint, commission::bigint, tax::bigint, executed_at::text, status, \
     CASE WHEN total_amount IS NULL THEN executed_price::text END FROM trades ";

pub(in crate::source::postgres) async fn replay(
    connection: &mut PgConnection,
    settings: &Settings,
    replay: &mut Replay,
    through: Date,
    detail: Option<Date>,
) -> Result<(), SourceError> {
    let zone = &settings.trades_zone;
    let spans = Spans::new(replay.after(), through, detail);
    if let Some(before) = spans.before {
        fold(connection, zone, replay, before, LEAN).await?;
    }
    if let Some(date) = spans.detail {
        fold(connection, zone, replay, (Some(date), date), DETAILED).await?;
        unexecuted(connection, zone, replay, date).await?;
    }
    if let Some(rest) = spans.rest {
        fold(connection, zone, replay, rest, LEAN).await?;
    }
    Ok(())
}

async fn fold(
    connection: &mut PgConnection,
    zone: &StoredZone,
    replay: &mut Replay,
    (first, last): Dates,
    columns: &'static str,
) -> Result<(), SourceError> {
    const TABLE: &str = "trades";
    let wide = columns.len() == DETAILED.len();
    let from = first.map(|first| midnight(zone, first).to_string());
    let lower = if from.is_some() {
        "executed_at >= $2::text::timestamp AND "
    } else {
        "$2::text IS NULL AND "
    };
    // Only constants of this file are put together.
    let sql =
        format!("{columns}WHERE {lower}executed_at < $1::text::timestamp ORDER BY executed_at, id");
    let mut rows = sqlx::query(AssertSqlSafe(sql))
        .bind(midnight(zone, day_after(last)).to_string())
        .bind(from)
        .fetch(connection);
    let mut times = Times::new(zone);
    while let Some(row) = rows.try_next().await.map_err(failed(TABLE))? {
        replay.push(&trade(&row, &mut times, wide).map_err(failed(TABLE))?);
        turn().await;
    }
    Ok(())
}

/// Rows created on the day that have no time of execution.
async fn unexecuted(
    connection: &mut PgConnection,
    zone: &StoredZone,
    replay: &mut Replay,
    date: Date,
) -> Result<(), SourceError> {
    const TABLE: &str = "trades";
    let sql = format!(
        "{DETAILED}WHERE created_at >= $1::text::timestamp AND created_at < $2::text::timestamp \
         AND executed_at IS NULL ORDER BY id"
    );
    let mut rows = sqlx::query(AssertSqlSafe(sql))
        .bind(midnight(zone, date).to_string())
        .bind(midnight(zone, day_after(date)).to_string())
        .fetch(connection);
    let mut times = Times::new(zone);
    while let Some(row) = rows.try_next().await.map_err(failed(TABLE))? {
        replay.push(&trade(&row, &mut times, true).map_err(failed(TABLE))?);
        turn().await;
    }
    Ok(())
}

fn trade<'r>(
    row: &'r PgRow,
    times: &mut Times<'_>,
    wide: bool,
) -> Result<TradeRow<'r>, sqlx::Error> {
    let price: Option<&str> = row.try_get(9)?;
    let executed: Option<&str> = row.try_get(7)?;
    Ok(TradeRow {
        id: row.try_get(0)?,
        order_id: if wide { row.try_get(10)? } else { "" },
        ticker: row.try_get::<Option<&str>, _>(1)?.unwrap_or_default(),
        action: row.try_get::<Option<&str>, _>(2)?.unwrap_or_default(),
        quantity: row.try_get(3)?,
        price: price.map_or(Number::Null, Number::Text),
        amount: row.try_get(4)?,
        commission: row.try_get(5)?,
        tax: row.try_get(6)?,
        executed: times.executed(executed),
        status: row.try_get::<Option<&str>, _>(8)?.unwrap_or_default(),
        strategy: if wide { row.try_get(11)? } else { None },
        malformed: None,
    })
}

pub(in crate::source::postgres) async fn backfilled(
    connection: &mut PgConnection,
    settings: &Settings,
    last_id: i64,
    on_or_before: Date,
) -> Result<bool, SourceError> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM trades WHERE id > $1 AND id <= $1 + $3 \
         AND executed_at < $2::text::timestamp)",
    )
    .bind(last_id)
    .bind(midnight(&settings.trades_zone, day_after(on_or_before)).to_string())
    .bind(BACKFILL_ROWS)
    .fetch_one(connection)
    .await
    .map_err(failed("trades"))
}
