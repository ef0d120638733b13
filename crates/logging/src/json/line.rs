//! One line under construction: a byte buffer with a ceiling.

use super::escape;
use std::fmt;

/// Room kept free for the closing bytes (`"truncated":true`, `"suppressed":N`, braces).
pub(crate) const TAIL: usize = 96;

/// A line being built. Nothing is written past `limit` except the tail.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) buf: Vec<u8>,
    /// Where values must stop.
    pub(crate) limit: usize,
    pub(crate) truncated: bool,
}

impl Line {
    #[inline]
    pub(crate) fn new(mut buf: Vec<u8>, limit: usize) -> Line {
        buf.clear();
        if buf.capacity() < 1024 {
            buf.reserve(2048);
        }
        Line {
            buf,
            limit,
            truncated: false,
        }
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.buf.len()
    }

    #[inline(always)]
    pub(crate) fn room(&self, n: usize) -> bool {
        self.buf.len() + n <= self.limit
    }

    #[inline(always)]
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.buf.extend_from_slice(bytes);
    }

    #[inline(always)]
    pub(crate) fn byte(&mut self, b: u8) {
        self.buf.push(b);
    }

    /// Copies the first `n` of 32 bytes: a fixed-size move and a new length, no call.
    #[inline(always)]
    pub(crate) fn chunk(&mut self, chunk: &[u8; 32], n: usize) {
        let start = self.buf.len();
        self.buf.extend_from_slice(chunk);
        self.buf.truncate(start + n);
    }

    /// Appends text escaped, without quotes. False when cut at the limit.
    #[inline(always)]
    pub(crate) fn text(&mut self, s: &str, end: usize) -> bool {
        if self.buf.len() + s.len() <= end && escape::push_clean(&mut self.buf, s.as_bytes()) {
            return true;
        }
        self.text_slow(s, end)
    }

    #[cold]
    #[inline(never)]
    fn text_slow(&mut self, s: &str, end: usize) -> bool {
        let whole = escape::push_escaped(&mut self.buf, s, end);
        self.truncated |= !whole;
        whole
    }

    #[inline]
    pub(crate) fn u64(&mut self, v: u64) {
        let digit = |v: u32| b'0' + (v % 10) as u8;
        let small = v as u32;
        match v {
            0..10 => self.buf.push(digit(small)),
            10..100 => self
                .buf
                .extend_from_slice(&[digit(small / 10), digit(small)]),
            100..1_000 => {
                let digits = [digit(small / 100), digit(small / 10), digit(small)];
                self.buf.extend_from_slice(&digits);
            }
            1_000..10_000 => {
                let (high, low) = (small / 100, small % 100);
                let digits = [digit(high / 10), digit(high), digit(low / 10), digit(low)];
                self.buf.extend_from_slice(&digits);
            }
            _ => {
                let mut digits = itoa::Buffer::new();
                escape::push_short(&mut self.buf, digits.format(v).as_bytes());
            }
        }
    }

    #[inline]
    pub(crate) fn i64(&mut self, v: i64) {
        if v < 0 {
            self.buf.push(b'-');
        }
        self.u64(v.unsigned_abs());
    }

    #[inline]
    fn fixed(&mut self, thousandths: u64) {
        let digit = |v: u64| b'0' + (v % 10) as u8;
        self.u64(thousandths / 1_000);
        let [a, b, c] = [100, 10, 1].map(|unit| digit(thousandths / unit));
        match (b, c) {
            (b'0', b'0') => self.buf.extend_from_slice(&[b'.', a]),
            (_, b'0') => self.buf.extend_from_slice(&[b'.', a, b]),
            _ => self.buf.extend_from_slice(&[b'.', a, b, c]),
        }
    }

    /// A number, or `null` for what JSON cannot say.
    #[inline]
    pub(crate) fn f64(&mut self, v: f64) {
        if let Some(thousandths) = thousandths(v) {
            self.fixed(thousandths);
        } else if v.is_finite() {
            let mut digits = zmij::Buffer::new();
            escape::push_short(&mut self.buf, digits.format_finite(v).as_bytes());
        } else {
            self.buf.extend_from_slice(b"null");
        }
    }
}

/// A number of at most three decimals, as prices, percentages and milliseconds mostly are, in thousandths.
/// The nearest number to so few digits has no shorter text than they are.
#[inline]
fn thousandths(v: f64) -> Option<u64> {
    let n = (v * 1e3 + 0.5) as u64;
    (v > 0.0 && v < 1e9 && n as f64 / 1e3 == v).then_some(n)
}

/// `fmt::Write` into a line with escaping; stops the formatter once the line is full.
pub(crate) struct Escaped<'a> {
    pub(crate) line: &'a mut Line,
    pub(crate) end: usize,
}

impl fmt::Write for Escaped<'_> {
    #[inline]
    fn write_str(&mut self, s: &str) -> fmt::Result {
        if self.line.text(s, self.end) {
            Ok(())
        } else {
            Err(fmt::Error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(f: impl FnOnce(&mut Line)) -> String {
        let mut line = Line::new(Vec::new(), 1_000);
        f(&mut line);
        String::from_utf8(line.buf).unwrap()
    }

    #[test]
    fn integers() {
        for v in [0, 9, 10, 99, 100, 999, 1_000, 9_999, 10_000, u64::MAX] {
            assert_eq!(written(|line| line.u64(v)), v.to_string());
        }
        for v in [i64::MIN, -1, 0, 1, i64::MAX] {
            assert_eq!(written(|line| line.i64(v)), v.to_string());
        }
    }

    proptest! {
        #[test]
        fn any_integer_reads_back(v: u64) {
            prop_assert_eq!(written(|line| line.u64(v)), v.to_string());
            let small = v % 20_000;
            prop_assert_eq!(written(|line| line.u64(small)), small.to_string());
        }

        #[test]
        fn few_decimals_are_written_as_the_shortest_text(n in 0u64..2_000_000_000_000) {
            for n in [n, n % 10_000, n % 10_000 * 10, n % 10_000 * 1_000] {
                let v = n as f64 / 1e3;
                let text = written(|line| line.f64(v));
                let mut shortest = zmij::Buffer::new();
                prop_assert_eq!(text, shortest.format_finite(v));
            }
        }

        #[test]
        fn any_float_reads_back_or_is_null(bits: u64) {
            let v = f64::from_bits(bits);
            let text = written(|line| line.f64(v));
            if v.is_finite() {
                prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), bits);
                prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
            } else {
                prop_assert_eq!(text, "null");
            }
        }
    }
}
