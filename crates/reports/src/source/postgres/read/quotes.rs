//! Prices and names.

use sqlx::postgres::PgConnection;

use super::failed;
use crate::compute::Number;
use crate::source::tables::{day, day_after};
use crate::source::{QuoteQuery, Quotes, SourceError, Stock};

pub(in crate::source::postgres) async fn quotes(
    connection: &mut PgConnection,
    wanted: &QuoteQuery,
) -> Result<Quotes, SourceError> {
    const TABLE: &str = "stock_prices";
    let mut quotes = Quotes::default();
    type Named = (String, Option<String>, Option<String>, Option<String>);
    let stocks: Vec<Named> = sqlx::query_as(
        "SELECT ticker::text, name_kr::text, market::text, sector::text FROM stocks \
         WHERE ticker = ANY($1)",
    )
    .bind(&wanted.tickers)
    .fetch_all(&mut *connection)
    .await
    .map_err(failed("stocks"))?;
    for (ticker, name, market, sector) in stocks {
        quotes.stocks.insert(
            ticker,
            Stock {
                name,
                market,
                sector,
            },
        );
    }
    for date in &wanted.dates {
        let closes: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT stocks.ticker::text, last.date::text, last.close::text FROM stocks \
             CROSS JOIN LATERAL (SELECT date, close FROM stock_prices \
             WHERE stock_id = stocks.id AND date < $2::text::timestamp \
             ORDER BY date DESC LIMIT 1) AS last WHERE stocks.ticker = ANY($1)",
        )
        .bind(&wanted.tickers)
        .bind(day_after(*date).to_string())
        .fetch_all(&mut *connection)
        .await
        .map_err(failed(TABLE))?;
        for (ticker, at, close) in closes {
            if let Some(price) = Number::Text(&close).decimal() {
                quotes.add_close(&ticker, day(&at, TABLE)?, price);
            }
        }
    }
    if let Some((from, to)) = wanted.benchmark_dates() {
        let closes: Vec<(String, String)> = sqlx::query_as(
            "SELECT p.date::text, p.close::text FROM stock_prices p \
             JOIN stocks s ON s.id = p.stock_id WHERE s.ticker = $1 \
             AND p.date >= $2::text::timestamp AND p.date < $3::text::timestamp ORDER BY p.date",
        )
        .bind(&wanted.benchmark)
        .bind(from.to_string())
        .bind(day_after(to).to_string())
        .fetch_all(&mut *connection)
        .await
        .map_err(failed(TABLE))?;
        for (at, close) in closes {
            if let Some(price) = Number::Text(&close).decimal() {
                quotes.benchmark.push((day(&at, TABLE)?, price));
            }
        }
    }
    Ok(quotes)
}
