//! RFC 3339 text of a moment, with the second cached per thread.

use std::time::SystemTime;

/// Bytes of `2026-11-23T13:36:36.123456`.
pub(crate) const LEN: usize = 26;

/// A second that was rendered already.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Second {
    at: i64,
    text: [u8; LEN],
}

impl Second {
    pub(crate) const EMPTY: Second = Second {
        at: i64::MIN,
        text: *b"0000-00-00T00:00:00.000000",
    };

    /// The text of `unix` seconds (already shifted to the wanted zone) plus `micros`, and whether it is
    /// another second than last time.
    #[inline]
    pub(crate) fn render(&mut self, unix: i64, micros: u32) -> ([u8; LEN], bool) {
        let changed = self.at != unix;
        if changed {
            self.text = civil(unix);
            self.at = unix;
        }
        let mut text = self.text;
        let [a, b] = two(micros / 10_000);
        let [c, d] = two(micros / 100 % 100);
        let [e, f] = two(micros % 100);
        text[20..26].copy_from_slice(&[a, b, c, d, e, f]);
        (text, changed)
    }
}

/// Seconds and microseconds since 1970, negative before it.
#[inline]
pub(crate) fn split(at: SystemTime) -> (i64, u32) {
    match at.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(d) => (d.as_secs() as i64, d.subsec_micros()),
        Err(before) => {
            let d = before.duration();
            let micros = d.subsec_micros();
            if micros == 0 {
                (-(d.as_secs() as i64), 0)
            } else {
                (-(d.as_secs() as i64) - 1, 1_000_000 - micros)
            }
        }
    }
}

#[inline(always)]
fn two(v: u32) -> [u8; 2] {
    [b'0' + (v / 10) as u8, b'0' + (v % 10) as u8]
}

/// Days to a date after Howard Hinnant, "chrono-compatible low-level date algorithms".
fn civil(unix: i64) -> [u8; LEN] {
    let days = unix.div_euclid(86_400);
    let second = unix.rem_euclid(86_400) as u32;
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = (doy - (153 * mp + 2) / 5 + 1) as u32;
    let month = (if mp < 10 { mp + 3 } else { mp - 9 }) as u32;
    let year = (yoe + era * 400 + i64::from(month <= 2)).clamp(0, 9_999) as u32;
    let mut text = Second::EMPTY.text;
    let mut put = |at: usize, v: u32| text[at..at + 2].copy_from_slice(&two(v));
    put(0, year / 100);
    put(2, year % 100);
    put(5, month);
    put(8, day);
    put(11, second / 3_600);
    put(14, second / 60 % 60);
    put(17, second % 60);
    text
}

/// The zone's suffix: `Z`, or `+09:00`.
pub(crate) fn zone_suffix(offset_minutes: i32) -> String {
    if offset_minutes == 0 {
        return "Z".to_owned();
    }
    let sign = if offset_minutes < 0 { '-' } else { '+' };
    let m = offset_minutes.unsigned_abs();
    format!("{sign}{:02}:{:02}", m / 60, m % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn check(unix: i64, micros: u32, want: &str) {
        let mut second = Second::EMPTY;
        let (got, _) = second.render(unix, micros);
        assert_eq!(std::str::from_utf8(&got).unwrap(), want);
    }

    #[test]
    fn known_moments() {
        check(0, 0, "1970-01-01T00:00:00.000000");
        check(951_782_400, 1, "2000-02-29T00:00:00.000001");
        check(1_709_251_199, 999_999, "2024-02-29T23:59:59.999999");
        check(4_102_444_799, 10, "2099-12-31T23:59:59.000010");
        check(-1, 500_000, "1969-12-31T23:59:59.500000");
    }

    #[test]
    fn a_moment_before_1970_does_not_underflow() {
        let at = SystemTime::UNIX_EPOCH - Duration::from_millis(500);
        assert_eq!(split(at), (-1, 500_000));
    }

    #[test]
    fn zones() {
        for (minutes, want) in [(0, "Z"), (540, "+09:00"), (-210, "-03:30")] {
            assert_eq!(zone_suffix(minutes), want);
        }
    }
}
