//! Prices and names.

use jiff::civil::Date;
use sqlx::Row as _;
use sqlx::postgres::PgConnection;

use super::super::Settings;
use super::{Clock, cast, clock, layout, number, quoted, rows};
use crate::calendar::instant_in_seoul;
use crate::source::layout::{Kind, Relation};
use crate::source::tables::{day_after, price_date, spellings};
use crate::source::{QuoteQuery, Quotes, SourceError, Stock};

const PRICES: &str = "stock_prices";

pub(in crate::source::postgres) async fn quotes(
    connection: &mut PgConnection,
    settings: &Settings,
    wanted: &QuoteQuery,
) -> Result<Quotes, SourceError> {
    let layout = layout(connection, settings).await?;
    let stocks = layout.required("stocks")?;
    let prices = layout.required(PRICES)?;
    let mut quotes = Quotes::default();
    // The table's own spelling of each ticker wanted.
    let mut spelled: Vec<(String, String)> = Vec::new();
    let list = |tickers: &[String]| {
        let all = tickers.iter().flat_map(|ticker| spellings(ticker));
        let all: Vec<String> = all.map(|name| quoted(&name)).collect();
        if all.is_empty() {
            "NULL".to_owned()
        } else {
            all.join(", ")
        }
    };
    let every: Vec<String> = wanted
        .tickers
        .iter()
        .chain(&wanted.benchmarks)
        .cloned()
        .collect();
    let words = ["name_kr", "market", "sector", "industry"]
        .map(|column| cast(stocks, stocks.or_null(column), Kind::Text));
    let sql = format!(
        "SELECT ticker::text, {} FROM {} WHERE ticker::text IN ({})",
        words.join(", "),
        stocks.from,
        list(&every)
    );
    rows(connection, settings, "stocks", sql, |row| {
        let ticker: String = row.try_get(0)?;
        let ours = every.iter().find(|ours| spellings(ours).contains(&ticker));
        if let Some(ours) = ours {
            let stock = Stock {
                name: row.try_get(1)?,
                market: row.try_get(2)?,
                sector: row.try_get(3)?,
                industry: row.try_get(4)?,
            };
            quotes.stocks.entry(ours.clone()).or_insert(stock);
            spelled.push((ticker, ours.clone()));
        }
        Ok(true)
    })
    .await?;
    let ours = |theirs: &str| {
        let found = spelled.iter().find(|(ticker, _)| ticker == theirs);
        found.map(|(_, ours)| ours.clone())
    };
    let by_id = prices.has("stock_id") && stocks.has("id");
    let (key, id) = if by_id {
        ("stock_id", "id")
    } else {
        ("ticker", "ticker")
    };
    let dated = cast(prices, "date", Kind::Time);
    for date in &wanted.dates {
        // Feeds fill days without trading with zeros: they are no prices. A text with a zone may tell
        // the day before or after its own.
        let sql = format!(
            "SELECT s.ticker::text, last.at, last.close FROM {} AS s CROSS JOIN LATERAL \
             (SELECT {dated} AS at, close::text AS close FROM {} WHERE {key} = s.{id} AND {} \
             AND close::text ~ '^[0-9.]+$' AND close::text ~ '[1-9]' \
             ORDER BY date DESC LIMIT 8) AS last WHERE s.ticker::text IN ({})",
            aliased(stocks),
            prices.from,
            before(prices, *date),
            list(&wanted.tickers)
        );
        let mut found: std::collections::HashMap<String, (Date, rust_decimal::Decimal)> =
            std::collections::HashMap::new();
        rows(connection, settings, PRICES, sql, |row| {
            let (ticker, at): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
            let price = number(row, 2)?.price();
            if let Some(((on, price), ticker)) = price_date(at).zip(price).zip(ours(ticker))
                && on <= *date
                && found.get(&ticker).is_none_or(|(known, _)| on > *known)
            {
                found.insert(ticker, (on, price));
            }
            Ok(true)
        })
        .await?;
        for (ticker, (on, price)) in found {
            quotes.add_close(&ticker, on, price);
        }
    }
    if let Some((first, last)) = wanted.benchmark_dates() {
        let sql = format!(
            "SELECT s.ticker::text, {}, p.close::text FROM {} AS p JOIN {} AS s ON p.{key} = s.{id} \
             WHERE s.ticker::text IN ({}) AND {} ORDER BY p.date",
            dated.replace("date", "p.date"),
            aliased(prices),
            aliased(stocks),
            list(&wanted.benchmarks),
            before(prices, last)
                .replace("date", "p.date")
                .replace("p.p.", "p.")
        );
        rows(connection, settings, PRICES, sql, |row| {
            let (ticker, at): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
            let price = number(row, 2)?.price();
            if let Some(((on, price), ticker)) = price_date(at).zip(price).zip(ours(ticker))
                && (first..=last).contains(&on)
            {
                quotes.add_benchmark(&ticker, on, price);
            }
            Ok(true)
        })
        .await?;
    }
    Ok(quotes)
}

/// A relation to which a name can be given: that of a mapping has one already.
fn aliased(relation: &Relation) -> String {
    match relation.from.rsplit_once(") AS ") {
        Some((query, _)) => format!("{query})"),
        None => relation.from.clone(),
    }
}

/// A condition that a price may be of a date or of one before it.
fn before(prices: &Relation, date: Date) -> String {
    let next = day_after(date);
    match clock(prices, "date") {
        Clock::Text => format!("date::text COLLATE \"C\" < '{}'", day_after(next)),
        Clock::Naive => format!("date < '{next}'"),
        Clock::Instant => {
            let at = instant_in_seoul(next.at(0, 0, 0, 0));
            format!("date < '{at}'::timestamptz")
        }
    }
}
