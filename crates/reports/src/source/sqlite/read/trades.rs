//! The trades, in order of execution.

use std::ops::RangeInclusive;

use jiff::civil::{Date, time};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params};

use super::super::Settings;
use super::{failed, number, text};
use crate::compute::{Executed, Number, Replay, TradeRow};
use crate::source::SourceError;
use crate::source::tables::{BACKFILL_ROWS, Dates, Spans, day_after, midnight};
use crate::source::text::Times;
use crate::source::time::StoredZone;

/// The text from which, and the one before which, naive times lie that fall on the Korean dates
/// `first..=last`. Only the dates are given, so that `T` and blank both compare right; what the
/// range has too much is filtered by the caller.
fn bounds(zone: &StoredZone, first: Option<Date>, last: Date) -> (String, String) {
    let from = first.map_or_else(String::new, |first| {
        midnight(zone, first).date().to_string()
    });
    let end = midnight(zone, day_after(last));
    let until = if end.time() == time(0, 0, 0, 0) {
        end.date()
    } else {
        day_after(end.date())
    };
    (from, until.to_string())
}

/// Every column a detailed row shows.
const DETAILED: &str = "SELECT id, ticker, action, executed_quantity, total_amount, commission, \
     tax, executed_at, status, executed_price, order_id, strategy ";
/// What the positions need, and no more.
const LEAN: &str = "SELECT id, ticker, action, executed_quantity, total_amount, commission, \
     tax, executed_at, status, \
     CASE WHEN total_amount IS NULL THEN executed_price END ";

pub(in crate::source::sqlite) fn replay(
    connection: &Connection,
    settings: &Settings,
    mut replay: Replay,
    through: Date,
    detail: Option<Date>,
) -> Result<Replay, SourceError> {
    let spans = Spans::new(replay.after(), through, detail);
    if let Some(before) = spans.before {
        fold(connection, settings, &mut replay, before, LEAN)?;
    }
    if let Some(date) = spans.detail {
        let before = replay.last_id();
        let dates = (Some(date), date);
        fold(connection, settings, &mut replay, dates, DETAILED)?;
        let ids = before.saturating_add(1)..=replay.last_id();
        unexecuted(connection, settings, &mut replay, date, ids)?;
    }
    if let Some(rest) = spans.rest {
        fold(connection, settings, &mut replay, rest, LEAN)?;
    }
    Ok(replay)
}

fn fold(
    connection: &Connection,
    settings: &Settings,
    replay: &mut Replay,
    (first, last): Dates,
    columns: &str,
) -> Result<(), SourceError> {
    const TABLE: &str = "trades";
    let zone = &settings.trades_zone;
    let (from, until) = bounds(zone, first, last);
    let mut query = connection
        .prepare_cached(&format!(
            "{columns}FROM trades WHERE executed_at >= ?1 AND executed_at < ?2 ORDER BY executed_at, id"
        ))
        .map_err(failed(TABLE))?;
    let mut rows = query.query([from, until]).map_err(failed(TABLE))?;
    let wide = columns.len() == DETAILED.len();
    let mut times = Times::new(zone);
    while let Some(row) = rows.next().map_err(failed(TABLE))? {
        let trade = trade(row, &mut times, wide).map_err(failed(TABLE))?;
        if let Executed::At { date, .. } = trade.executed
            && (first.is_some_and(|first| date < first) || date > last)
        {
            continue;
        }
        replay.push(&trade);
    }
    Ok(())
}

/// Rows created on the day that have no time of execution: orders that came to nothing, and fills
/// that break the rule.
///
/// Most of them have ids among those of the day's fills, where the index of execution finds them;
/// beyond, that of creation tells what there is. Both leave the table's other rows alone.
fn unexecuted(
    connection: &Connection,
    settings: &Settings,
    replay: &mut Replay,
    date: Date,
    ids: RangeInclusive<i64>,
) -> Result<(), SourceError> {
    const TABLE: &str = "trades";
    let zone = &settings.trades_zone;
    let (from, until) = bounds(zone, Some(date), date);
    let mut query = connection
        .prepare_cached(&format!(
            "{DETAILED}, created_at FROM trades WHERE executed_at IS NULL \
             AND id BETWEEN ?3 AND ?4 AND +created_at >= ?1 AND +created_at < ?2 \
             UNION ALL {DETAILED}, created_at FROM trades WHERE +executed_at IS NULL \
             AND id NOT BETWEEN ?3 AND ?4 AND created_at >= ?1 AND created_at < ?2 ORDER BY id"
        ))
        .map_err(failed(TABLE))?;
    let mut rows = query
        .query(params![from, until, ids.start(), ids.end()])
        .map_err(failed(TABLE))?;
    let mut times = Times::new(zone);
    while let Some(row) = rows.next().map_err(failed(TABLE))? {
        // The bounds are whole dates of the stored zone: some rows are of the days beside.
        let created = times.executed(text(row, 12, TABLE)?);
        if matches!(created, Executed::At { date: on, .. } if on == date) {
            replay.push(&trade(row, &mut times, true).map_err(failed(TABLE))?);
        }
    }
    Ok(())
}

/// A row, in a lean one only what the rules look at: each column read costs as much as a rule.
fn trade<'r>(
    row: &'r Row<'_>,
    times: &mut Times<'_>,
    wide: bool,
) -> Result<TradeRow<'r>, rusqlite::Error> {
    let mut malformed = None;
    let mut int = |at: usize, name: &'static str| -> Result<Option<i64>, rusqlite::Error> {
        Ok(match row.get_ref(at)? {
            ValueRef::Integer(value) => Some(value),
            ValueRef::Null => None,
            ValueRef::Real(value) => whole(value).or_else(|| {
                malformed = Some(name);
                None
            }),
            ValueRef::Text(_) | ValueRef::Blob(_) => {
                malformed = Some(name);
                None
            }
        })
    };
    let quantity = int(3, "executed_quantity")?;
    let amount = int(4, "total_amount")?;
    let commission = int(5, "commission")?;
    let tax = int(6, "tax")?;
    Ok(TradeRow {
        id: row.get(0)?,
        order_id: if wide { lossy(row, 10)? } else { "" },
        ticker: lossy(row, 1)?,
        action: lossy(row, 2)?,
        quantity,
        price: if wide || amount.is_none() {
            number(row, 9)?
        } else {
            Number::Null
        },
        amount,
        commission,
        tax,
        executed: times.executed(match row.get_ref(7)? {
            ValueRef::Null => None,
            ValueRef::Text(bytes) => Some(std::str::from_utf8(bytes).unwrap_or("not UTF-8")),
            _ => Some("not a text"),
        }),
        status: if wide || quantity.is_none_or(|quantity| quantity == 0) {
            lossy(row, 8)?
        } else {
            ""
        },
        strategy: if wide {
            row.get_ref(11)?.as_str_or_null().ok().flatten()
        } else {
            None
        },
        malformed,
    })
}

/// A text, or nothing where it is something else: the rules then refuse the row.
fn lossy<'r>(row: &'r Row<'_>, at: usize) -> Result<&'r str, rusqlite::Error> {
    Ok(row.get_ref(at)?.as_str().unwrap_or_default())
}

/// A float that is a whole number a float holds exactly.
#[expect(
    clippy::cast_possible_truncation,
    reason = "checked: whole and below 2^53"
)]
fn whole(value: f64) -> Option<i64> {
    (value.fract() == 0.0 && value.abs() < 9.0e15).then_some(value as i64)
}

pub(in crate::source::sqlite) fn backfilled(
    connection: &Connection,
    settings: &Settings,
    last_id: i64,
    on_or_before: Date,
) -> Result<bool, SourceError> {
    let (_, until) = bounds(&settings.trades_zone, None, on_or_before);
    connection
        .prepare_cached(
            "SELECT 1 FROM trades WHERE id > ?1 AND id <= ?1 + ?3 AND +executed_at < ?2 LIMIT 1",
        )
        .and_then(|mut query| query.exists(params![last_id, until, BACKFILL_ROWS]))
        .map_err(failed("trades"))
}
