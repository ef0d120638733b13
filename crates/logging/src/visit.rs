//! Writes fields into a line, whatever the user's values do.

use crate::json::line::{Escaped, Line};
use crate::preset::Exception;
use crate::redact::MASK;
use crate::scheme::{Layout, Scheme};
use crate::site::{Key, Kind, Site};
use crate::span::Seg;
use bongsu_text::causes;
use std::backtrace::Backtrace;
use std::error::Error;
use std::fmt::{self, Write as _};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tracing_core::field::{Field, Visit};

/// Causes written of an error's chain.
const CHAIN_DEPTH: usize = 16;
/// Room a field needs at least: a number, quotes, the mask.
const FIELD_ROOM: usize = 128;

/// A visitor over the fields of one event or span.
pub(crate) struct Visitor<'a> {
    pub(crate) line: &'a mut Line,
    pub(crate) site: &'a Site,
    pub(crate) scheme: &'a Scheme,
    /// Longest rendered value.
    pub(crate) value_limit: usize,
    pub(crate) backtrace: bool,
    /// Where a span's fields end; `None` for an event.
    segs: Option<&'a mut Vec<Seg>>,
    /// The end of a value matters to somebody.
    tracked: bool,
    /// JSON without patterns to look for: text goes in as it is.
    direct: bool,
    /// The nested object, if the preset has one, is open.
    pub(crate) opened: bool,
    /// A message that came after the nested object was opened: belongs behind it.
    pub(crate) late_message: Option<Vec<u8>>,
    late_from: Option<usize>,
    error_type: Option<Range<usize>>,
    /// The preset's key of an error's message is written.
    has_exception: bool,
}

impl<'a> Visitor<'a> {
    #[inline(always)]
    pub(crate) fn new(
        line: &'a mut Line,
        site: &'a Site,
        scheme: &'a Scheme,
        value_limit: usize,
    ) -> Visitor<'a> {
        Visitor {
            line,
            site,
            scheme,
            value_limit,
            backtrace: false,
            segs: None,
            tracked: false,
            direct: scheme.direct,
            opened: site.open.is_empty(),
            late_message: None,
            late_from: None,
            error_type: None,
            has_exception: false,
        }
    }

    /// Notes where each of a span's fields ends.
    pub(crate) fn keep_ends(&mut self, segs: &'a mut Vec<Seg>) {
        self.segs = Some(segs);
        self.tracked = true;
    }

    /// Writes the key; `None` when there is nothing more to write for this field.
    #[inline(always)]
    fn open(&mut self, field: &Field) -> Option<&'a Key> {
        match self.open_short(field) {
            Some(key) => Some(key),
            None => self.open_special(self.site.keys.get(field.index())?),
        }
    }

    /// Writes a plain field's short key; `None` leaves everything to do.
    #[inline(always)]
    fn open_short(&mut self, field: &Field) -> Option<&'a Key> {
        let key = self.site.keys.get(field.index())?;
        let (chunk, len) = key.short()?;
        if !self.opened || !self.line.room(FIELD_ROOM) {
            return None;
        }
        self.line.chunk(chunk, len);
        Some(key)
    }

    fn write_key(&mut self, key: &Key) -> bool {
        let text = key.text();
        let room = self.line.room(FIELD_ROOM + text.len());
        if room {
            self.line.raw(text);
        } else {
            self.line.truncated = true;
        }
        room
    }

    fn write_name(&mut self, name: &str) -> bool {
        let room = self.line.room(FIELD_ROOM + name.len());
        if room {
            self.line.raw(b",\"");
            self.line.raw(name.as_bytes());
            self.line.raw(b"\":");
        } else {
            self.line.truncated = true;
        }
        room
    }

    #[inline(never)]
    fn open_special(&mut self, key: &'a Key) -> Option<&'a Key> {
        if key.kind == Kind::Skip {
            return None;
        }
        if key.kind == Kind::Message {
            if self.opened && !self.site.open.is_empty() {
                self.late_from = Some(self.line.len());
                self.tracked = true;
            }
        } else {
            self.open_nested();
        }
        let error = self
            .scheme
            .error_text()
            .filter(|_| key.kind == Kind::ErrorText);
        let written = match error {
            // Of two errors in a line the second keeps the key of its own.
            Some(name) if !self.has_exception => self.write_name(name),
            _ => self.write_key(key),
        };
        if !written {
            return None;
        }
        self.has_exception |= error.is_some();
        if key.kind == Kind::Redacted {
            self.line.byte(b'"');
            self.line.raw(MASK.as_bytes());
            self.line.byte(b'"');
            self.close(key);
            return None;
        }
        Some(key)
    }

    /// Opens the nested object of the preset, once.
    pub(crate) fn open_nested(&mut self) {
        if !self.opened {
            self.opened = true;
            // A span's fields go into an object that is open already.
            if self.segs.is_none() {
                self.line.raw(&self.site.open);
            }
        }
    }

    #[inline(always)]
    fn close(&mut self, key: &Key) {
        if self.tracked {
            self.track(key);
        }
    }

    fn track(&mut self, key: &Key) {
        if let Some(segs) = &mut self.segs {
            segs.push(Seg {
                hash: key.hash,
                end: self.line.len() as u32,
            });
        }
        if let Some(from) = self.late_from.take() {
            let message = self.line.buf.split_off(from);
            // It comes back behind the object: its room is taken.
            self.line.limit -= message.len();
            self.late_message = Some(message);
        }
    }

    /// Text for people carries its message without quotes.
    #[inline(always)]
    fn bare(&self, key: &Key) -> bool {
        key.kind == Kind::Message && self.scheme.layout != Layout::Json
    }

    #[inline(always)]
    fn value_end(&self) -> usize {
        self.line.limit.min(self.line.len() + self.value_limit)
    }

    #[inline(always)]
    fn string(&mut self, key: &Key, write: impl FnOnce(&mut Self, usize)) {
        let bare = self.bare(key);
        if !bare {
            self.line.byte(b'"');
        }
        let end = self.value_end();
        write(self, end);
        if !bare {
            self.line.byte(b'"');
        }
        self.close(key);
    }

    /// Formats a user's value. Its `Debug` may fail or panic: the line stays whole and says so.
    fn formatted(&mut self, end: usize, value: fmt::Arguments<'_>) {
        if !self.direct && self.scheme.redactor.has_patterns() {
            return self.masked(end, value);
        }
        let mut out = Escaped {
            line: self.line,
            end,
        };
        let result = catch_unwind(AssertUnwindSafe(|| out.write_fmt(value)));
        self.note_failure(end, result);
    }

    /// As above through a text of its own, since a secret may come in pieces.
    #[inline(never)]
    fn masked(&mut self, end: usize, value: fmt::Arguments<'_>) {
        let mut text = Bounded {
            text: String::new(),
            limit: self.value_limit,
            cut: false,
        };
        let result = catch_unwind(AssertUnwindSafe(|| text.write_fmt(value)));
        self.line.truncated |= text.cut;
        let masked = self.scheme.redactor.mask(&text.text);
        self.line.text(masked.as_deref().unwrap_or(&text.text), end);
        self.note_failure(end, result);
    }

    #[inline(always)]
    fn note_failure(
        &mut self,
        end: usize,
        result: Result<fmt::Result, Box<dyn std::any::Any + Send>>,
    ) {
        match result {
            Ok(Ok(())) => {}
            Ok(Err(_)) if self.line.truncated => {}
            Ok(Err(_)) => {
                self.line.text("<formatting failed>", end);
            }
            // Dropping a payload runs user code as well.
            Err(payload) => {
                std::mem::forget(payload);
                self.line.text("<formatting panicked>", end);
            }
        }
    }

    /// Text that may be a message, an error's type, or hide a secret.
    #[inline(never)]
    fn long_str(&mut self, key: &Key, value: &str) {
        let from = self.line.len();
        self.string(key, |v, end| {
            let masked = v.scheme.redactor.mask(value);
            v.line.text(masked.as_deref().unwrap_or(value), end);
        });
        if key.kind == Kind::ErrorType && self.segs.is_none() {
            self.error_type = Some(from..self.line.len());
        }
    }

    /// An error and its causes in one string, for spans and for text.
    fn error_text(&mut self, end: usize, error: &(dyn Error + 'static)) {
        self.formatted(end, format_args!("{}", Joined(error)));
    }

    /// An error as the preset's exception fields.
    #[inline(never)]
    fn exception(&mut self, error: &(dyn Error + 'static)) {
        self.has_exception = true;
        self.open_nested();
        if !self.line.room(FIELD_ROOM * 2) {
            self.line.truncated = true;
            return;
        }
        let start = self.line.len();
        let (object, [type_key, message_key, chain_key, stack_key]) =
            match self.scheme.keys.exception {
                Exception::Object(name) => (Some(name), ["type", "message", "chain", "backtrace"]),
                Exception::Flat(keys) => (None, keys),
            };
        let written = catch_unwind(AssertUnwindSafe(|| {
            let mut first = object.is_some();
            if let Some(name) = object {
                self.line.raw(b",\"");
                self.line.raw(name.as_bytes());
                self.line.raw(b"\":{");
            }
            if let Some(range) = self.error_type.clone() {
                // Said already once in the line: a long one need not be said twice.
                if self.line.room(range.len() + FIELD_ROOM) {
                    self.member(&mut first, type_key);
                    self.line.buf.extend_from_within(range);
                } else {
                    self.line.truncated = true;
                }
            } else if let Some(name) = debug_name(error) {
                self.member(&mut first, type_key);
                self.quoted(format_args!("{name}"));
            }
            self.member(&mut first, message_key);
            self.quoted(format_args!("{error}"));
            self.member(&mut first, chain_key);
            self.line.byte(b'[');
            for (i, cause) in causes(error).take(CHAIN_DEPTH).enumerate() {
                if !self.line.room(FIELD_ROOM) {
                    self.line.truncated = true;
                    break;
                }
                if i > 0 {
                    self.line.byte(b',');
                }
                self.quoted(format_args!("{cause}"));
            }
            self.line.byte(b']');
            if self.backtrace && self.line.room(FIELD_ROOM) {
                let backtrace = Backtrace::force_capture();
                self.member(&mut first, stack_key);
                self.quoted(format_args!("{backtrace}"));
            }
            if object.is_some() {
                self.line.byte(b'}');
            }
        }));
        if let Err(payload) = written {
            std::mem::forget(payload);
            self.line.buf.truncate(start);
            let mut first = object.is_some();
            if let Some(name) = object {
                self.line.raw(b",\"");
                self.line.raw(name.as_bytes());
                self.line.raw(b"\":{");
            }
            self.member(&mut first, message_key);
            self.line.raw(b"\"<formatting panicked>\"");
            if object.is_some() {
                self.line.byte(b'}');
            }
        }
    }

    fn member(&mut self, first: &mut bool, key: &str) {
        if !std::mem::take(first) {
            self.line.byte(b',');
        }
        self.line.byte(b'"');
        self.line.raw(key.as_bytes());
        self.line.raw(b"\":");
    }

    fn quoted(&mut self, value: fmt::Arguments<'_>) {
        self.line.byte(b'"');
        let end = self.value_end();
        self.formatted(end, value);
        self.line.byte(b'"');
    }
}

/// An error, then its causes.
struct Joined<'a>(&'a (dyn Error + 'static));

impl fmt::Display for Joined<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        for cause in causes(self.0).take(CHAIN_DEPTH) {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}

/// A text with a ceiling.
struct Bounded {
    text: String,
    limit: usize,
    cut: bool,
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        let room = self.limit - self.text.len();
        if s.len() <= room {
            self.text.push_str(s);
            return Ok(());
        }
        self.text.push_str(&s[..s.floor_char_boundary(room)]);
        self.cut = true;
        Err(fmt::Error)
    }
}

/// The name an error's derived `Debug` starts with; the only trace of a type behind `dyn Error`.
pub(crate) fn debug_name(error: &(dyn Error + 'static)) -> Option<String> {
    let mut head = Bounded {
        text: String::new(),
        limit: 64,
        cut: false,
    };
    // Cut by intent: the error value of the formatter says nothing here.
    let _ = write!(head, "{error:?}");
    let end = head
        .text
        .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
        .unwrap_or(head.text.len());
    let name = &head.text[..end];
    (name.starts_with(|c: char| c.is_alphabetic()) && end < 64).then(|| name.to_owned())
}

impl Visit for Visitor<'_> {
    #[inline]
    fn record_f64(&mut self, field: &Field, value: f64) {
        if let Some(key) = self.open(field) {
            self.line.f64(value);
            self.close(key);
        }
    }

    #[inline]
    fn record_i64(&mut self, field: &Field, value: i64) {
        if let Some(key) = self.open(field) {
            self.line.i64(value);
            self.close(key);
        }
    }

    #[inline]
    fn record_u64(&mut self, field: &Field, value: u64) {
        if let Some(key) = self.open(field) {
            self.line.u64(value);
            self.close(key);
        }
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        if let Some(key) = self.open(field) {
            self.string(key, |v, end| v.formatted(end, format_args!("{value}")));
        }
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        if let Some(key) = self.open(field) {
            self.string(key, |v, end| v.formatted(end, format_args!("{value}")));
        }
    }

    #[inline]
    fn record_bool(&mut self, field: &Field, value: bool) {
        if let Some(key) = self.open(field) {
            if value {
                self.line.raw(b"true");
            } else {
                self.line.raw(b"false");
            }
            self.close(key);
        }
    }

    #[inline]
    fn record_str(&mut self, field: &Field, value: &str) {
        match self.open_short(field) {
            Some(key) if self.direct => {
                self.line.byte(b'"');
                let end = self.value_end();
                self.line.text(value, end);
                self.line.byte(b'"');
                self.close(key);
            }
            Some(key) => self.long_str(key, value),
            None => {
                if let Some(key) = self.open(field) {
                    self.long_str(key, value);
                }
            }
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let Some(key) = self.site.keys.get(field.index()) else {
            return;
        };
        let json = self.scheme.layout == Layout::Json;
        if json && self.segs.is_none() && !self.has_exception && key.kind != Kind::Redacted {
            self.exception(value);
        } else if let Some(key) = self.open(field) {
            self.string(key, |v, end| v.error_text(end, value));
        }
    }

    #[inline]
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if let Some(key) = self.open(field) {
            self.string(key, |v, end| v.formatted(end, format_args!("{value:?}")));
        }
    }
}
