//! Prices and names.

use rusqlite::{Connection, params};

use super::{date_text, failed, number, text};
use crate::source::layout::{Layout, Relation};
use crate::source::tables::{day_after, day_before, price_date, spellings};
use crate::source::{QuoteQuery, Quotes, SourceError, Stock};

const PRICES: &str = "stock_prices";

/// Where the prices of a stock lie: under its id, or under its ticker.
struct Tables<'a> {
    connection: &'a Connection,
    stocks: &'a Relation,
    prices: &'a Relation,
}

impl Tables<'_> {
    /// What is known of a ticker, and the key of its prices.
    fn find(&self, ticker: &str) -> Result<Option<(rusqlite::types::Value, Stock)>, SourceError> {
        const TABLE: &str = "stocks";
        let by_id = self.prices.has("stock_id") && self.stocks.has("id");
        let key = if by_id { "id" } else { "ticker" };
        let [name, market, sector, industry] =
            ["name_kr", "market", "sector", "industry"].map(|column| self.stocks.or_null(column));
        let sql = format!(
            "SELECT {key}, {name}, {market}, {sector}, {industry} FROM {} WHERE ticker = ?1",
            self.stocks.from
        );
        let mut query = self.connection.prepare(&sql).map_err(failed(TABLE))?;
        for spelling in spellings(ticker) {
            let mut rows = query.query([&spelling]).map_err(failed(TABLE))?;
            let Some(row) = rows.next().map_err(failed(TABLE))? else {
                continue;
            };
            let word = |at| Ok::<_, rusqlite::Error>(text(row, at)?.map(str::to_owned));
            let read = || -> Result<_, rusqlite::Error> {
                let stock = Stock {
                    name: word(1)?,
                    market: word(2)?,
                    sector: word(3)?,
                    industry: word(4)?,
                };
                Ok((row.get(0)?, stock))
            };
            return read().map(Some).map_err(failed(TABLE));
        }
        Ok(None)
    }

    fn key(&self) -> &'static str {
        if self.prices.has("stock_id") && self.stocks.has("id") {
            "stock_id"
        } else {
            "ticker"
        }
    }
}

pub(in crate::source::sqlite) fn quotes(
    connection: &Connection,
    layout: &Layout,
    wanted: &QuoteQuery,
) -> Result<Quotes, SourceError> {
    let tables = Tables {
        connection,
        stocks: layout.required("stocks")?,
        prices: layout.required(PRICES)?,
    };
    let (key, from) = (tables.key(), &tables.prices.from);
    let mut quotes = Quotes::default();
    let closes =
        format!("SELECT date, close FROM {from} WHERE {key} = ?1 AND date < ?2 ORDER BY date DESC");
    let mut closes = connection.prepare(&closes).map_err(failed(PRICES))?;
    // The wanted dates, the latest first.
    let mut dates = wanted.dates.clone();
    dates.sort_by(|a, b| b.cmp(a));
    dates.dedup();
    for ticker in &wanted.tickers {
        let Some((id, stock)) = tables.find(ticker)? else {
            continue;
        };
        quotes.stocks.insert(ticker.clone(), stock);
        let Some(last) = dates.first() else { continue };
        // A text with a zone may tell the day before or after its own.
        let end = day_after(day_after(*last)).to_string();
        let mut rows = closes.query(params![id, end]).map_err(failed(PRICES))?;
        let mut open = dates.clone();
        let mut best = vec![None; open.len()];
        while !open.is_empty()
            && let Some(row) = rows.next().map_err(failed(PRICES))?
        {
            let Some(on) = price_date(&date_text(row, 0).map_err(failed(PRICES))?) else {
                continue;
            };
            let Some(price) = number(row, 1).map_err(failed(PRICES))?.price() else {
                continue;
            };
            for (date, best) in open.iter().zip(&mut best) {
                if on <= *date && best.is_none_or(|(known, _)| on > known) {
                    *best = Some((on, price));
                }
            }
            // Later rows are at most a day later than this one.
            let done = |best: &Option<_>| best.is_some_and(|(known, _)| on < day_before(known));
            let keep: Vec<bool> = best.iter().map(|best| !done(best)).collect();
            for (on, price) in best
                .iter()
                .zip(&keep)
                .filter(|(_, keep)| !**keep)
                .filter_map(|(best, _)| *best)
            {
                quotes.add_close(ticker, on, price);
            }
            let mut keep_it = keep.iter();
            open.retain(|_| *keep_it.next().unwrap_or(&false));
            let mut keep_it = keep.iter();
            best.retain(|_| *keep_it.next().unwrap_or(&false));
        }
        for (on, price) in best.into_iter().flatten() {
            quotes.add_close(ticker, on, price);
        }
    }
    let Some((first, last)) = wanted.benchmark_dates() else {
        return Ok(quotes);
    };
    let sql = format!(
        "SELECT date, close FROM {from} WHERE {key} = ?1 AND date >= ?2 AND date < ?3 ORDER BY date"
    );
    let mut query = connection.prepare(&sql).map_err(failed(PRICES))?;
    for benchmark in &wanted.benchmarks {
        let Some((id, stock)) = tables.find(benchmark)? else {
            continue;
        };
        quotes.stocks.insert(benchmark.clone(), stock);
        let (early, late) = (day_before(first), day_after(day_after(last)));
        let span = params![id, early.to_string(), late.to_string()];
        let mut rows = query.query(span).map_err(failed(PRICES))?;
        while let Some(row) = rows.next().map_err(failed(PRICES))? {
            let on = price_date(&date_text(row, 0).map_err(failed(PRICES))?);
            let price = number(row, 1).map_err(failed(PRICES))?.price();
            if let Some((on, price)) = on.zip(price)
                && (first..=last).contains(&on)
            {
                quotes.add_benchmark(benchmark, on, price);
            }
        }
    }
    Ok(quotes)
}
