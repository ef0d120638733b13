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
    #[inline]
    pub(crate) fn text(&mut self, s: &str, end: usize) -> bool {
        if self.buf.len() + s.len() <= end && escape::is_clean(s.as_bytes()) {
            escape::push_short(&mut self.buf, s.as_bytes());
            return true;
        }
        let whole = escape::push_escaped(&mut self.buf, s, end);
        self.truncated |= !whole;
        whole
    }

    #[inline]
    pub(crate) fn u64(&mut self, v: u64) {
        if v < 10 {
            self.buf.push(b'0' + v as u8);
        } else {
            let mut digits = itoa::Buffer::new();
            escape::push_short(&mut self.buf, digits.format(v).as_bytes());
        }
    }

    #[inline]
    pub(crate) fn i64(&mut self, v: i64) {
        if v < 0 {
            self.buf.push(b'-');
        }
        self.u64(v.unsigned_abs());
    }

    /// A number, or `null` for what JSON cannot say.
    #[inline]
    pub(crate) fn f64(&mut self, v: f64) {
        if v.is_finite() {
            let mut digits = zmij::Buffer::new();
            escape::push_short(&mut self.buf, digits.format_finite(v).as_bytes());
        } else {
            self.buf.extend_from_slice(b"null");
        }
    }
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
