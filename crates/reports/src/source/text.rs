//! Times as texts, as the tables' readers get them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

use super::time::StoredZone;
use crate::calendar::SEOUL;
use crate::compute::Executed;

impl StoredZone {
    /// The instant and its date in Korea, of a stored text.
    pub(crate) fn executed<'a>(&self, text: Option<&'a str>) -> Executed<'a> {
        let Some(text) = text else {
            return Executed::Missing;
        };
        let at = match parse(text) {
            Some((naive, Some(offset))) => offset.to_timestamp(naive).ok(),
            Some((naive, None)) => self.instant(naive),
            None => None,
        };
        match at {
            Some(at) => Executed::At {
                date: SEOUL.to_datetime(at).date(),
                at,
            },
            None => Executed::Bad(text),
        }
    }
}

/// Reads the times of many rows, which are mostly of the same date as the one before: the date is then
/// not worked out anew.
#[derive(Debug)]
pub(crate) struct Times<'z> {
    zone: &'z StoredZone,
    last: Option<LastDate>,
    /// A time was read that does not lie where its date does among texts.
    #[cfg(feature = "sqlite")]
    strayed: bool,
}

#[derive(Debug)]
struct LastDate {
    text: [u8; 10],
    date: Date,
    /// The date's first second in the stored zone, since the epoch.
    midnight: i64,
    /// How far Korea's clocks are ahead of the stored zone's.
    ahead: i64,
}

impl<'z> Times<'z> {
    pub(crate) fn new(zone: &'z StoredZone) -> Self {
        Self {
            zone,
            last: None,
            #[cfg(feature = "sqlite")]
            strayed: false,
        }
    }

    /// As [`StoredZone::executed`].
    pub(crate) fn executed<'a>(&mut self, text: Option<&'a str>) -> Executed<'a> {
        let again = self.last.as_ref().zip(text);
        if let Some(found) = again.and_then(|(last, text)| last.executed(text.as_bytes())) {
            return found;
        }
        self.anew(text)
    }

    fn anew<'a>(&mut self, text: Option<&'a str>) -> Executed<'a> {
        let found = self.zone.executed(text);
        self.last = text.and_then(|text| LastDate::new(self.zone, text.as_bytes()));
        #[cfg(feature = "sqlite")]
        if !text.is_some_and(lies_by_its_date) {
            self.strayed = true;
        }
        found
    }
}

#[cfg(feature = "sqlite")]
impl Times<'_> {
    /// As [`Times::executed`], of bytes that are looked at no more than needed.
    pub(crate) fn of_bytes<'a>(&mut self, bytes: &'a [u8]) -> Executed<'a> {
        if let Some(found) = self.last.as_ref().and_then(|last| last.executed(bytes)) {
            return found;
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => self.anew(Some(text)),
            Err(_) => {
                self.strayed = true;
                Executed::Bad("not UTF-8")
            }
        }
    }

    /// A time came that is no text.
    pub(crate) fn stray(&mut self) {
        self.strayed = true;
    }

    /// Was every time so far a text of a date and a time in the stored zone, between 1900 and 2200?
    pub(crate) fn all_lie_by_their_dates(&self) -> bool {
        !self.strayed
    }
}

#[cfg(feature = "sqlite")]
fn lies_by_its_date(text: &str) -> bool {
    parse(text)
        .is_some_and(|(naive, offset)| offset.is_none() && (1900..2200).contains(&naive.year()))
}

impl LastDate {
    /// `None` for a zone whose days are of unequal length.
    fn new(zone: &StoredZone, text: &[u8]) -> Option<Self> {
        let offset = zone.fixed()?;
        let date = date(text)?;
        let midnight = offset.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
        Some(Self {
            text: *text.first_chunk()?,
            date,
            midnight: midnight.as_second(),
            ahead: i64::from(SEOUL.seconds() - offset.seconds()),
        })
    }

    /// A time of this date, without a zone of its own; `None` for any other text, and where Korea has
    /// another date.
    fn executed<'a>(&self, text: &[u8]) -> Option<Executed<'a>> {
        let of_day = TimeOfDay::parse(text.strip_prefix(&self.text)?)?;
        let second = of_day.valid_second()?;
        if of_day.offset.is_some() || !(0..86_400).contains(&(second + self.ahead)) {
            return None;
        }
        Some(Executed::At {
            date: self.date,
            at: Timestamp::new(self.midnight + second, of_day.nanos).ok()?,
        })
    }
}

/// `YYYY-MM-DD[ T]HH:MM[:SS[.fraction]][Z|±HH[:MM]]` or a date alone, by hand: a replay reads millions.
fn parse(text: &str) -> Option<(DateTime, Option<Offset>)> {
    let bytes = text.as_bytes();
    let date = date(bytes)?;
    let rest = &bytes[10..];
    if rest.is_empty() {
        return Some((date.to_datetime(Time::midnight()), None));
    }
    let of_day = TimeOfDay::parse(rest)?;
    let time = Time::new(of_day.hour, of_day.minute, of_day.second, of_day.nanos).ok()?;
    Some((date.to_datetime(time), of_day.offset))
}

/// What follows the date; each number has as many digits as it may, no more is checked.
struct TimeOfDay {
    hour: i8,
    minute: i8,
    second: i8,
    nanos: i32,
    offset: Option<Offset>,
}

impl TimeOfDay {
    fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.len() < 6 || !matches!(bytes[0], b' ' | b'T' | b't') || bytes[3] != b':' {
            return None;
        }
        let (hour, minute) = (two(bytes, 1)?, two(bytes, 4)?);
        let mut at = 6;
        let (mut second, mut nanos) = (0, 0_i32);
        if bytes.get(at) == Some(&b':') {
            second = two(bytes, 7)?;
            at = 9;
            if bytes.get(at) == Some(&b'.') {
                at += 1;
                let start = at;
                let mut scale = 100_000_000;
                while let Some(digit) = bytes.get(at).filter(|byte| byte.is_ascii_digit()) {
                    nanos += i32::from(digit - b'0') * scale;
                    scale /= 10;
                    at += 1;
                }
                if at == start {
                    return None;
                }
            }
        }
        let offset = match bytes.get(at) {
            None => None,
            Some(_) => Some(offset(&bytes[at..])?),
        };
        Some(Self {
            hour,
            minute,
            second,
            nanos,
            offset,
        })
    }

    /// The second of the day, of a time that exists.
    fn valid_second(&self) -> Option<i64> {
        let exists = self.hour < 24 && self.minute < 60 && self.second < 60;
        let (hour, minute) = (i64::from(self.hour), i64::from(self.minute));
        exists.then(|| hour * 3_600 + minute * 60 + i64::from(self.second))
    }
}

/// The date a text begins with.
pub(crate) fn date(bytes: &[u8]) -> Option<Date> {
    if bytes.len() < 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let year = i16::from(two(bytes, 0)?) * 100 + i16::from(two(bytes, 2)?);
    Date::new(year, two(bytes, 5)?, two(bytes, 8)?).ok()
}

/// The date of a price: in Korea for a time with a zone, and as it is written for any other one.
pub(crate) fn price_date(text: &str) -> Option<Date> {
    match parse(text)? {
        (naive, Some(offset)) => {
            let at = offset.to_timestamp(naive).ok()?;
            Some(SEOUL.to_datetime(at).date())
        }
        (naive, None) => Some(naive.date()),
    }
}

/// The first second since 1970 that a number is taken for, of 1973: below it are dates such as 20260528.
#[cfg(feature = "sqlite")]
pub(crate) const FIRST_SECOND: i64 = 100_000_000;

/// The instant of a number of seconds, milliseconds, microseconds or nanoseconds since 1970, told by
/// its size.
#[cfg(any(feature = "sqlite", test))]
pub(crate) fn epoch(number: i64) -> Option<Timestamp> {
    match number.unsigned_abs() {
        0..100_000_000_000 => Timestamp::from_second(number).ok(),
        100_000_000_000..100_000_000_000_000 => Timestamp::from_millisecond(number).ok(),
        100_000_000_000_000..100_000_000_000_000_000 => Timestamp::from_microsecond(number).ok(),
        _ => Timestamp::from_nanosecond(number.into()).ok(),
    }
}

fn two(bytes: &[u8], at: usize) -> Option<i8> {
    let tens = bytes.get(at)?.wrapping_sub(b'0');
    let ones = bytes.get(at + 1)?.wrapping_sub(b'0');
    (tens < 10 && ones < 10).then(|| i8::try_from(tens * 10 + ones).ok())?
}

fn offset(bytes: &[u8]) -> Option<Offset> {
    let bytes = bytes.trim_ascii();
    // The zone's name behind its offset tells nothing more.
    let bytes = match bytes.iter().position(|byte| *byte == b'[') {
        Some(at) if bytes.ends_with(b"]") => &bytes[..at],
        _ => bytes,
    };
    if matches!(bytes, b"Z" | b"z" | b"UTC") {
        return Some(Offset::UTC);
    }
    let sign = match bytes.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours = i32::from(two(bytes, 1)?);
    let minutes = match bytes.len() {
        3 => 0,
        5 => i32::from(two(bytes, 3)?),
        6 if bytes[3] == b':' => i32::from(two(bytes, 4)?),
        _ => return None,
    };
    // No clock on earth is further off, and what is would be of no day beside that of its text.
    let seconds = hours * 3_600 + minutes * 60;
    (minutes < 60 && seconds <= 15 * 3_600)
        .then(|| Offset::from_seconds(sign * seconds).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;

    fn any_text() -> impl Strategy<Value = String> {
        let written = (
            prop::sample::select(vec!["2026-05-28", "2026-05-29", "2026-02-30", "2026-5-28"]),
            prop::sample::select(vec![" ", "T", "_", ""]),
            (0_u8..26, 0_u8..62, 0_u8..62, 0_u32..1_000_000),
            prop::sample::select(vec!["", "Z", "+09:00", "-1230", "+9", "x"]),
        );
        prop_oneof![
            written.prop_map(|(date, between, (hour, minute, second, micros), zone)| {
                format!("{date}{between}{hour:02}:{minute:02}:{second:02}.{micros:06}{zone}")
            }),
            "2026-05-28( [0-9:.]{0,12})?",
        ]
    }

    proptest! {
        /// The date remembered from the row before changes nothing, in zones ahead and behind.
        #[test]
        fn a_remembered_date_changes_nothing(texts in prop::collection::vec(any_text(), 1..20)) {
            let behind = StoredZone::other(TimeZone::fixed(Offset::constant(-7)));
            for zone in [StoredZone::seoul(), StoredZone::utc(), behind] {
                let mut times = Times::new(&zone);
                for text in &texts {
                    prop_assert_eq!(times.executed(Some(text)), zone.executed(Some(text)));
                }
            }
        }
    }
}
