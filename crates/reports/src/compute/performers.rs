//! Best and worst of the day.

use super::replay::{Day, DayFill};
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
pub(crate) fn section(day: &Day, quotes: &Quotes) -> TopPerformers {
    let mut tickers: Vec<(&str, TickerTally)> = day
        .tally
        .by_ticker
        .iter()
        .map(|(ticker, tally)| (&**ticker, *tally))
        .collect();
    tickers
        .sort_by(|(a, left), (b, right)| right.realised.cmp(&left.realised).then_with(|| a.cmp(b)));
    let performer = |&(ticker, tally): &(&str, TickerTally)| Performer {
        ticker: ticker.to_owned(),
        name: quotes.name(ticker),
        realised: tally.realised.decimal(),
        return_on_cost: ratio(tally.realised, tally.cost, Missing::BaseNotPositive),
        closed: tally.closed,
    };
    let sales = || day.fills.iter().filter(|fill| fill.realised.is_some());
    let pnl = |fill: &&DayFill| fill.realised.map(|realised| realised.pnl);
    let trade = |fill: Option<&DayFill>, keep: fn(crate::money::Won) -> bool, why: Missing| {
        if sales().next().is_none() {
            return Missing::NoClosedTrades.into();
        }
        let found = fill.filter(|fill| fill.realised.is_some_and(|realised| keep(realised.pnl)));
        Figure::from_option(found.and_then(|fill| closed_trade(fill, quotes)), why)
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
            sales().max_by_key(pnl),
            crate::money::Won::is_positive,
            Missing::NoWins,
        ),
        worst_trade: trade(
            sales().min_by_key(pnl),
            crate::money::Won::is_negative,
            Missing::NoLosses,
        ),
        by_ticker: tickers.iter().take(MAX_TICKERS).map(performer).collect(),
        by_ticker_omitted: tickers.len().saturating_sub(MAX_TICKERS) as u64,
    }
}

fn closed_trade(fill: &DayFill, quotes: &Quotes) -> Option<ClosedTrade> {
    let realised = fill.realised?;
    Some(ClosedTrade {
        order_id: fill.order_id.clone(),
        executed_at: fill.at,
        ticker: fill.ticker.to_string(),
        name: quotes.name(&fill.ticker),
        quantity: fill.quantity.into(),
        proceeds: fill.amount.into(),
        cost: realised.cost.decimal(),
        realised: realised.pnl.decimal(),
        return_on_cost: ratio(realised.pnl, realised.cost, Missing::BaseNotPositive),
    })
}
