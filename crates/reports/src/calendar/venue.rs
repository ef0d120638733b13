//! Venues, the phases of their day, and the hours of both as dated rows.

use std::str::FromStr;

use jiff::civil::{Date, Time};
use jiff::{Span, Timestamp};

use super::{DayKind, Hours, Krx, UnknownYear, data, date_in_seoul, instant_in_seoul};

/// Where shares are traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Venue {
    /// The Korea Exchange.
    Krx,
    /// Nextrade, the alternative trading system.
    Nxt,
}

impl Venue {
    /// `KRX` or `NXT`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Krx => "KRX",
            Self::Nxt => "NXT",
        }
    }
}

/// A word that names no venue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown venue {0:?}, expected KRX or NXT")]
pub struct UnknownVenue(pub String);

impl FromStr for Venue {
    type Err = UnknownVenue;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name.trim().to_ascii_uppercase().as_str() {
            "KRX" | "XKRX" | "J" => Ok(Self::Krx),
            "NXT" | "NX" | "NEXTRADE" | "ATS" => Ok(Self::Nxt),
            _ => Err(UnknownVenue(name.to_owned())),
        }
    }
}

/// A part of a venue's day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Before the regular session.
    PreMarket,
    /// The regular session, its closing auction included.
    Regular,
    /// The auction that makes the closing price.
    ClosingAuction,
    /// Trading at, or around, the closing price after the regular session.
    OffHours,
    /// After the regular session.
    AfterMarket,
}

impl Phase {
    /// `pre`, `regular`, `auction`, `off-hours` or `after`, as in a calendar file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PreMarket => "pre",
            Self::Regular => "regular",
            Self::ClosingAuction => "auction",
            Self::OffHours => "off-hours",
            Self::AfterMarket => "after",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        let all = [
            Self::PreMarket,
            Self::Regular,
            Self::ClosingAuction,
            Self::OffHours,
            Self::AfterMarket,
        ];
        all.into_iter().find(|phase| phase.as_str() == word)
    }
}

/// A day on which the hours differ by rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SpecialDay {
    /// The year's first session.
    FirstSession,
    /// The day of the university entrance examination.
    Csat,
}

/// The hours of a venue's phase from a date on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HoursRow {
    pub(super) venue: Venue,
    pub(super) phase: Phase,
    pub(super) since: Date,
    /// Only on this kind of day; `None` for any.
    pub(super) on: Option<SpecialDay>,
    /// From and to; to the next day where it ends at or before its beginning. `None`: no longer.
    pub(super) span: Option<(Time, Time)>,
}

/// A span in which a venue trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trading {
    /// Where.
    pub venue: Venue,
    /// In which part of its day.
    pub phase: Phase,
    /// From.
    pub open: Timestamp,
    /// To; the instant itself still counts, as the closing price is made at it.
    pub close: Timestamp,
}

impl Trading {
    /// Is the instant within the span?
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        (self.open..=self.close).contains(&at)
    }
}

impl Krx {
    /// Hours of a venue's phase from a date on, as one more row of the table: a new market is data.
    /// `None` ends the phase. A span that ends at or before its beginning ends on the next day.
    #[must_use]
    pub fn hours_from(
        mut self,
        venue: Venue,
        phase: Phase,
        since: Date,
        span: Option<(Time, Time)>,
    ) -> Self {
        self.hours.push(HoursRow {
            venue,
            phase,
            since,
            on: None,
            span,
        });
        self
    }

    /// Trades from this date on settle so many sessions later.
    #[must_use]
    pub fn settlement_from(mut self, since: Date, sessions: u8) -> Self {
        self.settlement.push((since, sessions));
        self.settlement.sort_by_key(|(since, _)| *since);
        self
    }

    /// Every span in which some venue trades on a session, by opening; none on a closed day.
    ///
    /// An operator's own hours for a day ([`Krx::special`]) are those of the regular session of the
    /// Korea Exchange; the other spans of that day are as usual.
    ///
    /// # Errors
    ///
    /// As [`Krx::day`].
    pub fn trading(&self, date: Date) -> Result<Vec<Trading>, UnknownYear> {
        let day = self.day(date)?;
        if matches!(day, DayKind::Closed { .. }) {
            return Ok(Vec::new());
        }
        let special = special_day(date);
        let mut chosen: Vec<HoursRow> = Vec::new();
        for row in data::HOURS.iter().chain(&self.hours) {
            if row.since > date || row.on.is_some_and(|on| Some(on) != special) {
                continue;
            }
            let same = |old: &&mut HoursRow| (old.venue, old.phase) == (row.venue, row.phase);
            match chosen.iter_mut().find(same) {
                // A rule for this kind of day stays until one of as late a date replaces it.
                Some(old)
                    if (old.on.is_some() && row.on.is_none() && old.since >= row.since)
                        || old.since > row.since => {}
                Some(old) => *old = *row,
                None => chosen.push(*row),
            }
        }
        let mut spans: Vec<Trading> = chosen
            .into_iter()
            .filter_map(|row| {
                let (from, to) = match &day {
                    DayKind::Special { hours, .. }
                        if (row.venue, row.phase) == (Venue::Krx, Phase::Regular) =>
                    {
                        (hours.open, hours.close)
                    }
                    _ => row.span?,
                };
                let last = if to <= from { next_day(date) } else { date };
                Some(Trading {
                    venue: row.venue,
                    phase: row.phase,
                    open: instant_in_seoul(date.to_datetime(from)),
                    close: instant_in_seoul(last.to_datetime(to)),
                })
            })
            .collect();
        spans.sort_by_key(|span| (span.open, span.close));
        Ok(spans)
    }

    /// The spans in which some venue trades at an instant.
    ///
    /// # Errors
    ///
    /// As [`Krx::day`].
    pub fn trading_at(&self, at: Timestamp) -> Result<Vec<Trading>, UnknownYear> {
        let today = date_in_seoul(at);
        let mut found = self.trading(today)?;
        // A span of yesterday's may go on past midnight.
        if let Ok(yesterday) = today.yesterday() {
            found.extend(self.trading(yesterday).unwrap_or_default());
        }
        found.retain(|span| span.contains(at));
        Ok(found)
    }

    /// Does any venue trade at an instant?
    ///
    /// # Errors
    ///
    /// As [`Krx::day`].
    pub fn is_open(&self, at: Timestamp) -> Result<bool, UnknownYear> {
        Ok(!self.trading_at(at)?.is_empty())
    }

    /// When the first venue opens on a session, and when the last one closes; `None` on a closed day.
    ///
    /// # Errors
    ///
    /// As [`Krx::day`].
    pub fn trading_span(&self, date: Date) -> Result<Option<(Timestamp, Timestamp)>, UnknownYear> {
        let spans = self.trading(date)?;
        let open = spans.iter().map(|span| span.open).min();
        let close = spans.iter().map(|span| span.close).max();
        Ok(open.zip(close))
    }

    /// The session whose state a record of this instant tells: the last one whose first venue had
    /// opened by then. In a year without data every weekday is taken for a session.
    #[must_use]
    pub fn session_of(&self, at: Timestamp) -> Date {
        let mut date = date_in_seoul(at);
        // The longest closure is far shorter.
        for _ in 0..40 {
            if let Some((open, _)) = self.guessed_span(date)
                && open <= at
            {
                return date;
            }
            let Ok(before) = date.yesterday() else { break };
            date = before;
        }
        date_in_seoul(at)
    }

    /// As [`Krx::trading_span`], with weekdays for sessions where there is no data.
    pub(crate) fn guessed_span(&self, date: Date) -> Option<(Timestamp, Timestamp)> {
        match self.trading_span(date) {
            Ok(span) => span,
            Err(_) => self
                .clone()
                .year(date.year())
                .trading_span(date)
                .ok()
                .flatten(),
        }
    }

    /// When the last venue closes on a date, or the date's end where no venue trades.
    #[must_use]
    pub fn last_close(&self, date: Date) -> Timestamp {
        self.guessed_span(date).map_or_else(
            || instant_in_seoul(next_day(date).at(0, 0, 0, 0)),
            |(_, close)| close,
        )
    }

    /// The close of the regular session, as [`Krx::hours`] has it, guessed in a year without data.
    pub(crate) fn regular_close(&self, date: Date) -> Option<Timestamp> {
        match self.hours(date) {
            Ok(hours) => hours.map(|(_, close)| close),
            Err(_) => Some(instant_in_seoul(date.to_datetime(Hours::REGULAR.close))),
        }
    }

    /// The session on which a trade of `session` settles.
    ///
    /// # Errors
    ///
    /// When the settlement date falls into a year without data.
    pub fn settlement(&self, session: Date) -> Result<Date, UnknownYear> {
        let rows = data::SETTLEMENT.iter().chain(&self.settlement);
        let lag = rows
            .filter(|(since, _)| *since <= session)
            .max_by_key(|(since, _)| *since)
            .map_or(2, |(_, lag)| *lag);
        let mut at = session;
        for _ in 0..lag {
            at = self.next_session(at)?;
        }
        Ok(at)
    }
}

/// What kind of special day a date is.
pub(super) fn special_day(date: Date) -> Option<SpecialDay> {
    if data::FIRST_SESSIONS.contains(&date) {
        Some(SpecialDay::FirstSession)
    } else if data::CSAT_DAYS.contains(&date) {
        Some(SpecialDay::Csat)
    } else {
        None
    }
}

pub(super) fn next_day(date: Date) -> Date {
    date.saturating_add(Span::new().days(1))
}
