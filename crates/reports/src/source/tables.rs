//! What the readers of both databases make of the tables' rows.

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Span, Timestamp};

use rust_decimal::Decimal;

use super::text::{Times, date};
use super::time::StoredZone;
use super::{AccountHistory, EquityPoint, QuoteQuery, Quotes, SourceError};
use crate::calendar::{date_in_seoul, instant_in_seoul};
use crate::compute::{Executed, Split};
use crate::summary::Halt;

/// Rows after a snapshot that are looked at for fills that belong before it.
pub(super) const BACKFILL_ROWS: i64 = 100_000;

pub(super) fn bad_value(what: &'static str, text: &str) -> SourceError {
    SourceError::Query {
        what,
        cause: format!("unreadable value {text:?}").into(),
    }
}

/// The date a text begins with.
pub(super) fn day(text: &str, what: &'static str) -> Result<Date, SourceError> {
    date(text.as_bytes()).ok_or_else(|| bad_value(what, text))
}

pub(super) fn day_after(date: Date) -> Date {
    date.saturating_add(Span::new().days(1))
}

/// The naive time, in a table's zone, at which a date begins in Korea.
pub(super) fn midnight(zone: &StoredZone, date: Date) -> DateTime {
    zone.naive(instant_in_seoul(date.at(0, 0, 0, 0)))
}

/// The account to read when none was chosen, of the accounts recorded.
pub(super) fn only_account(mut found: Vec<String>) -> Result<Option<String>, SourceError> {
    if found.len() > 1 {
        found.sort();
        return Err(SourceError::SeveralAccounts {
            found: found.join(", "),
        });
    }
    Ok(found.pop())
}

/// A row of `portfolio_risk_metrics`.
pub(super) struct EquityRow<'a> {
    pub(super) at: &'a str,
    pub(super) equity: i64,
    pub(super) cash: Option<i64>,
    pub(super) halted: Option<bool>,
    pub(super) reason: Option<String>,
}

impl AccountHistory {
    /// Adds a point, in order of time; the last of a day replaces those before it.
    pub(super) fn add_point(
        &mut self,
        row: EquityRow<'_>,
        times: &mut Times<'_>,
        through: Date,
    ) -> Result<(), SourceError> {
        let Executed::At { at, .. } = times.executed(Some(row.at)) else {
            return Err(bad_value("portfolio_risk_metrics.date", row.at));
        };
        let point = EquityPoint {
            date: equity_day(at),
            equity: row.equity,
            cash: row.cash,
        };
        if point.date > through {
            return Ok(());
        }
        match self.equity.last_mut() {
            Some(last) if last.date == point.date => *last = point,
            _ => self.equity.push(point),
        }
        let reason = row.reason;
        self.halt = row.halted.map(|halted| Halt { halted, reason });
        Ok(())
    }

    pub(super) fn add_flow(&mut self, date: Date, amount: i64, through: Date) {
        if date <= through {
            self.flows.push((date, amount));
        }
    }

    /// Adds a split unless it makes no sense.
    pub(super) fn add_split(&mut self, split: Split, through: Date) {
        if split.date <= through && split.numerator > 0 && split.denominator > 0 {
            self.splits.push(split);
        }
    }
}

/// The date an equity point belongs to: a point before 08:00 in Korea, when the first venue opens,
/// still tells the end of the day before.
fn equity_day(at: Timestamp) -> Date {
    let before = at.saturating_sub(SignedDuration::from_hours(8));
    date_in_seoul(before.unwrap_or(at))
}

/// Korean dates from one, or from the first there is, to another one.
pub(super) type Dates = (Option<Date>, Date);

/// The dates a replay reads, in this order; of the one in the middle every detail.
pub(super) struct Spans {
    pub(super) before: Option<Dates>,
    pub(super) detail: Option<Date>,
    pub(super) rest: Option<Dates>,
}

impl Spans {
    pub(super) fn new(after: Option<Date>, through: Date, detail: Option<Date>) -> Self {
        let first = after.map(day_after);
        let last = detail.map_or(through, |detail| detail.saturating_sub(Span::new().days(1)));
        let rest = detail.filter(|detail| *detail < through);
        Self {
            before: first
                .is_none_or(|first| first <= last)
                .then_some((first, last)),
            detail,
            rest: rest.map(|detail| (Some(day_after(detail)), through)),
        }
    }
}

impl QuoteQuery {
    /// The dates of the benchmark's closes; it begins two weeks early, which is more than the longest
    /// closure, for the close before the first date.
    pub(super) fn benchmark_dates(&self) -> Option<(Date, Date)> {
        let (from, to) = self.benchmark_from.zip(self.benchmark_to)?;
        Some((from.saturating_sub(Span::new().days(14)), to))
    }
}

impl Quotes {
    /// Adds a close, keeping the list sorted and each date once.
    pub(super) fn add_close(&mut self, ticker: &str, date: Date, price: Decimal) {
        let closes = self.closes.entry(ticker.to_owned()).or_default();
        if let Err(at) = closes.binary_search_by_key(&date, |(at, _)| *at) {
            closes.insert(at, (date, price));
        }
    }
}
