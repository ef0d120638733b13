//! Each venue of the exchange with its own clock.

use bongsu_ops::{Session, SessionState, VenueSession};
use bongsu_reports::calendar::{DayKind, Krx, Trading, UnknownYear, Venue, date_in_seoul};
use jiff::Timestamp;

use super::session::around;

/// The venues that there are, in the order in which they are shown.
const VENUES: [Venue; 2] = [Venue::Krx, Venue::Nxt];

/// What each venue does at `now`. One that does not trade on any of the days looked at is left out.
pub(super) fn venues(calendar: &Krx, now: Timestamp) -> Result<Vec<VenueSession>, UnknownYear> {
    let today = date_in_seoul(now);
    let todays = calendar.trading(today)?;
    let spans = around(calendar, today)?;
    let is_session = calendar.is_session(today)?;
    let rest = match calendar.day(today)? {
        DayKind::Closed { reason } => Some(reason),
        _ => None,
    };
    let next = calendar.trading(calendar.next_session(today)?)?;
    let of = |venue: Venue| {
        let ours = |all: &[Trading]| -> Vec<Trading> {
            all.iter()
                .filter(|span| span.venue == venue)
                .copied()
                .collect()
        };
        let (now_or_later, later) = (ours(&spans), ours(&next));
        // The closing auction is part of the regular session: what began last is what goes on.
        let current = now_or_later
            .iter()
            .filter(|span| span.open <= now && now < span.close)
            .max_by_key(|span| span.open);
        if let Some(span) = current {
            return Some((span.phase, SessionState::Open, span.close, Some(span.open)));
        }
        let today = now_or_later.iter().filter(|span| span.open > now);
        let opens = today.chain(&later).min_by_key(|span| span.open)?;
        let before = ours(&todays).iter().all(|span| now < span.open);
        let state = match &rest {
            Some(reason) => SessionState::Holiday(reason.clone()),
            None if is_session && before => SessionState::BeforeOpen,
            None => SessionState::Closed,
        };
        Some((opens.phase, state, opens.open, None))
    };
    let found = VENUES.into_iter().filter_map(|venue| {
        let (phase, state, changes_at, began_at) = of(venue)?;
        Some(VenueSession {
            venue: venue.as_str().to_owned(),
            phase: phase.as_str().to_owned(),
            session: Session {
                state,
                changes_at,
                began_at,
            },
        })
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("{text}+09:00").parse().unwrap()
    }

    #[track_caller]
    fn check(now: &str, want: &[(&str, &str, SessionState, &str)]) {
        let found = venues(&Krx::new(), at(now)).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|it| {
                let Session {
                    state, changes_at, ..
                } = &it.session;
                (
                    it.venue.as_str(),
                    it.phase.as_str(),
                    state.clone(),
                    *changes_at,
                )
            })
            .collect();
        let want: Vec<_> = want
            .iter()
            .map(|(venue, phase, state, change)| (*venue, *phase, state.clone(), at(change)))
            .collect();
        assert_eq!(found, want, "{now}");
    }

    #[test]
    fn each_venue_has_its_own_clock() {
        use SessionState::{BeforeOpen, Closed, Holiday, Open};
        check(
            "2026-05-28T08:10:00",
            &[
                ("KRX", "pre", BeforeOpen, "2026-05-28T08:30:00"),
                ("NXT", "pre", Open, "2026-05-28T08:50:00"),
            ],
        );
        check(
            "2026-05-28T11:00:00",
            &[
                ("KRX", "regular", Open, "2026-05-28T15:30:00"),
                ("NXT", "regular", Open, "2026-05-28T15:20:00"),
            ],
        );
        check(
            "2026-05-28T15:25:00",
            &[
                ("KRX", "auction", Open, "2026-05-28T15:30:00"),
                ("NXT", "after", Closed, "2026-05-28T15:40:00"),
            ],
        );
        let saturday = || Holiday("Saturday".to_owned());
        check(
            "2026-05-30T12:00:00",
            &[
                ("KRX", "pre", saturday(), "2026-06-01T08:30:00"),
                ("NXT", "pre", saturday(), "2026-06-01T08:00:00"),
            ],
        );
        // Before Nextrade there was the exchange alone.
        let alone = venues(&Krx::new(), at("2025-02-03T11:00:00")).unwrap();
        assert_eq!(alone.len(), 1);
        assert!(venues(&Krx::new(), at("2031-05-28T10:00:00")).is_err());
    }
}
