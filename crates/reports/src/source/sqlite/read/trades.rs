//! The trades, in order of their instants.
//!
//! Texts are compared to find rows, instants to choose and order them. A day's rows are those whose
//! text begins with its date, and of the days beside it those that say their own zone. Rows are handed
//! on as they come as long as they come in order; else they are read once more and put in order.

use jiff::civil::Date;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Params, Row, params};

use super::super::Settings;
use super::{failed, number, text, time, whole};
use crate::calendar::instant_in_seoul;
use crate::compute::{Executed, Number, Replay, TradeRow};
use crate::source::SourceError;
use crate::source::layout::{Kind, Layout, Relation, trade_columns};
use crate::source::tables::{
    Dates, MAX_DAYLESS, Reorder, Spans, day_after, day_before, gaps, within,
};
use crate::source::text::{FIRST_SECOND, Times};
use crate::source::time::StoredZone;

const TABLE: &str = "trades";

/// Does a text of a time say its own zone: `Z`, `UTC`, `+09:00`?
pub(super) const ZONED: &str = "substr(executed_at, 12) GLOB '*[A-Za-z+-]*'";

/// Where a table's rows lie, and whose are wanted.
struct Trades<'a> {
    connection: &'a Connection,
    settings: &'a Settings,
    relation: &'a Relation,
    /// `AND user_id = 'u'`, or nothing.
    owner: String,
    /// Every time is known to lie where its date does.
    ordinary: bool,
}

impl Trades<'_> {
    fn select(&self, wide: bool, condition: &str) -> String {
        let columns = trade_columns(self.relation, wide, |column, _: Kind| column.to_owned());
        format!(
            "SELECT {columns} FROM {} WHERE {condition}{}",
            self.relation.from, self.owner
        )
    }

    /// Gives every row that a query finds to `each`, until it wants no more.
    fn each(
        &self,
        sql: &str,
        params: impl Params,
        wide: bool,
        mut each: impl FnMut(&TradeRow<'_>) -> bool,
    ) -> Result<(), SourceError> {
        let mut query = self.connection.prepare(sql).map_err(failed(TABLE))?;
        let mut rows = query.query(params).map_err(failed(TABLE))?;
        let mut times = Times::new(&self.settings.trades_zone);
        while let Some(row) = rows.next().map_err(failed(TABLE))? {
            if !each(&trade(row, &mut times, wide).map_err(failed(TABLE))?) {
                break;
            }
        }
        Ok(())
    }
}

/// `AND user_id = 'u'` where fills tell whose they are and an account is chosen.
pub(super) fn owned(trades: &Relation, account: Option<&str>) -> String {
    match trades.owner().zip(account) {
        Some((column, account)) => format!(" AND {column} = '{}'", account.replace('\'', "''")),
        None => String::new(),
    }
}

pub(in crate::source::sqlite) fn replay(
    connection: &Connection,
    settings: &Settings,
    layout: &Layout,
    (account, ordinary): (Option<&str>, bool),
    mut replay: Replay,
    (through, detail): (Date, Option<Date>),
) -> Result<Replay, SourceError> {
    let relation = layout.required(TABLE)?;
    let trades = Trades {
        connection,
        settings,
        relation,
        owner: owned(relation, account),
        ordinary,
    };
    let spans = Spans::new(replay.after(), through, detail);
    if let Some(before) = spans.before {
        fold(&trades, &mut replay, before, false)?;
    }
    if let Some(date) = spans.detail {
        let before = replay.last_id();
        fold(&trades, &mut replay, (Some(date), date), true)?;
        if relation.has("created_at") {
            let ids = (before.saturating_add(1), replay.last_id());
            unexecuted(&trades, &mut replay, date, ids)?;
        }
        dayless(&trades, &mut replay, date)?;
    }
    if let Some(rest) = spans.rest {
        fold(&trades, &mut replay, rest, false)?;
    }
    Ok(replay)
}

/// The texts, of dates alone so that `T` and blank compare alike, from which and before which times
/// without a zone lie that fall on the dates; what is between and of other dates is left to the caller.
fn bounds(zone: &StoredZone, (first, last): Dates) -> (String, String) {
    let naive = |date: Date| zone.naive(instant_in_seoul(date.at(0, 0, 0, 0)));
    let from = first.map_or_else(String::new, |first| {
        naive(first).date().min(first).to_string()
    });
    let end = naive(day_after(last));
    let end = if end.time() == jiff::civil::Time::midnight() {
        end.date()
    } else {
        day_after(end.date())
    };
    (from, end.max(day_after(last)).to_string())
}

fn fold(
    trades: &Trades<'_>,
    replay: &mut Replay,
    dates: Dates,
    wide: bool,
) -> Result<(), SourceError> {
    let (from, until) = bounds(&trades.settings.trades_zone, dates);
    let mut aside = beside(trades, dates, (&from, &until), wide)?;
    let sql =
        trades.select(wide, "executed_at >= ?1 AND executed_at < ?2") + " ORDER BY executed_at, id";
    if aside.is_empty() {
        let begun = replay.clone();
        trades.each(&sql, [&from, &until], wide, |row| {
            if within(row.executed, dates) {
                replay.push(row);
            }
            !replay.disordered()
        })?;
        if !replay.disordered() {
            return Ok(());
        }
        *replay = begun;
    }
    // A text of a date tells an instant that is at most a day off.
    let mut text_date = None;
    trades.each(&sql, [&from, &until], wide, |row| {
        if within(row.executed, dates) {
            aside.add(row);
        }
        if let Executed::At { date, .. } = row.executed
            && text_date.is_none_or(|known| date > known)
        {
            text_date = Some(date);
            if aside.len() > 10_000 {
                let settled = day_before(day_before(date));
                aside.release(Some(settled), replay);
            }
        }
        true
    })?;
    aside.release(None, replay);
    Ok(())
}

/// Rows of the dates that do not lie where texts without a zone do: those with a zone on the days
/// beside, and times that are numbers. Mostly there is none, and only the index is read.
fn beside(
    trades: &Trades<'_>,
    dates: Dates,
    (from, until): (&str, &str),
    wide: bool,
) -> Result<Reorder, SourceError> {
    let (first, last) = dates;
    let mut aside = Reorder::default();
    if trades.ordinary {
        return Ok(aside);
    }
    let mut keep = |row: &TradeRow<'_>| {
        if within(row.executed, dates) {
            aside.add(row);
        }
        true
    };
    let zoned = trades.select(
        wide,
        &format!("executed_at >= ?1 AND executed_at < ?2 AND {ZONED}"),
    );
    if let Some(first) = first {
        let early = day_before(first).to_string();
        trades.each(&zoned, [early.as_str(), from], wide, &mut keep)?;
    }
    let late = day_after(day_after(last)).to_string();
    trades.each(&zoned, [until, late.as_str()], wide, &mut keep)?;
    // Numbers come before every text.
    let numbers = trades.select(wide, "executed_at >= ?1 AND executed_at < ?2");
    let second = |date: Date| instant_in_seoul(date.at(0, 0, 0, 0)).as_second();
    let (low, high) = (first.map_or(1, second), second(day_after(last)));
    let scales = [
        (1, FIRST_SECOND),
        (1_000, 100_000_000_000),
        (1_000_000, 100_000_000_000_000),
        (1_000_000_000, 100_000_000_000_000_000),
    ];
    // What is too small for milliseconds is seconds, and so on.
    for (scale, least) in scales {
        let (low, high) = (
            low.saturating_mul(scale).max(least),
            high.saturating_mul(scale),
        );
        trades.each(&numbers, params![low, high], wide, &mut keep)?;
    }
    Ok(aside)
}

/// Rows created on the day that have no time of execution: orders that came to nothing, and fills
/// that break the rule.
///
/// Most of them have ids among those of the day's fills, where the index of execution finds them;
/// beyond, that of creation tells what there is. Both leave the table's other rows alone.
fn unexecuted(
    trades: &Trades<'_>,
    replay: &mut Replay,
    date: Date,
    (first_id, last_id): (i64, i64),
) -> Result<(), SourceError> {
    let zone = &trades.settings.trades_zone;
    let (from, until) = bounds(zone, (Some(date), date));
    let early = day_before(date).to_string().min(from);
    let late = day_after(day_after(date)).to_string().max(until);
    let near = trades.select(
        true,
        "executed_at IS NULL AND id BETWEEN ?3 AND ?4 AND +created_at >= ?1 AND +created_at < ?2",
    );
    let far = trades.select(
        true,
        "+executed_at IS NULL AND id NOT BETWEEN ?3 AND ?4 AND created_at >= ?1 AND created_at < ?2",
    );
    let sql = format!("{near} UNION ALL {far} ORDER BY 1");
    let mut query = trades.connection.prepare(&sql).map_err(failed(TABLE))?;
    let mut rows = query
        .query(params![early, late, first_id, last_id])
        .map_err(failed(TABLE))?;
    let (mut times, mut created) = (Times::new(zone), Times::new(zone));
    while let Some(row) = rows.next().map_err(failed(TABLE))? {
        // The bounds are wide: some rows are of the days beside.
        let on = time(row, CREATED, &mut created).map_err(failed(TABLE))?;
        if within(on, (Some(date), date)) {
            replay.push(&trade(row, &mut times, true).map_err(failed(TABLE))?);
        }
    }
    Ok(())
}

/// Where `created_at` stands in a detailed row.
const CREATED: usize = 16;

/// Fills whose time no text of a date begins with, and fills with neither a time nor a creation: no
/// day is theirs, so each report names them.
fn dayless(trades: &Trades<'_>, replay: &mut Replay, date: Date) -> Result<(), SourceError> {
    let limit = format!(" LIMIT {MAX_DAYLESS}");
    if !trades.ordinary {
        undated(trades, replay, date, &limit)?;
    }
    let when = if trades.relation.has("created_at") {
        "+executed_at IS NULL AND executed_quantity > 0 AND (created_at IS NULL \
         OR created_at < '1900-01-01' OR created_at >= '2200-01-01')"
    } else {
        "executed_at IS NULL AND executed_quantity > 0"
    };
    let timeless = trades.select(true, when) + &limit;
    trades.each(&timeless, [], true, |row| {
        replay.push(row);
        true
    })
}

/// Fills whose time no text of a date begins with.
fn undated(
    trades: &Trades<'_>,
    replay: &mut Replay,
    date: Date,
    limit: &str,
) -> Result<(), SourceError> {
    // Texts before, between and after the dates, and numbers of no time that trades have. A text that is a
    // number itself would be compared as one.
    let mut odd = vec![
        "executed_at >= '' AND executed_at < '1900-01-01'".to_owned(),
        "executed_at >= '2200-01-01'".to_owned(),
        format!(
            "executed_at < '' AND (+executed_at < {FIRST_SECOND} \
             OR +executed_at BETWEEN 7258118400 AND 99999999999 \
             OR +executed_at BETWEEN 7258118400000 AND 99999999999999 \
             OR +executed_at BETWEEN 7258118400000000 AND 99999999999999999 \
             OR +executed_at >= 7258118400000000000)"
        ),
    ];
    let between = gaps(date).map(|(from, until)| {
        // In brackets of its own each, for the index to be of use.
        format!("(executed_at >= '{from}' AND executed_at < '{until}')")
    });
    odd.push(format!("({})", between.collect::<Vec<_>>().join(" OR ")));
    for odd in odd {
        let odd = trades.select(true, &odd) + limit;
        trades.each(&odd, [], true, |row| {
            let row = TradeRow {
                executed: match row.executed {
                    Executed::At { .. } => Executed::Bad("out of range"),
                    other => other,
                },
                ..*row
            };
            replay.push(&row);
            true
        })?;
    }
    Ok(())
}

/// A row, in a lean one only what the rules look at: each column read costs as much as a rule.
pub(super) fn trade<'r>(
    row: &'r Row<'_>,
    times: &mut Times<'_>,
    wide: bool,
) -> Result<TradeRow<'r>, rusqlite::Error> {
    let mut malformed = None;
    let id = match row.get_ref(0)? {
        ValueRef::Integer(id) => id,
        // A name in place of a number: rows of one instant then come as they lie.
        _ => whole(row, 0)?.unwrap_or_default(),
    };
    let quantity = match row.get_ref(3)? {
        ValueRef::Integer(value) => Some(value),
        ValueRef::Null => None,
        _ => {
            let found = whole(row, 3)?;
            if found.is_none() {
                malformed = Some("executed_quantity");
            }
            found
        }
    };
    let amount = number(row, 4)?;
    let mut trade = TradeRow {
        id,
        ticker: lossy(row, 1)?,
        action: lossy(row, 2)?,
        quantity,
        price: if wide || amount == Number::Null {
            number(row, 9)?
        } else {
            Number::Null
        },
        amount,
        commission: number(row, 5)?,
        tax: number(row, 6)?,
        executed: time(row, 7, times)?,
        status: if wide || quantity.is_none_or(|quantity| quantity == 0) {
            lossy(row, 8)?
        } else {
            ""
        },
        malformed,
        ..TradeRow::default()
    };
    if wide {
        trade.order_id = lossy(row, 10)?;
        trade.strategy = text(row, 11)?;
        trade.ordered = whole(row, 12)?;
        trade.order_price = number(row, 13)?;
        trade.reason = text(row, 14)?;
        trade.venue = text(row, 15)?;
    }
    Ok(trade)
}

/// A text, or nothing where it is something else: the rules then refuse the row.
fn lossy<'r>(row: &'r Row<'_>, at: usize) -> Result<&'r str, rusqlite::Error> {
    Ok(row.get_ref(at)?.as_str().unwrap_or_default())
}
