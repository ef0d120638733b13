//! The account's history, and the optional tables.

use futures_util::TryStreamExt as _;
use jiff::civil::Date;
use sqlx::Row as _;
use sqlx::postgres::PgConnection;

use super::super::Settings;
use super::{failed, has_table, turn};
use crate::compute::Split;
use crate::source::tables::{EquityRow, day, day_after, midnight, only_account};
use crate::source::text::Times;
use crate::source::{AccountHistory, SourceError};

pub(in crate::source::postgres) async fn history(
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
        turn().await;
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
