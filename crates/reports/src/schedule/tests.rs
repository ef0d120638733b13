use super::*;
use jiff::civil::date;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn due_after_the_close_of_the_session() {
    fn check(schedule: Schedule, session: Date, expected: &str) {
        let due = schedule.due(session, &Krx::new()).unwrap();
        let shown = due.map_or("-".to_owned(), |due| {
            let local = due.to_zoned(crate::calendar::seoul());
            local.strftime("%F %H:%M").to_string()
        });
        assert_eq!(shown, expected, "{schedule:?} {session}");
    }
    let at = |text: &str| text.parse::<Schedule>().unwrap();
    check(Schedule::default(), date(2026, 5, 28), "2026-05-28 20:10");
    check(at("15:30"), date(2026, 5, 28), "2026-05-28 15:30");
    // The university entrance examination closes an hour later than the firing.
    check(at("16:00"), date(2026, 11, 19), "2026-11-20 16:00");
    // Before the opening of the next day; on weekdays only: Friday's report on Monday.
    check(
        at("07:00").weekdays(),
        date(2026, 5, 29),
        "2026-06-01 07:00",
    );
    check(Schedule::default(), date(2026, 5, 25), "-");
}

#[test]
fn owed_sessions() {
    fn check(now: &str, reported: &[Date], max: usize, expected: &str) {
        let owed = owed(
            at(now),
            at("2026-05-20T00:00:00Z"),
            &reported.iter().copied().collect(),
            &Schedule::default(),
            &Krx::new(),
            max,
            None,
        )
        .unwrap();
        let days = |dates: Vec<Date>| {
            let days: Vec<_> = dates
                .iter()
                .map(|date| date.strftime("%m-%d").to_string())
                .collect();
            days.join(" ")
        };
        let shown = format!(
            "{} / {} / {}",
            days(owed.sessions.into_iter().map(|(date, _)| date).collect()),
            days(owed.skipped),
            owed.next.unwrap()
        );
        assert_eq!(shown, expected, "{now}");
    }
    let may = |day| date(2026, 5, day);
    check("2026-05-20T11:09:59Z", &[], 5, " /  / 2026-05-20T11:10:00Z");
    check(
        "2026-05-20T11:10:00Z",
        &[],
        5,
        "05-20 /  / 2026-05-21T11:10:00Z",
    );
    check(
        "2026-05-20T11:10:00Z",
        &[may(20)],
        5,
        " /  / 2026-05-21T11:10:00Z",
    );
    // Down over a weekend and a holiday on the Monday: two sessions are owed, not five days.
    check(
        "2026-05-26T00:00:00Z",
        &[may(20)],
        5,
        "05-21 05-22 /  / 2026-05-26T11:10:00Z",
    );
    check(
        "2026-05-29T12:00:00Z",
        &[may(28)],
        3,
        "05-27 05-29 /  / 2026-06-01T11:10:00Z",
    );
    check(
        "2026-05-29T12:00:00Z",
        &[],
        3,
        "05-27 05-28 05-29 / 05-20 05-21 05-22 05-26 / 2026-06-01T11:10:00Z",
    );
}

#[test]
fn an_unknown_year_is_an_error_and_no_next() {
    let schedule = Schedule::default();
    let reported = BTreeSet::from([date(2027, 12, 30)]);
    let last = owed(
        at("2027-12-31T00:00:00Z"),
        at("2027-12-29T00:00:00Z"),
        &BTreeSet::from([date(2027, 12, 29), date(2027, 12, 30)]),
        &schedule,
        &Krx::new(),
        5,
        None,
    );
    assert_eq!(last.unwrap().next, None);
    let beyond = owed(
        at("2028-01-03T00:00:00Z"),
        at("2027-12-29T00:00:00Z"),
        &reported,
        &schedule,
        &Krx::new(),
        5,
        None,
    );
    assert_eq!(beyond, Err(UnknownYear { year: 2028 }));
}

#[test]
fn a_bad_pattern_is_named() {
    let error = "at ten past eight".parse::<Schedule>().unwrap_err();
    assert!(error.to_string().contains("at ten past eight"), "{error}");
}

#[test]
fn periods_end_with_their_last_session() {
    let krx = Krx::new();
    for (kind, session, last) in [
        (PeriodKind::Week, date(2026, 5, 22), true),
        (PeriodKind::Week, date(2026, 5, 28), false),
        // The Friday is a holiday.
        (PeriodKind::Week, date(2026, 9, 23), true),
        (PeriodKind::Month, date(2026, 5, 29), true),
        (PeriodKind::Month, date(2026, 5, 28), false),
        (PeriodKind::Year, date(2026, 12, 30), true),
        (PeriodKind::Year, date(2027, 12, 30), true),
        (PeriodKind::Year, date(2026, 11, 30), false),
    ] {
        assert_eq!(ends(kind, session, &krx), last, "{kind:?} {session}");
    }
    let week = owed(
        at("2026-06-05T12:00:00Z"),
        at("2026-05-20T00:00:00Z"),
        &BTreeSet::new(),
        &Schedule::default(),
        &krx,
        5,
        Some(PeriodKind::Week),
    );
    let sessions: Vec<Date> = week.unwrap().sessions.iter().map(|(day, _)| *day).collect();
    assert_eq!(
        sessions,
        [date(2026, 5, 22), date(2026, 5, 29), date(2026, 6, 5)]
    );
}
