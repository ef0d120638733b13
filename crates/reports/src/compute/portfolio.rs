//! Valuing the open positions.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::book::Book;
use super::history::Line;
use super::replay::Split;
use super::risk;
use super::summarise::{Notes, both, ratio};
use crate::money::Won;
use crate::source::Quotes;
use crate::summary::{Largest, Mark, PortfolioStats, Position, QualityIssue, QualitySeverity};
use crate::{Figure, Missing};

/// Positions a report lists.
const MAX_POSITIONS: usize = 1_000;

/// A book at the closes of a date.
#[derive(Debug)]
pub(crate) struct Valuation {
    pub(crate) positions: Vec<Valued>,
    /// Σ value; missing when one position has no price.
    pub(crate) invested: Figure<Won>,
    /// Σ value − cost.
    pub(crate) unrealised: Figure<Won>,
}

/// A position at its close.
#[derive(Debug)]
pub(crate) struct Valued {
    pub(crate) ticker: String,
    pub(crate) quantity: i64,
    pub(crate) cost: Won,
    pub(crate) mark: Option<Mark>,
    pub(crate) value: Option<Won>,
}

impl Valuation {
    /// Each position at the last close at or before `date`; an older one is marked stale and
    /// brought to the present shares when a split came after it.
    pub(crate) fn of(book: &Book, date: Date, quotes: &Quotes, splits: &[Split]) -> Self {
        let mut positions: Vec<Valued> = book
            .open()
            .map(|holding| {
                let mark = quotes
                    .close(&holding.ticker, date)
                    .map(|(from, price)| Mark {
                        price: split_adjusted(price, &holding.ticker, from, date, splits),
                        date: from,
                        stale: from < date,
                    });
                let value = mark
                    .as_ref()
                    .and_then(|mark| Won::from_decimal(mark.price))
                    .map(|price| price.times(holding.quantity));
                Valued {
                    ticker: holding.ticker.to_string(),
                    quantity: holding.quantity,
                    cost: holding.cost,
                    mark,
                    value,
                }
            })
            .collect();
        positions.sort_by(|a, b| b.value.cmp(&a.value).then_with(|| a.ticker.cmp(&b.ticker)));
        let unpriced = positions.iter().filter(|held| held.value.is_none()).count();
        let invested: Figure<Won> = if unpriced == 0 {
            Figure::Known(positions.iter().filter_map(|held| held.value).sum())
        } else {
            Missing::UnpricedPositions {
                count: u32::try_from(unpriced).unwrap_or(u32::MAX),
            }
            .into()
        };
        let cost: Won = positions.iter().map(|held| held.cost).sum();
        Self {
            unrealised: invested.clone().map(|value| value - cost),
            positions,
            invested,
        }
    }
}

fn split_adjusted(price: Decimal, ticker: &str, from: Date, to: Date, splits: &[Split]) -> Decimal {
    splits
        .iter()
        .filter(|split| {
            super::canonical(&split.ticker) == ticker && split.date > from && split.date <= to
        })
        .fold(price, |price, split| {
            price
                .checked_mul(Decimal::from(split.denominator))
                .and_then(|product| product.checked_div(Decimal::from(split.numerator)))
                .unwrap_or(price)
        })
}

/// The section.
///
/// * exposure = invested ÷ equity; largest = max value ÷ equity (pyfolio `pos.get_max_median_position_concentration`).
/// * HHI over the invested part, see [`risk::concentration`]; effective positions = 1 ÷ HHI.
pub(crate) fn section(
    book: &Book,
    today: &Valuation,
    line: &Line<'_>,
    quotes: &Quotes,
    benchmark: &str,
    notes: &mut Notes,
) -> PortfolioStats {
    for held in &today.positions {
        match &held.mark {
            None => notes.add(
                QualitySeverity::Error,
                QualityIssue::MissingPrice,
                held.ticker.clone(),
                (
                    "no closing price at all: its value is unknown",
                    "종가가 전혀 없어 평가금액을 알 수 없음",
                ),
            ),
            Some(mark) if mark.stale => notes.add(
                QualitySeverity::Warning,
                QualityIssue::StalePrice,
                held.ticker.clone(),
                (
                    format!("valued at the last close known, of {}", mark.date),
                    format!("마지막으로 알려진 {} 종가로 평가", mark.date),
                ),
            ),
            Some(_) => {}
        }
    }
    let equity = line.equity();
    let cash = line.cash();
    let values: Vec<f64> = today
        .positions
        .iter()
        .filter_map(|held| held.value)
        // A short position is as much of a risk.
        .map(|value| value.abs().to_f64())
        .collect();
    let hhi = match &today.invested {
        Figure::Known(_) => risk::concentration(&values),
        Figure::Missing(why) => why.clone().into(),
    };
    let decimal = |figure: &Figure<Won>| figure.clone().map(Won::decimal);
    PortfolioStats {
        equity: decimal(&equity),
        equity_recomputed: both(&cash, &today.invested, |cash, value| {
            (cash + value).decimal()
        }),
        previous_equity: decimal(&line.previous_equity()),
        net_flow: decimal(&line.flow()),
        daily_pnl: decimal(&line.change_less_flow()),
        daily_return: line.daily_return(),
        benchmark_return: line.benchmark_return(quotes, benchmark),
        total_return: line.total_return(),
        cash: decimal(&cash),
        invested: decimal(&today.invested),
        unrealised: decimal(&today.unrealised),
        realised_to_date: Figure::Known(book.realised.decimal()),
        exposure: share(&today.invested, &equity),
        effective_positions: hhi.clone().map(|hhi| 1.0 / hhi),
        hhi,
        largest: largest(today, &equity, quotes),
        positions: today
            .positions
            .iter()
            .take(MAX_POSITIONS)
            .map(|held| position(held, &today.invested, quotes))
            .collect(),
        positions_omitted: today.positions.len().saturating_sub(MAX_POSITIONS) as u64,
        position_count: Figure::Known(today.positions.len() as u64),
        mark: String::new(),
        income: decimal(&line.income()),
        settled_cash: decimal(&cash),
        settles_on: None,
        settles: Missing::NotCollected.into(),
    }
}

fn share(part: &Figure<Won>, whole: &Figure<Won>) -> Figure<f64> {
    match both(part, whole, |part, whole| {
        ratio(part, whole, Missing::BaseNotPositive)
    }) {
        Figure::Known(figure) => figure,
        Figure::Missing(why) => why.into(),
    }
}

fn largest(today: &Valuation, equity: &Figure<Won>, quotes: &Quotes) -> Figure<Largest> {
    if let Figure::Missing(why) = &today.invested {
        return why.clone().into();
    }
    let largest = today.positions.iter();
    let Some(held) = largest.max_by_key(|held| held.value.map(Won::abs)) else {
        return Missing::NothingInvested.into();
    };
    Figure::Known(Largest {
        ticker: held.ticker.clone(),
        name: quotes.name(&held.ticker),
        share_of_equity: share(
            &Figure::from_option(held.value.map(Won::abs), Missing::NoPrice),
            equity,
        ),
    })
}

fn position(held: &Valued, invested: &Figure<Won>, quotes: &Quotes) -> Position {
    let value = Figure::from_option(held.value, Missing::NoPrice);
    let gain = value.clone().map(|value| value - held.cost);
    let cost = held.cost.decimal();
    Position {
        ticker: held.ticker.clone(),
        name: quotes.name(&held.ticker),
        sector: quotes
            .stocks
            .get(&held.ticker)
            .and_then(|stock| stock.sector.clone()),
        quantity: Decimal::from(held.quantity),
        cost,
        average_cost: cost / Decimal::from(held.quantity),
        price: Figure::from_option(held.mark.clone(), Missing::NoPrice),
        return_on_cost: share(&gain, &Figure::Known(held.cost.abs())),
        weight: share(&value, invested),
        value: value.map(Won::decimal),
        unrealised: gain.map(Won::decimal),
    }
}
