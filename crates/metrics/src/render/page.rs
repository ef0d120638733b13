//! The page as an HTTP answer.

use std::io::Write as _;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};

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

/// Level 1: higher ones cost more than the rest of the scrape together.
pub(crate) fn compress(page: &str) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(page.len() / 8 + 64), Compression::fast());
    encoder.write_all(page.as_bytes()).ok()?;
    encoder.finish().ok()
}
