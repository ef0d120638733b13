//! When a session's report is due, and which reports are owed. Pure.
//!
//! ```
//! use bongsu_reports::calendar::Krx;
//! use bongsu_reports::schedule::Schedule;
//! use jiff::civil::date;
//!
//! let daily = Schedule::default(); // 20:10 in Korea, when Nextrade has closed
//! let due = daily.due(date(2026, 5, 28), &Krx::new())?;
//! assert_eq!(due.unwrap().to_string(), "2026-05-28T11:10:00Z");
//! assert_eq!(daily.due(date(2026, 5, 25), &Krx::new())?, None); // a holiday
//! # Ok::<(), bongsu_reports::calendar::UnknownYear>(())
//! ```

use std::collections::BTreeSet;
use std::str::FromStr;

use jiff::civil::{Date, Time, Weekday, time};
use jiff::{Span, Timestamp};

use crate::calendar::{Krx, UnknownYear, date_in_seoul, instant_in_seoul};
use crate::summary::PeriodKind;

/// Days the search for owed sessions goes back, at most.
const LOOK_BACK_DAYS: i64 = 60;

/// A time of day in Korea at which reports are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    time: Time,
    weekdays: bool,
}

/// A text that is no time of day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("schedule {0:?} is no time of day of the form 20:10")]
pub struct BadSchedule(pub String);

impl FromStr for Schedule {
    type Err = BadSchedule;

    fn from_str(text: &str) -> Result<Self, BadSchedule> {
        let time = text
            .trim()
            .parse()
            .map_err(|_| BadSchedule(text.to_owned()))?;
        Ok(Self::daily(time))
    }
}

impl Schedule {
    /// Every day at this time in Korea.
    #[must_use]
    pub fn daily(time: Time) -> Self {
        Self {
            time,
            weekdays: false,
        }
    }

    /// From Monday to Friday only: Friday's report of a morning schedule then comes on Monday.
    #[must_use]
    pub fn weekdays(mut self) -> Self {
        self.weekdays = true;
        self
    }

    /// The time of day.
    #[must_use]
    pub fn time(&self) -> Time {
        self.time
    }

    /// The first firing at or after an instant; `None` beyond the end of the calendar.
    #[must_use]
    pub fn next(&self, from: Timestamp) -> Option<Timestamp> {
        let first = date_in_seoul(from);
        let weekend = |date: &Date| matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        first
            .series(Span::new().days(1))
            .take(5)
            .filter(|date| !(self.weekdays && weekend(date)))
            .map(|date| instant_in_seoul(date.to_datetime(self.time)))
            .find(|at| *at >= from)
    }

    /// When a session's report is due: the first firing at or after the session's close.
    ///
    /// # Errors
    ///
    /// When the calendar has no data for the date.
    pub fn due(&self, session: Date, calendar: &Krx) -> Result<Option<Timestamp>, UnknownYear> {
        Ok(calendar
            .hours(session)?
            .and_then(|(_, close)| self.next(close)))
    }
}

impl Default for Schedule {
    /// 20:10, after the last venue has closed at 20:00.
    fn default() -> Self {
        Self::daily(time(20, 10, 0, 0))
    }
}

/// Is the session the last one of its week, month or year? The last one of a year whose successor has
/// no data is taken for it.
#[must_use]
pub fn ends(kind: PeriodKind, session: Date, calendar: &Krx) -> bool {
    match calendar.next_session(session) {
        Ok(next) => kind.first_day(next) != kind.first_day(session),
        Err(unknown) => unknown.year != session.year(),
    }
}

/// Reports owed now, and when to look again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// Sessions to report, oldest first, each with the time it was due.
    pub sessions: Vec<(Date, Timestamp)>,
    /// Sessions since the last report that lie beyond the bound of the catch-up, oldest first.
    pub skipped: Vec<Date>,
    /// When the next report falls due; `None` when the calendar does not reach so far.
    pub next: Option<Timestamp>,
}

/// Which reports are owed at `now`: sessions that fell due after `baseline` and are not `reported`.
///
/// With a `period`, only the last session of each is reported. Only the last `max` sessions that fell due are looked at. Closures are skipped because the calendar is asked, not
/// the clock.
///
/// # Errors
///
/// When the calendar has no data for a day in question.
pub fn owed(
    now: Timestamp,
    baseline: Timestamp,
    reported: &BTreeSet<Date>,
    schedule: &Schedule,
    calendar: &Krx,
    max: usize,
    period: Option<PeriodKind>,
) -> Result<Owed, UnknownYear> {
    let today = date_in_seoul(now);
    let oldest = today.saturating_sub(Span::new().days(LOOK_BACK_DAYS));
    let first = date_in_seoul(baseline)
        .saturating_sub(Span::new().days(14))
        .max(oldest);
    let mut fallen_due = Vec::new();
    let mut next = None;
    for session in calendar.sessions(first, today)? {
        if period.is_some_and(|kind| !ends(kind, session, calendar)) {
            continue;
        }
        let Some(due) = schedule.due(session, calendar)? else {
            continue;
        };
        if due > now {
            next = next.or(Some(due));
        } else if due > baseline {
            fallen_due.push((session, due));
        }
    }
    if next.is_none() && period.is_none() {
        next = next_due(today, schedule, calendar);
    }
    // The bound counts sessions, reported or not: what was skipped once stays skipped.
    let recent = fallen_due.split_off(fallen_due.len().saturating_sub(max));
    let last = reported.last().copied();
    let skipped = fallen_due
        .into_iter()
        .map(|(session, _)| session)
        .filter(|session| last.is_none_or(|last| *session > last))
        .collect();
    let mut sessions = recent;
    sessions.retain(|(session, _)| !reported.contains(session));
    Ok(Owed {
        sessions,
        skipped,
        next,
    })
}

fn next_due(today: Date, schedule: &Schedule, calendar: &Krx) -> Option<Timestamp> {
    let session = calendar.next_session(today).ok()?;
    schedule.due(session, calendar).ok()?
}

#[cfg(test)]
mod tests;
