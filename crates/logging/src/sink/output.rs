//! Writing to a stream that may break, without a panic, a torn line or a silent loss.

use crate::voice::Voice;
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
    /// Lines lost that the log has not been told of.
    unsaid: u64,
    /// Lines lost that the figures do not have yet.
    uncounted: u64,
}

impl Carry {
    /// Writes whole lines; after an error the torn line's rest is kept to be completed first next time,
    /// and the other lines are lost.
    pub(crate) fn write(
        &mut self,
        stream: &mut impl Write,
        bytes: &[u8],
        voice: &Voice,
        what: &str,
    ) -> io::Result<()> {
        if !self.rest.is_empty() {
            let written = write_some(stream, &self.rest);
            self.rest.drain(..written.bytes);
            if let Some(error) = written.error {
                self.lose(count_lines(bytes));
                return Err(error);
            }
        }
        if self.unsaid > 0 {
            let note = voice.lost(self.unsaid, what);
            let written = write_some(stream, &note);
            if let Some(error) = written.error {
                if written.bytes > 0 {
                    self.rest = note[written.bytes..].to_vec();
                    self.unsaid = 0;
                }
                self.lose(count_lines(bytes));
                return Err(error);
            }
            self.unsaid = 0;
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
                self.lose(count_lines(rest));
                return Err(error);
            }
        }
        Ok(())
    }

    pub(crate) fn lose(&mut self, lines: u64) {
        self.unsaid += lines;
        self.uncounted += lines;
    }

    /// Lines lost since the last call.
    pub(crate) fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.uncounted)
    }

    /// The stream was replaced by one that may end in half a line: that gets its newline first, and the
    /// rest of a line torn in the old stream is lost.
    pub(crate) fn new_stream(&mut self, torn: bool) {
        if self.rest.len() > 1 {
            self.lose(1);
        }
        self.rest.clear();
        if torn {
            self.rest.push(b'\n');
        }
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
            self.carry.lose(lines);
        } else {
            match self
                .carry
                .write(&mut self.stream, bytes, voice, "stdout failed")
            {
                Ok(()) => self.backoff.succeeded(),
                Err(_) => self.backoff.failed(now),
            }
        }
        self.carry.take_lost()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheme::Scheme;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn voice() -> Voice {
        Voice {
            scheme: Arc::new(Scheme::for_tests()),
            offset_seconds: 0,
        }
    }

    /// A stream that takes so many bytes a call, or fails.
    struct Moody {
        moods: Vec<Option<usize>>,
        taken: Vec<u8>,
    }

    impl Write for Moody {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            let n = match self.moods.pop() {
                Some(Some(n)) => n.clamp(1, buf.len()),
                Some(None) => return Err(io::ErrorKind::StorageFull.into()),
                None => buf.len(),
            };
            self.taken.extend_from_slice(&buf[..n]);
            Ok(n)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn whole_lines_stop_at_a_newline() {
        for (bytes, limit, want) in [
            ("a\nbb\nccc\n", 100, 9),
            ("a\nbb\nccc\n", 5, 5),
            ("a\nbb\nccc\n", 4, 2),
            ("aaaa\nb\n", 2, 5),
        ] {
            assert_eq!(
                whole_lines(bytes.as_bytes(), limit),
                want,
                "{bytes:?} {limit}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_failing_stream_tears_no_line_and_every_loss_is_counted_and_said(
            moods in proptest::collection::vec(proptest::option::weighted(0.7, 1usize..60), 0..60),
            batches in proptest::collection::vec(1usize..6, 1..20),
        ) {
            let mut stream = Moody { moods, taken: Vec::new() };
            let (mut carry, voice) = (Carry::default(), voice());
            let (mut next, mut lost) = (0u64, 0);
            let mut batch = |carry: &mut Carry, stream: &mut Moody, lines: usize| {
                let mut bytes = Vec::new();
                for _ in 0..lines {
                    writeln!(bytes, "{{\"n\":{next}}}").unwrap();
                    next += 1;
                }
                let _counted_below = carry.write(stream, &bytes, &voice, "test");
                carry.take_lost()
            };
            for lines in batches {
                lost += batch(&mut carry, &mut stream, lines);
            }
            // The stream recovers.
            stream.moods.clear();
            lost += batch(&mut carry, &mut stream, 1);
            let (mut said, mut seen, mut last) = (0, 0, None);
            for line in std::str::from_utf8(&stream.taken).unwrap().lines() {
                let value: serde_json::Value = serde_json::from_str(line).unwrap();
                if let Some(n) = value["n"].as_u64() {
                    prop_assert!(Some(n) > last);
                    last = Some(n);
                    seen += 1;
                } else {
                    said += value["dropped"].as_u64().unwrap();
                }
            }
            prop_assert_eq!(seen + lost, next);
            prop_assert_eq!(said, lost);
        }
    }

    #[test]
    fn a_closed_pipe_is_counted_then_left_alone() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut output = StreamOutput::new(File::from(std::os::fd::OwnedFd::from(writer)));
        let now = crate::clock::instant();
        assert_eq!(output.write(b"a\nb\n", 2, now, &voice()), 2);
        assert_eq!(output.write(b"c\n", 1, now, &voice()), 1);
        assert!(output.backoff.waiting(now));
        assert!(!output.backoff.waiting(now + LONGEST_PAUSE));
    }
}
