//! The queries. Numbers come as text where a float would lose digits, times always.

use futures_util::TryStreamExt as _;
use jiff::civil::Date;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Row as _};

use super::Settings;
use crate::compute::{Number, Replay, Split, TradeRow};
use crate::source::tables::{
    BACKFILL_ROWS, Dates, EquityRow, Spans, day, day_after, midnight, only_account,
};
use crate::source::text::Times;
use crate::source::time::StoredZone;
use crate::source::{AccountHistory, QuoteQuery, Quotes, SourceError, Stock};

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

async fn has_table(connection: &mut PgConnection, name: &str) -> Result<bool, SourceError> {
    sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(name)
        .fetch_one(connection)
        .await
        .map_err(failed("to_regclass"))
}

pub(super) async fn history(
    connection: &mut PgConnection,
    settings: &Settings,
    through: Date,
) -> Result<AccountHistory, SourceError> {
    let account = match &settings.account {
        Some(account) => Some(account.clone()),
        None => only_account(accounts(connection).await?)?,
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

/// Some of the accounts recorded, each found by one step in the index.
async fn accounts(connection: &mut PgConnection) -> Result<Vec<String>, SourceError> {
    sqlx::query_scalar(
        "WITH RECURSIVE accounts (account) AS (\
         SELECT min(user_id) FROM portfolio_risk_metrics UNION ALL \
         SELECT (SELECT min(user_id) FROM portfolio_risk_metrics WHERE user_id > account) \
         FROM accounts WHERE account IS NOT NULL) \
         SELECT account::text FROM accounts WHERE account IS NOT NULL LIMIT 5",
    )
    .fetch_all(connection)
    .await
    .map_err(failed("portfolio_risk_metrics"))
}

async fn equity(
    connection: &mut PgConnection,
    settings: &Settings,
    account: &str,
    through: Date,
    history: &mut AccountHistory,
) -> Result<(), SourceError> {
    const TABLE: &str = "portfolio_risk_metrics";
    // To 08:00 of the day after: see `add_point`.
    let until = midnight(&settings.risk_zone, day_after(day_after(through)));
    let mut rows = sqlx::query(
        "SELECT date::text, total_value::bigint, cash_balance::bigint, is_trading_halted, \
         trading_halt_reason::text FROM portfolio_risk_metrics \
         WHERE user_id = $1 AND date < $2::text::timestamp ORDER BY date, id",
    )
    .bind(account)
    .bind(until.to_string())
    .fetch(connection);
    let mut times = Times::new(&settings.risk_zone);
    while let Some(row) = rows.try_next().await.map_err(failed(TABLE))? {
        let point = EquityRow {
            at: row.try_get(0).map_err(failed(TABLE))?,
            equity: row.try_get(1).map_err(failed(TABLE))?,
            cash: row.try_get(2).map_err(failed(TABLE))?,
            halted: row.try_get(3).map_err(failed(TABLE))?,
            reason: row.try_get(4).map_err(failed(TABLE))?,
        };
        history.add_point(point, &mut times, through)?;
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
        history.add_flow(day(&date, TABLE)?, amount, through);
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
        let split = Split {
            ticker,
            date: day(&date, TABLE)?,
            numerator,
            denominator,
        };
        history.add_split(split, through);
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
    if let Some((from, to)) = wanted.benchmark_dates() {
        let closes: Vec<(String, String)> = sqlx::query_as(
            "SELECT p.date::text, p.close::text FROM stock_prices p \
             JOIN stocks s ON s.id = p.stock_id WHERE s.ticker = $1 \
             AND p.date >= $2::text::timestamp AND p.date < $3::text::timestamp ORDER BY p.date",
        )
        .bind(&wanted.benchmark)
        .bind(from.to_string())
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
    .bind(midnight(&settings.trades_zone, day_after(on_or_before)).to_string())
    .bind(BACKFILL_ROWS)
    .fetch_one(connection)
    .await
    .map_err(failed("trades"))
}
