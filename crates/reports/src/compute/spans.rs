//! Longer spans than the day, and the day by position, strategy and sector.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::history::{Line, Span, benchmark_between};
use super::portfolio::Valuation;
use super::replay::Replay;
use super::summarise::{both, ratio};
use super::totals::Totals;
use super::trading::count;
use crate::money::Won;
use crate::source::Quotes;
use crate::summary::{GroupPnl, Period, PeriodKind, PositionPnl};
use crate::{Figure, Missing};

/// Positions, strategies and sectors a report lists.
const MAX_ROWS: usize = 500;

/// The sums over all fills at the close before a span.
pub type Base = (PeriodKind, Option<Totals>);

/// Week, month, year and everything, each up to the session.
pub(crate) fn periods(
    line: &Line<'_>,
    replay: &Replay,
    quotes: &Quotes,
    benchmarks: &[String],
    bases: &[Base],
) -> Vec<Period> {
    let kinds = [
        PeriodKind::Week,
        PeriodKind::Month,
        PeriodKind::Year,
        PeriodKind::Inception,
    ];
    let of = |kind: PeriodKind| {
        let base = line.base(kind.first_day(line.date()))?;
        let span = line.span(base);
        let totals = match kind {
            PeriodKind::Inception => Some(Totals::default()),
            _ => bases
                .iter()
                .find(|(of, _)| *of == kind)
                .and_then(|(_, totals)| *totals),
        };
        let totals = totals.map(|before| replay.totals().since(before));
        let since = line.base_date(base);
        let theirs = |ticker: &String| {
            let found =
                since.and_then(|since| benchmark_between(quotes, ticker, since, line.date()));
            (
                ticker.clone(),
                Figure::from_option(found, Missing::NoBenchmark),
            )
        };
        Some(period(
            kind,
            since,
            span,
            totals,
            benchmarks.iter().map(theirs).collect(),
        ))
    };
    kinds.into_iter().filter_map(of).collect()
}

fn period(
    kind: PeriodKind,
    since: Option<jiff::civil::Date>,
    span: Span,
    totals: Option<Totals>,
    benchmarks: Vec<(String, Figure<f64>)>,
) -> Period {
    let totals: Figure<Totals> = Figure::from_option(totals, Missing::NotCollected);
    let won = |of: fn(&Totals) -> Won| totals.clone().map(|totals| of(&totals).decimal());
    let flat = |figure: Figure<Figure<f64>>| match figure {
        Figure::Known(figure) => figure,
        Figure::Missing(why) => why.into(),
    };
    let rate = |part: u64, of: u64, why: Missing| match of {
        0 => why.into(),
        _ => Figure::Known(count(part) / count(of)),
    };
    Period {
        kind,
        since,
        sessions: span.sessions,
        pnl: span.pnl.map(Won::decimal),
        total_return: span.total_return,
        benchmarks,
        net_flow: span.flow.map(Won::decimal),
        income: span.income.map(Won::decimal),
        fills: totals.clone().map(|totals| totals.fills),
        realised: won(|totals| totals.realised),
        commission: won(|totals| totals.commission),
        tax: won(|totals| totals.tax),
        win_rate: flat(
            totals
                .clone()
                .map(|t| rate(t.wins, t.wins + t.losses + t.even, Missing::NoClosedTrades)),
        ),
        profit_factor: flat(totals.clone().map(|t| match t.wins + t.losses + t.even {
            0 => Missing::NoClosedTrades.into(),
            _ => ratio(t.gross_profit, t.gross_loss, Missing::NoLosses),
        })),
        round_trips: totals.clone().map(|totals| totals.trips),
        holding_days: flat(
            totals
                .clone()
                .map(|t| rate(t.trip_days, t.trips, Missing::NoClosedTrades)),
        ),
        payoff: flat(totals.map(|t| {
            let lost = t.trips - t.trips_won.min(t.trips);
            match (t.trips_won, lost) {
                (0, 0) => Missing::NoClosedTrades.into(),
                (0, _) => Missing::NoWins.into(),
                (_, 0) => Missing::NoLosses.into(),
                (won, lost) => {
                    let average = |sum: Won, n| sum.to_f64() / count(n);
                    super::risk::finite(average(t.trips_profit, won) / average(t.trips_loss, lost))
                }
            }
        })),
    }
}

/// What each position earned since the last recorded equity: realised, and the change of what is not.
pub(crate) fn by_position(
    replay: &Replay,
    today: &Valuation,
    then: Option<&Valuation>,
    quotes: &Quotes,
) -> Vec<PositionPnl> {
    type Row = (Won, Figure<Won>);
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    let fresh = || (Won::ZERO, Figure::Known(Won::ZERO));
    for (valuation, sign) in [(Some(today), 1), (then, -1)] {
        for held in valuation.iter().flat_map(|valuation| &valuation.positions) {
            let gain = held.value.map(|value| (value - held.cost).times(sign));
            let gain = Figure::from_option(gain, Missing::NoPrice);
            let row = rows.entry(held.ticker.clone()).or_insert_with(fresh);
            row.1 = both(&row.1, &gain, |sum, gain| sum + gain);
        }
    }
    for (ticker, tally) in replay.traded() {
        let row = rows.entry(ticker.to_owned()).or_insert_with(fresh);
        row.0 += tally.realised;
    }
    let mut list: Vec<PositionPnl> = rows
        .into_iter()
        .map(|(ticker, (realised, moved))| {
            let moved = match then {
                Some(_) => moved,
                None => Missing::NoPreviousEquity.into(),
            };
            PositionPnl {
                name: quotes.name(&ticker),
                ticker,
                realised: realised.decimal(),
                total: moved.clone().map(|moved| (realised + moved).decimal()),
                unrealised_change: moved.map(Won::decimal),
            }
        })
        .collect();
    let size = |row: &PositionPnl| row.total.value().copied().unwrap_or(row.realised);
    list.sort_by(|a, b| size(b).cmp(&size(a)).then_with(|| a.ticker.cmp(&b.ticker)));
    list.truncate(MAX_ROWS);
    list
}

/// The day's fills by the strategy that placed them.
pub(crate) fn by_strategy(replay: &Replay) -> Vec<GroupPnl> {
    let mut groups: BTreeMap<&str, (u64, Decimal)> = BTreeMap::new();
    for fill in &replay.day.fills {
        let group = groups
            .entry(fill.strategy.as_deref().unwrap_or_default())
            .or_default();
        group.0 += 1;
        group.1 += fill.realised.unwrap_or_default();
    }
    let groups = groups.into_iter().take(MAX_ROWS);
    groups
        .map(|(name, (fills, realised))| GroupPnl {
            name: name.to_owned(),
            fills,
            realised,
            value: Missing::NotCollected.into(),
            weight: Missing::NotCollected.into(),
        })
        .collect()
}

/// The day's fills, and the open positions, by sector.
pub(crate) fn by_sector(
    replay: &Replay,
    today: &Valuation,
    quotes: &Quotes,
    equity: &Figure<Won>,
) -> Vec<GroupPnl> {
    let sector = |ticker: &str| {
        let stock = quotes.stocks.get(ticker);
        stock
            .and_then(|stock| stock.sector.as_deref())
            .unwrap_or_default()
    };
    type Row = (u64, Decimal, Figure<Won>);
    let mut groups: BTreeMap<&str, Row> = BTreeMap::new();
    let fresh = || (0, Decimal::ZERO, Figure::Known(Won::ZERO));
    for fill in &replay.day.fills {
        let group = groups.entry(sector(&fill.ticker)).or_insert_with(fresh);
        group.0 += 1;
        group.1 += fill.realised.unwrap_or_default();
    }
    for held in &today.positions {
        let group = groups.entry(sector(&held.ticker)).or_insert_with(fresh);
        let value = Figure::from_option(held.value, Missing::NoPrice);
        group.2 = both(&group.2, &value, |sum, value| sum + value);
    }
    let mut list: Vec<GroupPnl> = groups
        .into_iter()
        .map(|(name, (fills, realised, value))| GroupPnl {
            name: name.to_owned(),
            fills,
            realised,
            weight: match both(&value, equity, |value, equity| {
                ratio(value, equity, Missing::BaseNotPositive)
            }) {
                Figure::Known(figure) => figure,
                Figure::Missing(why) => why.into(),
            },
            value: value.map(Won::decimal),
        })
        .collect();
    list.sort_by(|a, b| {
        b.value
            .value()
            .cmp(&a.value.value())
            .then_with(|| a.name.cmp(&b.name))
    });
    list.truncate(MAX_ROWS);
    list
}
