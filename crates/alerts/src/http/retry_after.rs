//! `Retry-After`: seconds, or one of HTTP's three date forms.

use std::time::Duration;

use jiff::Timestamp;

/// The wait that the header asks for, seen from `now`; at most 30 days.
pub(super) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    const MOST: u64 = 30 * 24 * 3600;
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        #[expect(clippy::cast_precision_loss, reason = "a round number of days")]
        let most = MOST as f64;
        return (seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(most)));
    }
    let at = jiff::fmt::rfc2822::parse(value)
        .map(|zoned| zoned.timestamp())
        .ok()
        .or_else(|| {
            ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
                .iter()
                .find_map(|format| jiff::civil::DateTime::strptime(format, value).ok())
                .and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok())
                .map(|zoned| zoned.timestamp())
        })?;
    let seconds = at.as_second().saturating_sub(now.as_second());
    Some(Duration::from_secs(
        u64::try_from(seconds).unwrap_or(0).min(MOST),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        let now = Timestamp::from_second(784_111_777).unwrap();
        let check = |value: &str, want: Option<u64>| {
            assert_eq!(
                retry_after(value, now),
                want.map(Duration::from_secs),
                "{value:?}"
            );
        };
        check("7", Some(7));
        check(" 120 ", Some(120));
        check("0", Some(0));
        check("-5", None);
        check("NaN", None);
        check("inf", Some(30 * 24 * 3600));
        check("99999999999999", Some(30 * 24 * 3600));
        check("soon", None);
        check("", None);
        check("Sun, 06 Nov 1994 08:50:37 GMT", Some(60));
        check("Sunday, 06-Nov-94 08:50:37 GMT", Some(60));
        check("Sun Nov  6 08:50:37 1994", Some(60));
        check("Sun, 06 Nov 1994 08:49:00 GMT", Some(0));
    }
}
