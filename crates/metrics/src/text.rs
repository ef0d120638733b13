//! Pieces of the exposition formats: escapes and numbers.

use std::io::Write as _;

use crate::index::{ROOM, run};

/// `a="1",b="2"`, escaped.
pub(crate) fn write_labels(out: &mut Vec<u8>, labels: &[impl AsRef<str>], values: &[&str]) {
    for (i, (label, value)) in labels.iter().zip(values).enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.extend_from_slice(label.as_ref().as_bytes());
        out.extend_from_slice(b"=\"");
        escape_bytes(out, value.as_bytes(), true);
        out.push(b'"');
    }
}

/// Whether [`escape_bytes`] would change a label value.
pub(crate) fn needs_escape(value: &str) -> bool {
    value
        .bytes()
        .any(|byte| matches!(byte, b'\\' | b'"' | b'\n'))
}

/// Backslash and line feed are escaped, the quote where `quotes` says so, nothing else. Label values
/// escape it; so does the help text of OpenMetrics, but not that of the text format.
pub(crate) fn escape_bytes(out: &mut Vec<u8>, value: &[u8], quotes: bool) {
    let mut from = 0;
    for (i, byte) in value.iter().enumerate() {
        let with: &[u8] = match byte {
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'"' if quotes => b"\\\"",
            _ => continue,
        };
        out.extend_from_slice(&value[from..i]);
        out.extend_from_slice(with);
        from = i + 1;
    }
    out.extend_from_slice(&value[from..]);
}

pub(crate) fn write_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

pub(crate) fn write_i64(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Writes the number at `at` into a line of [`Entry::write_line`](crate::index::Entry::write_line); the
/// answer is where it ends.
#[inline]
pub(crate) fn put_u64(line: &mut [u8; ROOM], at: usize, value: u64) -> usize {
    if value >= EIGHT {
        return put_long(line, at, value);
    }
    let digits = eight_digits(value);
    let zeros = (digits | 1 << 63).trailing_zeros() / 8;
    let text = (digits | ZEROS) >> (8 * zeros);
    *run(line, at) = text.to_le_bytes();
    at + 8 - zeros as usize
}

/// 10^8.
const EIGHT: u64 = 100_000_000;
const ZEROS: u64 = u64::from_le_bytes(*b"00000000");

#[cold]
fn put_long(line: &mut [u8; ROOM], at: usize, value: u64) -> usize {
    let at = put_u64(line, at, value / EIGHT);
    *run(line, at) = (eight_digits(value % EIGHT) | ZEROS).to_le_bytes();
    at + 8
}

/// The decimal digits of a number below 10^8, a byte each, the first one lowest: halves, quarters and
/// eighths are split side by side in one word.
#[inline]
fn eight_digits(value: u64) -> u64 {
    let fours = (value / 10_000) | ((value % 10_000) << 32);
    let hundreds = ((fours * 5_243) >> 19) & 0x0000_007F_0000_007F;
    let pairs = hundreds | ((fours - hundreds * 100) << 16);
    let tens = ((pairs * 103) >> 10) & 0x000F_000F_000F_000F;
    tens | ((pairs - tens * 10) << 8)
}

/// The shortest text that reads back as the same number; never 301 digits.
pub(crate) fn write_f64(out: &mut Vec<u8>, value: f64) {
    let size = value.abs();
    let _ = if value.is_nan() {
        write!(out, "NaN")
    } else if value.is_infinite() {
        write!(out, "{}Inf", if value > 0.0 { '+' } else { '-' })
    } else if size < 1e15 && value.trunc() == value && (value != 0.0 || value.is_sign_positive()) {
        write_i64(out, value as i64);
        Ok(())
    } else if value == 0.0 || (1e-5..1e15).contains(&size) {
        write!(out, "{value}")
    } else {
        write!(out, "{value:e}")
    };
}

/// Whole nanoseconds as seconds, exactly.
pub(crate) fn write_nanos(out: &mut Vec<u8>, nanos: u64) {
    write_u64(out, nanos / 1_000_000_000);
    let mut rest = nanos % 1_000_000_000;
    if rest == 0 {
        return;
    }
    let mut digits = [b'0'; 9];
    let mut used = 9;
    for digit in digits.iter_mut().rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    while used > 1 && digits[used - 1] == b'0' {
        used -= 1;
    }
    out.push(b'.');
    out.extend_from_slice(&digits[..used]);
}

/// A bound as a float in the canonical form of OpenMetrics, in both formats alike, so that a change of
/// format does not change the series: `1.0`, `0.005`, `1e+06`-like forms are not used.
pub(crate) fn write_bound(out: &mut Vec<u8>, bound: f64) {
    let from = out.len();
    write_f64(out, bound);
    if !out[from..].iter().any(|byte| b".eIN".contains(byte)) {
        out.extend_from_slice(b".0");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let check = |value: f64, text: &str| {
            let mut out = Vec::new();
            write_f64(&mut out, value);
            assert_eq!(String::from_utf8_lossy(&out), text);
            if value.is_finite() {
                assert_eq!(text.parse::<f64>().ok(), Some(value));
            }
        };
        check(0.0, "0");
        check(-0.0, "-0");
        check(1.0, "1");
        check(-3.0, "-3");
        check(0.1, "0.1");
        check(1e300, "1e300");
        check(-1.5e-9, "-1.5e-9");
        check(5e-324, "5e-324");
        check(9_007_199_254_740_993.0, "9.007199254740992e15");
        check(123_456_789.25, "123456789.25");
        check(f64::INFINITY, "+Inf");
        check(f64::NEG_INFINITY, "-Inf");
        check(f64::NAN, "NaN");
    }

    #[test]
    fn whole_numbers_in_place() {
        let check = |value: u64| {
            let mut line = [b'x'; ROOM];
            let end = put_u64(&mut line, 3, value);
            assert_eq!(&line[3..end], value.to_string().as_bytes());
            assert_eq!(&line[..3], b"xxx");
        };
        (0..20_000).for_each(check);
        (0..10_000).for_each(|i| check(i * 10_000 + 9_999));
        for power in 0..20 {
            let power = 10_u64.pow(power);
            [power - 1, power, power + 1].into_iter().for_each(check);
            check(power.saturating_mul(9));
        }
        check(u64::MAX);
        let mut value = 0x2545_F491_4F6C_DD1D_u64;
        for i in 0..20_000 {
            value = value
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            check(value >> (i % 64));
        }
    }

    #[test]
    fn nanoseconds_are_exact() {
        let check = |nanos, text: &str| {
            let mut out = Vec::new();
            write_nanos(&mut out, nanos);
            assert_eq!(String::from_utf8_lossy(&out), text);
        };
        check(0, "0");
        check(1, "0.000000001");
        check(500_000_000, "0.5");
        check(1_000_000_000, "1");
        check(12_345_678_901_234_567, "12345678.901234567");
    }

    #[test]
    fn bounds_are_canonical_floats() {
        let check = |bound, text: &str| {
            let mut out = Vec::new();
            write_bound(&mut out, bound);
            assert_eq!(String::from_utf8_lossy(&out), text);
        };
        check(0.005, "0.005");
        check(1.0, "1.0");
        check(16_777_216.0, "16777216.0");
        check(1e18, "1e18");
    }

    #[test]
    fn escapes() {
        let check = |value: &str, text: &str| {
            let mut out = Vec::new();
            escape_bytes(&mut out, value.as_bytes(), true);
            assert_eq!(String::from_utf8_lossy(&out), text);
        };
        check(r"C:\x", r"C:\\x");
        check(r"C:\\x", r"C:\\\\x");
        check("say \"hi\"\nbye", r#"say \"hi\"\nbye"#);
        check("한글 tab\t", "한글 tab\t");
    }
}
