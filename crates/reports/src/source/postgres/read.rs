//! The queries. Numbers come as text where a float would lose digits, times always.

use futures_util::TryStreamExt as _;
use jiff::Span;
use jiff::civil::Date;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Row as _};

use super::Settings;
use crate::calendar::instant_in_seoul;
use crate::compute::{Executed, Number, Replay, Split, TradeRow};
use crate::source::text::{Times, date as date_of};
use crate::source::time::StoredZone;
use crate::source::{
    AccountHistory, EquityPoint, QuoteQuery, Quotes, SourceError, Stock, equity_day,
};
use crate::summary::Halt;

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

fn bad_value(what: &'static str, text: &str) -> SourceError {
    SourceError::Query {
        what,
        cause: format!("unreadable value {text:?}").into(),
    }
}

/// The naive time of the start of a Korean date.
fn midnight(zone: &StoredZone, date: Date) -> String {
    let naive = zone.naive(instant_in_seoul(date.at(0, 0, 0, 0)));
    naive.to_string()
}

fn day_after(date: Date) -> Date {
    date.saturating_add(Span::new().days(1))
}

async fn has_table(connection: &mut PgConnection, name: &str) -> Result<bool, SourceError> {
    sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(name)
        .fetch_one(connection)
        .await
        .map_err(failed("to_regclass"))
}

fn day(text: &str, what: &'static str) -> Result<Date, SourceError> {
    date_of(text.as_bytes()).ok_or_else(|| bad_value(what, text))
}

pub(super) async fn history(
    connection: &mut PgConnection,
    settings: &Settings,
    through: Date,
) -> Result<AccountHistory, SourceError> {
    let account = match &settings.account {
        Some(account) => Some(account.clone()),
        None => only_account(connection).await?,
    };
    let mut history = AccountHistory {
        account: account.clone(),
        ..AccountHistory::default()
    };
    if let Some(account) = &account {
        equity(connection, settings, account, through, &mut history).await?;
        holdings(connection, account, &mut history).await?;
        flows(connection, account, through, &mut history).await?;
    }
    splits(connection, through, &mut history).await?;
    Ok(history)
}

async fn only_account(connection: &mut PgConnection) -> Result<Option<String>, SourceError> {
    let mut found: Vec<String> =
        sqlx::query_scalar("SELECT DISTINCT user_id::text FROM portfolio_risk_metrics LIMIT 5")
            .fetch_all(connection)
            .await
            .map_err(failed("portfolio_risk_metrics"))?;
    if found.len() > 1 {
        found.sort();
        return Err(SourceError::SeveralAccounts {
            found: found.join(", "),
        });
    }
    Ok(found.pop())
}

async fn equity(
    connection: &mut PgConnection,
    settings: &Settings,
    account: &str,
    through: Date,
    history: &mut AccountHistory,
) -> Result<(), SourceError> {
    const TABLE: &str = "portfolio_risk_metrics";
    // To 08:00 of the day after: see `equity_day`.
    let until = midnight(&settings.risk_zone, day_after(day_after(through)));
    let mut rows = sqlx::query(
        "SELECT date::text, total_value::bigint, cash_balance::bigint, is_trading_halted, \
         trading_halt_reason::text FROM portfolio_risk_metrics \
         WHERE user_id = $1 AND date < $2::text::timestamp ORDER BY date, id",
    )
    .bind(account)
    .bind(until)
    .fetch(connection);
    let mut times = Times::new(&settings.risk_zone);
    while let Some(row) = rows.try_next().await.map_err(failed(TABLE))? {
        let text: &str = row.try_get(0).map_err(failed(TABLE))?;
        let Executed::At { at, .. } = times.executed(Some(text)) else {
            return Err(bad_value("portfolio_risk_metrics.date", text));
        };
        let date = equity_day(at);
        if date > through {
            continue;
        }
        let point = EquityPoint {
            date,
            equity: row.try_get(1).map_err(failed(TABLE))?,
            cash: row.try_get(2).map_err(failed(TABLE))?,
        };
        match history.equity.last_mut() {
            Some(last) if last.date == date => *last = point,
            _ => history.equity.push(point),
        }
        let halted: Option<bool> = row.try_get(3).map_err(failed(TABLE))?;
        history.halt = match halted {
            Some(halted) => Some(Halt {
                halted,
                reason: row.try_get(4).map_err(failed(TABLE))?,
            }),
            None => None,
        };
    }
    Ok(())
}

async fn holdings(
    connection: &mut PgConnection,
    account: &str,
    history: &mut AccountHistory,
) -> Result<(), SourceError> {
    const TABLE: &str = "portfolios";
    if !has_table(connection, TABLE).await? {
        return Ok(());
    }
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT ticker::text, quantity::bigint FROM portfolios WHERE user_id = $1")
            .bind(account)
            .fetch_all(connection)
            .await
            .map_err(failed(TABLE))?;
    history.holdings = rows.into_iter().collect();
    Ok(())
}

async fn flows(
    connection: &mut PgConnection,
    account: &str,
    through: Date,
    history: &mut AccountHistory,
) -> Result<(), SourceError> {
    const TABLE: &str = "cash_flows";
    if !has_table(connection, TABLE).await? {
        return Ok(());
    }
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT date::text, amount::bigint FROM cash_flows WHERE user_id = $1 ORDER BY date",
    )
    .bind(account)
    .fetch_all(connection)
    .await
    .map_err(failed(TABLE))?;
    for (date, amount) in rows {
        let date = day(&date, TABLE)?;
        if date <= through {
            history.flows.push((date, amount));
        }
    }
    Ok(())
}

async fn splits(
    connection: &mut PgConnection,
    through: Date,
    history: &mut AccountHistory,
) -> Result<(), SourceError> {
    const TABLE: &str = "stock_splits";
    if !has_table(connection, TABLE).await? {
        return Ok(());
    }
    let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
        "SELECT date::text, ticker::text, numerator::bigint, denominator::bigint \
         FROM stock_splits ORDER BY date",
    )
    .fetch_all(connection)
    .await
    .map_err(failed(TABLE))?;
    for (date, ticker, numerator, denominator) in rows {
        let date = day(&date, TABLE)?;
        if date <= through && numerator > 0 && denominator > 0 {
            history.splits.push(Split {
                ticker,
                date,
                numerator,
                denominator,
            });
        }
    }
    Ok(())
}

/// Every column a detailed row shows.
const DETAILED: &str = "SELECT id::bigint, ticker, action, executed_quantity::bigint, \
     total_amount::bigint, commission::bigint, tax::bigint, executed_at::text, status, \
     executed_price::text, order_id, strategy FROM trades ";
/// What the positions need, and no more.
const LEAN: &str = "SELECT id::bigint, ticker, action, executed_quantity::bigint, \
     total_amount::bigint, commission::bigint, tax::bigint, executed_at::text, status, \
     CASE WHEN total_amount IS NULL THEN executed_price::text END FROM trades ";

pub(super) async fn replay(
    connection: &mut PgConnection,
    settings: &Settings,
    replay: &mut Replay,
    through: Date,
    detail: Option<Date>,
) -> Result<(), SourceError> {
    let zone = &settings.trades_zone;
    let first = replay.after().map(day_after);
    let before = detail.map_or(through, |detail| detail.saturating_sub(Span::new().days(1)));
    if first.is_none_or(|first| first <= before) {
        fold(connection, zone, replay, (first, before), LEAN).await?;
    }
    if let Some(detail) = detail {
        fold(connection, zone, replay, (Some(detail), detail), DETAILED).await?;
        unexecuted(connection, zone, replay, detail).await?;
        if detail < through {
            let rest = (Some(day_after(detail)), through);
            fold(connection, zone, replay, rest, LEAN).await?;
        }
    }
    Ok(())
}

async fn fold(
    connection: &mut PgConnection,
    zone: &StoredZone,
    replay: &mut Replay,
    (first, last): (Option<Date>, Date),
    columns: &'static str,
) -> Result<(), SourceError> {
    const TABLE: &str = "trades";
    let wide = columns.len() == DETAILED.len();
    let from = first.map(|first| midnight(zone, first));
    let lower = if from.is_some() {
        "executed_at >= $2::text::timestamp AND "
    } else {
        "$2::text IS NULL AND "
    };
    // Only constants of this file are put together.
    let sql =
        format!("{columns}WHERE {lower}executed_at < $1::text::timestamp ORDER BY executed_at, id");
    let mut rows = sqlx::query(AssertSqlSafe(sql))
        .bind(midnight(zone, day_after(last)))
        .bind(from)
        .fetch(connection);
    let mut times = Times::new(zone);
    while let Some(row) = rows.try_next().await.map_err(failed(TABLE))? {
        replay.push(&trade(&row, &mut times, wide).map_err(failed(TABLE))?);
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
        .bind(midnight(zone, date))
        .bind(midnight(zone, day_after(date)))
        .fetch(connection);
    let mut times = Times::new(zone);
    while let Some(row) = rows.try_next().await.map_err(failed(TABLE))? {
        replay.push(&trade(&row, &mut times, true).map_err(failed(TABLE))?);
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

pub(super) async fn quotes(
    connection: &mut PgConnection,
    wanted: &QuoteQuery,
) -> Result<Quotes, SourceError> {
    const TABLE: &str = "stock_prices";
    let mut quotes = Quotes::default();
    type Named = (String, Option<String>, Option<String>, Option<String>);
    let stocks: Vec<Named> = sqlx::query_as(
        "SELECT ticker::text, name_kr::text, market::text, sector::text FROM stocks \
         WHERE ticker = ANY($1)",
    )
    .bind(&wanted.tickers)
    .fetch_all(&mut *connection)
    .await
    .map_err(failed("stocks"))?;
    for (ticker, name, market, sector) in stocks {
        quotes.stocks.insert(
            ticker,
            Stock {
                name,
                market,
                sector,
            },
        );
    }
    for date in &wanted.dates {
        let closes: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT stocks.ticker::text, last.date::text, last.close::text FROM stocks \
             CROSS JOIN LATERAL (SELECT date, close FROM stock_prices \
             WHERE stock_id = stocks.id AND date < $2::text::timestamp \
             ORDER BY date DESC LIMIT 1) AS last WHERE stocks.ticker = ANY($1)",
        )
        .bind(&wanted.tickers)
        .bind(day_after(*date).to_string())
        .fetch_all(&mut *connection)
        .await
        .map_err(failed(TABLE))?;
        for (ticker, at, close) in closes {
            if let Some(price) = Number::Text(&close).decimal() {
                quotes.add_close(&ticker, day(&at, TABLE)?, price);
            }
        }
    }
    if let (Some(from), Some(to)) = (wanted.benchmark_from, wanted.benchmark_to) {
        // Two weeks are more than the longest closure, for the close before the first date.
        let closes: Vec<(String, String)> = sqlx::query_as(
            "SELECT p.date::text, p.close::text FROM stock_prices p \
             JOIN stocks s ON s.id = p.stock_id WHERE s.ticker = $1 \
             AND p.date >= $2::text::timestamp AND p.date < $3::text::timestamp ORDER BY p.date",
        )
        .bind(&wanted.benchmark)
        .bind(from.saturating_sub(Span::new().days(14)).to_string())
        .bind(day_after(to).to_string())
        .fetch_all(&mut *connection)
        .await
        .map_err(failed(TABLE))?;
        for (at, close) in closes {
            if let Some(price) = Number::Text(&close).decimal() {
                quotes.benchmark.push((day(&at, TABLE)?, price));
            }
        }
    }
    Ok(quotes)
}

pub(super) async fn backfilled(
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
    .bind(midnight(&settings.trades_zone, day_after(on_or_before)))
    .bind(crate::source::BACKFILL_ROWS)
    .fetch_one(connection)
    .await
    .map_err(failed("trades"))
}
