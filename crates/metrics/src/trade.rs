//! Trades: one look-up for the four metrics that a trade touches.

use std::sync::atomic::Ordering::Relaxed;

use crate::catalog::Id;
use crate::index::Found;
use crate::registry::Registry;

const NONE: u32 = u32::MAX;

fn pack(high: u32, low: u32) -> u64 {
    (u64::from(high) << 32) | u64::from(low)
}

fn unpack(word: u64) -> (u32, u32) {
    ((word >> 32) as u32, word as u32)
}

/// Records a trade.
pub(crate) fn record(
    registry: &Registry,
    symbol: &str,
    side: &str,
    status: &str,
    volume_krw: u64,
    pnl_krw: Option<i64>,
) {
    let values = [side, status, symbol];
    let found = match registry.trades.get(&values) {
        Some(found) => found,
        None => match resolve(registry, &values) {
            Some(found) => found,
            None => return,
        },
    };
    let (count, (volume, pnl), (profit, loss)) =
        (found.cell, unpack(found.more[0]), unpack(found.more[1]));
    let add = |cell: u32, n: u64| {
        if cell != NONE {
            registry.cells.add(cell, n);
        }
    };
    add(count, 1);
    add(volume, volume_krw);
    match pnl_krw {
        Some(krw) if krw > 0 => add(profit, krw.unsigned_abs()),
        Some(krw) if krw < 0 => add(loss, krw.unsigned_abs()),
        _ => {}
    }
    if let Some(krw) = pnl_krw
        && pnl != NONE
    {
        registry.cells.shared(pnl, 1)[0].fetch_add(krw as u64, Relaxed);
    }
}

#[cold]
fn resolve(registry: &Registry, values: &[&str; 3]) -> Option<Found<2>> {
    let [side, _, symbol] = *values;
    let cell = |id: Id, labels: &[&str]| {
        let cell = registry.family(id).resolve(&registry.cells, labels);
        cell.unwrap_or(NONE)
    };
    let cells = Found {
        cell: cell(Id::TradesExecutedTotal, values),
        more: [
            pack(
                cell(Id::TradeVolumeKrwTotal, &[side, symbol]),
                cell(Id::TradePnlKrw, &[symbol]),
            ),
            pack(
                cell(Id::TradeProfitKrwTotal, &[symbol]),
                cell(Id::TradeLossKrwTotal, &[symbol]),
            ),
        ],
    };
    // Past the budget the cells are those of `other`; then nothing is kept, so that each such trade
    // is counted as overflow.
    if registry
        .family(Id::TradesExecutedTotal)
        .known(values)
        .is_some()
    {
        registry.trades.get_or_insert(values, |_| Some(cells));
    }
    Some(cells)
}
