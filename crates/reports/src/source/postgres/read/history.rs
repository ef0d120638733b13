//! The account's history, and the optional tables.

use sqlx::Row as _;
use sqlx::postgres::PgConnection;

use super::super::Settings;
use super::{Clock, cast, clock, layout, number, rows};
use crate::compute::Executed;
use crate::source::equity::{EquityDays, HistoryQuery};
use crate::source::layout::{Kind, Relation};
use crate::source::tables::{RawEquity, only_account, until_date};
use crate::source::text::Times;
use crate::source::{AccountHistory, SourceError, SourceProblem, tables};

pub(in crate::source::postgres) async fn history(
    connection: &mut PgConnection,
    settings: &Settings,
    query: &HistoryQuery,
) -> Result<AccountHistory, SourceError> {
    let layout = layout(connection, settings).await?;
    let risk = layout.required("portfolio_risk_metrics")?;
    let (account, several) = account(connection, settings, risk).await?;
    let mut history = AccountHistory {
        account: account.clone(),
        ..AccountHistory::default()
    };
    history.shared_trades = several && layout.required("trades")?.owner().is_none();
    let zone = &settings.trades_zone;
    if let Some(account) = &account {
        let whose = [account.as_str()];
        equity(connection, settings, risk, &whose, query, &mut history).await?;
        if let Some(held) = layout.optional("portfolios")? {
            let table = "portfolios";
            let sql = select(held, &[("ticker", Kind::Text), ("quantity", Kind::Int)]);
            rows(connection, settings, table, sql, &whose, |row| {
                let ticker: &str = row.try_get::<Option<&str>, _>(0)?.unwrap_or_default();
                let ticker = crate::compute::canonical(ticker).into_owned();
                let quantity: Option<i64> = row.try_get(1)?;
                *history.holdings.entry(ticker).or_default() += quantity.unwrap_or_default();
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
            let sql = select(flows, &columns) + " ORDER BY date";
            rows(connection, settings, "cash_flows", sql, &whose, |row| {
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
            let sql = select(flows, &columns) + " ORDER BY date";
            rows(connection, settings, "position_flows", sql, &whose, |row| {
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
        rows(connection, settings, "stock_splits", sql, &[], |row| {
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
fn select(relation: &Relation, columns: &[(&str, Kind)]) -> String {
    let list: Vec<String> = columns
        .iter()
        .map(|(column, kind)| cast(relation, relation.or_null(column), *kind))
        .collect();
    format!(
        "SELECT {} FROM {} WHERE user_id::text = $1",
        list.join(", "),
        relation.from
    )
}

/// The account that is read, and whether others are recorded too.
pub(super) async fn account(
    connection: &mut PgConnection,
    settings: &Settings,
    risk: &Relation,
) -> Result<(Option<String>, bool), SourceError> {
    let found = accounts(connection, settings, risk).await?;
    let several = found.len() > 1;
    Ok(match &settings.account {
        Some(account) => (Some(account.clone()), several),
        None => (only_account(found)?, several),
    })
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
         SELECT account::text FROM accounts WHERE account IS NOT NULL LIMIT 5"
    );
    let mut found: Vec<String> = Vec::new();
    let table = "portfolio_risk_metrics";
    rows(connection, settings, table, sql, &[], |row| {
        found.push(row.try_get(0)?);
        Ok(true)
    })
    .await?;
    Ok(found)
}

/// What is wrong with the account chosen.
pub(super) async fn account_problem(
    connection: &mut PgConnection,
    settings: &Settings,
    risk: &Relation,
) -> Result<Option<SourceProblem>, SourceError> {
    let chosen = settings.account.as_deref();
    let mut there = false;
    if let Some(account) = chosen {
        let sql = format!(
            "SELECT 1 FROM {} WHERE user_id::text = $1 LIMIT 1",
            risk.from
        );
        let table = "portfolio_risk_metrics";
        rows(connection, settings, table, sql, &[account], |_| {
            there = true;
            Ok(false)
        })
        .await?;
    }
    let found = accounts(connection, settings, risk).await?;
    Ok(tables::account_problem(chosen, there, found))
}

async fn equity(
    connection: &mut PgConnection,
    settings: &Settings,
    risk: &Relation,
    whose: &[&str],
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
    let sql = format!("{} AND {before} ORDER BY {order}", select(risk, &columns));
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
    rows(connection, settings, TABLE, sql, whose, add).await?;
    days.finish(history);
    Ok(())
}
