//! Numbers for people, as Prometheus writes them.

use jiff::Timestamp;

use super::format::general;

const LARGE: [&str; 8] = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
const SMALL: [&str; 8] = ["m", "u", "n", "p", "f", "a", "z", "y"];
const BINARY: [&str; 8] = ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];

/// Four digits.
fn short(value: f64) -> String {
    general(value, Some(4))
}

/// Divided until it is below `base`.
fn scaled(mut value: f64, base: f64, prefixes: &[&str]) -> String {
    let mut prefix = "";
    for next in prefixes {
        if value.abs() < base {
            break;
        }
        (value, prefix) = (value / base, next);
    }
    short(value) + prefix
}

/// Multiplied until it is at least one.
fn shrunk(mut value: f64) -> (String, &'static str) {
    let mut prefix = "";
    for next in SMALL {
        if value.abs() >= 1.0 {
            break;
        }
        (value, prefix) = (value * 1000.0, next);
    }
    (short(value), prefix)
}

pub(super) fn decimal(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return short(value);
    }
    if value.abs() >= 1.0 {
        return scaled(value, 1000.0, &LARGE);
    }
    let (digits, prefix) = shrunk(value);
    digits + prefix
}

pub(super) fn binary(value: f64) -> String {
    if value.abs() <= 1.0 || !value.is_finite() {
        return short(value);
    }
    scaled(value, 1024.0, &BINARY)
}

pub(super) fn percentage(value: f64) -> String {
    short(value * 100.0) + "%"
}

pub(super) fn duration(value: f64) -> String {
    if !value.is_finite() {
        return short(value);
    }
    if value == 0.0 {
        return short(value) + "s";
    }
    if value.abs() < 1.0 {
        let (digits, prefix) = shrunk(value);
        return format!("{digits}{prefix}s");
    }
    let (sign, value) = if value < 0.0 {
        ("-", -value)
    } else {
        ("", value)
    };
    let whole = value as i64;
    let (seconds, minutes, hours) = (whole % 60, whole / 60 % 60, whole / 3_600 % 24);
    match (whole / 86_400, hours, minutes) {
        (0, 0, 0) => format!("{sign}{}s", short(value)),
        (0, 0, _) => format!("{sign}{minutes}m {seconds}s"),
        (0, _, _) => format!("{sign}{hours}h {minutes}m {seconds}s"),
        (days, _, _) => format!("{sign}{days}d {hours}h {minutes}m {seconds}s"),
    }
}

/// Seconds since 1970 as a time of UTC, to the millisecond.
pub(super) fn timestamp(value: f64) -> Result<String, String> {
    if !value.is_finite() {
        return Ok(short(value));
    }
    let beyond = || {
        format!(
            "{} cannot be represented as a nanoseconds timestamp since it overflows int64",
            general(value, None)
        )
    };
    let nanos = value * 1e9;
    if nanos > i64::MAX as f64 || nanos < i64::MIN as f64 {
        return Err(beyond());
    }
    let time = Timestamp::from_millisecond(nanos as i64 / 1_000_000).map_err(|_| beyond())?;
    let text = time.strftime("%Y-%m-%d %H:%M:%S%.f +0000 UTC").to_string();
    Ok(text)
}
