//! Putting the sections together.

use std::sync::Arc;

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

use super::book::Book;
use super::day::Day;
use super::portfolio::{self, Valuation};
use super::replay::Replay;
use super::{history, performers, reconcile, spans};
use crate::context::ReportContext;
use crate::money::Won;
use crate::source::{AccountHistory, Quotes};
use crate::summary::{
    DailySummary, Edition, IntradayPoint, QualityIssue, QualityNote, QualitySeverity,
    SCHEMA_VERSION, SessionInfo, SourceState, Words,
};
use crate::{Figure, Missing};

/// Notes a report shows.
const MAX_NOTES: usize = 200;

/// Everything a day's report is computed from.
#[derive(Debug)]
pub struct DayInputs {
    /// The service that reports.
    pub service_name: String,
    /// Its environment.
    pub environment: String,
    /// The session, from the calendar.
    pub session: SessionInfo,
    /// When the report is made.
    pub generated_at: Timestamp,
    /// Revision, lateness.
    pub edition: Edition,
    /// The replay, finished at the session's date, with its detail.
    pub replay: Replay,
    /// Equity, flows, halts.
    pub history: AccountHistory,
    /// Prices and names.
    pub quotes: Quotes,
    /// The running system's part.
    pub context: ReportContext,
    /// The benchmarks' tickers; the first one is the report's.
    pub benchmarks: Vec<String>,
    /// Which price positions are valued at.
    pub mark: crate::source::MarkPrice,
    /// The sums over all fills before each of the longer spans, where they are known.
    pub bases: Vec<super::Base>,
    /// What counts as reconciled; `None` for three won a fill and one more.
    pub tolerance: Option<Decimal>,
    /// Transaction tax in force for the session by market, as fractions.
    pub tax_rates: Option<crate::calendar::TaxRates>,
    /// The calendar in force.
    pub calendar: Arc<crate::calendar::Krx>,
    /// What was noted before the computation.
    pub notes: Vec<QualityNote>,
}

/// Computes a day's report. Pure: the same inputs give the same summary.
#[must_use]
pub fn summarise(inputs: DayInputs) -> DailySummary {
    let DayInputs {
        session,
        mut replay,
        history,
        quotes,
        context,
        ..
    } = inputs;
    let date = session.date;
    let mut notes = Notes(inputs.notes);
    notes.0.append(&mut replay.day.notes);
    notes.0.extend(history.notes.iter().cloned());
    if replay.earlier_refused > 0 {
        let refused = replay.earlier_refused;
        notes.add(
            QualitySeverity::Warning,
            QualityIssue::BadRow,
            "earlier days",
            (
                format!("{refused} rows of earlier days broke a rule and were left out"),
                format!("이전 날짜의 행 {refused}건이 규칙에 어긋나 제외됨"),
            ),
        );
    }
    if history.shared_trades {
        notes.add(
            QualitySeverity::Warning,
            QualityIssue::SharedTrades,
            "trades",
            (
                "fills do not tell whose they are: positions and profit are those of every account",
                "체결에 계좌 구분이 없음: 보유 종목과 손익은 모든 계좌의 합",
            ),
        );
    }

    let benchmark = inputs.benchmarks.first().cloned().unwrap_or_default();
    let today = Valuation::of(&replay.book, date, &quotes, &history.splits);
    let line = history::Line::new(&history, date, |after, through| {
        replay.transferred(after, through).1
    });
    let then = line
        .previous()
        .zip(replay.previous.as_ref())
        .map(|(point, book)| Valuation::of(book, point.date, &quotes, &history.splits));
    let equity = line.equity();
    let mut portfolio_stats =
        portfolio::section(&replay.book, &today, &line, &quotes, &benchmark, &mut notes);
    inputs.mark.as_str().clone_into(&mut portfolio_stats.mark);
    portfolio_stats.settles_on = inputs.calendar.settlement(date).ok();
    portfolio_stats.settles = Figure::Known(replay.day.tally.settles().decimal());
    let largest = match &portfolio_stats.largest {
        Figure::Known(largest) => largest.share_of_equity.clone(),
        Figure::Missing(why) => why.clone().into(),
    };
    let risk_metrics = history::risk(&line, &quotes, &benchmark, &largest, &mut notes);
    let reconciliation = reconcile::section(
        &replay,
        &today,
        then.as_ref(),
        &line,
        &history.splits,
        inputs.tolerance,
        &mut notes,
    );
    reconcile::check_benchmark(&line, &quotes, &benchmark, &mut notes);
    reconcile::check_equity(&today, &line, &session, &mut notes);
    // Before the day's last trade, or after another day's first, the table tells of another moment.
    if crate::calendar::date_in_seoul(inputs.generated_at) == date {
        reconcile::check_holdings(&today, &history.holdings, &mut notes);
    }
    reconcile::check_tickers(&replay, &mut notes);
    reconcile::check_times(&replay, &session, &inputs.calendar, &mut notes);
    if let Some(rates) = &inputs.tax_rates {
        reconcile::check_tax(&replay, date, &quotes, rates, &mut notes);
    }
    let periods = spans::periods(&line, &replay, &quotes, &inputs.benchmarks, &inputs.bases);
    let recent = line.recent(&quotes, &benchmark);
    let position_pnl = spans::by_position(&replay, &today, then.as_ref(), &quotes);
    let by_strategy = spans::by_strategy(&replay);
    let by_sector = spans::by_sector(&replay, &today, &quotes, &equity);

    let day = &replay.day;
    let mut notes_omitted = day.notes_omitted;
    let mut data_quality = notes.0;
    data_quality
        .sort_by(|a, b| (a.severity, a.issue, &a.subject).cmp(&(b.severity, b.issue, &b.subject)));
    notes_omitted += data_quality.len().saturating_sub(MAX_NOTES) as u64;
    data_quality.truncate(MAX_NOTES);

    let mut series = line.series(&quotes, &benchmark);
    let mut sum = Won::ZERO;
    series
        .realised_intraday
        .extend(day.sales.iter().map(|sale| {
            sum += sale.realised.pnl;
            IntradayPoint {
                at: day.fills[sale.fill].executed_at,
                value: sum.decimal(),
            }
        }));
    let top_performers = performers::section(day, &replay.book, &quotes);
    let mut trading_stats = day.tally.stats(day, &equity);
    for order in &mut trading_stats.unfilled {
        order.name = quotes.name(&order.ticker);
    }
    let fills_omitted = day.fills_omitted;
    name_fills(&mut replay.day, &replay.book, &quotes);
    DailySummary {
        schema_version: SCHEMA_VERSION,
        service_name: inputs.service_name,
        environment: inputs.environment,
        account: history.account.clone(),
        session,
        generated_at: inputs.generated_at,
        edition: inputs.edition,
        source: SourceState::Ok,
        trading_stats,
        portfolio_stats,
        risk_metrics,
        system_health: context.system,
        top_performers,
        alerts_summary: context.alerts,
        reconciliation,
        series,
        data_quality,
        data_quality_omitted: notes_omitted,
        fills: replay.day.fills,
        fills_omitted,
        period: None,
        periods,
        recent,
        position_pnl,
        by_strategy,
        by_sector,
        changes: Vec::new(),
        accounts: Vec::new(),
    }
}

/// Gives every fill its company's name, looked up once a ticker.
fn name_fills(day: &mut Day, book: &Book, quotes: &Quotes) {
    let names: Vec<Option<Arc<str>>> = book
        .all_tickers()
        .map(|ticker| quotes.stocks.get(ticker)?.name.as_deref().map(Arc::from))
        .collect();
    for (fill, slot) in day.fills.iter_mut().zip(&day.slots) {
        fill.name.clone_from(&names[slot.index()]);
    }
}

/// Data-quality notes being collected.
#[derive(Debug)]
pub(crate) struct Notes(pub(crate) Vec<QualityNote>);

impl Notes {
    pub(crate) fn add(
        &mut self,
        severity: QualitySeverity,
        issue: QualityIssue,
        subject: impl Into<String>,
        detail: impl Into<Words>,
    ) {
        self.0
            .push(QualityNote::new(severity, issue, subject, detail));
    }
}

/// `part ÷ whole` where the whole is positive.
pub(crate) fn ratio(part: Won, whole: Won, why: Missing) -> Figure<f64> {
    if whole.is_positive() {
        Figure::Known(part.to_f64() / whole.to_f64())
    } else {
        why.into()
    }
}

/// Two figures combined; the first reason wins.
pub(crate) fn both<A: Clone, B: Clone, C>(
    a: &Figure<A>,
    b: &Figure<B>,
    f: impl FnOnce(A, B) -> C,
) -> Figure<C> {
    match (a, b) {
        (Figure::Known(a), Figure::Known(b)) => Figure::Known(f(a.clone(), b.clone())),
        (Figure::Missing(why), _) | (_, Figure::Missing(why)) => why.clone().into(),
    }
}

/// The last date at or before `date` in a list sorted by date.
pub(crate) fn as_of<T>(list: &[(Date, T)], date: Date) -> Option<&(Date, T)> {
    let end = list.partition_point(|(at, _)| *at <= date);
    list[..end].last()
}
