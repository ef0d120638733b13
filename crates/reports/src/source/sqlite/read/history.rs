//! The account's history, and the optional tables.

use std::collections::HashMap;

use jiff::civil::Date;
use rusqlite::{Connection, params};

use super::super::Settings;
use super::{day_of, failed, has_table, text};
use crate::compute::Split;
use crate::source::tables::{EquityRow, day_after, only_account};
use crate::source::text::Times;
use crate::source::{AccountHistory, SourceError};

pub(in crate::source::sqlite) fn history(
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
