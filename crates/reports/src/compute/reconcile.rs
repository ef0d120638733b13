//! Does the money add up? And is the data what it should be?

use std::collections::HashMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::amount;
use super::history::Line;
use super::portfolio::Valuation;
use super::replay::{Replay, Split};
use super::summarise::{Notes, both};
use crate::calendar::{Krx, Market, TaxRates, is_ticker, is_untaxed, looks_untaxed};
use crate::money::Won;
use crate::source::{Quotes, Stock};
use crate::summary::{
    QualityIssue, QualitySeverity, Reconciliation, SessionInfo, SessionKind, Side,
};
use crate::{Figure, Missing};

/// ΔE = Σ realised + Δ unrealised + flows + income, over the span since the last recorded equity.
///
/// The difference is shown whatever it is. It counts as balanced within three won a fill and one
/// more: amount, commission and tax are each recorded in whole won.
pub(crate) fn section(
    replay: &Replay,
    today: &Valuation,
    then: Option<&Valuation>,
    line: &Line<'_>,
    splits: &[Split],
    tolerance: Option<Decimal>,
    notes: &mut Notes,
) -> Reconciliation {
    let fills = Decimal::from(replay.day.tally.fills());
    let tolerance = tolerance.unwrap_or(fills * Decimal::from(3) + Decimal::ONE);
    let Some(((previous, before), then)) = line.previous().zip(replay.previous.as_ref()).zip(then)
    else {
        return Reconciliation {
            equity_change: line.change().map(Won::decimal),
            ..Reconciliation::missing(&Missing::NoPreviousEquity, tolerance)
        };
    };
    let change = line.change();
    let realised = replay.book.realised - before.realised;
    // What shares that came without a trade had gained before is not earned here.
    let (cost, value) = replay.transferred(previous.date, line.date());
    let unrealised = both(&today.unrealised, &then.unrealised, |now, before| {
        now - before - (value - cost)
    });
    let (flow, income) = (line.flow(), line.income());
    let earned = both(&unrealised, &income, |moved, income| {
        realised + moved + income
    });
    let difference = both(
        &both(&change, &earned, |change, earned| change - earned),
        &flow,
        |rest, flow| (rest - flow).decimal(),
    );
    let balanced = difference
        .clone()
        .map(|difference| difference.abs() <= tolerance);
    if balanced == Figure::Known(false)
        && let Figure::Known(difference) = &difference
    {
        let split = splits.iter().find(|split| {
            let within = split.date > previous.date && split.date <= line.date();
            within && before.quantity(&super::canonical(&split.ticker)) != 0
        });
        let difference = amount(*difference);
        let (mut en, mut ko) = (
            format!("{difference} won of the equity's change are not explained by trading"),
            format!("자산 변동 중 {difference}원이 거래로 설명되지 않음"),
        );
        if let Some(split) = split {
            en.push_str(&format!(
                "; {} was split: are its closes of before adjusted, or is cash for a fraction not recorded?",
                split.ticker
            ));
            ko.push_str(&format!(
                "; {} 분할·병합: 이전 종가가 수정 주가이거나 단주대금이 기록되지 않았을 수 있음",
                split.ticker
            ));
        }
        notes.add(
            QualitySeverity::Warning,
            QualityIssue::Unreconciled,
            today_text(line),
            (en, ko),
        );
    }
    Reconciliation {
        equity_change: change.map(Won::decimal),
        realised: Figure::Known(realised.decimal()),
        unrealised_change: unrealised.map(Won::decimal),
        net_flow: flow.map(Won::decimal),
        income: income.map(Won::decimal),
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
            let gap = amount(gap);
            notes.add(
                QualitySeverity::Warning,
                QualityIssue::EquityMismatch,
                today_text(line),
                (
                    format!("recorded equity differs by {gap} won from cash plus positions"),
                    format!("기록된 평가금액이 예수금과 보유 종목의 합과 {gap}원 다름"),
                ),
            );
        }
    }
    let closed = matches!(session.kind, SessionKind::Closed { .. });
    if line.equity().value().is_none() && !closed {
        notes.add(
            QualitySeverity::Warning,
            QualityIssue::EquityGap,
            today_text(line),
            (
                "no equity recorded for the session",
                "당일 평가금액 기록 없음",
            ),
        );
    }
    if let Some((expected, last)) = session.previous.zip(line.previous())
        && last.date < expected
    {
        notes.add(
            QualitySeverity::Warning,
            QualityIssue::EquityGap,
            expected.to_string(),
            (
                format!(
                    "no equity recorded since {}: the day's change spans more",
                    last.date
                ),
                format!(
                    "{} 이후 평가금액 기록 없음: 당일 변동이 여러 날에 걸침",
                    last.date
                ),
            ),
        );
    }
}

/// A benchmark whose last close is of an earlier session.
pub(crate) fn check_benchmark(
    line: &Line<'_>,
    quotes: &Quotes,
    benchmark: &str,
    notes: &mut Notes,
) {
    if let Some((last, _)) = quotes.benchmark(benchmark).last()
        && *last < line.date()
        && line.equity().value().is_some()
    {
        notes.add(
            QualitySeverity::Info,
            QualityIssue::StalePrice,
            benchmark,
            (
                format!("the benchmark's last close is of {last}"),
                format!("벤치마크의 마지막 종가는 {last}"),
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
            ("not a KRX ticker", "KRX 종목 코드가 아님"),
        );
    }
}

/// Fills on a closed day, or at an hour at which no venue trades.
pub(crate) fn check_times(
    replay: &Replay,
    session: &SessionInfo,
    calendar: &Krx,
    notes: &mut Notes,
) {
    // In a year without data nobody knows.
    let Ok(spans) = calendar.trading(session.date) else {
        return;
    };
    let outside = replay
        .day
        .fills
        .iter()
        .filter(|fill| !spans.iter().any(|span| span.contains(fill.executed_at)))
        .count();
    if outside > 0 {
        notes.add(
            QualitySeverity::Warning,
            QualityIssue::OutsideSession,
            session.date.to_string(),
            (
                format!("{outside} fills at a time without trading"),
                format!("거래가 없는 시각의 체결 {outside}건"),
            ),
        );
    }
}

/// Notes of single sales; beyond it they are counted in one.
const MAX_TAX_NOTES: usize = 20;

/// The recorded tax of every sale against the statutory one.
///
/// Brokers cut each tax to a won, or to ten, and may tax an order once that was filled in parts: two
/// won a sale and a thousandth of the tax is not a drift, nor is an order whose parts add up.
pub(crate) fn check_tax(
    replay: &Replay,
    day: Date,
    quotes: &Quotes,
    rates: &TaxRates,
    notes: &mut Notes,
) {
    let fills = &replay.day.fills;
    let (mut unknown, mut wrong) = (0_u64, 0_usize);
    let mut orders: HashMap<(&str, &str), OrderTax> = HashMap::new();
    for fill in fills.iter().filter(|fill| fill.side == Side::Sell) {
        let expected = match taxed(quotes.stocks.get(&*fill.ticker), rates) {
            Taxed::At(rate) => fill.amount * rate,
            // A fund by its name only: without a tax it is one, with one nobody can tell.
            Taxed::Perhaps if fill.tax.is_zero() => continue,
            Taxed::Perhaps | Taxed::Unknown => {
                unknown += 1;
                continue;
            }
        };
        let order = orders.entry((&fill.order_id, &fill.ticker)).or_default();
        order.expected += expected;
        order.recorded += fill.tax;
        order.sales += 1;
    }
    let mut orders: Vec<_> = orders.into_iter().collect();
    orders.sort_by_key(|(key, _)| *key);
    for ((order, ticker), tax) in orders {
        let slack = Decimal::from(tax.sales) * Decimal::TWO + tax.expected / Decimal::ONE_THOUSAND;
        if (tax.recorded - tax.expected).abs() <= slack {
            continue;
        }
        wrong += 1;
        if wrong <= MAX_TAX_NOTES {
            let (recorded, expected) = (amount(tax.recorded), amount(tax.expected.round()));
            notes.add(
                QualitySeverity::Warning,
                QualityIssue::TaxDrift,
                order,
                (
                    format!("{ticker}: tax recorded is {recorded}, statutory {expected} at the rates of {}", rates.since),
                    format!("{ticker}: 기록된 거래세 {recorded}원, 법정 거래세 {expected}원({} 세율)", rates.since),
                ),
            );
        }
    }
    if let Some(more) = wrong.checked_sub(MAX_TAX_NOTES).filter(|more| *more > 0) {
        notes.add(
            QualitySeverity::Warning,
            QualityIssue::TaxDrift,
            day.to_string(),
            (
                format!("{more} more sales with another tax than the statutory one"),
                format!("법정 거래세와 다른 매도 {more}건 더"),
            ),
        );
    }
    if unknown > 0 {
        notes.add(
            QualitySeverity::Info,
            QualityIssue::TaxDrift,
            day.to_string(),
            (
                format!("{unknown} sales: the market is not known, the tax was not checked"),
                format!("매도 {unknown}건: 시장을 알 수 없어 거래세를 확인하지 않음"),
            ),
        );
    }
}

#[derive(Default)]
struct OrderTax {
    expected: Decimal,
    recorded: Decimal,
    sales: u32,
}

enum Taxed {
    At(Decimal),
    /// By its name it may be a fund.
    Perhaps,
    Unknown,
}

fn taxed(stock: Option<&Stock>, rates: &TaxRates) -> Taxed {
    let Some(stock) = stock else {
        return Taxed::Unknown;
    };
    let words = [&stock.market, &stock.sector, &stock.industry];
    if words.into_iter().flatten().any(|word| is_untaxed(word)) {
        return Taxed::At(Decimal::ZERO);
    }
    if stock.name.as_deref().is_some_and(looks_untaxed) {
        return Taxed::Perhaps;
    }
    let market = stock.market.as_deref().and_then(Market::parse);
    market.map_or(Taxed::Unknown, |market| Taxed::At(rates.rate(market)))
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
            let [ours, theirs] =
                [ours, theirs].map(|shares| bongsu_text::grouped(&shares.to_string()));
            notes.add(
                QualitySeverity::Warning,
                QualityIssue::PortfolioMismatch,
                ticker,
                (
                    format!("{theirs} shares recorded as held, the fills add up to {ours}"),
                    format!("기록된 보유 {theirs}주, 체결 합계 {ours}주"),
                ),
            );
        }
    }
}
