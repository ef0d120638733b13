//! The account's history, and the optional tables.

use sqlx::Row as _;
use sqlx::postgres::PgConnection;

use super::super::Settings;
use super::{Clock, cast, clock, layout, number, quoted, rows};
use crate::compute::Executed;
use crate::source::equity::{EquityDays, HistoryQuery};
use crate::source::layout::{Kind, Layout, Relation};
use crate::source::tables::{MAX_ACCOUNTS, RawEquity, only_account, unknown_account, until_date};
use crate::source::text::Times;
use crate::source::{AccountHistory, SourceError};

pub(in crate::source::postgres) async fn history(
    connection: &mut PgConnection,
    settings: &Settings,
    query: &HistoryQuery,
) -> Result<AccountHistory, SourceError> {
    let layout = layout(connection, settings).await?;
    let risk = layout.required("portfolio_risk_metrics")?;
    let (account, several) = account(connection, settings, &layout).await?;
    let mut history = AccountHistory {
        account: account.clone(),
        ..AccountHistory::default()
    };
    history.shared_trades = several && layout.required("trades")?.owner().is_none();
    let zone = &settings.trades_zone;
    if let Some(account) = &account {
        equity(connection, settings, risk, account, query, &mut history).await?;
        if let Some(held) = layout.optional("portfolios")? {
            let table = "portfolios";
            let sql = select(
                held,
                account,
                &[("ticker", Kind::Text), ("quantity", Kind::Int)],
            );
            rows(connection, settings, table, sql, |row| {
                let ticker: &str = row.try_get::<Option<&str>, _>(0)?.unwrap_or_default();
                let ticker = crate::compute::canonical(ticker).into_owned();
                history.add_holding(ticker, row.try_get(1)?);
                Ok(true)
            })
            .await?;
        }
        if let Some(flows) = layout.optional("cash_flows")? {
            let mut times = Times::new(zone);
            let columns = [
                ("date", Kind::Time),
                ("amount", Kind::Number),
                ("kind", Kind::Text),
            ];
            let sql = select(flows, account, &columns) + " ORDER BY date";
            rows(connection, settings, "cash_flows", sql, |row| {
                let (date, kind): (Option<&str>, Option<&str>) = (row.try_get(0)?, row.try_get(2)?);
                let amount = number(row, 1)?;
                history.add_flow(
                    date.unwrap_or_default(),
                    amount,
                    kind,
                    query.through,
                    &mut times,
                );
                Ok(true)
            })
            .await?;
        }
        if let Some(flows) = layout.optional("position_flows")? {
            let mut times = Times::new(zone);
            let columns = [
                ("date", Kind::Time),
                ("ticker", Kind::Text),
                ("quantity", Kind::Int),
                ("cost", Kind::Number),
                ("value", Kind::Number),
            ];
            let sql = select(flows, account, &columns) + " ORDER BY date";
            rows(connection, settings, "position_flows", sql, |row| {
                let (date, ticker): (Option<&str>, Option<&str>) =
                    (row.try_get(0)?, row.try_get(1)?);
                let worth = (number(row, 3)?, number(row, 4)?);
                let ticker = ticker.unwrap_or_default().to_owned();
                let (date, quantity) = (date.unwrap_or_default(), row.try_get(2)?);
                history.add_transfer(date, ticker, quantity, worth, query.through, &mut times);
                Ok(true)
            })
            .await?;
        }
    }
    if let Some(splits) = layout.optional("stock_splits")? {
        let mut times = Times::new(zone);
        let list = [
            cast(splits, "date", Kind::Time),
            cast(splits, "ticker", Kind::Text),
            cast(splits, "numerator", Kind::Int),
            cast(splits, "denominator", Kind::Int),
        ];
        let sql = format!(
            "SELECT {} FROM {} ORDER BY date",
            list.join(", "),
            splits.from
        );
        rows(connection, settings, "stock_splits", sql, |row| {
            let (date, ticker): (Option<&str>, Option<&str>) = (row.try_get(0)?, row.try_get(1)?);
            let ticker = ticker.unwrap_or_default().to_owned();
            let ratio = (row.try_get(2)?, row.try_get(3)?);
            history.add_split(
                date.unwrap_or_default(),
                ticker,
                ratio,
                query.through,
                &mut times,
            );
            Ok(true)
        })
        .await?;
    }
    Ok(history)
}

/// An account's rows of a table, in the columns wanted; those that are missing are NULL.
fn select(relation: &Relation, account: &str, columns: &[(&str, Kind)]) -> String {
    let list: Vec<String> = columns
        .iter()
        .map(|(column, kind)| cast(relation, relation.or_null(column), *kind))
        .collect();
    format!(
        "SELECT {} FROM {} WHERE user_id::text = {}",
        list.join(", "),
        relation.from,
        quoted(account)
    )
}

/// The account that is read, and whether others are recorded too.
pub(super) async fn account(
    connection: &mut PgConnection,
    settings: &Settings,
    layout: &Layout,
) -> Result<(Option<String>, bool), SourceError> {
    let risk = layout.required("portfolio_risk_metrics")?;
    let mut found = accounts(connection, settings, risk).await?;
    let several = found.len() > 1;
    let Some(chosen) = &settings.account else {
        return Ok((only_account(found)?, several));
    };
    let tables = (risk, layout.required("trades")?);
    // A service that has just begun has recorded nobody.
    if !known(connection, settings, tables, chosen, &mut found).await? && !found.is_empty() {
        return Err(unknown_account(chosen, found));
    }
    Ok((Some(chosen.clone()), several))
}

/// Is anything recorded of an account, equity or a fill? Where fills do not tell whose they are, they are
/// its own as long as no equity tells of others. `found` then names those of the fills, if no others.
async fn known(
    connection: &mut PgConnection,
    settings: &Settings,
    (risk, trades): (&Relation, &Relation),
    account: &str,
    found: &mut Vec<String>,
) -> Result<bool, SourceError> {
    let (whose, risk) = (quoted(account), &risk.from);
    let equity = format!("SELECT 1 FROM {risk} WHERE user_id::text = {whose} LIMIT 1");
    if found.iter().any(|known| known == account)
        || exists(connection, settings, "portfolio_risk_metrics", equity).await?
    {
        return Ok(true);
    }
    let (table, fills) = ("trades", &trades.from);
    let Some(owner) = trades.owner() else {
        let any = format!("SELECT 1 FROM {fills} LIMIT 1");
        return Ok(found.is_empty() && exists(connection, settings, table, any).await?);
    };
    let own = format!("SELECT 1 FROM {fills} WHERE {owner}::text = {whose} LIMIT 1");
    if exists(connection, settings, table, own).await? {
        return Ok(true);
    }
    if found.is_empty() {
        let owners = format!(
            "SELECT DISTINCT {owner}::text FROM {fills} WHERE {owner} IS NOT NULL LIMIT {MAX_ACCOUNTS}"
        );
        rows(connection, settings, table, owners, |row| {
            found.push(row.try_get(0)?);
            Ok(true)
        })
        .await?;
    }
    Ok(false)
}

async fn exists(
    connection: &mut PgConnection,
    settings: &Settings,
    table: &'static str,
    sql: String,
) -> Result<bool, SourceError> {
    let mut there = false;
    rows(connection, settings, table, sql, |_| {
        there = true;
        Ok(true)
    })
    .await?;
    Ok(there)
}

/// Some of the accounts recorded, each found by one step in the index.
async fn accounts(
    connection: &mut PgConnection,
    settings: &Settings,
    risk: &Relation,
) -> Result<Vec<String>, SourceError> {
    let from = &risk.from;
    let sql = format!(
        "WITH RECURSIVE accounts (account) AS (\
         SELECT min(user_id) FROM {from} UNION ALL \
         SELECT (SELECT min(user_id) FROM {from} WHERE user_id > account) \
         FROM accounts WHERE account IS NOT NULL) \
         SELECT account::text FROM accounts WHERE account IS NOT NULL LIMIT {MAX_ACCOUNTS}"
    );
    let mut found: Vec<String> = Vec::new();
    let table = "portfolio_risk_metrics";
    rows(connection, settings, table, sql, |row| {
        found.push(row.try_get(0)?);
        Ok(true)
    })
    .await?;
    Ok(found)
}

async fn equity(
    connection: &mut PgConnection,
    settings: &Settings,
    risk: &Relation,
    account: &str,
    query: &HistoryQuery,
    history: &mut AccountHistory,
) -> Result<(), SourceError> {
    const TABLE: &str = "portfolio_risk_metrics";
    let columns = [
        ("id", Kind::Int),
        ("date", Kind::Time),
        ("total_value", Kind::Number),
        ("cash_balance", Kind::Number),
        ("is_trading_halted", Kind::Text),
        ("trading_halt_reason", Kind::Text),
        ("max_loss_limit", Kind::Number),
        ("max_position_size_limit", Kind::Number),
    ];
    let until = until_date(query.until());
    let order = if risk.has("id") { "date, id" } else { "date" };
    let before = match clock(risk, "date") {
        Clock::Text => format!(
            "(date IS NULL OR date::text COLLATE \"C\" < '{until}' \
             OR date::text COLLATE \"C\" >= '2200')"
        ),
        Clock::Naive | Clock::Instant => {
            format!("(date IS NULL OR date < '{until}' OR NOT isfinite(date))")
        }
    };
    let sql = format!(
        "{} AND {before} ORDER BY {order}",
        select(risk, account, &columns)
    );
    let mut times = Times::new(&settings.risk_zone);
    let mut days = EquityDays::new(query);
    let add = |row: &sqlx::postgres::PgRow| {
        use rust_decimal::prelude::ToPrimitive as _;
        let at: Option<&str> = row.try_get(1)?;
        let halted: Option<&str> = row.try_get(4)?;
        let float = |at| Ok::<_, sqlx::Error>(number(row, at)?.decimal().and_then(|x| x.to_f64()));
        let raw = RawEquity {
            id: row.try_get::<Option<i64>, _>(0)?.unwrap_or_default(),
            at: match times.executed(at) {
                Executed::Missing => Executed::Bad("NULL"),
                other => other,
            },
            equity: number(row, 2)?,
            cash: number(row, 3)?,
            halted: halted.map(|word| matches!(word, "true" | "t" | "1")),
            reason: row.try_get(5)?,
            max_loss: float(6)?,
            max_position: float(7)?,
        };
        history.add_equity(raw, &mut days);
        Ok(true)
    };
    rows(connection, settings, TABLE, sql, add).await?;
    days.finish(history);
    Ok(())
}
