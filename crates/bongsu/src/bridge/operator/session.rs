//! What the exchange does now, and when the next report is due.

use bongsu_console::{Session, SessionState};
use bongsu_reports::calendar::{DayKind, Krx, UnknownYear, date_in_seoul, instant_in_seoul};
use jiff::{Timestamp, civil::Time};

/// The session at `now`.
pub(super) fn session(calendar: &Krx, now: Timestamp) -> Result<Session, UnknownYear> {
    let today = date_in_seoul(now);
    let opening = |date| Ok(calendar.hours(date)?.map(|(open, _)| open));
    let next_opening = || opening(calendar.next_session(today)?);
    let (state, began_at, changes_at) = match calendar.hours(today)? {
        Some((open, _)) if now < open => (SessionState::BeforeOpen, None, Some(open)),
        Some((open, close)) if now < close => (SessionState::Open, Some(open), Some(close)),
        Some((_, close)) => (SessionState::Closed, Some(close), next_opening()?),
        None => {
            let reason = match calendar.day(today)? {
                DayKind::Closed { reason } => reason,
                _ => String::new(),
            };
            (SessionState::Holiday(reason), None, next_opening()?)
        }
    };
    Ok(Session {
        state,
        // Every session has hours.
        changes_at: changes_at.unwrap_or(now),
        began_at,
    })
}

/// When the report that is made at `time` of session days is next due.
pub(super) fn next_report(
    calendar: &Krx,
    time: Time,
    now: Timestamp,
) -> Result<Timestamp, UnknownYear> {
    let today = date_in_seoul(now);
    let due = instant_in_seoul(today.to_datetime(time));
    if due > now && calendar.is_session(today)? {
        return Ok(due);
    }
    let next = calendar.next_session(today)?;
    Ok(instant_in_seoul(next.to_datetime(time)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("{text}+09:00").parse().unwrap()
    }

    #[track_caller]
    fn check(now: &str, state: SessionState, changes_at: &str) {
        let session = session(&Krx::new(), at(now)).unwrap();
        assert_eq!(
            (session.state, session.changes_at),
            (state, at(changes_at)),
            "{now}"
        );
    }

    #[test]
    fn the_day_of_the_exchange() {
        use SessionState::{BeforeOpen, Closed, Holiday, Open};
        check("2026-05-28T08:58:00", BeforeOpen, "2026-05-28T09:00:00");
        check("2026-05-28T09:00:00", Open, "2026-05-28T15:30:00");
        check("2026-05-28T15:29:59", Open, "2026-05-28T15:30:00");
        check("2026-05-28T15:30:00", Closed, "2026-05-29T09:00:00");
        check("2026-05-29T20:00:00", Closed, "2026-06-01T09:00:00");
        check(
            "2026-05-30T12:00:00",
            Holiday("Saturday".to_owned()),
            "2026-06-01T09:00:00",
        );
        assert!(session(&Krx::new(), at("2031-05-28T10:00:00")).is_err());
    }

    #[test]
    fn the_next_report() {
        let time = jiff::civil::time(20, 10, 0, 0);
        let due = |now| next_report(&Krx::new(), time, at(now)).unwrap();
        assert_eq!(due("2026-05-28T09:01:00"), at("2026-05-28T20:10:00"));
        assert_eq!(due("2026-05-28T20:10:00"), at("2026-05-29T20:10:00"));
        assert_eq!(due("2026-05-30T09:00:00"), at("2026-06-01T20:10:00"));
    }
}
