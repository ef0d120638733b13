//! Prices and names.

use rusqlite::{Connection, OptionalExtension as _, Rows, params};

use super::{day_of, failed, number, text};
use crate::source::tables::day_after;
use crate::source::{QuoteQuery, Quotes, SourceError, Stock};

pub(in crate::source::sqlite) fn quotes(
    connection: &Connection,
    wanted: &QuoteQuery,
) -> Result<Quotes, SourceError> {
    const TABLE: &str = "stock_prices";
    let mut quotes = Quotes::default();
    let mut stock = connection
        .prepare_cached("SELECT id, name_kr, market, sector FROM stocks WHERE ticker = ?1")
        .map_err(failed("stocks"))?;
    let mut closes = connection
        .prepare_cached(
            "SELECT date, close FROM stock_prices WHERE stock_id = ?1 AND date < ?2 \
             ORDER BY date DESC",
        )
        .map_err(failed(TABLE))?;
    // The texts before which the wanted closes lie, the latest first.
    let mut ends: Vec<String> = wanted
        .dates
        .iter()
        .map(|date| day_after(*date).to_string())
        .collect();
    ends.sort_by(|a, b| b.cmp(a));
    let mut find = |ticker: &str| {
        stock
            .query_row([ticker], |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    Stock {
                        name: row.get(1)?,
                        market: row.get(2)?,
                        sector: row.get(3)?,
                    },
                ))
            })
            .optional()
            .map_err(failed("stocks"))
    };
    for ticker in &wanted.tickers {
        let Some((id, stock)) = find(ticker)? else {
            continue;
        };
        quotes.stocks.insert(ticker.clone(), stock);
        if let Some(last) = ends.first() {
            let rows = closes.query(params![id, last]).map_err(failed(TABLE))?;
            last_closes(rows, &ends, ticker, &mut quotes)?;
        }
    }
    if let Some((from, to)) = wanted.benchmark_dates()
        && let Some((id, _)) = find(&wanted.benchmark)?
    {
        let mut query = connection
            .prepare_cached(
                "SELECT date, close FROM stock_prices \
                 WHERE stock_id = ?1 AND date >= ?2 AND date < ?3 ORDER BY date",
            )
            .map_err(failed(TABLE))?;
        let mut rows = query
            .query(params![id, from.to_string(), day_after(to).to_string()])
            .map_err(failed(TABLE))?;
        while let Some(row) = rows.next().map_err(failed(TABLE))? {
            if let Some(price) = number(row, 1).map_err(failed(TABLE))?.decimal() {
                quotes.benchmark.push((day_of(row, 0, TABLE)?, price));
            }
        }
    }
    Ok(quotes)
}

/// The last close before each of `ends`, from rows and ends that both begin with the latest.
fn last_closes(
    mut rows: Rows<'_>,
    ends: &[String],
    ticker: &str,
    quotes: &mut Quotes,
) -> Result<(), SourceError> {
    const TABLE: &str = "stock_prices";
    let mut ends = ends.iter().peekable();
    while ends.peek().is_some()
        && let Some(row) = rows.next().map_err(failed(TABLE))?
    {
        let at = text(row, 0, TABLE)?.unwrap_or_default();
        if ends.next_if(|end| at < end.as_str()).is_none() {
            continue;
        }
        while ends.next_if(|end| at < end.as_str()).is_some() {}
        if let Some(price) = number(row, 1).map_err(failed(TABLE))?.decimal() {
            quotes.add_close(ticker, day_of(row, 0, TABLE)?, price);
        }
    }
    Ok(())
}
