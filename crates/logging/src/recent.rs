//! The newest lines, kept in memory for whoever wants to look at them without a file.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Lines of at most so many bytes together; the oldest make room for the newest.
pub(crate) struct Recent {
    most: usize,
    ring: Mutex<Ring>,
}

#[derive(Default)]
struct Ring {
    bytes: VecDeque<u8>,
    /// The length of each line, its end included.
    lines: VecDeque<usize>,
}

impl Ring {
    fn push(&mut self, line: &[u8], most: usize) {
        while self.bytes.len() + line.len() > most {
            let Some(oldest) = self.lines.pop_front() else {
                return;
            };
            self.bytes.drain(..oldest);
        }
        self.bytes.extend(line);
        self.lines.push_back(line.len());
    }
}

impl Recent {
    /// Room for `most` bytes, taken at once: keeping a line never allocates much.
    pub(crate) fn new(most: usize) -> Recent {
        Recent {
            most,
            ring: Mutex::new(Ring {
                bytes: VecDeque::with_capacity(most),
                lines: VecDeque::new(),
            }),
        }
    }

    /// Keeps whole lines; one that is longer than all the room is not kept.
    pub(crate) fn keep(&self, lines: &[u8]) {
        // What would be pushed out again at once need not go in.
        let from = lines.len().saturating_sub(self.most);
        let mut ring = self.ring();
        let mut begin = 0;
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            if begin >= from {
                ring.push(line, self.most);
            }
            begin += line.len();
        }
    }

    /// The lines, the oldest first, without their ends. The lock is held for one copy of the bytes.
    pub(crate) fn lines(&self) -> Vec<String> {
        let (bytes, lengths) = {
            let ring = self.ring();
            let (a, b) = ring.bytes.as_slices();
            ([a, b].concat(), ring.lines.clone())
        };
        let mut rest = bytes.as_slice();
        let lines = lengths.into_iter().filter_map(|length| {
            let (line, after) = rest.split_at_checked(length)?;
            rest = after;
            Some(String::from_utf8_lossy(line).trim_end().to_owned())
        });
        lines.collect()
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Recent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recent").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_make_room() {
        let recent = Recent::new(10);
        let check = |want: &[&str]| assert_eq!(recent.lines(), want);
        check(&[]);
        recent.keep(b"one\n");
        recent.keep(b"two\n");
        check(&["one", "two"]);
        recent.keep(b"three\n");
        check(&["two", "three"]);
        recent.keep(b"longer than all\n");
        recent.keep(b"");
        check(&["two", "three"]);
        recent.keep(b"123456789\n");
        check(&["123456789"]);
        recent.keep(b"old\na\nb\nc\nd\n");
        check(&["a", "b", "c", "d"]);
        for i in 0..10_000 {
            recent.keep(format!("{i}\n").as_bytes());
        }
        check(&["9998", "9999"]);
        assert!(recent.ring().bytes.capacity() <= 16, "a bound is a bound");
    }
}
