//! What the exchange does now, and when the next report is due.

use bongsu_ops::{Session, SessionState};
use bongsu_reports::calendar::{
    DayKind, Krx, Trading, UnknownYear, date_in_seoul, instant_in_seoul,
};
use jiff::{
    Timestamp,
    civil::{Date, Time},
};

/// What the exchange does at `now`: it trades while any venue does.
pub(super) fn session(calendar: &Krx, now: Timestamp) -> Result<Session, UnknownYear> {
    let today = date_in_seoul(now);
    let stretches = stretches(calendar, today)?;
    let next = || -> Result<Option<Timestamp>, UnknownYear> {
        let later = stretches.iter().map(|(open, _)| *open);
        if let Some(open) = later.filter(|open| *open > now).min() {
            return Ok(Some(open));
        }
        let next = calendar.trading_span(calendar.next_session(today)?)?;
        Ok(next.map(|(open, _)| open))
    };
    let current = stretches
        .iter()
        .find(|(open, close)| *open <= now && now < *close);
    let regular = calendar.hours(today)?;
    let (state, began_at, changes_at) = match (current, regular) {
        (Some((open, close)), _) => (SessionState::Open, Some(*open), Some(*close)),
        (None, Some((open, _))) if now < open => (SessionState::BeforeOpen, None, next()?),
        (None, Some(_)) => {
            let closes = stretches.iter().map(|(_, close)| *close);
            let closed = closes.filter(|close| *close <= now).max();
            (SessionState::Closed, closed, next()?)
        }
        (None, None) => {
            let reason = match calendar.day(today)? {
                DayKind::Closed { reason } => reason,
                _ => String::new(),
            };
            (SessionState::Holiday(reason), None, next()?)
        }
    };
    Ok(Session {
        state,
        // Every session has hours.
        changes_at: changes_at.unwrap_or(now),
        began_at,
    })
}

/// The stretches of a day in which some venue trades without a break, and what goes on into the day.
fn stretches(calendar: &Krx, today: Date) -> Result<Vec<(Timestamp, Timestamp)>, UnknownYear> {
    let mut spans = around(calendar, today)?;
    spans.sort_unstable_by_key(|span| span.open);
    let mut whole: Vec<(Timestamp, Timestamp)> = Vec::new();
    for span in spans {
        match whole.last_mut() {
            Some((_, close)) if span.open <= *close => *close = span.close.max(*close),
            _ => whole.push((span.open, span.close)),
        }
    }
    Ok(whole)
}

/// When any venue trades on a day, and on the day before it: a span may go on past midnight.
pub(super) fn around(calendar: &Krx, today: Date) -> Result<Vec<Trading>, UnknownYear> {
    let mut spans = calendar.trading(today)?;
    if let Ok(yesterday) = today.yesterday() {
        spans.extend(calendar.trading(yesterday).unwrap_or_default());
    }
    Ok(spans)
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
        // Between the close and what follows it nobody trades, and then two venues do.
        check("2026-05-28T15:30:00", Closed, "2026-05-28T15:40:00");
        check("2026-05-28T17:00:00", Open, "2026-05-28T20:00:00");
        check("2026-05-28T20:00:00", Closed, "2026-05-29T08:00:00");
        check("2026-05-29T20:00:00", Closed, "2026-06-01T08:00:00");
        check("2026-05-28T07:30:00", BeforeOpen, "2026-05-28T08:00:00");
        check("2026-05-28T08:10:00", Open, "2026-05-28T08:50:00");
        // The pre-market since September, and no venue before the examination day's opening.
        check("2026-11-30T07:10:00", Open, "2026-11-30T08:50:00");
        check("2026-11-19T08:10:00", BeforeOpen, "2026-11-19T10:00:00");
        check(
            "2026-05-30T12:00:00",
            Holiday("Saturday".to_owned()),
            "2026-06-01T08:00:00",
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
