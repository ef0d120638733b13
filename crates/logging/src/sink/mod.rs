//! Where lines go: straight into a writer, or through a bounded buffer to stdout and a file.

pub(crate) mod buffer;
pub(crate) mod file;
pub(crate) mod flusher;
pub(crate) mod output;
pub(crate) mod rotate;
pub(crate) mod sweep;

use crate::clock;
use crate::preset::lower;
use buffer::Shared;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tracing_core::Level;

/// Why a line was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The buffer was full and the policy is to drop.
    QueueFull,
    /// The buffer stayed full for as long as the policy waits.
    Timeout,
    /// stdout did not take it.
    Stdout,
    /// The file did not take it.
    File,
    /// The folder cannot be written at all.
    FileUnavailable,
    /// The user's writer did not take it.
    Writer,
}

pub(crate) const LOSSES: [(Loss, &str); 6] = [
    (Loss::QueueFull, "queue_full"),
    (Loss::Timeout, "timeout"),
    (Loss::Stdout, "stdout_error"),
    (Loss::File, "file_error"),
    (Loss::FileUnavailable, "file_unavailable"),
    (Loss::Writer, "writer_error"),
];

/// Counts by level and by loss.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) events: [u64; 5],
    pub(crate) lost: [u64; LOSSES.len()],
}

pub(crate) const LEVELS: [Level; 5] = [
    Level::ERROR,
    Level::WARN,
    Level::INFO,
    Level::DEBUG,
    Level::TRACE,
];

#[inline(always)]
pub(crate) fn level_index(level: Level) -> usize {
    match level {
        Level::ERROR => 0,
        Level::WARN => 1,
        Level::INFO => 2,
        Level::DEBUG => 3,
        Level::TRACE => 4,
    }
}

impl Counts {
    pub(crate) fn events(&self) -> Vec<(&'static str, u64)> {
        LEVELS
            .iter()
            .zip(self.events)
            .map(|(level, n)| (lower(*level), n))
            .collect()
    }

    pub(crate) fn dropped(&self) -> Vec<(&'static str, u64)> {
        LOSSES
            .iter()
            .zip(self.lost)
            .map(|((_, name), n)| (*name, n))
            .collect()
    }
}

/// Takes finished lines.
#[derive(Debug)]
pub(crate) enum Sink {
    /// One write a line, on the caller's thread.
    Direct(Direct),
    /// Through the flusher.
    Buffered(Arc<Shared>),
}

/// A writer of the user's behind a lock.
pub(crate) struct Direct {
    inner: Mutex<DirectInner>,
}

struct DirectInner {
    writer: Box<dyn io::Write + Send>,
    counts: Counts,
}

impl fmt::Debug for Direct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Direct").finish_non_exhaustive()
    }
}

impl Direct {
    pub(crate) fn new(writer: Box<dyn io::Write + Send>) -> Direct {
        Direct {
            inner: Mutex::new(DirectInner {
                writer,
                counts: Counts::default(),
            }),
        }
    }
}

impl Sink {
    #[inline]
    pub(crate) fn push(&self, level: Level, line: &[u8]) {
        match self {
            Sink::Buffered(shared) => {
                shared.push(level, line);
                if level == Level::ERROR {
                    shared.hand_over();
                }
            }
            Sink::Direct(direct) => {
                let mut inner = direct.inner.lock().unwrap_or_else(PoisonError::into_inner);
                inner.counts.events[level_index(level)] += 1;
                // A writer that panics must not take the caller with it.
                let written = catch_unwind(AssertUnwindSafe(|| inner.writer.write_all(line)));
                if !matches!(written, Ok(Ok(()))) {
                    inner.counts.lost[Loss::Writer as usize] += 1;
                }
            }
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        match self {
            Sink::Buffered(shared) => shared.counts(),
            Sink::Direct(direct) => {
                let inner = direct.inner.lock().unwrap_or_else(PoisonError::into_inner);
                inner.counts
            }
        }
    }

    /// Waits until everything pushed so far is written; false when time ran out.
    pub(crate) fn flush(&self, within: Duration) -> bool {
        match self {
            Sink::Buffered(shared) => shared.flush(clock::instant() + within),
            Sink::Direct(direct) => {
                let mut inner = direct.inner.lock().unwrap_or_else(PoisonError::into_inner);
                inner.writer.flush().is_ok()
            }
        }
    }
}
