//! Text to values and back: what a variable of each kind accepts, and how it says so.

use std::{net::SocketAddr, str::FromStr, time::Duration};

use jiff::tz::{Offset, TimeZone};

/// Puts a value that could be read where it belongs.
pub(crate) fn put<T>(place: &mut T, read: Result<T, String>) -> Result<(), String> {
    *place = read?;
    Ok(())
}

/// One item of `choices`, by its word.
pub(crate) fn choice<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
    let found = choices
        .iter()
        .find(|(word, _)| word.eq_ignore_ascii_case(text));
    found.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        format!("{text:?} is not one of {}", words.join(", "))
    })
}

/// The word of a value among `choices`.
pub(crate) fn word<T: PartialEq>(value: &T, choices: &[(&'static str, T)]) -> Option<String> {
    let found = choices.iter().find(|(_, choice)| choice == value);
    found.map(|(word, _)| (*word).to_owned())
}

/// Yes or no, in the usual words.
pub(crate) fn boolean(text: &str) -> Result<bool, String> {
    choice(
        text,
        &[
            ("true", true),
            ("false", false),
            ("1", true),
            ("0", false),
            ("yes", true),
            ("no", false),
            ("on", true),
            ("off", false),
        ],
    )
}

/// A number; `form` says what would be right.
pub(crate) fn number<T: FromStr>(text: &str, form: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text:?} is not {form}"))
}

/// A port that can be asked for by number.
pub(crate) fn port(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(port) if port != 0 => Ok(port),
        _ => Err(format!("{text:?} is not a port from 1 to 65535")),
    }
}

/// `0.0.0.0:8000`, `[::]:8000`, or a port alone on every address.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    let alone = text.strip_prefix(':').unwrap_or(text);
    if let Ok(port) = alone.parse::<u16>() {
        return Ok(SocketAddr::from(([0, 0, 0, 0], port)));
    }
    let known = text.replacen("localhost:", "127.0.0.1:", 1);
    known
        .parse()
        .map_err(|_| format!("{text:?} is not address:port, e.g. 0.0.0.0:8000, or a port"))
}

/// Items separated by commas.
pub(crate) fn list(text: &str) -> Vec<String> {
    let items = text.split(',').map(str::trim);
    items
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect()
}

/// A percentage.
pub(crate) fn percent(text: &str) -> Result<f64, String> {
    let given = text.strip_suffix('%').unwrap_or(text).trim_end();
    let percent: f64 = number(given, "a percentage, e.g. 70")?;
    if !(0.0..=100.0).contains(&percent) {
        return Err(format!("{text} is not between 0 and 100 percent"));
    }
    Ok(percent)
}

/// Seconds in a unit of time.
const UNITS: [(&str, f64); 5] = [
    ("ms", 0.001),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3_600.0),
    ("d", 86_400.0),
];

/// `5s`, `15m`, `1h30m`, `500ms`; a bare number is seconds. `within` is in seconds.
pub(crate) fn time(text: &str, within: (f64, f64)) -> Result<Duration, String> {
    let seconds = match text.parse::<f64>() {
        Ok(seconds) => Some(seconds),
        Err(_) => with_units(&text.to_ascii_lowercase()),
    };
    let seconds = seconds
        .filter(|seconds| seconds.is_finite())
        .ok_or_else(|| {
            format!("{text:?} is not a length of time: seconds, or with a unit, e.g. 5s, 15m, 2h")
        })?;
    let (least, most) = within;
    if !(least..=most).contains(&seconds) {
        let (least, most) = (in_words(least), in_words(most));
        return Err(format!("{text} is not a time from {least} to {most}"));
    }
    Duration::try_from_secs_f64(seconds).map_err(|error| format!("{text}: {error}"))
}

fn with_units(text: &str) -> Option<f64> {
    let (mut rest, mut seconds) = (text.trim(), 0.0);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let after = after.trim_start();
        let letters = after
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(after.len());
        let (unit, next) = after.split_at(letters);
        let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit)?;
        seconds += number.parse::<f64>().ok()? * scale;
        rest = next.trim_start();
    }
    Some(seconds)
}

/// In the largest unit that gives a whole number.
fn in_words(seconds: f64) -> String {
    let whole = |scale: f64| (seconds / scale).fract() == 0.0;
    let unit = UNITS.iter().rev().find(|(_, scale)| whole(*scale));
    match unit {
        Some((name, scale)) if seconds > 0.0 => format!("{}{name}", seconds / scale),
        _ => format!("{seconds}s"),
    }
}

/// A length of time as its variable shows it: in seconds.
pub(crate) fn seconds(time: Duration) -> Option<String> {
    Some(time.as_secs_f64().to_string())
}

/// A zone by its IANA name or as an offset; Korea's and UTC are known without the system's data.
///
/// # Errors
///
/// What it is not, in words.
pub fn zone(text: &str) -> Result<TimeZone, String> {
    if let Some(offset) = offset(text) {
        return Ok(TimeZone::fixed(offset));
    }
    for (name, zone) in [
        ("UTC", TimeZone::UTC),
        ("Asia/Seoul", TimeZone::fixed(jiff::tz::offset(9))),
    ] {
        if name.eq_ignore_ascii_case(text) {
            return Ok(zone);
        }
    }
    TimeZone::get(text).map_err(|_| {
        format!("{text:?} is no time zone that this machine knows, e.g. UTC, Asia/Seoul or +09:00")
    })
}

/// `+09:00`, `-0330` or `+9`.
fn offset(text: &str) -> Option<Offset> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = match (rest.split_once(':'), rest.len()) {
        (Some(parts), _) => parts,
        (None, 4) => rest.split_at_checked(2)?,
        (None, _) => (rest, "0"),
    };
    let (hours, minutes): (u8, u8) = (hours.parse().ok()?, minutes.parse().ok()?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = i32::from(hours) * 3_600 + i32::from(minutes) * 60;
    Offset::from_seconds(sign * seconds).ok()
}

/// A secret shows only that it is there.
pub(crate) fn masked<T>(secret: Option<&T>) -> Option<String> {
    secret.map(|_| bongsu_secret::MASK.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_time(text: &str, want: Option<u64>) {
        let got = time(text, (0.0, 1e6)).ok();
        assert_eq!(
            got.map(|time| time.as_millis()),
            want.map(u128::from),
            "{text}"
        );
    }

    #[test]
    fn times() {
        check_time("5", Some(5_000));
        check_time("0", Some(0));
        check_time("0.5", Some(500));
        check_time("5s", Some(5_000));
        check_time("15m", Some(900_000));
        check_time("15 m", Some(900_000));
        check_time("2H", Some(7_200_000));
        check_time("1d", Some(86_400_000));
        check_time("1h30m", Some(5_400_000));
        check_time("500ms", Some(500));
        for wrong in [
            "",
            "m",
            "5x",
            "-1",
            "1h-3m",
            "inf",
            "NaN",
            "soon",
            "5 5s",
            "99999999999",
        ] {
            check_time(wrong, None);
        }
        let error = time("99999999999", (0.0, 3_600.0)).unwrap_err();
        assert_eq!(error, "99999999999 is not a time from 0s to 1h");
    }

    #[test]
    fn percentages() {
        assert_eq!(percent("70"), Ok(70.0));
        assert_eq!(percent("70.5 %"), Ok(70.5));
        for wrong in ["101", "-1", "NaN", "hot"] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses() {
        let check = |text: &str, want: Option<&str>| {
            let got = address(text).ok().map(|address| address.to_string());
            assert_eq!(got.as_deref(), want, "{text}");
        };
        check("0.0.0.0:8000", Some("0.0.0.0:8000"));
        check("[::1]:8000", Some("[::1]:8000"));
        check("8080", Some("0.0.0.0:8080"));
        check(":8080", Some("0.0.0.0:8080"));
        check("localhost:80", Some("127.0.0.1:80"));
        check("tcp://10.0.0.1:80", None);
        check("70000", None);
        check("nowhere", None);
    }
}
