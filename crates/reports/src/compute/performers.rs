//! Best and worst of the day.

use super::book::Book;
use super::day::{Day, Sale};
use super::summarise::ratio;
use super::trading::TickerTally;
use crate::source::Quotes;
use crate::summary::{ClosedTrade, Performer, TopPerformers};
use crate::{Figure, Missing};

/// Tickers in each of the two lists.
const TOP: usize = 5;
/// Tickers in the chart's list.
const MAX_TICKERS: usize = 500;

/// The section. A list is shorter, or empty, when fewer tickers made a profit or a loss.
pub(crate) fn section(day: &Day, book: &Book, quotes: &Quotes) -> TopPerformers {
    let mut tickers: Vec<(&str, &TickerTally)> = day
        .tally
        .by_ticker(book)
        .filter(|(_, tally)| tally.closed > 0)
        .collect();
    tickers
        .sort_by(|(a, left), (b, right)| right.realised.cmp(&left.realised).then_with(|| a.cmp(b)));
    let performer = |&(ticker, tally): &(&str, &TickerTally)| Performer {
        ticker: ticker.to_owned(),
        name: quotes.name(ticker),
        realised: tally.realised.decimal(),
        return_on_cost: ratio(tally.realised, tally.cost, Missing::BaseNotPositive),
        closed: tally.closed,
    };
    let pnl = |sale: &&Sale| sale.realised.pnl;
    let trade = |sale: Option<&Sale>, keep: fn(crate::money::Won) -> bool, why: Missing| {
        if sale.is_none() {
            return Missing::NoClosedTrades.into();
        }
        let found = sale.filter(|sale| keep(sale.realised.pnl));
        Figure::from_option(found.map(|sale| closed_trade(day, sale, quotes)), why)
    };
    TopPerformers {
        best: tickers
            .iter()
            .filter(|(_, tally)| tally.realised.is_positive())
            .take(TOP)
            .map(performer)
            .collect(),
        worst: tickers
            .iter()
            .rev()
            .filter(|(_, tally)| tally.realised.is_negative())
            .take(TOP)
            .map(performer)
            .collect(),
        best_trade: trade(
            day.sales.iter().max_by_key(pnl),
            crate::money::Won::is_positive,
            Missing::NoWins,
        ),
        worst_trade: trade(
            day.sales.iter().min_by_key(pnl),
            crate::money::Won::is_negative,
            Missing::NoLosses,
        ),
        by_ticker: tickers.iter().take(MAX_TICKERS).map(performer).collect(),
        by_ticker_omitted: tickers.len().saturating_sub(MAX_TICKERS) as u64,
    }
}

fn closed_trade(day: &Day, sale: &Sale, quotes: &Quotes) -> ClosedTrade {
    let (fill, realised) = (&day.fills[sale.fill], sale.realised);
    ClosedTrade {
        order_id: fill.order_id.clone(),
        executed_at: fill.executed_at,
        ticker: fill.ticker.to_string(),
        name: quotes.name(&fill.ticker),
        quantity: fill.quantity,
        proceeds: fill.amount,
        cost: realised.cost.decimal(),
        realised: realised.pnl.decimal(),
        return_on_cost: ratio(realised.pnl, realised.cost, Missing::BaseNotPositive),
    }
}
