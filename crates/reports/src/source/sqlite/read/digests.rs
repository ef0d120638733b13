//! What was executed on each date, as fingerprints.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::super::Settings;
use super::trades::owned;
use super::{failed, time};
use crate::compute::{Digests, Executed, Fingerprint, RowHash};
use crate::source::SourceError;
use crate::source::layout::{Kind, Layout, trade_columns};
use crate::source::text::Times;

pub(in crate::source::sqlite) fn digests(
    connection: &Connection,
    settings: &Settings,
    layout: &Layout,
    account: Option<&str>,
    through: Date,
) -> Result<Digests, SourceError> {
    const TABLE: &str = "trades";
    let trades = layout.required(TABLE)?;
    let columns = trade_columns(trades, false, |column, _: Kind| column.to_owned());
    // In the table's own order: every row is read, and none is looked up.
    let sql = format!(
        "SELECT {columns} FROM {} WHERE +executed_at IS NOT NULL{}",
        trades.from,
        owned(trades, account)
    );
    let mut query = connection.prepare_cached(&sql).map_err(failed(TABLE))?;
    let count = query.column_count();
    let mut rows = query.query([]).map_err(failed(TABLE))?;
    let mut times = Times::new(&settings.trades_zone);
    let mut days: BTreeMap<Date, Fingerprint> = BTreeMap::new();
    let mut last: Option<(Date, Fingerprint)> = None;
    while let Some(row) = rows.next().map_err(failed(TABLE))? {
        let Executed::At { date, .. } = time(row, 7, &mut times).map_err(failed(TABLE))? else {
            continue;
        };
        if date > through {
            continue;
        }
        let mut hash = RowHash::default();
        for at in 0..count {
            hash = match row.get_ref(at).map_err(failed(TABLE))? {
                ValueRef::Null => hash.part(b"\0"),
                ValueRef::Integer(value) => hash.part(&value.to_le_bytes()),
                ValueRef::Real(value) => hash.part(&value.to_bits().to_le_bytes()).part(b"r"),
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => hash.part(bytes),
            };
        }
        match &mut last {
            Some((day, sum)) if *day == date => sum.add(hash.finish()),
            _ => {
                if let Some((day, sum)) = last.take() {
                    days.entry(day).or_default().extend(sum);
                }
                let mut sum = Fingerprint::default();
                sum.add(hash.finish());
                last = Some((date, sum));
            }
        }
    }
    if let Some((day, sum)) = last {
        days.entry(day).or_default().extend(sum);
    }
    Ok(Digests::new(days))
}
