//! Durations as Prometheus writes them: `1h30m`, `0`, `15s`.

use std::time::Duration;

const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 24 * 3_600_000),
    ("w", 7 * 24 * 3_600_000),
    ("d", 24 * 3_600_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Whole numbers with units, the largest first, each at most once; `0` alone needs none.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let (mut rest, mut units, mut total) = (text, UNITS.iter(), 0_u64);
    while !rest.is_empty() {
        let digits = rest
            .find(|it: char| !it.is_ascii_digit())
            .filter(|it| *it > 0)?;
        let (number, after) = rest.split_at(digits);
        let end = after.find(|it: char| it.is_ascii_digit());
        let (unit, after) = after.split_at(end.unwrap_or(after.len()));
        let (_, millis) = units.find(|(name, _)| *name == unit)?;
        total = number
            .parse::<u64>()
            .ok()?
            .checked_mul(*millis)?
            .checked_add(total)?;
        rest = after;
    }
    // What Prometheus can count in nanoseconds.
    let fits = !text.is_empty() && total <= i64::MAX as u64 / 1_000_000;
    fits.then_some(Duration::from_millis(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_prometheus_reads_them() {
        for (text, millis) in [
            ("0", 0),
            ("0s", 0),
            ("15s", 15_000),
            ("1h30m", 5_400_000),
            ("1m500ms", 60_500),
            ("2y", 63_072_000_000),
            ("1w2d", 777_600_000),
        ] {
            assert_eq!(
                duration(text),
                Some(Duration::from_millis(millis)),
                "{text}"
            );
        }
        for wrong in [
            "",
            "1",
            "5",
            "m",
            "1.5m",
            "-1m",
            "1m1h",
            "1m1m",
            "1 m",
            "1M",
            "300y",
            "99999999999999999999s",
            "1sm",
        ] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
