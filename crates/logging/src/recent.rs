//! The newest lines, kept in memory for whoever wants to look at them without a file.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Lines of at most so many bytes together; the oldest make room for the newest.
pub(crate) struct Recent {
    most: usize,
    /// Whole lines with their ends. Where each begins is looked for by who reads, which is rare.
    ring: Mutex<VecDeque<u8>>,
}

impl Recent {
    /// Room for `most` bytes, taken at once: keeping a line never allocates.
    pub(crate) fn new(most: usize) -> Recent {
        Recent {
            most,
            ring: Mutex::new(VecDeque::with_capacity(most)),
        }
    }

    /// Keeps whole lines; one that is longer than all the room is not kept.
    pub(crate) fn keep(&self, lines: &[u8]) {
        // What would be pushed out again at once need not go in.
        let surplus = lines.len().saturating_sub(self.most);
        let lines = &lines[whole_lines_end(surplus, lines.iter())..];
        let mut ring = self.ring();
        let surplus = (ring.len() + lines.len()).saturating_sub(self.most);
        let end = whole_lines_end(surplus, ring.iter());
        ring.drain(..end);
        ring.extend(lines);
    }

    /// The lines, the oldest first, without their ends. The lock is held for one copy of the bytes.
    pub(crate) fn lines(&self) -> Vec<String> {
        let bytes = {
            let ring = self.ring();
            let (a, b) = ring.as_slices();
            [a, b].concat()
        };
        let lines = bytes.split_inclusive(|byte| *byte == b'\n');
        lines
            .map(|line| String::from_utf8_lossy(line).trim_end().to_owned())
            .collect()
    }

    fn ring(&self) -> MutexGuard<'_, VecDeque<u8>> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Recent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recent").finish_non_exhaustive()
    }
}

/// Where the line ends that has the byte before `least`: so much goes, to lose `least` bytes at least and
/// no line in part.
fn whole_lines_end<'b>(least: usize, bytes: impl ExactSizeIterator<Item = &'b u8>) -> usize {
    let Some(last) = least.checked_sub(1) else {
        return 0;
    };
    let all = bytes.len();
    let end = bytes.skip(last).position(|byte| *byte == b'\n');
    end.map_or(all, |at| least + at)
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
        assert!(recent.ring().capacity() <= 16, "a bound is a bound");
    }
}
