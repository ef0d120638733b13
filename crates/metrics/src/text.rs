//! Pieces of the exposition formats: escapes, numbers, and the label text of series, written once.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

/// Series in a block.
pub(crate) const BLOCK: usize = 64;

/// Label text of up to [`BLOCK`] series whose cells lie side by side.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// First cell of the first series.
    pub(crate) base: u32,
    text: String,
    ends: Vec<u32>,
}

impl Block {
    /// `a="1",b="2"` for each series.
    pub(crate) fn texts(&self) -> impl ExactSizeIterator<Item = &str> {
        let mut from = 0;
        self.ends.iter().map(move |end| {
            let text = &self.text[from..*end as usize];
            from = *end as usize;
            text
        })
    }
}

/// The blocks of a family. A scrape takes a copy of the list and holds no lock while it writes.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    list: Mutex<Vec<Arc<Block>>>,
}

impl Blocks {
    pub(crate) fn snapshot(&self) -> Vec<Arc<Block>> {
        self.list
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Adds a series' text. `alloc` gives the cells of a new block of `capacity` series, each of
    /// `stride` cells; the answer is the series' first cell.
    pub(crate) fn push(
        &self,
        capacity: usize,
        stride: usize,
        alloc: impl FnOnce(usize) -> Option<u32>,
        labels: &[impl AsRef<str>],
        values: &[&str],
        ready: impl FnOnce(u32),
    ) -> Option<u32> {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        if list.last().is_none_or(|block| block.ends.len() >= capacity) {
            if let Some(block) = list.last_mut().and_then(Arc::get_mut) {
                block.text.shrink_to_fit();
            }
            list.push(Arc::new(Block {
                base: alloc(capacity * stride)?,
                text: String::new(),
                ends: Vec::with_capacity(capacity),
            }));
        }
        let block = Arc::make_mut(list.last_mut()?);
        let cell = block.base + (block.ends.len() * stride) as u32;
        ready(cell);
        write_labels(&mut block.text, labels, values);
        block.ends.push(block.text.len() as u32);
        Some(cell)
    }
}

/// `a="1",b="2"`, escaped.
pub(crate) fn write_labels(out: &mut String, labels: &[impl AsRef<str>], values: &[&str]) {
    for (i, (label, value)) in labels.iter().zip(values).enumerate() {
        if i > 0 {
            out.push(',');
        }
        out.push_str(label.as_ref());
        out.push_str("=\"");
        escape_label(out, value);
        out.push('"');
    }
}

/// A label value: backslash, quote and line feed are escaped, nothing else.
pub(crate) fn escape_label(out: &mut String, value: &str) {
    escape(out, value, true);
}

/// Help text; OpenMetrics escapes the quote as well, the text format does not.
pub(crate) fn escape_help(out: &mut String, help: &str, quotes: bool) {
    escape(out, help, quotes);
}

fn escape(out: &mut String, value: &str, quotes: bool) {
    let mut from = 0;
    for (i, byte) in value.bytes().enumerate() {
        let with = match byte {
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'"' if quotes => "\\\"",
            _ => continue,
        };
        out.push_str(&value[from..i]);
        out.push_str(with);
        from = i + 1;
    }
    out.push_str(&value[from..]);
}

pub(crate) fn write_u64(out: &mut String, value: u64) {
    out.push_str(itoa::Buffer::new().format(value));
}

pub(crate) fn write_i64(out: &mut String, value: i64) {
    out.push_str(itoa::Buffer::new().format(value));
}

/// The shortest text that reads back as the same number; never 301 digits.
pub(crate) fn write_f64(out: &mut String, value: f64) {
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
pub(crate) fn write_nanos(out: &mut String, nanos: u64) {
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
    out.push('.');
    out.extend(digits[..used].iter().map(|digit| char::from(*digit)));
}

/// A bound as a float in the canonical form of OpenMetrics, in both formats alike, so that a change of
/// format does not change the series: `1.0`, `0.005`, `1e+06`-like forms are not used.
pub(crate) fn write_bound(out: &mut String, bound: f64) {
    let from = out.len();
    write_f64(out, bound);
    if !out[from..].contains(['.', 'e', 'I', 'N']) {
        out.push_str(".0");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let check = |value: f64, text: &str| {
            let mut out = String::new();
            write_f64(&mut out, value);
            assert_eq!(out, text);
            if value.is_finite() {
                assert_eq!(out.parse::<f64>().ok(), Some(value));
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
            let mut out = String::new();
            write_nanos(&mut out, nanos);
            assert_eq!(out, text);
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
            let mut out = String::new();
            write_bound(&mut out, bound);
            assert_eq!(out, text);
        };
        check(0.005, "0.005");
        check(1.0, "1.0");
        check(16_777_216.0, "16777216.0");
        check(1e18, "1e18");
    }

    #[test]
    fn escapes() {
        let check = |value: &str, text: &str| {
            let mut out = String::new();
            escape_label(&mut out, value);
            assert_eq!(out, text);
        };
        check(r"C:\x", r"C:\\x");
        check(r"C:\\x", r"C:\\\\x");
        check("say \"hi\"\nbye", r#"say \"hi\"\nbye"#);
        check("한글 tab\t", "한글 tab\t");
    }
}
