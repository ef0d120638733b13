//! Times as texts, as the tables' readers get them.

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

/// `YYYY-MM-DD[ T]HH:MM[:SS[.fraction]][Z|±HH[:MM]]` or a date alone, by hand: a replay reads millions.
fn parse(text: &str) -> Option<(DateTime, Option<Offset>)> {
    let bytes = text.as_bytes();
    let date = date(bytes)?;
    if bytes.len() == 10 {
        return Some((date.to_datetime(Time::midnight()), None));
    }
    if bytes.len() < 16 || !matches!(bytes[10], b' ' | b'T') || bytes[13] != b':' {
        return None;
    }
    let (hour, minute) = (two(bytes, 11)?, two(bytes, 14)?);
    let mut at = 16;
    let (mut second, mut nanos) = (0, 0_i32);
    if bytes.get(at) == Some(&b':') {
        second = two(bytes, 17)?;
        at = 19;
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
    let time = Time::new(hour, minute, second, nanos).ok()?;
    Some((date.to_datetime(time), offset))
}

/// The date a text begins with.
pub(crate) fn date(bytes: &[u8]) -> Option<Date> {
    if bytes.len() < 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let year = i16::from(two(bytes, 0)?) * 100 + i16::from(two(bytes, 2)?);
    Date::new(year, two(bytes, 5)?, two(bytes, 8)?).ok()
}

fn two(bytes: &[u8], at: usize) -> Option<i8> {
    let tens = bytes.get(at)?.wrapping_sub(b'0');
    let ones = bytes.get(at + 1)?.wrapping_sub(b'0');
    (tens < 10 && ones < 10).then(|| i8::try_from(tens * 10 + ones).ok())?
}

fn offset(bytes: &[u8]) -> Option<Offset> {
    if bytes == b"Z" || bytes == b"z" {
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
    Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok()
}
