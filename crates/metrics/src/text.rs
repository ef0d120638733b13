//! Pieces of the exposition formats: escapes and numbers.

use std::io::Write as _;

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
