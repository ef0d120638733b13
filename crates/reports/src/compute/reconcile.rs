//! Does the money add up? And is the data what it should be?

use rust_decimal::Decimal;

use super::history::Line;
use super::portfolio::Valuation;
use super::replay::{Replay, Split};
use super::summarise::{Notes, both};
use crate::calendar::{TaxRates, is_ticker};
use crate::money::Won;
use crate::source::Quotes;
use crate::summary::{QualityIssue, QualitySeverity, Reconciliation, SessionInfo, SessionKind};
use crate::{Figure, Missing};

/// ΔE = Σ realised + Δ unrealised + flows, over the span since the last recorded equity.
///
/// The difference is shown whatever it is. It counts as balanced within three won a fill and one
/// more: amount, commission and tax are each recorded in whole won.
pub(crate) fn section(
    replay: &Replay,
    today: &Valuation,
    line: &Line<'_>,
    quotes: &Quotes,
    splits: &[Split],
    tolerance: Option<Decimal>,
    notes: &mut Notes,
) -> Reconciliation {
    let fills = Decimal::from(replay.day.tally.fills());
    let tolerance = tolerance.unwrap_or(fills * Decimal::from(3) + Decimal::ONE);
    let Some((previous, before)) = line.previous().zip(replay.previous.as_ref()) else {
        return Reconciliation {
            equity_change: line.change().map(Won::decimal),
            ..Reconciliation::missing(&Missing::NoPreviousEquity, tolerance)
        };
    };
    let then = Valuation::of(before, previous.date, quotes, splits);
    let change = line.change();
    let realised = replay.book.realised - before.realised;
    let unrealised = both(&today.unrealised, &then.unrealised, |now, before| {
        now - before
    });
    let flow = line.flow();
    let difference = both(
        &both(&change, &unrealised, |change, moved| {
            change - realised - moved
        }),
        &flow,
        |rest, flow| (rest - flow).decimal(),
    );
    let balanced = difference
        .clone()
        .map(|difference| difference.abs() <= tolerance);
    if balanced == Figure::Known(false)
        && let Figure::Known(difference) = &difference
    {
        notes.add(
            QualitySeverity::Warning,
            QualityIssue::Unreconciled,
            today_text(line),
            format!("{difference} won of the equity's change are not explained by trading"),
        );
    }
    Reconciliation {
        equity_change: change.map(Won::decimal),
        realised: Figure::Known(realised.decimal()),
        unrealised_change: unrealised.map(Won::decimal),
        net_flow: flow.map(Won::decimal),
        difference,
        balanced,
        tolerance,
    }
}

fn today_text(line: &Line<'_>) -> String {
    line.date().to_string()
}

/// The recorded equity against cash plus positions, and sessions without an equity.
pub(crate) fn check_equity(
    today: &Valuation,
    line: &Line<'_>,
    session: &SessionInfo,
    notes: &mut Notes,
) {
    let sum = both(&line.cash(), &today.invested, |cash, value| cash + value);
    if let (Figure::Known(sum), Figure::Known(recorded)) = (&sum, &line.equity()) {
        let gap = (*recorded - *sum).decimal();
        if gap.abs() > Decimal::ONE {
            notes.add(
                QualitySeverity::Warning,
                QualityIssue::EquityMismatch,
                today_text(line),
                format!("recorded equity differs by {gap} won from cash plus positions"),
            );
        }
    }
    if line.equity().value().is_none() {
        notes.add(
            QualitySeverity::Warning,
            QualityIssue::EquityGap,
            today_text(line),
            "no equity recorded for the session",
        );
    }
    if let Some((expected, last)) = session.previous.zip(line.previous())
        && last.date < expected
    {
        notes.add(
            QualitySeverity::Warning,
            QualityIssue::EquityGap,
            expected.to_string(),
            format!(
                "no equity recorded since {}: the day's change spans more",
                last.date
            ),
        );
    }
}

/// Tickers that are none of KRX.
pub(crate) fn check_tickers(replay: &Replay, notes: &mut Notes) {
    let mut odd: Vec<&str> = replay
        .traded()
        .map(|(ticker, _)| ticker)
        .filter(|ticker| !is_ticker(ticker))
        .collect();
    odd.sort_unstable();
    for ticker in odd {
        notes.add(
            QualitySeverity::Warning,
            QualityIssue::UnknownTicker,
            ticker,
            "not a KRX ticker",
        );
    }
}

/// Fills on a closed day, or at an hour at which no venue trades (08:00–20:00 with Nextrade).
pub(crate) fn check_times(replay: &Replay, session: &SessionInfo, notes: &mut Notes) {
    let outside = replay
        .day
        .fills
        .iter()
        .filter(|fill| {
            matches!(session.kind, SessionKind::Closed { .. })
                || !crate::calendar::venue_open(fill.executed_at)
        })
        .count();
    if outside > 0 {
        notes.add(
            QualitySeverity::Warning,
            QualityIssue::OutsideSession,
            session.date.to_string(),
            format!("{outside} fills at a time without trading"),
        );
    }
}

/// The recorded tax against the statutory one, as one line for the day.
///
/// Brokers cut each tax to a won, or to ten; two won a sale, or a tenth of a per cent, is not a drift.
pub(crate) fn check_tax(replay: &Replay, quotes: &Quotes, rates: &TaxRates, notes: &mut Notes) {
    let (mut expected, mut recorded, mut sales, mut unknown) =
        (Decimal::ZERO, Won::ZERO, 0_u64, 0_u64);
    for (ticker, tally) in replay.traded() {
        let rate = quotes
            .stocks
            .get(ticker)
            .and_then(|stock| stock.market.as_deref())
            .and_then(|market| rates.of(market));
        match rate {
            Some(rate) => {
                expected += tally.sold.decimal() * rate;
                recorded += tally.tax;
                sales += tally.closed;
            }
            None => unknown += tally.closed,
        }
    }
    let recorded = recorded.decimal();
    let slack = (Decimal::from(sales) * Decimal::TWO).max(expected / Decimal::ONE_THOUSAND);
    if (recorded - expected).abs() > slack {
        notes.add(
            QualitySeverity::Warning,
            QualityIssue::TaxDrift,
            format!("{sales} sales"),
            format!(
                "tax recorded is {recorded}, statutory {} at the rates of {}",
                expected.round(),
                rates.since
            ),
        );
    }
    if unknown > 0 {
        notes.add(
            QualitySeverity::Info,
            QualityIssue::TaxDrift,
            format!("{unknown} sales"),
            "the market is not known: the tax was not checked",
        );
    }
}

/// The recorded present holdings against the fills added up; only on the day itself, since the
/// `portfolios` table knows no other.
pub(crate) fn check_holdings(
    today: &Valuation,
    recorded: &std::collections::HashMap<String, i64>,
    notes: &mut Notes,
) {
    if recorded.is_empty() {
        return;
    }
    let mut tickers: Vec<&str> = recorded
        .keys()
        .map(String::as_str)
        .chain(today.positions.iter().map(|held| held.ticker.as_str()))
        .collect();
    tickers.sort_unstable();
    tickers.dedup();
    for ticker in tickers {
        let ours = today
            .positions
            .iter()
            .find(|held| held.ticker == ticker)
            .map_or(0, |held| held.quantity);
        let theirs = recorded.get(ticker).copied().unwrap_or(0);
        if ours != theirs {
            notes.add(
                QualitySeverity::Warning,
                QualityIssue::PortfolioMismatch,
                ticker,
                format!("{theirs} shares recorded as held, the fills add up to {ours}"),
            );
        }
    }
}
