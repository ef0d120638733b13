//! The exchange's calendar as the hours of heartbeats and of alert rules.

use bongsu_reports::calendar::{Calendar, Krx, Phase, Trading, Venue, date_in_seoul};
use jiff::{Span, Timestamp};

/// Days in which trading begins or ends again: no closure is half as long.
const HORIZON: i64 = 31;

/// When the exchange trades, for heartbeats ([`HeartbeatBuilder::schedule`]), and for alert rules
/// ([`AlertRule::quiet_during`], [`AlertRule::active_during`]). It asks the service's one calendar each time, so
/// that a closure added to the file of `BONGSU_CALENDAR` counts at once.
///
/// In a year that the calendar does not know, every weekday is taken for a session.
///
/// [`HeartbeatBuilder::schedule`]: bongsu_health::HeartbeatBuilder::schedule
/// [`AlertRule::quiet_during`]: bongsu_alerts::AlertRule::quiet_during
/// [`AlertRule::active_during`]: bongsu_alerts::AlertRule::active_during
///
/// ```
/// use bongsu_bridge::market_hours::MarketHours;
/// use bongsu_reports::calendar::{Calendar, Phase, Venue};
///
/// let any = MarketHours::new(&Calendar::default());
/// let nextrade = any.clone().at(Venue::Nxt).during(Phase::AfterMarket);
/// let evening = "2026-11-30T19:30:00+09:00".parse()?;
/// assert!(any.contains(evening) && nextrade.contains(evening));
/// assert!(!any.clone().closed().contains(evening));
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct MarketHours {
    calendar: Calendar,
    venue: Option<Venue>,
    phase: Option<Phase>,
    closed: bool,
}

impl MarketHours {
    /// While any venue trades.
    #[must_use]
    pub fn new(calendar: &Calendar) -> Self {
        Self {
            calendar: calendar.clone(),
            venue: None,
            phase: None,
            closed: false,
        }
    }

    /// Only of this venue.
    #[must_use]
    pub fn at(mut self, venue: Venue) -> Self {
        self.venue = Some(venue);
        self
    }

    /// Only in this phase of the day, such as the regular session.
    #[must_use]
    pub fn during(mut self, phase: Phase) -> Self {
        self.phase = Some(phase);
        self
    }

    /// The other moments: while there is no such trading.
    #[must_use]
    pub fn closed(mut self) -> Self {
        self.closed = !self.closed;
        self
    }

    /// Whether the moment belongs to these hours.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.span(&self.calendar.get(), at).is_some() != self.closed
    }

    /// When that changes next; none when it does not within a month.
    #[must_use]
    pub fn next_change(&self, at: Timestamp) -> Option<Timestamp> {
        let krx = self.calendar.get();
        let today = date_in_seoul(at);
        let first = today.saturating_sub(Span::new().days(1));
        let days = first.series(Span::new().days(1)).take(HORIZON as usize);
        let mut edges: Vec<Timestamp> = days
            .flat_map(|day| self.spans(&krx, day))
            .flat_map(|span| [span.open, after(span.close)])
            .filter(|edge| *edge > at)
            .collect();
        edges.sort_unstable();
        let now = self.contains(at);
        edges.into_iter().find(|edge| self.contains(*edge) != now)
    }

    /// The trading that the moment lies in.
    fn span(&self, krx: &Krx, at: Timestamp) -> Option<Trading> {
        let today = date_in_seoul(at);
        // A span of yesterday's may go on past midnight.
        let days = today.yesterday().into_iter().chain([today]);
        days.flat_map(|day| self.spans(krx, day))
            .find(|span| span.contains(at))
    }

    fn spans(&self, krx: &Krx, day: jiff::civil::Date) -> Vec<Trading> {
        let known = krx.trading(day);
        let spans = known.or_else(|_| krx.clone().year(day.year()).trading(day));
        let mut spans = spans.unwrap_or_default();
        spans.retain(|span| {
            self.venue.is_none_or(|venue| venue == span.venue)
                && self.phase.is_none_or(|phase| phase == span.phase)
        });
        spans
    }
}

/// Hours by the names under which silences know them: `KRX`, `NXT after`, `outside KRX regular`; of any venue
/// `trading`.
#[must_use]
pub fn named(calendar: &Calendar) -> Vec<(String, MarketHours)> {
    let any = MarketHours::new(calendar);
    let mut all = vec![("trading".to_owned(), any.clone())];
    for venue in [Venue::Krx, Venue::Nxt] {
        let whole = any.clone().at(venue);
        all.push((venue.as_str().to_owned(), whole.clone()));
        for phase in [
            Phase::PreMarket,
            Phase::Regular,
            Phase::ClosingAuction,
            Phase::OffHours,
            Phase::AfterMarket,
        ] {
            let name = format!("{} {}", venue.as_str(), phase.as_str());
            all.push((name, whole.clone().during(phase)));
        }
    }
    let outside = all.iter().map(|(name, hours)| {
        let hours = hours.clone().closed();
        (format!("outside {name}"), hours)
    });
    let outside: Vec<_> = outside.collect();
    all.extend(outside);
    all
}

/// The close itself still counts.
fn after(close: Timestamp) -> Timestamp {
    close
        .checked_add(Span::new().nanoseconds(1))
        .unwrap_or(close)
}

#[cfg(feature = "health")]
impl bongsu_health::SessionSchedule for MarketHours {
    fn session(&self, at: Timestamp) -> bongsu_health::Session {
        let span = self.span(&self.calendar.get(), at);
        match (span, self.closed) {
            (Some(span), false) => bongsu_health::Session::Open {
                since: Some(span.open),
            },
            (None, true) => bongsu_health::Session::Open { since: None },
            _ => bongsu_health::Session::Closed,
        }
    }
}

#[cfg(feature = "alerts")]
impl bongsu_alerts::schedule::Schedule for MarketHours {
    fn contains(&self, at: Timestamp) -> bool {
        self.contains(at)
    }

    fn next_change(&self, at: Timestamp) -> Option<Timestamp> {
        self.next_change(at)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("{text}+09:00").parse().unwrap()
    }

    #[track_caller]
    fn check(hours: &MarketHours, now: &str, open: bool, changes: &str) {
        assert_eq!(hours.contains(at(now)), open, "{now}");
        let change = hours.next_change(at(now)).unwrap();
        // The close itself still belongs to the session.
        assert!(
            change.duration_since(at(changes)) <= jiff::SignedDuration::from_nanos(1)
                && change >= at(changes),
            "{now}: {change}"
        );
        let closed = hours.clone().closed();
        assert_eq!(closed.contains(at(now)), !open, "{now}");
        assert_eq!(closed.next_change(at(now)), Some(change), "{now}");
    }

    #[test]
    fn hours_of_every_venue_and_of_one() {
        let any = MarketHours::new(&Krx::new().into());
        // Between the pre-market of Nextrade and the regular session nobody trades.
        check(&any, "2026-11-30T06:59:59", false, "2026-11-30T07:00:00");
        check(&any, "2026-11-30T07:00:00", true, "2026-11-30T08:50:00");
        check(&any, "2026-11-30T08:55:00", false, "2026-11-30T09:00:00");
        check(&any, "2026-11-30T17:00:00", true, "2026-11-30T20:00:00");
        check(&any, "2026-11-27T21:00:00", false, "2026-11-30T07:00:00");
        let regular = any.clone().at(Venue::Krx).during(Phase::Regular);
        check(&regular, "2026-11-30T15:30:00", true, "2026-11-30T15:30:00");
        check(
            &regular,
            "2026-11-30T17:00:00",
            false,
            "2026-12-01T09:00:00",
        );
        // The examination day, and the year's first session.
        check(
            &regular,
            "2026-11-19T09:30:00",
            false,
            "2026-11-19T10:00:00",
        );
        check(&regular, "2026-11-19T16:00:00", true, "2026-11-19T16:30:00");
        check(
            &regular,
            "2026-01-01T12:00:00",
            false,
            "2026-01-02T10:00:00",
        );
        // Before Nextrade there was no evening.
        check(&any, "2025-03-03T19:00:00", false, "2025-03-04T08:00:00");
        // The year is not known: a weekday is a session, a Sunday is none.
        check(&regular, "2031-05-28T10:00:00", true, "2031-05-28T15:30:00");
        check(
            &regular,
            "2031-06-01T10:00:00",
            false,
            "2031-06-02T09:00:00",
        );
    }

    #[test]
    fn a_calendar_that_changes_is_followed() {
        let calendar = Calendar::default();
        let hours = MarketHours::new(&calendar).during(Phase::Regular);
        assert!(hours.contains(at("2026-12-24T11:00:00")));
        calendar.set(Krx::new().close(date(2026, 12, 24), "temporary holiday"));
        check(&hours, "2026-12-24T11:00:00", false, "2026-12-28T09:00:00");
    }

    #[cfg(feature = "health")]
    #[test]
    fn a_heartbeat_is_due_while_there_is_trading() {
        use bongsu_health::{Session, SessionSchedule as _};
        let hours = MarketHours::new(&Krx::new().into());
        let since = at("2026-11-30T07:00:00");
        assert_eq!(
            hours.session(at("2026-11-30T07:30:00")),
            Session::Open { since: Some(since) }
        );
        assert_eq!(hours.session(at("2026-11-30T20:30:00")), Session::Closed);
    }
}
