//! Closures, late openings and tax rates of the Korea Exchange, 2020–2027.
//!
//! Weekdays only; a closure that falls on a weekend closes nothing. Temporary holidays are announced at
//! weeks' notice: see [`Krx::close`](super::Krx::close).

use jiff::civil::{Date, Time, date, time};

use super::venue::{HoursRow, Phase, SpecialDay, Venue};

/// The years the tables cover.
pub(super) const YEARS: std::ops::RangeInclusive<i16> = 2020..=2027;

/// Weekdays without a session.
pub(super) const CLOSURES: &[(Date, &str)] = &[
    (date(2020, 1, 1), "New Year's Day"),
    (date(2020, 1, 24), "The day preceding Korean New Year"),
    (date(2020, 1, 27), "Alternative holiday for Korean New Year"),
    (date(2020, 4, 15), "National Assembly Election Day"),
    (date(2020, 4, 30), "Buddha's Birthday"),
    (date(2020, 5, 1), "Workers' Day"),
    (date(2020, 5, 5), "Children's Day"),
    (date(2020, 8, 17), "Temporary Public Holiday"),
    (date(2020, 9, 30), "The day preceding Chuseok"),
    (date(2020, 10, 1), "Chuseok"),
    (date(2020, 10, 2), "The second day of Chuseok"),
    (date(2020, 10, 9), "Hangul Day"),
    (date(2020, 12, 25), "Christmas Day"),
    (date(2020, 12, 31), "End of Year Holiday"),
    (date(2021, 1, 1), "New Year's Day"),
    (date(2021, 2, 11), "The day preceding Korean New Year"),
    (date(2021, 2, 12), "Korean New Year"),
    (date(2021, 3, 1), "Independence Movement Day"),
    (date(2021, 5, 5), "Children's Day"),
    (date(2021, 5, 19), "Buddha's Birthday"),
    (date(2021, 8, 16), "Alternative holiday for Liberation Day"),
    (date(2021, 9, 20), "The day preceding Chuseok"),
    (date(2021, 9, 21), "Chuseok"),
    (date(2021, 9, 22), "The second day of Chuseok"),
    (
        date(2021, 10, 4),
        "Alternative holiday for National Foundation Day",
    ),
    (date(2021, 10, 11), "Alternative holiday for Hangul Day"),
    (date(2021, 12, 31), "End of Year Holiday"),
    (date(2022, 1, 31), "The day preceding Korean New Year"),
    (date(2022, 2, 1), "Korean New Year"),
    (date(2022, 2, 2), "The second day of Korean New Year"),
    (date(2022, 3, 1), "Independence Movement Day"),
    (date(2022, 3, 9), "Presidential Election Day"),
    (date(2022, 5, 5), "Children's Day"),
    (date(2022, 6, 1), "Local Election Day"),
    (date(2022, 6, 6), "Memorial Day"),
    (date(2022, 8, 15), "Liberation Day"),
    (date(2022, 9, 9), "The day preceding Chuseok"),
    (date(2022, 9, 12), "Alternative holiday for Chuseok"),
    (date(2022, 10, 3), "National Foundation Day"),
    (date(2022, 10, 10), "Alternative holiday for Hangul Day"),
    (date(2022, 12, 30), "End of Year Holiday"),
    (date(2023, 1, 23), "The second day of Korean New Year"),
    (date(2023, 1, 24), "Alternative holiday for Korean New Year"),
    (date(2023, 3, 1), "Independence Movement Day"),
    (date(2023, 5, 1), "Workers' Day"),
    (date(2023, 5, 5), "Children's Day"),
    (
        date(2023, 5, 29),
        "Alternative holiday for Buddha's Birthday",
    ),
    (date(2023, 6, 6), "Memorial Day"),
    (date(2023, 8, 15), "Liberation Day"),
    (date(2023, 9, 28), "The day preceding Chuseok"),
    (date(2023, 9, 29), "Chuseok"),
    (date(2023, 10, 2), "Temporary Public Holiday"),
    (date(2023, 10, 3), "National Foundation Day"),
    (date(2023, 10, 9), "Hangul Day"),
    (date(2023, 12, 25), "Christmas Day"),
    (date(2023, 12, 29), "End of Year Holiday"),
    (date(2024, 1, 1), "New Year's Day"),
    (date(2024, 2, 9), "The day preceding Korean New Year"),
    (date(2024, 2, 12), "Alternative holiday for Korean New Year"),
    (date(2024, 3, 1), "Independence Movement Day"),
    (date(2024, 4, 10), "National Assembly Election Day"),
    (date(2024, 5, 1), "Workers' Day"),
    (date(2024, 5, 6), "Alternative holiday for Children's Day"),
    (date(2024, 5, 15), "Buddha's Birthday"),
    (date(2024, 6, 6), "Memorial Day"),
    (date(2024, 8, 15), "Liberation Day"),
    (date(2024, 9, 16), "The day preceding Chuseok"),
    (date(2024, 9, 17), "Chuseok"),
    (date(2024, 9, 18), "The second day of Chuseok"),
    (date(2024, 10, 1), "Armed Forces Day"),
    (date(2024, 10, 3), "National Foundation Day"),
    (date(2024, 10, 9), "Hangul Day"),
    (date(2024, 12, 25), "Christmas Day"),
    (date(2024, 12, 31), "End of Year Holiday"),
    (date(2025, 1, 1), "New Year's Day"),
    (date(2025, 1, 27), "Temporary Public Holiday"),
    (date(2025, 1, 28), "The day preceding Korean New Year"),
    (date(2025, 1, 29), "Korean New Year"),
    (date(2025, 1, 30), "The second day of Korean New Year"),
    (
        date(2025, 3, 3),
        "Alternative holiday for Independence Movement Day",
    ),
    (date(2025, 5, 1), "Workers' Day"),
    (date(2025, 5, 5), "Buddha's Birthday; Children's Day"),
    (
        date(2025, 5, 6),
        "Alternative holiday for Buddha's Birthday; Alternative holiday for Children's Day",
    ),
    (date(2025, 6, 3), "Presidential Election Day"),
    (date(2025, 6, 6), "Memorial Day"),
    (date(2025, 8, 15), "Liberation Day"),
    (date(2025, 10, 3), "National Foundation Day"),
    (date(2025, 10, 6), "Chuseok"),
    (date(2025, 10, 7), "The second day of Chuseok"),
    (date(2025, 10, 8), "Alternative holiday for Chuseok"),
    (date(2025, 10, 9), "Hangul Day"),
    (date(2025, 12, 25), "Christmas Day"),
    (date(2025, 12, 31), "End of Year Holiday"),
    (date(2026, 1, 1), "New Year's Day"),
    (date(2026, 2, 16), "The day preceding Korean New Year"),
    (date(2026, 2, 17), "Korean New Year"),
    (date(2026, 2, 18), "The second day of Korean New Year"),
    (
        date(2026, 3, 2),
        "Alternative holiday for Independence Movement Day",
    ),
    (date(2026, 5, 1), "Labor Day"),
    (date(2026, 5, 5), "Children's Day"),
    (
        date(2026, 5, 25),
        "Alternative holiday for Buddha's Birthday",
    ),
    (date(2026, 6, 3), "Local Election Day"),
    (date(2026, 7, 17), "Constitution Day"),
    (date(2026, 8, 17), "Alternative holiday for Liberation Day"),
    (date(2026, 9, 24), "The day preceding Chuseok"),
    (date(2026, 9, 25), "Chuseok"),
    (
        date(2026, 10, 5),
        "Alternative holiday for National Foundation Day",
    ),
    (date(2026, 10, 9), "Hangul Day"),
    (date(2026, 12, 25), "Christmas Day"),
    (date(2026, 12, 31), "End of Year Holiday"),
    (date(2027, 1, 1), "New Year's Day"),
    (date(2027, 2, 8), "The second day of Korean New Year"),
    (date(2027, 2, 9), "Alternative holiday for Korean New Year"),
    (date(2027, 3, 1), "Independence Movement Day"),
    (date(2027, 5, 3), "Alternative holiday for Labor Day"),
    (date(2027, 5, 5), "Children's Day"),
    (date(2027, 5, 13), "Buddha's Birthday"),
    (
        date(2027, 7, 19),
        "Alternative holiday for Constitution Day",
    ),
    (date(2027, 8, 16), "Alternative holiday for Liberation Day"),
    (date(2027, 9, 14), "The day preceding Chuseok"),
    (date(2027, 9, 15), "Chuseok"),
    (date(2027, 9, 16), "The second day of Chuseok"),
    (
        date(2027, 10, 4),
        "Alternative holiday for National Foundation Day",
    ),
    (date(2027, 10, 11), "Alternative holiday for Hangul Day"),
    (date(2027, 12, 27), "Alternative holiday for Christmas Day"),
    (date(2027, 12, 31), "End of Year Holiday"),
];

/// First sessions of a year: the market opens at 10:00.
pub(super) const FIRST_SESSIONS: &[Date] = &[
    date(2020, 1, 2),
    date(2021, 1, 4),
    date(2022, 1, 3),
    date(2023, 1, 2),
    date(2024, 1, 2),
    date(2025, 1, 2),
    date(2026, 1, 2),
    date(2027, 1, 4),
];

/// Days of the university entrance examination (CSAT): everything is an hour later.
pub(super) const CSAT_DAYS: &[Date] = &[
    date(2020, 12, 3),
    date(2021, 11, 18),
    date(2022, 11, 17),
    date(2023, 11, 16),
    date(2024, 11, 14),
    date(2025, 11, 13),
    date(2026, 11, 19),
    date(2027, 11, 18),
];

/// Securities transaction tax and rural special tax in hundredths of a per cent, from a settlement date on.
///
/// KOSPI, KOSDAQ, KONEX, each (transaction, rural).
pub(super) const TAX: &[(Date, [(i64, i64); 3])] = &[
    (date(2019, 6, 3), [(10, 15), (25, 0), (10, 0)]),
    (date(2021, 1, 1), [(8, 15), (23, 0), (10, 0)]),
    (date(2023, 1, 1), [(5, 15), (20, 0), (10, 0)]),
    (date(2024, 1, 1), [(3, 15), (18, 0), (10, 0)]),
    (date(2025, 1, 1), [(0, 15), (15, 0), (10, 0)]),
    (date(2026, 1, 1), [(5, 15), (20, 0), (10, 0)]),
];

/// Tick sizes: below so many won, steps of so many; the last has no upper end.
pub(super) const TICKS: &[(i64, i64)] = &[
    (2000, 1),
    (5000, 5),
    (20000, 10),
    (50000, 50),
    (200000, 100),
    (500000, 500),
    (i64::MAX, 1000),
];

const fn hours(
    venue: Venue,
    phase: Phase,
    since: Date,
    on: Option<SpecialDay>,
    span: Option<(Time, Time)>,
) -> HoursRow {
    HoursRow {
        venue,
        phase,
        since,
        on,
        span,
    }
}

const fn at(hour: i8, minute: i8) -> Time {
    time(hour, minute, 0, 0)
}

/// Long ago: the oldest hours told here are those since 2019-04-29.
const EVER: Date = date(1990, 1, 1);
/// Nextrade opens.
const NXT: Date = date(2025, 3, 4);
/// The Korea Exchange opens its own pre-market and after-market (times as planned on 2026-01-13).
const KRX_LONG: Date = date(2026, 9, 14);

/// Trading hours by venue and phase: of the rows for a day, the latest one of its kind of day counts,
/// and on a special day one of that kind goes before one of any day. `None` ends a phase.
///
/// What is traded before 09:00 on a special day: Nextrade announces none; for the pre-market of the
/// Korea Exchange nothing was published, and it is taken to rest too.
pub(super) const HOURS: &[HoursRow] = {
    use Phase::{AfterMarket, ClosingAuction, OffHours, PreMarket, Regular};
    use SpecialDay::{Csat, FirstSession};
    use Venue::{Krx, Nxt};
    &[
        hours(Krx, Regular, EVER, None, Some((at(9, 0), at(15, 30)))),
        hours(
            Krx,
            Regular,
            EVER,
            Some(FirstSession),
            Some((at(10, 0), at(15, 30))),
        ),
        hours(
            Krx,
            Regular,
            EVER,
            Some(Csat),
            Some((at(10, 0), at(16, 30))),
        ),
        hours(
            Krx,
            ClosingAuction,
            EVER,
            None,
            Some((at(15, 20), at(15, 30))),
        ),
        hours(
            Krx,
            ClosingAuction,
            EVER,
            Some(Csat),
            Some((at(16, 20), at(16, 30))),
        ),
        hours(Krx, PreMarket, EVER, None, Some((at(8, 30), at(8, 40)))),
        hours(
            Krx,
            PreMarket,
            EVER,
            Some(FirstSession),
            Some((at(9, 30), at(9, 40))),
        ),
        hours(
            Krx,
            PreMarket,
            EVER,
            Some(Csat),
            Some((at(9, 30), at(9, 40))),
        ),
        hours(Krx, OffHours, EVER, None, Some((at(15, 40), at(18, 0)))),
        hours(
            Krx,
            OffHours,
            EVER,
            Some(Csat),
            Some((at(16, 40), at(18, 0))),
        ),
        hours(Nxt, PreMarket, NXT, None, Some((at(8, 0), at(8, 50)))),
        hours(Nxt, PreMarket, NXT, Some(FirstSession), None),
        hours(Nxt, PreMarket, NXT, Some(Csat), None),
        hours(
            Nxt,
            Regular,
            NXT,
            None,
            Some((time(9, 0, 30, 0), at(15, 20))),
        ),
        hours(
            Nxt,
            Regular,
            NXT,
            Some(FirstSession),
            Some((time(10, 0, 30, 0), at(15, 20))),
        ),
        hours(
            Nxt,
            Regular,
            NXT,
            Some(Csat),
            Some((time(10, 0, 30, 0), at(16, 20))),
        ),
        hours(Nxt, AfterMarket, NXT, None, Some((at(15, 40), at(20, 0)))),
        hours(
            Nxt,
            AfterMarket,
            NXT,
            Some(Csat),
            Some((at(16, 40), at(20, 0))),
        ),
        hours(Krx, PreMarket, KRX_LONG, None, Some((at(7, 0), at(8, 0)))),
        hours(Krx, PreMarket, KRX_LONG, Some(FirstSession), None),
        hours(Krx, PreMarket, KRX_LONG, Some(Csat), None),
        hours(Krx, OffHours, KRX_LONG, None, Some((at(15, 40), at(16, 0)))),
        hours(
            Krx,
            OffHours,
            KRX_LONG,
            Some(Csat),
            Some((at(16, 40), at(17, 0))),
        ),
        hours(
            Krx,
            AfterMarket,
            KRX_LONG,
            None,
            Some((at(16, 0), at(20, 0))),
        ),
        hours(
            Krx,
            AfterMarket,
            KRX_LONG,
            Some(Csat),
            Some((at(17, 0), at(20, 0))),
        ),
    ]
};

/// Sessions between a trade and its settlement, from a trade date on.
pub(super) const SETTLEMENT: &[(Date, u8)] = &[(EVER, 2)];
