use super::*;
use jiff::civil::date;
use rust_decimal::Decimal;

#[test]
fn closures_are_sorted_weekdays() {
    assert!(data::CLOSURES.is_sorted_by(|a, b| a.0 < b.0));
    for (date, name) in data::CLOSURES {
        assert!(
            !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday),
            "{date} {name}"
        );
    }
}

#[test]
fn sessions_a_year() {
    // Published numbers of KRX sessions: 244 in 2024, 242 in 2025.
    for (year, sessions) in [(2024, 244), (2025, 242)] {
        let all = Krx::new()
            .sessions(date(year, 1, 1), date(year, 12, 31))
            .unwrap();
        assert_eq!(all.len(), sessions, "{year}");
    }
}

#[test]
fn days() {
    fn check(day: Date, expected: &str) {
        let krx = Krx::new();
        let shown = match krx.day(day) {
            Ok(DayKind::Regular) => "09:00-15:30".to_owned(),
            Ok(DayKind::Special { hours, .. }) => format!(
                "{}-{}",
                hours.open.strftime("%H:%M"),
                hours.close.strftime("%H:%M")
            ),
            Ok(DayKind::Closed { reason }) => reason,
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expected, "{day}");
    }
    check(date(2026, 5, 28), "09:00-15:30");
    check(date(2026, 1, 2), "10:00-15:30");
    check(date(2026, 11, 19), "10:00-16:30");
    check(date(2026, 6, 3), "Local Election Day");
    check(date(2026, 7, 17), "Constitution Day");
    check(date(2026, 12, 31), "End of Year Holiday");
    check(date(2026, 5, 30), "Saturday");
    check(
        date(2028, 1, 3),
        "no KRX calendar data for 2028: add its closures and `2028 complete` to the calendar file",
    );
    // A weekend needs no data.
    check(date(2028, 1, 1), "Saturday");
}

#[test]
fn the_year_end_is_walked_over() {
    let krx = Krx::new();
    assert_eq!(
        krx.previous_session(date(2027, 1, 4)).unwrap(),
        date(2026, 12, 30)
    );
    assert_eq!(
        krx.next_session(date(2026, 12, 30)).unwrap(),
        date(2027, 1, 4)
    );
    assert_eq!(
        krx.next_session(date(2027, 12, 30)),
        Err(UnknownYear { year: 2028 })
    );
    assert_eq!(
        krx.previous_session(date(2020, 1, 2)),
        Err(UnknownYear { year: 2019 })
    );
}

#[test]
fn overrides_win() {
    let krx = Krx::new()
        .close(date(2026, 5, 28), "temporary holiday")
        .open(date(2026, 5, 25))
        .special(
            date(2026, 5, 27),
            Hours {
                open: time(11, 0, 0, 0),
                close: time(15, 30, 0, 0),
            },
            "system fault",
        );
    assert!(!krx.is_session(date(2026, 5, 28)).unwrap());
    assert!(krx.is_session(date(2026, 5, 25)).unwrap());
    let (open, _) = krx.hours(date(2026, 5, 27)).unwrap().unwrap();
    assert_eq!(open.to_string(), "2026-05-27T02:00:00Z");
    // A year beyond the data becomes known when the operator says that it is complete.
    let krx = krx.year(2028).close(date(2028, 1, 26), "Korean New Year");
    assert!(krx.is_session(date(2028, 1, 25)).unwrap());
    assert!(!krx.is_session(date(2028, 1, 26)).unwrap());
}

#[test]
fn tax_goes_by_settlement() {
    fn check(trade: Date, market: &str, ten_thousandths: i64) {
        let rates = Krx::new().tax_rates(trade).unwrap().unwrap();
        assert_eq!(
            rates.of(market),
            Some(Decimal::new(ten_thousandths, 4)),
            "{trade} {market}"
        );
    }
    check(date(2026, 5, 28), "KOSPI", 20);
    check(date(2026, 5, 28), "KOSDAQ", 20);
    check(date(2025, 5, 28), "KOSPI", 15);
    // The last two sessions of a year settle in the next one.
    check(date(2024, 12, 26), "KOSPI", 18);
    check(date(2024, 12, 27), "KOSPI", 15);
    check(date(2025, 12, 26), "KOSPI", 15);
    check(date(2025, 12, 29), "KOSPI", 20);
    assert!(Krx::new().tax_rates(date(2027, 12, 29)).is_err());
}

#[test]
fn tick_sizes() {
    for (price, step) in [
        (1_999, 1),
        (2_000, 5),
        (4_999, 5),
        (5_000, 10),
        (20_000, 50),
        (50_000, 100),
        (200_000, 500),
        (500_000, 1_000),
    ] {
        assert_eq!(tick_size(price), step, "{price}");
    }
}

#[test]
fn tickers() {
    for (ticker, good) in [
        ("005930", true),
        ("0009K0", true),
        ("A05930", false),
        ("^KS11", false),
        ("00593", false),
        ("0009k0", false),
    ] {
        assert_eq!(is_ticker(ticker), good, "{ticker}");
    }
}

/// Day by day against another calendar; each difference with its source.
#[test]
fn every_day_against_exchange_calendars() {
    let explained: &[(Date, &str, &str, &str)] = &[
        // Examination days: the exchange's yearly notices; the other calendar has that of 2020 only.
        (
            date(2021, 11, 18),
            "09:00-15:30",
            "10:00-16:30",
            "KRX notice for CSAT 2022",
        ),
        (
            date(2022, 11, 17),
            "09:00-15:30",
            "10:00-16:30",
            "KRX notice for CSAT 2023",
        ),
        (
            date(2023, 11, 16),
            "09:00-15:30",
            "10:00-16:30",
            "KRX notice for CSAT 2024",
        ),
        (
            date(2024, 11, 14),
            "09:00-15:30",
            "10:00-16:30",
            "KRX notice for CSAT 2025",
        ),
        (
            date(2025, 11, 13),
            "09:00-15:30",
            "10:00-16:30",
            "KRX notice of 2025-10-30",
        ),
        (
            date(2026, 11, 19),
            "09:00-15:30",
            "10:00-16:30",
            "the education ministry's date for CSAT 2027",
        ),
        (
            date(2027, 11, 18),
            "09:00-15:30",
            "10:00-16:30",
            "the education ministry's date for CSAT 2028",
        ),
        // Closures that came after its release.
        (
            date(2026, 6, 3),
            "09:00-15:30",
            "closed",
            "local elections; exchange_calendars PR 574",
        ),
        (
            date(2026, 7, 17),
            "09:00-15:30",
            "closed",
            "Constitution Day, a public holiday by the act of 2026-01-29",
        ),
        (
            date(2027, 5, 3),
            "09:00-15:30",
            "closed",
            "substitute for Labour Day; exchange_calendars PR 574",
        ),
        (
            date(2027, 7, 19),
            "09:00-15:30",
            "closed",
            "substitute for Constitution Day, as for every national day",
        ),
    ];
    let fixture = include_str!("../../tests/data/xkrx.txt");
    let mut theirs = std::collections::BTreeMap::new();
    for line in fixture.lines().filter(|line| !line.starts_with('#')) {
        let (month, days) = line.split_once(' ').unwrap();
        for day in days.split(' ') {
            let (day, hours) = day.split_once('(').unwrap_or((day, "09:00-15:30)"));
            let on: Date = format!("{month}-{day:0>2}").parse().unwrap();
            theirs.insert(on, hours.trim_end_matches(')').to_owned());
        }
    }
    let krx = Krx::new();
    let mut differences = Vec::new();
    for day in date(2020, 1, 1)
        .series(Span::new().days(1))
        .take_while(|day| day.year() < 2028)
    {
        let ours = match krx.hours(day).unwrap() {
            None => "closed".to_owned(),
            Some((open, close)) => {
                let time = |at: Timestamp| SEOUL.to_datetime(at).strftime("%H:%M").to_string();
                format!("{}-{}", time(open), time(close))
            }
        };
        let theirs = theirs.get(&day).map_or("closed", String::as_str);
        if ours != theirs {
            differences.push((day, theirs.to_owned(), ours));
        }
    }
    let explained: Vec<_> = explained
        .iter()
        .map(|(day, theirs, ours, _)| (*day, (*theirs).to_owned(), (*ours).to_owned()))
        .collect();
    assert_eq!(differences.len(), explained.len(), "{differences:?}");
    let mut sorted = explained;
    sorted.sort();
    assert_eq!(differences, sorted);
}

#[test]
fn venues_and_their_phases() {
    fn check(day: Date, expected: &[&str]) {
        let time = |at: Timestamp| {
            let local = SEOUL.to_datetime(at);
            let text = local.strftime("%H:%M:%S").to_string();
            text.strip_suffix(":00").unwrap_or(&text).to_owned()
        };
        let shown: Vec<String> = Krx::new()
            .trading(day)
            .unwrap()
            .iter()
            .filter(|span| span.phase != Phase::ClosingAuction)
            .map(|span| {
                let (open, close) = (time(span.open), time(span.close));
                format!(
                    "{} {} {open}-{close}",
                    span.venue.as_str(),
                    span.phase.as_str()
                )
            })
            .collect();
        assert_eq!(shown, expected, "{day}");
    }
    check(date(2025, 3, 3), &[]);
    check(
        date(2025, 2, 28),
        &[
            "KRX pre 08:30-08:40",
            "KRX regular 09:00-15:30",
            "KRX off-hours 15:40-18:00",
        ],
    );
    check(
        date(2025, 3, 4),
        &[
            "NXT pre 08:00-08:50",
            "KRX pre 08:30-08:40",
            "KRX regular 09:00-15:30",
            "NXT regular 09:00:30-15:20",
            "KRX off-hours 15:40-18:00",
            "NXT after 15:40-20:00",
        ],
    );
    // The first session of a year and the examination: no pre-market of Nextrade.
    check(
        date(2026, 1, 2),
        &[
            "KRX pre 09:30-09:40",
            "KRX regular 10:00-15:30",
            "NXT regular 10:00:30-15:20",
            "KRX off-hours 15:40-18:00",
            "NXT after 15:40-20:00",
        ],
    );
    check(
        date(2026, 9, 14),
        &[
            "KRX pre 07:00-08:00",
            "NXT pre 08:00-08:50",
            "KRX regular 09:00-15:30",
            "NXT regular 09:00:30-15:20",
            "KRX off-hours 15:40-16:00",
            "NXT after 15:40-20:00",
            "KRX after 16:00-20:00",
        ],
    );
    check(
        date(2026, 11, 19),
        &[
            "KRX regular 10:00-16:30",
            "NXT regular 10:00:30-16:20",
            "KRX off-hours 16:40-17:00",
            "NXT after 16:40-20:00",
            "KRX after 17:00-20:00",
        ],
    );
}

#[test]
fn who_trades_when() {
    let at = |text: &str| -> Timestamp { format!("{text}+09:00").parse().unwrap() };
    let krx = Krx::new();
    for (when, open) in [
        ("2026-09-11T07:30:00", false),
        ("2026-09-14T06:59:59", false),
        ("2026-09-14T07:30:00", true),
        ("2026-09-14T08:55:00", false),
        ("2026-09-14T20:00:00", true),
        ("2026-09-14T20:00:01", false),
        ("2026-11-19T08:10:00", false),
        ("2026-11-19T16:25:00", true),
        ("2027-01-04T08:10:00", false),
        ("2026-09-12T10:00:00", false),
        ("2025-02-28T19:00:00", false),
    ] {
        assert_eq!(krx.is_open(at(when)).unwrap(), open, "{when}");
    }
    assert!(krx.is_open(at("2031-05-28T10:00:00")).is_err());
    // What a record of an instant tells of.
    for (when, session) in [
        ("2026-05-28T00:10:00", date(2026, 5, 27)),
        ("2026-05-28T07:59:00", date(2026, 5, 27)),
        ("2026-05-28T08:00:00", date(2026, 5, 28)),
        ("2026-10-15T06:59:59", date(2026, 10, 14)),
        ("2026-10-15T07:00:00", date(2026, 10, 15)),
        ("2026-10-17T12:00:00", date(2026, 10, 16)),
        ("2026-10-19T06:00:00", date(2026, 10, 16)),
        ("2026-11-19T07:30:00", date(2026, 11, 18)),
        ("2031-06-08T12:00:00", date(2031, 6, 6)),
    ] {
        assert_eq!(krx.session_of(at(when)), session, "{when}");
    }
}

/// A market that trades all day, and a shorter settlement, are rows.
#[test]
fn tomorrows_markets_are_rows() {
    let text = "# what is announced\n\
        hours KRX after 16:00-07:00 from 2027-06-01\n\
        hours NXT pre none from 2027-06-01   # gone\n\
        settlement T+1 from 2027-10-12\n\
        2026-12-24 closed temporary holiday\n\
        2026-12-25 open\n\
        2027-03-02 11:00-15:30 system fault\n\
        2028 complete\n\
        2028-01-26 closed Korean New Year\n";
    let krx: Krx = text.parse().unwrap();
    let at = |text: &str| -> Timestamp { format!("{text}+09:00").parse().unwrap() };
    assert!(krx.is_open(at("2027-06-01T23:30:00")).unwrap());
    assert!(krx.is_open(at("2027-06-02T03:00:00")).unwrap());
    assert!(!krx.is_open(at("2027-05-31T23:30:00")).unwrap());
    assert_eq!(krx.last_close(date(2027, 6, 1)), at("2027-06-02T07:00:00"));
    assert!(
        krx.trading(date(2027, 6, 2))
            .unwrap()
            .iter()
            .all(|span| span.venue != Venue::Nxt || span.phase != Phase::PreMarket)
    );
    assert_eq!(
        krx.settlement(date(2027, 10, 8)).unwrap(),
        date(2027, 10, 13)
    );
    assert_eq!(
        krx.settlement(date(2027, 10, 12)).unwrap(),
        date(2027, 10, 13)
    );
    assert!(
        matches!(krx.day(date(2026, 12, 24)).unwrap(), DayKind::Closed { reason } if reason == "temporary holiday")
    );
    assert!(krx.is_session(date(2026, 12, 25)).unwrap());
    let (open, _) = krx.hours(date(2027, 3, 2)).unwrap().unwrap();
    assert_eq!(open, at("2027-03-02T11:00:00"));
    assert!(
        !krx.is_session(date(2028, 1, 26)).unwrap() && krx.is_session(date(2028, 1, 27)).unwrap()
    );
}

#[test]
fn a_calendar_line_that_is_wrong_is_named() {
    for (line, said) in [
        ("2026-13-24 closed x", "no date"),
        ("2026-12-24", "expected `DATE closed"),
        ("2026-12-24 15:30-10:00 x", "ends before it begins"),
        ("2026-12-24 10-15:30: x", "no span"),
        (
            "hours CBOE pre 07:00-08:00 from 2026-12-24",
            "unknown venue",
        ),
        (
            "hours KRX dusk 07:00-08:00 from 2026-12-24",
            "unknown phase",
        ),
        ("settlement T+99 from 2026-12-24", "T+0 to T+10"),
        ("year complete", "no year"),
    ] {
        let error = format!("\n{line}\n")
            .parse::<Krx>()
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("calendar line 2: ") && error.contains(said),
            "{line}: {error}"
        );
    }
}

#[test]
fn a_calendar_file_is_read_again_when_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("krx.txt");
    let error = Calendar::from_file(&path).unwrap_err();
    assert!(error.to_string().contains("krx.txt"), "{error}");
    std::fs::write(&path, "").unwrap();
    let calendar = Calendar::from_file(&path).unwrap();
    let shared = calendar.clone();
    assert!(shared.get().is_session(date(2026, 12, 24)).unwrap());
    assert!(!calendar.reload().unwrap());
    std::fs::write(&path, "2026-12-24 closed\n").unwrap();
    assert!(calendar.reload().unwrap());
    assert!(!shared.get().is_session(date(2026, 12, 24)).unwrap());
    // What is wrong is told once and leaves what is in force.
    std::fs::write(&path, "2026-12-24 shut\n").unwrap();
    assert!(calendar.reload().is_err());
    assert!(!calendar.reload().unwrap());
    assert!(!shared.get().is_session(date(2026, 12, 24)).unwrap());
}

#[test]
fn markets_are_spelled_in_many_ways() {
    for (word, market) in [
        ("KOSPI", Some(Market::Kospi)),
        ("kospi", Some(Market::Kospi)),
        ("유가증권", Some(Market::Kospi)),
        ("유가증권시장", Some(Market::Kospi)),
        ("STK", Some(Market::Kospi)),
        ("KOSPI200", Some(Market::Kospi)),
        ("KSQ", Some(Market::Kosdaq)),
        ("KOSDAQ GLOBAL", Some(Market::Kosdaq)),
        ("코스닥", Some(Market::Kosdaq)),
        ("KNX", Some(Market::Konex)),
        ("코넥스", Some(Market::Konex)),
        ("NASDAQ", None),
        ("", None),
    ] {
        assert_eq!(Market::parse(word), market, "{word}");
    }
    for (word, untaxed) in [
        ("ETF", true),
        ("etf", true),
        ("상장지수펀드(ETF)", true),
        ("ELW", true),
        ("ETN", true),
        ("Betfair", false),
        ("전기전자", false),
    ] {
        assert_eq!(market::is_untaxed(word), untaxed, "{word}");
    }
}
