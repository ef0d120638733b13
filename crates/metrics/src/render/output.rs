//! Where the page goes: one buffer, or a small one in front of gzip.

use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};

use crate::index::{LINE, ROOM};

/// Bytes gathered before they are packed.
const CHUNK: usize = 64 * 1024;
/// Bytes of single pieces gathered before they are copied on; they stay in the first cache.
const PIECES: usize = 8 * 1024;

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

    /// Takes a buffer with a page of `length` bytes. Its text stays, to be written over: memory that was
    /// once written need not be filled with zeros.
    fn give_back(&self, buffer: Vec<u8>, length: usize) {
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One is kept, and not one that was made for a page four times as long.
        if buffer.capacity() > spare.capacity() && buffer.capacity() <= 4 * length + CHUNK {
            *spare = buffer;
        }
    }
}

/// A body that gives its memory back when the answer was sent.
struct Body {
    buffer: Vec<u8>,
    length: usize,
    spare: Arc<Spare>,
}

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        &self.buffer[..self.length]
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        self.spare.give_back(buffer, self.length);
    }
}

/// A page being written.
pub(crate) struct Output {
    /// The text, and behind it what is to be written over.
    buffer: Vec<u8>,
    /// Where the text ends.
    end: usize,
    /// Text that comes next, piece by piece.
    pieces: Vec<u8>,
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
        let room = if gzip {
            CHUNK * 2
        } else {
            expected + expected / 16 + 4096
        };
        buffer.reserve(room.saturating_sub(buffer.len()));
        Self {
            buffer,
            end: 0,
            pieces: Vec::with_capacity(PIECES + 1024),
            gzip: gzip.then(|| encoder(expected / 8 + 4096)),
            packed: 0,
        }
    }

    /// Where text is added piece by piece.
    #[inline]
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.pieces
    }

    /// Writes one line in place by `line`, which says where it ended; `false` when it gave up.
    #[inline]
    pub(crate) fn line(&mut self, line: impl FnOnce(&mut [u8; ROOM]) -> Option<usize>) -> bool {
        if !self.pieces.is_empty() || self.buffer.len() - self.end < ROOM {
            self.turn();
        }
        let room = self.buffer.get_mut(self.end..);
        match room.and_then(<[u8]>::first_chunk_mut).and_then(line) {
            Some(length) if length <= LINE => {
                self.end += length;
                true
            }
            _ => false,
        }
    }

    /// Moves the pieces to the buffer and makes room for lines.
    #[cold]
    fn turn(&mut self) {
        let from = self.end;
        self.end += self.pieces.len();
        if self.buffer.len() < self.end + ROOM {
            self.buffer.resize(self.end + CHUNK, 0);
        }
        self.buffer[from..self.end].copy_from_slice(&self.pieces);
        self.pieces.clear();
        if self.gzip.is_some() && self.end >= CHUNK {
            self.pack();
        }
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

    /// Ends a line of pieces.
    #[inline]
    pub(crate) fn end_line(&mut self) {
        self.pieces.push(b'\n');
        if self.pieces.len() >= PIECES {
            self.turn();
        }
    }

    fn pack(&mut self) {
        if let Some(gzip) = &mut self.gzip {
            // Writing to a vector cannot fail.
            let _ = gzip.write_all(&self.buffer[..self.end]);
            self.packed += self.end;
            self.end = 0;
        }
    }

    /// Bytes of text so far.
    pub(crate) fn written(&self) -> usize {
        self.packed + self.end + self.pieces.len()
    }

    /// The body and its `Content-Encoding`.
    pub(crate) fn finish(mut self, spare: &Arc<Spare>) -> (Option<&'static str>, Bytes) {
        self.turn();
        self.pack();
        match self.gzip {
            Some(gzip) => (Some("gzip"), gzip.finish().unwrap_or_default().into()),
            None => {
                let spare = Arc::clone(spare);
                let body = Body {
                    buffer: self.buffer,
                    length: self.end,
                    spare,
                };
                (None, Bytes::from_owner(body))
            }
        }
    }

    /// The page, not packed, as text.
    pub(crate) fn into_text(mut self) -> String {
        self.turn();
        self.buffer.truncate(self.end);
        // Names, help and labels came in as text.
        String::from_utf8(self.buffer)
            .unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
    }
}
