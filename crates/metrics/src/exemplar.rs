//! One recent trace for each bucket of a route's durations.

use std::sync::{Mutex, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// Longest trace id kept, in bytes; that of W3C has 32.
const MAX_TRACE: usize = 64;

/// An exemplar this young is not replaced: scrapes are seconds apart, and a busy bucket has thousands of
/// requests a second to choose from.
const YOUNG: Duration = Duration::from_millis(100);

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

/// A recent exemplar of each bucket.
#[derive(Debug, Default)]
pub(crate) struct Exemplars(Mutex<Vec<Option<Kept>>>);

#[derive(Debug, Clone, Copy)]
struct Kept {
    exemplar: Exemplar,
    since: Instant,
}

impl Exemplars {
    /// Keeps what `make` gives for the bucket, unless the one it has is young, or another thread is here
    /// at this moment: one of them is enough.
    pub(crate) fn offer(
        &self,
        bucket: usize,
        buckets: usize,
        now: Instant,
        make: impl FnOnce() -> Option<Exemplar>,
    ) {
        let mut kept = match self.0.try_lock() {
            Ok(kept) => kept,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        if kept.is_empty() {
            kept.resize(buckets, None);
        }
        let Some(place) = kept.get_mut(bucket) else {
            return;
        };
        let young = |kept: &Kept| now.saturating_duration_since(kept.since) < YOUNG;
        if place.as_ref().is_some_and(young) {
            return;
        }
        if let Some(exemplar) = make() {
            *place = Some(Kept {
                exemplar,
                since: now,
            });
        }
    }

    /// A copy for a page.
    pub(crate) fn snapshot(&self) -> Vec<Option<Exemplar>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter()
            .map(|place| place.map(|kept| kept.exemplar))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service_metrics::unix_now;

    #[test]
    fn a_young_exemplar_stays_and_each_bucket_has_its_own() {
        let kept = Exemplars::default();
        let start = crate::timing::now();
        let offer = |bucket, trace: &str, after: Duration| {
            kept.offer(bucket, 3, start + after, || {
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
