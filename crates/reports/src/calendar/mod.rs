//! Sessions of the Korea Exchange: closures, late openings, overrides.
//!
//! ```
//! use bongsu_reports::calendar::{DayKind, Krx};
//! use jiff::civil::date;
//!
//! let krx = Krx::new();
//! assert!(krx.is_session(date(2026, 5, 28))?);
//! assert!(!krx.is_session(date(2026, 5, 25))?); // Buddha's Birthday, moved to the Monday
//! assert_eq!(krx.previous_session(date(2026, 5, 26))?, date(2026, 5, 22));
//!
//! // A temporary holiday, announced two weeks ahead:
//! let krx = krx.close(date(2026, 5, 29), "temporary holiday");
//! assert!(matches!(krx.day(date(2026, 5, 29))?, DayKind::Closed { .. }));
//!
//! // A year nobody has data for is said, not guessed.
//! assert!(krx.is_session(date(2031, 1, 6)).is_err());
//! # Ok::<(), bongsu_reports::calendar::UnknownYear>(())
//! ```

mod data;
mod file;
mod market;
mod tax;
mod venue;

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime, Time, Weekday, time};
use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp};

pub use file::{BadCalendar, Calendar};
pub use market::Market;
pub(crate) use market::{is_untaxed, looks_untaxed};
pub use tax::{TaxRates, tick_size};
pub use venue::{Phase, SpecialDay, Trading, UnknownVenue, Venue};

/// Korea has been nine hours ahead of UTC without daylight saving since 1988-10-09.
pub(crate) const SEOUL: Offset = Offset::constant(9);

/// The zone of every schedule and session.
#[must_use]
pub fn seoul() -> TimeZone {
    TimeZone::get("Asia/Seoul").unwrap_or_else(|_| TimeZone::fixed(SEOUL))
}

/// The date in Korea of an instant.
#[must_use]
pub fn date_in_seoul(at: Timestamp) -> Date {
    SEOUL.to_datetime(at).date()
}

/// The instant of a date and time in Korea.
#[must_use]
pub fn instant_in_seoul(at: DateTime) -> Timestamp {
    SEOUL.to_timestamp(at).unwrap_or(Timestamp::MAX)
}

/// The calendar has no data for a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "no KRX calendar data for {year}: add its closures and `{year} complete` to the calendar file"
)]
pub struct UnknownYear {
    /// The year.
    pub year: i16,
}

/// Hours of the regular session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// When it opens, in Korea.
    pub open: Time,
    /// When it closes, in Korea.
    pub close: Time,
}

impl Hours {
    /// 09:00 to 15:30.
    pub const REGULAR: Self = Self {
        open: time(9, 0, 0, 0),
        close: time(15, 30, 0, 0),
    };
}

/// What kind of day a date is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DayKind {
    /// A session with the regular hours.
    Regular,
    /// A session with other hours.
    Special {
        /// Its hours.
        hours: Hours,
        /// Why.
        reason: String,
    },
    /// No session.
    Closed {
        /// Why.
        reason: String,
    },
}

/// The calendar, with an operator's overrides.
#[derive(Debug, Clone, Default)]
pub struct Krx {
    overrides: BTreeMap<Date, DayKind>,
    /// Years that the operator says are complete.
    known: std::collections::BTreeSet<i16>,
    /// Hours beyond the published ones, latest last.
    hours: Vec<venue::HoursRow>,
    settlement: Vec<(Date, u8)>,
}

impl Krx {
    /// The published calendar, 2020–2027, without overrides.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A day without a session, such as a temporary holiday.
    #[must_use]
    pub fn close(mut self, date: Date, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        self.overrides.insert(date, DayKind::Closed { reason });
        self
    }

    /// A regular session where the calendar has none.
    #[must_use]
    pub fn open(mut self, date: Date) -> Self {
        self.overrides.insert(date, DayKind::Regular);
        self
    }

    /// A session with other hours.
    #[must_use]
    pub fn special(mut self, date: Date, hours: Hours, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        self.overrides
            .insert(date, DayKind::Special { hours, reason });
        self
    }

    /// Declares that the overrides given hold every closure of a year beyond the published data.
    #[must_use]
    pub fn year(mut self, year: i16) -> Self {
        self.known.insert(year);
        self
    }

    /// What kind of day a date is.
    ///
    /// # Errors
    ///
    /// When there is no data for the year, unless the date is a weekend or has an override.
    pub fn day(&self, date: Date) -> Result<DayKind, UnknownYear> {
        if let Some(kind) = self.overrides.get(&date) {
            return Ok(kind.clone());
        }
        let closed = |reason: &str| DayKind::Closed {
            reason: reason.to_owned(),
        };
        match date.weekday() {
            Weekday::Saturday => return Ok(closed("Saturday")),
            Weekday::Sunday => return Ok(closed("Sunday")),
            _ => {}
        }
        if self.known.contains(&date.year()) && !data::YEARS.contains(&date.year()) {
            return Ok(DayKind::Regular);
        }
        if !data::YEARS.contains(&date.year()) {
            return Err(UnknownYear { year: date.year() });
        }
        if let Ok(at) = data::CLOSURES.binary_search_by_key(&date, |(date, _)| *date) {
            return Ok(closed(data::CLOSURES[at].1));
        }
        let late = |close, reason: &str| DayKind::Special {
            hours: Hours {
                open: time(10, 0, 0, 0),
                close,
            },
            reason: reason.to_owned(),
        };
        match venue::special_day(date) {
            Some(SpecialDay::FirstSession) => {
                return Ok(late(Hours::REGULAR.close, "first session of the year"));
            }
            Some(SpecialDay::Csat) => {
                return Ok(late(time(16, 30, 0, 0), "university entrance examination"));
            }
            None => {}
        }
        Ok(DayKind::Regular)
    }

    /// Is there a session on the date?
    ///
    /// # Errors
    ///
    /// As [`Krx::day`].
    pub fn is_session(&self, date: Date) -> Result<bool, UnknownYear> {
        Ok(!matches!(self.day(date)?, DayKind::Closed { .. }))
    }

    /// The session's opening and closing instants; `None` on a day without one.
    ///
    /// # Errors
    ///
    /// As [`Krx::day`].
    pub fn hours(&self, date: Date) -> Result<Option<(Timestamp, Timestamp)>, UnknownYear> {
        let hours = match self.day(date)? {
            DayKind::Regular => Hours::REGULAR,
            DayKind::Special { hours, .. } => hours,
            DayKind::Closed { .. } => return Ok(None),
        };
        Ok(Some((
            instant_in_seoul(date.to_datetime(hours.open)),
            instant_in_seoul(date.to_datetime(hours.close)),
        )))
    }

    /// The session before a date.
    ///
    /// # Errors
    ///
    /// As [`Krx::day`], for the days walked over.
    pub fn previous_session(&self, date: Date) -> Result<Date, UnknownYear> {
        self.step(date, -1)
    }

    /// The session after a date.
    ///
    /// # Errors
    ///
    /// As [`Krx::day`], for the days walked over.
    pub fn next_session(&self, date: Date) -> Result<Date, UnknownYear> {
        self.step(date, 1)
    }

    /// The date itself when it is a session, else the one before.
    ///
    /// # Errors
    ///
    /// As [`Krx::day`], for the days walked over.
    pub fn session_at_or_before(&self, date: Date) -> Result<Date, UnknownYear> {
        if self.is_session(date)? {
            Ok(date)
        } else {
            self.previous_session(date)
        }
    }

    /// The sessions from `first` to `last`, both included.
    ///
    /// # Errors
    ///
    /// As [`Krx::day`].
    pub fn sessions(&self, first: Date, last: Date) -> Result<Vec<Date>, UnknownYear> {
        let mut found = Vec::new();
        for date in first
            .series(Span::new().days(1))
            .take_while(|date| *date <= last)
        {
            if self.is_session(date)? {
                found.push(date);
            }
        }
        Ok(found)
    }

    fn step(&self, date: Date, days: i64) -> Result<Date, UnknownYear> {
        let mut at = date;
        // Overrides could close a whole year: the walk ends with the years known.
        loop {
            at = at
                .checked_add(Span::new().days(days))
                .map_err(|_| UnknownYear { year: at.year() })?;
            if self.is_session(at)? {
                return Ok(at);
            }
        }
    }
}

/// A KRX short code: a digit and five digits or capital letters.
#[must_use]
pub fn is_ticker(ticker: &str) -> bool {
    let bytes = ticker.as_bytes();
    bytes.len() == 6
        && bytes[0].is_ascii_digit()
        && bytes[1..]
            .iter()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests;
