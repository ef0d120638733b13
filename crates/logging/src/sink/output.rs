//! Writing to a stream that may break, without a panic, a torn line or a silent loss.

use super::flusher::Voice;
use std::fs::File;
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// Bytes written by one call, up to a line's end.
const CHUNK: usize = 64 * 1024;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// When a broken output may be tried again.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    until: Option<Instant>,
    pause: Duration,
}

impl Backoff {
    pub(crate) fn waiting(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    pub(crate) fn failed(&mut self, now: Instant) {
        self.pause = (self.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        self.until = Some(now + self.pause);
    }

    pub(crate) fn succeeded(&mut self) {
        *self = Backoff::default();
    }
}

/// Newlines in a slice.
pub(crate) fn count_lines(bytes: &[u8]) -> u64 {
    bytes.iter().map(|b| u64::from(*b == b'\n')).sum()
}

/// The longest run of whole lines within `limit` bytes; one whole line if the first is longer.
pub(crate) fn whole_lines(bytes: &[u8], limit: usize) -> usize {
    if bytes.len() <= limit {
        return bytes.len();
    }
    if let Some(last) = bytes[..limit].iter().rposition(|b| *b == b'\n') {
        return last + 1;
    }
    bytes[limit..]
        .iter()
        .position(|b| *b == b'\n')
        .map_or(bytes.len(), |at| limit + at + 1)
}

/// How far a write came.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) bytes: usize,
    pub(crate) error: Option<io::Error>,
}

/// Writes as much as the stream takes.
pub(crate) fn write_some(stream: &mut impl Write, bytes: &[u8]) -> Written {
    let mut written = Written::default();
    while written.bytes < bytes.len() {
        match stream.write(&bytes[written.bytes..]) {
            Ok(0) => {
                written.error = Some(io::ErrorKind::WriteZero.into());
                break;
            }
            Ok(n) => written.bytes += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                // Somebody made the stream non-blocking (a shared terminal or pipe): wait for it.
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(e) => {
                written.error = Some(e);
                break;
            }
        }
    }
    written
}

/// State of a stream that may hold half a line.
#[derive(Debug, Default)]
pub(crate) struct Carry {
    /// The rest of a line whose beginning was written.
    rest: Vec<u8>,
    /// Lines lost since the output broke.
    lost: u64,
}

impl Carry {
    /// Writes whole lines; after an error the torn line's rest is kept to be completed first next time,
    /// and the other lines are lost. Gives the number lost.
    pub(crate) fn write(
        &mut self,
        stream: &mut impl Write,
        bytes: &[u8],
        voice: &Voice,
        what: &str,
    ) -> Result<(), (u64, io::Error)> {
        if !self.rest.is_empty() {
            let written = write_some(stream, &self.rest);
            self.rest.drain(..written.bytes);
            if let Some(error) = written.error {
                return Err((self.lose(count_lines(bytes)), error));
            }
        }
        if self.lost > 0 {
            let note = voice.lost(self.lost, what);
            let written = write_some(stream, &note);
            if let Some(error) = written.error {
                if written.bytes > 0 {
                    self.rest = note[written.bytes..].to_vec();
                    self.lost = 0;
                }
                return Err((self.lose(count_lines(bytes)), error));
            }
            self.lost = 0;
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let chunk = &rest[..whole_lines(rest, CHUNK)];
            let written = write_some(stream, chunk);
            rest = &rest[written.bytes..];
            if let Some(error) = written.error {
                let begun = &bytes[..bytes.len() - rest.len()];
                if begun.last().is_some_and(|b| *b != b'\n') {
                    let end = rest
                        .iter()
                        .position(|b| *b == b'\n')
                        .map_or(rest.len(), |at| at + 1);
                    self.rest = rest[..end].to_vec();
                    rest = &rest[end..];
                }
                return Err((self.lose(count_lines(rest)), error));
            }
        }
        Ok(())
    }

    pub(crate) fn lose(&mut self, lines: u64) -> u64 {
        self.lost += lines;
        lines
    }

    /// The stream was replaced: the torn line's rest has no beginning any more.
    pub(crate) fn forget_rest(&mut self) -> u64 {
        if self.rest.is_empty() {
            return 0;
        }
        self.rest.clear();
        self.lose(1)
    }
}

/// stdout.
#[derive(Debug)]
pub(crate) struct StreamOutput {
    stream: File,
    carry: Carry,
    backoff: Backoff,
}

impl StreamOutput {
    pub(crate) fn new(stream: File) -> StreamOutput {
        StreamOutput {
            stream,
            carry: Carry::default(),
            backoff: Backoff::default(),
        }
    }

    /// Gives the number of lines lost.
    pub(crate) fn write(&mut self, bytes: &[u8], lines: u64, now: Instant, voice: &Voice) -> u64 {
        if self.backoff.waiting(now) {
            return self.carry.lose(lines);
        }
        match self
            .carry
            .write(&mut self.stream, bytes, voice, "stdout failed")
        {
            Ok(()) => {
                self.backoff.succeeded();
                0
            }
            Err((lost, _)) => {
                self.backoff.failed(now);
                lost
            }
        }
    }
}
