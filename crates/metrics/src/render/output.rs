//! Where the page goes: one buffer, or a small one in front of gzip.

use std::io::Write as _;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};

/// Bytes gathered before they are packed.
const CHUNK: usize = 64 * 1024;

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

/// A page being written.
pub(crate) struct Output {
    buffer: Vec<u8>,
    gzip: Option<GzEncoder<Vec<u8>>>,
    /// Bytes that went to gzip.
    packed: usize,
}

impl Output {
    /// For a page of about `expected` bytes.
    pub(crate) fn new(expected: usize, gzip: bool) -> Self {
        // Level 1: higher ones cost more than the rest of the scrape together.
        let encoder = |room| GzEncoder::new(Vec::with_capacity(room), Compression::fast());
        let room = if gzip {
            CHUNK * 2
        } else {
            expected + expected / 16 + 4096
        };
        Self {
            buffer: Vec::with_capacity(room),
            gzip: gzip.then(|| encoder(expected / 8 + 4096)),
            packed: 0,
        }
    }

    /// The text not yet packed.
    #[inline]
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    #[inline]
    pub(crate) fn push(&mut self, text: &str) {
        self.buffer.extend_from_slice(text.as_bytes());
    }

    pub(crate) fn all(&mut self, parts: &[&str]) {
        for part in parts {
            self.push(part);
        }
    }

    /// Ends a line; a full buffer is packed.
    #[inline]
    pub(crate) fn end_line(&mut self) {
        self.buffer.push(b'\n');
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
        self.packed + self.buffer.len()
    }

    /// The body and its `Content-Encoding`.
    pub(crate) fn finish(mut self) -> (Option<&'static str>, Vec<u8>) {
        self.pack();
        match self.gzip {
            Some(gzip) => (Some("gzip"), gzip.finish().unwrap_or_default()),
            None => (None, self.buffer),
        }
    }
}
