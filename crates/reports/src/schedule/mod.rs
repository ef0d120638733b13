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
use std::str::FromStr as _;

use croner::Cron;
use jiff::civil::Date;
use jiff::{Span, Timestamp};

use crate::calendar::{Krx, UnknownYear, date_in_seoul, seoul};

/// Days the search for owed sessions goes back, at most.
const LOOK_BACK_DAYS: i64 = 60;

/// Firing times in Asia/Seoul.
#[derive(Debug, Clone)]
pub struct Schedule {
    cron: Cron,
    pattern: String,
}

/// A pattern that is no cron pattern.
#[derive(Debug, thiserror::Error)]
#[error("schedule {pattern:?} is no cron pattern of five fields")]
pub struct BadSchedule {
    pattern: String,
    #[source]
    cause: croner::errors::CronError,
}

impl Schedule {
    /// The default pattern: 20:10, after the last venue has closed at 20:00.
    pub const DEFAULT: &str = "10 20 * * *";

    /// A schedule from a cron pattern (minute, hour, day, month, weekday), read in Asia/Seoul.
    ///
    /// # Errors
    ///
    /// When the pattern cannot be parsed.
    pub fn new(pattern: &str) -> Result<Self, BadSchedule> {
        let cron = Cron::from_str(pattern).map_err(|cause| BadSchedule {
            pattern: pattern.to_owned(),
            cause,
        })?;
        Ok(Self {
            cron,
            pattern: pattern.to_owned(),
        })
    }

    /// The pattern.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The first firing at or after an instant; `None` when the pattern never fires again.
    #[must_use]
    pub fn next(&self, from: Timestamp) -> Option<Timestamp> {
        let from = from.to_zoned(seoul());
        self.cron
            .find_next_occurrence(&from, true)
            .ok()
            .map(|at| at.timestamp())
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
    #[expect(clippy::expect_used, reason = "a constant, held by a test")]
    fn default() -> Self {
        Self::new(Self::DEFAULT).expect("the default pattern parses")
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
/// Only the last `max` sessions that fell due are looked at. Closures are skipped because the calendar is asked, not
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
) -> Result<Owed, UnknownYear> {
    let today = date_in_seoul(now);
    let oldest = today.saturating_sub(Span::new().days(LOOK_BACK_DAYS));
    let first = date_in_seoul(baseline)
        .saturating_sub(Span::new().days(14))
        .max(oldest);
    let mut fallen_due = Vec::new();
    let mut next = None;
    for session in calendar.sessions(first, today)? {
        let Some(due) = schedule.due(session, calendar)? else {
            continue;
        };
        if due > now {
            next = next.or(Some(due));
        } else if due > baseline {
            fallen_due.push((session, due));
        }
    }
    if next.is_none() {
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
