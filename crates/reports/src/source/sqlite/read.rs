//! The queries.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use jiff::civil::{Date, time};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row, Rows, params};

use super::Settings;
use crate::compute::{Executed, Number, Replay, Split, TradeRow};
use crate::source::tables::{
    BACKFILL_ROWS, Dates, EquityRow, Spans, bad_value, day, day_after, midnight, only_account,
};
use crate::source::text::Times;
use crate::source::time::StoredZone;
use crate::source::{AccountHistory, QuoteQuery, Quotes, SourceError, Stock};

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

pub(super) fn history(
    connection: &Connection,
    settings: &Settings,
    through: Date,
) -> Result<AccountHistory, SourceError> {
    let account = match &settings.account {
        Some(account) => Some(account.clone()),
        None => only_account(accounts(connection).map_err(failed("portfolio_risk_metrics"))?)?,
    };
    let mut history = AccountHistory {
        account: account.clone(),
        ..AccountHistory::default()
    };
    if let Some(account) = account {
        equity(connection, settings, &account, through, &mut history)?;
        holdings(connection, &account, &mut history)?;
        flows(connection, &account, through, &mut history)?;
    }
    splits(connection, through, &mut history)?;
    Ok(history)
}

/// Some of the accounts recorded, each found by one step in the index.
fn accounts(connection: &Connection) -> Result<Vec<String>, rusqlite::Error> {
    connection
        .prepare_cached(
            "WITH RECURSIVE accounts (account) AS (\
             SELECT min(user_id) FROM portfolio_risk_metrics UNION ALL \
             SELECT (SELECT min(user_id) FROM portfolio_risk_metrics WHERE user_id > account) \
             FROM accounts WHERE account IS NOT NULL) \
             SELECT account FROM accounts WHERE account IS NOT NULL LIMIT 5",
        )?
        .query_map([], |row| row.get(0))?
        .collect()
}

fn equity(
    connection: &Connection,
    settings: &Settings,
    account: &str,
    through: Date,
    history: &mut AccountHistory,
) -> Result<(), SourceError> {
    const TABLE: &str = "portfolio_risk_metrics";
    // To 08:00 of the day after: see `add_point`.
    let until = day_after(day_after(through)).to_string();
    let mut query = connection
        .prepare_cached(
            "SELECT date, total_value, cash_balance, is_trading_halted, trading_halt_reason \
             FROM portfolio_risk_metrics WHERE user_id = ?1 AND date < ?2 ORDER BY date, id",
        )
        .map_err(failed(TABLE))?;
    let mut rows = query
        .query(params![account, until])
        .map_err(failed(TABLE))?;
    let mut times = Times::new(&settings.risk_zone);
    while let Some(row) = rows.next().map_err(failed(TABLE))? {
        let point = EquityRow {
            at: text(row, 0, TABLE)?.unwrap_or_default(),
            equity: row.get(1).map_err(failed(TABLE))?,
            cash: row.get(2).map_err(failed(TABLE))?,
            halted: row.get(3).map_err(failed(TABLE))?,
            reason: row.get(4).map_err(failed(TABLE))?,
        };
        history.add_point(point, &mut times, through)?;
    }
    Ok(())
}

fn holdings(
    connection: &Connection,
    account: &str,
    history: &mut AccountHistory,
) -> Result<(), SourceError> {
    const TABLE: &str = "portfolios";
    if !has_table(connection, TABLE)? {
        return Ok(());
    }
    let mut query = connection
        .prepare_cached("SELECT ticker, quantity FROM portfolios WHERE user_id = ?1")
        .map_err(failed(TABLE))?;
    history.holdings = query
        .query_map([account], |row| Ok((row.get(0)?, row.get(1)?)))
        .and_then(Iterator::collect::<Result<HashMap<_, _>, _>>)
        .map_err(failed(TABLE))?;
    Ok(())
}

fn flows(
    connection: &Connection,
    account: &str,
    through: Date,
    history: &mut AccountHistory,
) -> Result<(), SourceError> {
    const TABLE: &str = "cash_flows";
    if !has_table(connection, TABLE)? {
        return Ok(());
    }
    let mut query = connection
        .prepare_cached("SELECT date, amount FROM cash_flows WHERE user_id = ?1 ORDER BY date")
        .map_err(failed(TABLE))?;
    let mut rows = query.query([account]).map_err(failed(TABLE))?;
    while let Some(row) = rows.next().map_err(failed(TABLE))? {
        let amount = row.get(1).map_err(failed(TABLE))?;
        history.add_flow(day_of(row, 0, TABLE)?, amount, through);
    }
    Ok(())
}

fn splits(
    connection: &Connection,
    through: Date,
    history: &mut AccountHistory,
) -> Result<(), SourceError> {
    const TABLE: &str = "stock_splits";
    if !has_table(connection, TABLE)? {
        return Ok(());
    }
    let mut query = connection
        .prepare_cached(
            "SELECT date, ticker, numerator, denominator FROM stock_splits ORDER BY date",
        )
        .map_err(failed(TABLE))?;
    let mut rows = query.query([]).map_err(failed(TABLE))?;
    while let Some(row) = rows.next().map_err(failed(TABLE))? {
        let split = Split {
            date: day_of(row, 0, TABLE)?,
            ticker: row.get(1).map_err(failed(TABLE))?,
            numerator: row.get(2).map_err(failed(TABLE))?,
            denominator: row.get(3).map_err(failed(TABLE))?,
        };
        history.add_split(split, through);
    }
    Ok(())
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

/// Every column a detailed row shows.
const DETAILED: &str = "SELECT id, ticker, action, executed_quantity, total_amount, commission, \
     tax, executed_at, status, executed_price, order_id, strategy ";
/// What the positions need, and no more.
const LEAN: &str = "SELECT id, ticker, action, executed_quantity, total_amount, commission, \
     tax, executed_at, status, \
     CASE WHEN total_amount IS NULL THEN executed_price END ";

pub(super) fn replay(
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

fn number<'r>(row: &'r Row<'_>, at: usize) -> Result<Number<'r>, rusqlite::Error> {
    Ok(match row.get_ref(at)? {
        ValueRef::Integer(value) => Number::Int(value),
        ValueRef::Real(value) => Number::Real(value),
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).map_or(Number::Null, Number::Text),
        ValueRef::Null | ValueRef::Blob(_) => Number::Null,
    })
}

/// A float that is a whole number a float holds exactly.
#[expect(
    clippy::cast_possible_truncation,
    reason = "checked: whole and below 2^53"
)]
fn whole(value: f64) -> Option<i64> {
    (value.fract() == 0.0 && value.abs() < 9.0e15).then_some(value as i64)
}

pub(super) fn quotes(connection: &Connection, wanted: &QuoteQuery) -> Result<Quotes, SourceError> {
    const TABLE: &str = "stock_prices";
    let mut quotes = Quotes::default();
    let mut stock = connection
        .prepare_cached("SELECT id, name_kr, market, sector FROM stocks WHERE ticker = ?1")
        .map_err(failed("stocks"))?;
    let mut closes = connection
        .prepare_cached(
            "SELECT date, close FROM stock_prices WHERE stock_id = ?1 AND date < ?2 \
             ORDER BY date DESC",
        )
        .map_err(failed(TABLE))?;
    // The texts before which the wanted closes lie, the latest first.
    let mut ends: Vec<String> = wanted
        .dates
        .iter()
        .map(|date| day_after(*date).to_string())
        .collect();
    ends.sort_by(|a, b| b.cmp(a));
    let mut find = |ticker: &str| {
        stock
            .query_row([ticker], |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    Stock {
                        name: row.get(1)?,
                        market: row.get(2)?,
                        sector: row.get(3)?,
                    },
                ))
            })
            .optional()
            .map_err(failed("stocks"))
    };
    for ticker in &wanted.tickers {
        let Some((id, stock)) = find(ticker)? else {
            continue;
        };
        quotes.stocks.insert(ticker.clone(), stock);
        if let Some(last) = ends.first() {
            let rows = closes.query(params![id, last]).map_err(failed(TABLE))?;
            last_closes(rows, &ends, ticker, &mut quotes)?;
        }
    }
    if let Some((from, to)) = wanted.benchmark_dates()
        && let Some((id, _)) = find(&wanted.benchmark)?
    {
        let mut query = connection
            .prepare_cached(
                "SELECT date, close FROM stock_prices \
                 WHERE stock_id = ?1 AND date >= ?2 AND date < ?3 ORDER BY date",
            )
            .map_err(failed(TABLE))?;
        let mut rows = query
            .query(params![id, from.to_string(), day_after(to).to_string()])
            .map_err(failed(TABLE))?;
        while let Some(row) = rows.next().map_err(failed(TABLE))? {
            if let Some(price) = number(row, 1).map_err(failed(TABLE))?.decimal() {
                quotes.benchmark.push((day_of(row, 0, TABLE)?, price));
            }
        }
    }
    Ok(quotes)
}

/// The last close before each of `ends`, from rows and ends that both begin with the latest.
fn last_closes(
    mut rows: Rows<'_>,
    ends: &[String],
    ticker: &str,
    quotes: &mut Quotes,
) -> Result<(), SourceError> {
    const TABLE: &str = "stock_prices";
    let mut ends = ends.iter().peekable();
    while ends.peek().is_some()
        && let Some(row) = rows.next().map_err(failed(TABLE))?
    {
        let at = text(row, 0, TABLE)?.unwrap_or_default();
        if ends.next_if(|end| at < end.as_str()).is_none() {
            continue;
        }
        while ends.next_if(|end| at < end.as_str()).is_some() {}
        if let Some(price) = number(row, 1).map_err(failed(TABLE))?.decimal() {
            quotes.add_close(ticker, day_of(row, 0, TABLE)?, price);
        }
    }
    Ok(())
}

pub(super) fn backfilled(
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
