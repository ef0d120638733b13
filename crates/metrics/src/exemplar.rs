//! One recent trace for each bucket of a route's durations.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use crate::service_metrics::nanos;

/// Longest trace id kept, in bytes; that of W3C has 32.
const MAX_TRACE: usize = 64;

/// An exemplar this young is not replaced: scrapes are seconds apart, and a busy bucket has thousands of
/// requests a second to choose from.
const YOUNG: Duration = Duration::from_millis(100);

/// A sample that stands for the others of its bucket, with the trace that it is of.
#[derive(Debug, Clone, Copy)]
pub struct Exemplar {
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

    /// The trace's id.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        str::from_utf8(&self.trace[..usize::from(self.len)]).unwrap_or_default()
    }

    /// What was measured, in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.nanos as f64 / 1e9
    }

    /// When, since 1970.
    #[must_use]
    pub const fn at(&self) -> Duration {
        self.at
    }
}

/// A recent exemplar of each bucket.
#[derive(Debug)]
pub(crate) struct Exemplars {
    start: Instant,
    /// When each may be replaced, in nanoseconds since `start`. Every request looks here, and only reads:
    /// threads that serve the same route do not take the line of memory from each other.
    due: Box<[AtomicU64]>,
    /// Empty until the first.
    kept: Mutex<Vec<Option<Exemplar>>>,
}

impl Exemplars {
    pub(crate) fn new(buckets: usize, start: Instant) -> Self {
        Self {
            start,
            due: std::iter::repeat_with(AtomicU64::default)
                .take(buckets)
                .collect(),
            kept: Mutex::default(),
        }
    }

    /// Keeps what `make` gives for the bucket, unless the one it has is young, or another thread is here
    /// at this moment: one of them is enough.
    pub(crate) fn offer(
        &self,
        bucket: usize,
        now: Instant,
        make: impl FnOnce() -> Option<Exemplar>,
    ) {
        let Some(due) = self.due.get(bucket) else {
            return;
        };
        let now = nanos(now.saturating_duration_since(self.start));
        if now >= due.load(Relaxed) {
            self.keep(bucket, now, make);
        }
    }

    #[cold]
    fn keep(&self, bucket: usize, now: u64, make: impl FnOnce() -> Option<Exemplar>) {
        let mut kept = match self.kept.try_lock() {
            Ok(kept) => kept,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let Some(exemplar) = make() else {
            return;
        };
        if kept.is_empty() {
            kept.resize(self.due.len(), None);
        }
        kept[bucket] = Some(exemplar);
        self.due[bucket].store(now.saturating_add(nanos(YOUNG)), Relaxed);
    }

    /// A copy for a page.
    pub(crate) fn snapshot(&self) -> Vec<Option<Exemplar>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service_metrics::unix_now;

    #[test]
    fn a_young_exemplar_stays_and_each_bucket_has_its_own() {
        let start = crate::timing::now();
        let kept = Exemplars::new(3, start);
        let offer = |bucket, trace: &str, after: Duration| {
            kept.offer(bucket, start + after, || {
                Exemplar::new(trace, 1, unix_now())
            });
        };
        let traces = || -> Vec<Option<String>> {
            let all = kept.snapshot();
            all.iter()
                .map(|one| one.map(|one| one.trace_id().to_owned()))
                .collect()
        };
        offer(0, "first", Duration::ZERO);
        offer(0, "second", YOUNG / 2);
        offer(2, "slow", YOUNG / 2);
        let some = |trace: &str| Some(trace.to_owned());
        assert_eq!(traces(), [some("first"), None, some("slow")]);
        offer(0, "not legal", YOUNG);
        assert_eq!(traces()[0], some("first"));
        offer(0, "third", YOUNG);
        assert_eq!(traces()[0], some("third"));
    }
}
