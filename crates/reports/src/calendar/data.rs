//! Closures, late openings and tax rates of the Korea Exchange, 2024–2027.
//!
//! Weekdays only; a closure that falls on a weekend closes nothing. Temporary holidays are announced at
//! weeks' notice: see [`Krx::close`](super::Krx::close).

use jiff::civil::{Date, date};

/// The years the tables cover.
pub(super) const YEARS: std::ops::RangeInclusive<i16> = 2024..=2027;

/// Weekdays without a session.
pub(super) const CLOSURES: &[(Date, &str)] = &[
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

/// First sessions of a year: 10:00 to 15:30.
pub(super) const FIRST_SESSIONS: &[Date] = &[
    date(2024, 1, 2),
    date(2025, 1, 2),
    date(2026, 1, 2),
    date(2027, 1, 4),
];

/// Days of the university entrance examination: 10:00 to 16:30.
pub(super) const CSAT_DAYS: &[Date] = &[
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
