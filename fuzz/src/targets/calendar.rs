//! A file of days that the exchange does not know yet.

use bongsu::reports::calendar::Krx;

use super::Check;

pub(super) const WORDS: &[&[u8]] = &[
    b"\n",
    b"2026-12-24",
    b"9999-12-31",
    b"-9999-01-01",
    b" closed ",
    b" open",
    b" complete",
    b"hours krx regular ",
    b"09:00-15:30",
    b"24:00",
    b"settlement T+",
    b" from ",
];

/// What is refused is refused by its line; what is taken answers for any day.
pub(super) fn prepare() -> Check {
    Box::new(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        match text.parse::<Krx>() {
            Ok(krx) => {
                let days = [(2026, 1, 2), (2027, 6, 1), (1, 1, 1), (9999, 12, 31)];
                let days = days.map(|(y, m, d)| krx.hours(jiff::civil::date(y, m, d)).is_ok());
                Ok(format!("{days:?}"))
            }
            Err(error) => Ok(error
                .to_string()
                .split('"')
                .next()
                .unwrap_or_default()
                .to_owned()),
        }
    })
}
