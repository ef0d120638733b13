//! When a rule applies and when a channel keeps quiet, as the caller says.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;

/// A set of moments: trading sessions, office hours, the night. Must be quick and do no IO.
pub trait Schedule: Send + Sync + 'static {
    /// Whether the moment belongs to it.
    fn contains(&self, at: Timestamp) -> bool;

    /// When that changes next, if it is known; used to say when held-back alerts come out.
    fn next_change(&self, at: Timestamp) -> Option<Timestamp> {
        let _ = at;
        None
    }
}

impl<F> Schedule for F
where
    F: Fn(Timestamp) -> bool + Send + Sync + 'static,
{
    fn contains(&self, at: Timestamp) -> bool {
        self(at)
    }
}

/// A shared [`Schedule`].
#[derive(Clone)]
pub struct SharedSchedule(Arc<dyn Schedule>);

impl SharedSchedule {
    /// Shares a schedule.
    #[must_use]
    pub fn new(schedule: impl Schedule) -> Self {
        Self(Arc::new(schedule))
    }

    /// Whether the moment belongs to it.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.0.contains(at)
    }

    /// When that changes next, if it is known.
    #[must_use]
    pub fn next_change(&self, at: Timestamp) -> Option<Timestamp> {
        self.0.next_change(at)
    }
}

impl fmt::Debug for SharedSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSchedule")
    }
}

/// From one time of day to another, on some days of the week, in a time zone. A span that ends
/// before it begins runs over midnight and belongs to the day on which it began; one that ends when
/// it begins is a whole day.
///
/// ```
/// use bongsu_alerts::schedule::{DailyHours, Schedule};
/// use jiff::civil::time;
///
/// let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(9));
/// let night = DailyHours::new(zone, time(22, 0, 0, 0), time(7, 0, 0, 0));
/// assert!(night.contains("2026-03-02T14:30:00Z".parse().unwrap())); // 23:30 in Seoul
/// assert!(!night.contains("2026-03-02T03:00:00Z".parse().unwrap())); // noon
/// ```
#[derive(Debug, Clone)]
pub struct DailyHours {
    zone: TimeZone,
    from: Time,
    to: Time,
    days: [bool; 7],
}

impl DailyHours {
    /// Every day from `from` (included) to `to` (not included).
    #[must_use]
    pub const fn new(zone: TimeZone, from: Time, to: Time) -> Self {
        Self {
            zone,
            from,
            to,
            days: [true; 7],
        }
    }

    /// Only on these days. Default: all seven.
    #[must_use]
    pub fn on(mut self, days: impl IntoIterator<Item = Weekday>) -> Self {
        self.days = [false; 7];
        for day in days {
            self.days[index(day)] = true;
        }
        self
    }
}

fn index(day: Weekday) -> usize {
    usize::try_from(day.to_monday_zero_offset()).unwrap_or(0) % 7
}

impl Schedule for DailyHours {
    fn contains(&self, at: Timestamp) -> bool {
        let local = at.to_zoned(self.zone.clone()).datetime();
        let (time, today) = (local.time(), local.date().weekday());
        if self.from < self.to {
            self.days[index(today)] && (self.from..self.to).contains(&time)
        } else {
            (self.days[index(today)] && time >= self.from)
                || (self.days[index(today.previous())] && time < self.to)
        }
    }

    fn next_change(&self, at: Timestamp) -> Option<Timestamp> {
        let now = self.contains(at);
        let first = at.to_zoned(self.zone.clone()).date();
        let mut day = first;
        // Eight days hold every edge of a weekly pattern.
        for _ in 0..9 {
            let mut edges = [self.from, self.to];
            edges.sort_unstable();
            for edge in edges {
                let edge = day.to_datetime(edge).to_zoned(self.zone.clone()).ok()?;
                let edge = edge.timestamp();
                if edge > at && self.contains(edge) != now {
                    return Some(edge);
                }
            }
            day = day.tomorrow().ok()?;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;

    fn seoul() -> TimeZone {
        TimeZone::fixed(jiff::tz::offset(9))
    }

    #[track_caller]
    fn check(hours: &DailyHours, at: &str, inside: bool, change: Option<&str>) {
        let at: Timestamp = at.parse().unwrap();
        assert_eq!(hours.contains(at), inside);
        assert_eq!(
            hours.next_change(at),
            change.map(|change| change.parse().unwrap())
        );
    }

    #[test]
    fn a_night_over_midnight() {
        let night = DailyHours::new(seoul(), time(22, 0, 0, 0), time(7, 0, 0, 0));
        check(
            &night,
            "2026-03-02T22:00:00+09:00",
            true,
            Some("2026-03-03T07:00:00+09:00"),
        );
        check(
            &night,
            "2026-03-02T21:59:59+09:00",
            false,
            Some("2026-03-02T22:00:00+09:00"),
        );
        check(
            &night,
            "2026-03-03T06:59:59+09:00",
            true,
            Some("2026-03-03T07:00:00+09:00"),
        );
    }

    #[test]
    fn office_hours_skip_the_weekend() {
        let office = DailyHours::new(seoul(), time(9, 0, 0, 0), time(15, 30, 0, 0)).on([
            Weekday::Monday,
            Weekday::Tuesday,
            Weekday::Wednesday,
            Weekday::Thursday,
            Weekday::Friday,
        ]);
        // 2026-03-06 is a Friday.
        check(
            &office,
            "2026-03-06T15:30:00+09:00",
            false,
            Some("2026-03-09T09:00:00+09:00"),
        );
        check(
            &office,
            "2026-03-06T10:00:00+09:00",
            true,
            Some("2026-03-06T15:30:00+09:00"),
        );
    }

    #[test]
    fn the_night_of_friday_ends_on_saturday() {
        let friday =
            DailyHours::new(seoul(), time(22, 0, 0, 0), time(7, 0, 0, 0)).on([Weekday::Friday]);
        check(
            &friday,
            "2026-03-07T06:00:00+09:00",
            true,
            Some("2026-03-07T07:00:00+09:00"),
        );
        check(
            &friday,
            "2026-03-06T06:00:00+09:00",
            false,
            Some("2026-03-06T22:00:00+09:00"),
        );
    }

    #[test]
    fn a_closure_is_a_schedule() {
        let always = SharedSchedule::new(|_: Timestamp| true);
        assert!(always.contains(Timestamp::UNIX_EPOCH));
        assert_eq!(always.next_change(Timestamp::UNIX_EPOCH), None);
    }
}
