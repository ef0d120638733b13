//! The calendar of UTC, of seconds since 1970.

use super::math;

/// Seconds from the least moment that Go's calendar knows to 1970: what lies before it comes out as if it lay
/// after the last.
const BEFORE_1970: u64 = 9_223_372_028_715_321_600;

/// A moment, of which a function asks one part.
pub(crate) struct Moment {
    /// Of the day.
    second: i64,
    weekday: i64,
    year: i64,
    month: i64,
    day: i64,
}

impl Moment {
    /// Of seconds that may have a fraction, which is cut off.
    pub(crate) fn new(seconds: f64) -> Self {
        // What no 64 bits hold is the least of them, as in Go.
        let whole = math::whole(seconds).unwrap_or(i64::MIN);
        let since = whole.cast_unsigned().wrapping_add(BEFORE_1970);
        let day = (since / 86_400).cast_signed() - (BEFORE_1970 / 86_400).cast_signed();
        // Days since 1 March of year 0 in eras of 400 years: a leap day is the last of its year.
        let days = day + 719_468;
        let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let shifted = (5 * of_year + 2) / 153;
        let of_month = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 {
            shifted + 3
        } else {
            shifted - 9
        };
        Self {
            weekday: (day + 4).rem_euclid(7),
            second: (since % 86_400).cast_signed(),
            year: year + era * 400 + i64::from(month <= 2),
            month,
            day: of_month,
        }
    }

    pub(crate) fn minute(&self) -> i64 {
        self.second % 3_600 / 60
    }

    pub(crate) fn hour(&self) -> i64 {
        self.second / 3_600
    }

    /// From 1.
    pub(crate) fn day_of_month(&self) -> i64 {
        self.day
    }

    /// From 0, which is Sunday.
    pub(crate) fn day_of_week(&self) -> i64 {
        self.weekday
    }

    /// From 1.
    pub(crate) fn day_of_year(&self) -> i64 {
        let before: i64 = (1..self.month).map(|month| days_in(self.year, month)).sum();
        before + self.day
    }

    pub(crate) fn days_in_month(&self) -> i64 {
        days_in(self.year, self.month)
    }

    /// From 1.
    pub(crate) fn month(&self) -> i64 {
        self.month
    }

    pub(crate) fn year(&self) -> i64 {
        self.year
    }
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_the_calendar() {
        // seconds, year, month, day, weekday, day of the year, days of the month, hour, minute
        let table = [
            (0.0, [1970, 1, 1, 4, 1, 31, 0, 0]),
            (1_709_210_096.9, [2024, 2, 29, 4, 60, 29, 12, 34]),
            (1_735_689_599.0, [2024, 12, 31, 2, 366, 31, 23, 59]),
            (-1.0, [1969, 12, 31, 3, 365, 31, 23, 59]),
            (951_782_400.0, [2000, 2, 29, 2, 60, 29, 0, 0]),
            (4_107_542_400.0, [2100, 3, 1, 1, 60, 31, 0, 0]),
        ];
        for (seconds, expected) in table {
            let it = Moment::new(seconds);
            let found = [
                it.year(),
                it.month(),
                it.day_of_month(),
                it.day_of_week(),
                it.day_of_year(),
                it.days_in_month(),
                it.hour(),
                it.minute(),
            ];
            assert_eq!(found, expected, "{seconds}");
        }
    }

    #[test]
    fn what_no_calendar_holds_is_what_go_makes_of_it() {
        for seconds in [f64::NAN, f64::INFINITY, -1e300] {
            let it = Moment::new(seconds);
            let found = (it.year(), it.month(), it.day_of_month());
            assert_eq!(found, (292_277_026_596, 12, 4), "{seconds}");
        }
    }
}
