//! The account's history, and the optional tables.

use rusqlite::Connection;

use super::super::Settings;
use super::{date_text, failed, flag, number, text, time, whole};
use crate::source::equity::{EquityDays, HistoryQuery};
use crate::source::layout::{Layout, Relation};
use crate::source::tables::{MAX_ACCOUNTS, RawEquity, only_account, unknown_account, until_date};
use crate::source::text::Times;
use crate::source::{AccountHistory, SourceError};

pub(in crate::source::sqlite) fn history(
    connection: &Connection,
    settings: &Settings,
    layout: &Layout,
    query: &HistoryQuery,
) -> Result<AccountHistory, SourceError> {
    let risk = layout.required("portfolio_risk_metrics")?;
    let (account, several) = account(connection, settings, layout)?;
    let mut history = AccountHistory {
        account: account.clone(),
        ..AccountHistory::default()
    };
    let trades = layout.required("trades")?;
    history.shared_trades = several && trades.owner().is_none();
    if let Some(account) = &account {
        equity(connection, settings, risk, account, query, &mut history)?;
        if let Some(held) = layout.optional("portfolios")? {
            holdings(connection, held, account, &mut history)?;
        }
        if let Some(flows) = layout.optional("cash_flows")? {
            cash(connection, settings, flows, account, query, &mut history)?;
        }
        if let Some(flows) = layout.optional("position_flows")? {
            shares(connection, settings, flows, account, query, &mut history)?;
        }
    }
    if let Some(table) = layout.optional("stock_splits")? {
        splits(connection, settings, table, query, &mut history)?;
    }
    Ok(history)
}

/// The account that is read, and whether others are recorded too.
pub(super) fn account(
    connection: &Connection,
    settings: &Settings,
    layout: &Layout,
) -> Result<(Option<String>, bool), SourceError> {
    let risk = layout.required("portfolio_risk_metrics")?;
    let mut found = accounts(connection, risk).map_err(failed("portfolio_risk_metrics"))?;
    let several = found.len() > 1;
    let Some(chosen) = &settings.account else {
        return Ok((only_account(found)?, several));
    };
    let trades = layout.required("trades")?;
    let there = known(connection, (risk, trades), chosen, &mut found);
    // A service that has just begun has recorded nobody.
    if !there.map_err(failed("portfolio_risk_metrics"))? && !found.is_empty() {
        return Err(unknown_account(chosen, found));
    }
    Ok((Some(chosen.clone()), several))
}

/// Is anything recorded of an account, equity or a fill? Where fills do not tell whose they are, they are
/// its own as long as no equity tells of others. `found` then names those of the fills, if no others.
fn known(
    connection: &Connection,
    (risk, trades): (&Relation, &Relation),
    account: &str,
    found: &mut Vec<String>,
) -> Result<bool, rusqlite::Error> {
    let (equity, fills) = (&risk.from, &trades.from);
    let exists = |sql: &str| connection.prepare(sql)?.exists([account]);
    if found.iter().any(|known| known == account)
        || exists(&format!(
            "SELECT 1 FROM {equity} WHERE user_id = ?1 LIMIT 1"
        ))?
    {
        return Ok(true);
    }
    let Some(owner) = trades.owner() else {
        let any = format!("SELECT 1 FROM {fills} LIMIT 1");
        return Ok(found.is_empty() && connection.prepare(&any)?.exists([])?);
    };
    if exists(&format!("SELECT 1 FROM {fills} WHERE {owner} = ?1 LIMIT 1"))? {
        return Ok(true);
    }
    if found.is_empty() {
        let owners = format!(
            "SELECT DISTINCT CAST({owner} AS TEXT) FROM {fills} WHERE {owner} IS NOT NULL LIMIT {MAX_ACCOUNTS}"
        );
        let mut owners = connection.prepare(&owners)?;
        *found = owners
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
    }
    Ok(false)
}

/// Some of the accounts recorded, each found by one step in the index.
fn accounts(connection: &Connection, risk: &Relation) -> Result<Vec<String>, rusqlite::Error> {
    let from = &risk.from;
    connection
        .prepare(&format!(
            "WITH RECURSIVE accounts (account) AS (\
             SELECT min(user_id) FROM {from} UNION ALL \
             SELECT (SELECT min(user_id) FROM {from} WHERE user_id > account) \
             FROM accounts WHERE account IS NOT NULL) \
             SELECT CAST(account AS TEXT) FROM accounts WHERE account IS NOT NULL LIMIT {MAX_ACCOUNTS}"
        ))?
        .query_map([], |row| row.get(0))?
        .collect()
}

fn equity(
    connection: &Connection,
    settings: &Settings,
    risk: &Relation,
    account: &str,
    query: &HistoryQuery,
    history: &mut AccountHistory,
) -> Result<(), SourceError> {
    const TABLE: &str = "portfolio_risk_metrics";
    let (id, order) = match risk.has("id") {
        true => ("id", "date, id"),
        false => ("0", "date"),
    };
    let [cash, halted, reason, loss, position] = [
        "cash_balance",
        "is_trading_halted",
        "trading_halt_reason",
        "max_loss_limit",
        "max_position_size_limit",
    ]
    .map(|column| risk.or_null(column));
    // Times that are numbers come before every text.
    let sql = format!(
        "SELECT {id}, date, total_value, {cash}, {halted}, {reason}, {loss}, {position} \
         FROM {} WHERE user_id = ?1 AND (date IS NULL OR date < ?2 OR date >= '2200-01-01') ORDER BY {order}",
        risk.from
    );
    let until = until_date(query.until()).to_string();
    let mut sql = connection.prepare(&sql).map_err(failed(TABLE))?;
    let mut rows = sql.query([account, &until]).map_err(failed(TABLE))?;
    let mut times = Times::new(&settings.risk_zone);
    let mut days = EquityDays::new(query);
    while let Some(row) = rows.next().map_err(failed(TABLE))? {
        let mut read = || -> Result<RawEquity<'_>, rusqlite::Error> {
            Ok(RawEquity {
                id: whole(row, 0)?.unwrap_or_default(),
                at: time(row, 1, &mut times)?,
                equity: number(row, 2)?,
                cash: number(row, 3)?,
                halted: flag(row, 4)?,
                reason: text(row, 5)?.map(str::to_owned),
                max_loss: float(row, 6)?,
                max_position: float(row, 7)?,
            })
        };
        let raw = read().map_err(failed(TABLE))?;
        history.add_equity(raw, &mut days);
    }
    days.finish(history);
    Ok(())
}

fn float(row: &rusqlite::Row<'_>, at: usize) -> Result<Option<f64>, rusqlite::Error> {
    use rust_decimal::prelude::ToPrimitive as _;
    Ok(number(row, at)?.decimal().and_then(|value| value.to_f64()))
}

fn holdings(
    connection: &Connection,
    held: &Relation,
    account: &str,
    history: &mut AccountHistory,
) -> Result<(), SourceError> {
    const TABLE: &str = "portfolios";
    let sql = format!(
        "SELECT ticker, quantity FROM {} WHERE user_id = ?1",
        held.from
    );
    let mut query = connection.prepare(&sql).map_err(failed(TABLE))?;
    let mut rows = query.query([account]).map_err(failed(TABLE))?;
    while let Some(row) = rows.next().map_err(failed(TABLE))? {
        let ticker = text(row, 0).map_err(failed(TABLE))?.unwrap_or_default();
        let quantity = whole(row, 1).map_err(failed(TABLE))?;
        let ticker = crate::compute::canonical(ticker).into_owned();
        history.add_holding(ticker, quantity);
    }
    Ok(())
}

fn cash(
    connection: &Connection,
    settings: &Settings,
    flows: &Relation,
    account: &str,
    query: &HistoryQuery,
    history: &mut AccountHistory,
) -> Result<(), SourceError> {
    const TABLE: &str = "cash_flows";
    let kind = flows.or_null("kind");
    let sql = format!(
        "SELECT date, amount, {kind} FROM {} WHERE user_id = ?1 ORDER BY date",
        flows.from
    );
    let mut sql = connection.prepare(&sql).map_err(failed(TABLE))?;
    let mut rows = sql.query([account]).map_err(failed(TABLE))?;
    let mut times = Times::new(&settings.trades_zone);
    while let Some(row) = rows.next().map_err(failed(TABLE))? {
        let date = date_text(row, 0).map_err(failed(TABLE))?;
        let amount = number(row, 1).map_err(failed(TABLE))?;
        let kind = text(row, 2).map_err(failed(TABLE))?;
        history.add_flow(&date, amount, kind, query.through, &mut times);
    }
    Ok(())
}

fn shares(
    connection: &Connection,
    settings: &Settings,
    flows: &Relation,
    account: &str,
    query: &HistoryQuery,
    history: &mut AccountHistory,
) -> Result<(), SourceError> {
    const TABLE: &str = "position_flows";
    let (cost, value) = (flows.or_null("cost"), flows.or_null("value"));
    let sql = format!(
        "SELECT date, ticker, quantity, {cost}, {value} FROM {} WHERE user_id = ?1 ORDER BY date",
        flows.from
    );
    let mut sql = connection.prepare(&sql).map_err(failed(TABLE))?;
    let mut rows = sql.query([account]).map_err(failed(TABLE))?;
    let mut times = Times::new(&settings.trades_zone);
    while let Some(row) = rows.next().map_err(failed(TABLE))? {
        let date = date_text(row, 0).map_err(failed(TABLE))?;
        let ticker = text(row, 1).map_err(failed(TABLE))?.unwrap_or_default();
        let quantity = whole(row, 2).map_err(failed(TABLE))?;
        let cost = number(row, 3).map_err(failed(TABLE))?;
        let value = number(row, 4).map_err(failed(TABLE))?;
        let worth = (cost, value);
        history.add_transfer(
            &date,
            ticker.to_owned(),
            quantity,
            worth,
            query.through,
            &mut times,
        );
    }
    Ok(())
}

fn splits(
    connection: &Connection,
    settings: &Settings,
    table: &Relation,
    query: &HistoryQuery,
    history: &mut AccountHistory,
) -> Result<(), SourceError> {
    const TABLE: &str = "stock_splits";
    let sql = format!(
        "SELECT date, ticker, numerator, denominator FROM {} ORDER BY date",
        table.from
    );
    let mut sql = connection.prepare(&sql).map_err(failed(TABLE))?;
    let mut rows = sql.query([]).map_err(failed(TABLE))?;
    let mut times = Times::new(&settings.trades_zone);
    while let Some(row) = rows.next().map_err(failed(TABLE))? {
        let date = date_text(row, 0).map_err(failed(TABLE))?;
        let ticker = text(row, 1).map_err(failed(TABLE))?.unwrap_or_default();
        let numerator = whole(row, 2).map_err(failed(TABLE))?;
        let ratio = (numerator, whole(row, 3).map_err(failed(TABLE))?);
        history.add_split(&date, ticker.to_owned(), ratio, query.through, &mut times);
    }
    Ok(())
}
