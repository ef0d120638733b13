//! What was executed on each date, as fingerprints.
//!
//! Every row is read for them, so that one thing is learnt besides: whether every time lies where its date
//! does. The next day's reader then need not look for those that do not.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rusqlite::Connection;

use super::super::Settings;
use super::failed;
use super::trades::{owned, trade};
use crate::compute::{Digests, Executed, Fingerprint};
use crate::source::SourceError;
use crate::source::layout::{Kind, Layout, trade_columns};
use crate::source::text::Times;

pub(in crate::source::sqlite) fn digests(
    connection: &Connection,
    settings: &Settings,
    layout: &Layout,
    account: Option<&str>,
    through: Date,
) -> Result<(Digests, bool), SourceError> {
    const TABLE: &str = "trades";
    let trades = layout.required(TABLE)?;
    let columns = trade_columns(trades, false, |column, _: Kind| column.to_owned());
    // In the table's own order: every row is read, and none is looked up.
    let sql = format!(
        "SELECT {columns} FROM {} WHERE +executed_at IS NOT NULL{}",
        trades.from,
        owned(trades, account)
    );
    let mut query = connection.prepare(&sql).map_err(failed(TABLE))?;
    let mut rows = query.query([]).map_err(failed(TABLE))?;
    let mut times = Times::new(&settings.trades_zone);
    let mut days: BTreeMap<Date, Fingerprint> = BTreeMap::new();
    let mut last: Option<(Date, Fingerprint)> = None;
    while let Some(row) = rows.next().map_err(failed(TABLE))? {
        let row = trade(row, &mut times, false).map_err(failed(TABLE))?;
        let Executed::At { date, .. } = row.executed else {
            continue;
        };
        if date > through {
            continue;
        }
        let hash = row.hash();
        match &mut last {
            Some((day, sum)) if *day == date => sum.add(hash),
            _ => {
                if let Some((day, sum)) = last.take() {
                    days.entry(day).or_default().extend(sum);
                }
                let mut sum = Fingerprint::default();
                sum.add(hash);
                last = Some((date, sum));
            }
        }
    }
    if let Some((day, sum)) = last {
        days.entry(day).or_default().extend(sum);
    }
    Ok((Digests::new(days), times.all_lie_by_their_dates()))
}
