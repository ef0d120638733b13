//! One recent trace for each bucket of a route's durations.

use std::sync::{Mutex, TryLockError};
use std::time::Duration;

/// Longest trace id kept, in bytes; that of W3C has 32.
const MAX_TRACE: usize = 64;

/// A request that fell into a bucket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exemplar {
    trace: [u8; MAX_TRACE],
    len: u8,
    /// The duration.
    pub(crate) nanos: u64,
    /// When it was recorded, as Unix time.
    pub(crate) at: Duration,
}

impl Exemplar {
    /// `None` for a trace id that is empty, too long, or not letters, digits, `-` and `_`.
    pub(crate) fn new(trace_id: &str, nanos: u64, at: Duration) -> Option<Self> {
        let legal = |b: u8| b.is_ascii_alphanumeric() | (b == b'-') | (b == b'_');
        // Without a branch a byte: they are looked at many at a time.
        let all_legal = trace_id.bytes().fold(true, |all, b| all & legal(b));
        if trace_id.is_empty() || !all_legal {
            return None;
        }
        let mut trace = [0; MAX_TRACE];
        trace
            .get_mut(..trace_id.len())?
            .copy_from_slice(trace_id.as_bytes());
        Some(Self {
            trace,
            len: trace_id.len() as u8,
            nanos,
            at,
        })
    }

    /// The trace id.
    pub(crate) fn trace_id(&self) -> &str {
        str::from_utf8(&self.trace[..usize::from(self.len)]).unwrap_or_default()
    }
}

/// The latest exemplar of each bucket.
#[derive(Debug, Default)]
pub(crate) struct Exemplars(Mutex<Vec<Option<Exemplar>>>);

impl Exemplars {
    /// Keeps the exemplar, unless another thread is here at this moment: one of them is enough.
    pub(crate) fn offer(&self, bucket: usize, buckets: usize, exemplar: Exemplar) {
        let mut kept = match self.0.try_lock() {
            Ok(kept) => kept,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        if kept.is_empty() {
            kept.resize(buckets, None);
        }
        if let Some(place) = kept.get_mut(bucket) {
            *place = Some(exemplar);
        }
    }

    /// A copy for a page.
    pub(crate) fn snapshot(&self) -> Vec<Option<Exemplar>> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }
}
