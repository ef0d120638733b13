//! The session's figures computed straight from the database, with none of bongsu's code:
//! what the report has to agree with.

use std::{collections::BTreeMap, path::Path};

use rusqlite::Connection;

use crate::Failure;

#[derive(Debug)]
pub struct Ledger {
    pub fills: u64,
    pub commission: i64,
    pub tax: i64,
    pub realised: f64,
    pub equity: i64,
}

/// Replays every fill at moving average cost, fees included, and keeps the session's part.
pub fn read(path: &Path, session: &str) -> Result<Ledger, Failure> {
    let db = Connection::open(path).map_err(Failure::from_error)?;
    replay(&db, session).map_err(Failure::from_error)
}

fn replay(db: &Connection, session: &str) -> rusqlite::Result<Ledger> {
    let equity = db.query_row(
        "SELECT total_value FROM portfolio_risk_metrics WHERE date LIKE ?1 || '%'",
        [session],
        |row| row.get(0),
    )?;
    let mut ledger = Ledger {
        fills: 0,
        commission: 0,
        tax: 0,
        realised: 0.0,
        equity,
    };
    let mut held = BTreeMap::<String, (f64, f64)>::new();
    let mut fills = db.prepare(
        "SELECT ticker, action, executed_quantity, total_amount, commission, tax, executed_at FROM trades
         WHERE executed_quantity > 0 AND executed_at IS NOT NULL ORDER BY executed_at, id",
    )?;
    let mut rows = fills.query([])?;
    while let Some(row) = rows.next()? {
        let (ticker, action, at): (String, String, String) =
            (row.get(0)?, row.get(1)?, row.get(6)?);
        let (quantity, amount): (f64, f64) = (row.get(2)?, row.get(3)?);
        let (commission, tax): (i64, i64) = (row.get(4)?, row.get(5)?);
        let (shares, cost) = held.entry(ticker).or_default();
        let mut realised = 0.0;
        if action == "BUY" {
            *cost += amount + commission as f64;
            *shares += quantity;
        } else {
            let out = if *shares > 0.0 {
                *cost * quantity / *shares
            } else {
                0.0
            };
            realised = amount - commission as f64 - tax as f64 - out;
            *cost -= out;
            *shares -= quantity;
        }
        if at.starts_with(session) {
            ledger.fills += 1;
            ledger.commission += commission;
            ledger.tax += tax;
            ledger.realised += realised;
        }
    }
    Ok(ledger)
}
