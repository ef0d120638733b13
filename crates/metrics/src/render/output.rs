//! Where the page goes: one buffer, or a small one in front of gzip.

use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};

use crate::index::LINE;

/// Bytes gathered before they are packed.
const CHUNK: usize = 64 * 1024;
/// Bytes of lines gathered before they are copied on; they stay in the first cache.
const SHEET: usize = 8 * 1024;
/// Longest value, the line feed counted.
const VALUE: usize = 40;

/// A rendered page, ready to be an HTTP answer with status 200.
#[derive(Debug, Clone)]
pub struct Page {
    /// `Content-Type`.
    pub content_type: &'static str,
    /// `Content-Encoding`, when the body is compressed. Answer with `Vary: Accept, Accept-Encoding`.
    pub content_encoding: Option<&'static str>,
    /// The body.
    pub body: Bytes,
}

/// The memory of the latest page, kept for the next: asking the system for it anew costs more than
/// writing the page.
#[derive(Debug, Default)]
pub(crate) struct Spare(Mutex<Vec<u8>>);

impl Spare {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn give_back(&self, mut buffer: Vec<u8>) {
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One is kept, and not one that was made for a page four times as long.
        if buffer.capacity() > spare.capacity() && buffer.capacity() <= 4 * buffer.len() + CHUNK {
            buffer.clear();
            *spare = buffer;
        }
    }
}

/// A body that gives its memory back when the answer was sent.
struct Body {
    buffer: Vec<u8>,
    spare: Arc<Spare>,
}

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        &self.buffer
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.spare.give_back(std::mem::take(&mut self.buffer));
    }
}

/// A page being written.
pub(crate) struct Output {
    buffer: Vec<u8>,
    /// Whole lines on their way to the buffer, so that they go there many at a time.
    sheet: Box<[u8]>,
    /// Where the sheet's text ends.
    end: usize,
    gzip: Option<GzEncoder<Vec<u8>>>,
    /// Bytes that went to gzip.
    packed: usize,
}

impl Output {
    /// For a page of about `expected` bytes.
    pub(crate) fn new(expected: usize, gzip: bool, spare: &Spare) -> Self {
        // Level 1: higher ones cost more than the rest of the scrape together.
        let encoder = |room| GzEncoder::new(Vec::with_capacity(room), Compression::fast());
        let mut buffer = if gzip { Vec::new() } else { spare.take() };
        buffer.reserve(if gzip {
            CHUNK * 2
        } else {
            expected + expected / 16 + 4096
        });
        Self {
            buffer,
            sheet: vec![0; SHEET].into(),
            end: 0,
            gzip: gzip.then(|| encoder(expected / 8 + 4096)),
            packed: 0,
        }
    }

    /// The text not yet packed.
    #[inline]
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        if self.end > 0 {
            self.turn();
        }
        &mut self.buffer
    }

    /// Writes one line: up to its value by `start`, which says where it ended, then the value. `false`
    /// when `start` gave up.
    #[inline]
    pub(crate) fn line(
        &mut self,
        start: impl FnOnce(&mut [u8; LINE]) -> Option<usize>,
        value: &[u8],
    ) -> bool {
        if self.end + LINE + VALUE > SHEET {
            self.turn();
        }
        let Some(room) = self.sheet[self.end..].first_chunk_mut() else {
            return false;
        };
        let Some(length) = start(room) else {
            return false;
        };
        let at = self.end + length;
        let end = at + value.len();
        match self.sheet.get_mut(at..=end) {
            Some([place @ .., feed]) if value.len() < VALUE => {
                place.copy_from_slice(value);
                *feed = b'\n';
                self.end = end + 1;
                true
            }
            _ => false,
        }
    }

    /// Moves the sheet's lines to the buffer.
    #[cold]
    fn turn(&mut self) {
        self.buffer.extend_from_slice(&self.sheet[..self.end]);
        self.end = 0;
        self.pack_full();
    }

    #[inline]
    pub(crate) fn push(&mut self, text: &str) {
        self.buffer().extend_from_slice(text.as_bytes());
    }

    pub(crate) fn all(&mut self, parts: &[&str]) {
        for part in parts {
            self.push(part);
        }
    }

    /// Ends a line; a full buffer is packed.
    #[inline]
    pub(crate) fn end_line(&mut self) {
        self.buffer().push(b'\n');
        self.pack_full();
    }

    #[inline]
    fn pack_full(&mut self) {
        if self.gzip.is_some() && self.buffer.len() >= CHUNK {
            self.pack();
        }
    }

    fn pack(&mut self) {
        if let Some(gzip) = &mut self.gzip {
            // Writing to a vector cannot fail.
            let _ = gzip.write_all(&self.buffer);
            self.packed += self.buffer.len();
            self.buffer.clear();
        }
    }

    /// Bytes of text so far.
    pub(crate) fn written(&self) -> usize {
        self.packed + self.buffer.len() + self.end
    }

    /// The body and its `Content-Encoding`.
    pub(crate) fn finish(mut self, spare: &Arc<Spare>) -> (Option<&'static str>, Bytes) {
        self.turn();
        self.pack();
        match self.gzip {
            Some(gzip) => (Some("gzip"), gzip.finish().unwrap_or_default().into()),
            None => {
                let spare = Arc::clone(spare);
                let buffer = self.buffer;
                (None, Bytes::from_owner(Body { buffer, spare }))
            }
        }
    }

    /// The page, not packed, as text.
    pub(crate) fn into_text(mut self) -> String {
        self.turn();
        // Names, help and labels came in as text.
        String::from_utf8(self.buffer)
            .unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
    }
}
