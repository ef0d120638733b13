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

    /// Keeps a line; one that is longer than all the room is not kept.
    pub(crate) fn push(&self, line: &[u8]) {
        if line.is_empty() || line.len() > self.most {
            return;
        }
        let mut ring = self.ring();
        while ring.bytes.len() + line.len() > self.most {
            let Some(oldest) = ring.lines.pop_front() else {
                return;
            };
            ring.bytes.drain(..oldest);
        }
        ring.bytes.extend(line);
        ring.lines.push_back(line.len());
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
        recent.push(b"one\n");
        recent.push(b"two\n");
        check(&["one", "two"]);
        recent.push(b"three\n");
        check(&["two", "three"]);
        recent.push(b"longer than all\n");
        recent.push(b"");
        check(&["two", "three"]);
        recent.push(b"123456789\n");
        check(&["123456789"]);
        for i in 0..10_000 {
            recent.push(format!("{i}\n").as_bytes());
        }
        check(&["9998", "9999"]);
        assert!(recent.ring().bytes.capacity() <= 16, "a bound is a bound");
    }
}
