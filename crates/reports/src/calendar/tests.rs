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
        "no KRX calendar data for 2028: set its closures with an override",
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
        krx.previous_session(date(2024, 1, 2)),
        Err(UnknownYear { year: 2023 })
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
