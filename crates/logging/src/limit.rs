//! Per-callsite rate limit: a token bucket kept as one number (GCRA).

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How many lines a callsite may write: `burst` at once, then one every `interval`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) burst: u32,
    pub(crate) interval: Duration,
}

/// A callsite's state.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    /// Theoretical arrival time in microseconds since 1970.
    next: AtomicU64,
    suppressed: AtomicU64,
}

/// The new theoretical arrival time when a line at `now` may pass (all in microseconds).
fn admit(next: u64, now: u64, interval: u64, burst: u32) -> Option<u64> {
    /// Threads read the clock a little before they get here.
    const SKEW: u64 = 1_000_000;
    let allowance = interval.saturating_mul(u64::from(burst));
    let latest = now.saturating_add(allowance);
    // Further ahead than any burst can be: the clock was set back, begin anew.
    let next = if next > latest.saturating_add(SKEW) {
        now
    } else {
        next.max(now)
    };
    let after = next.saturating_add(interval);
    (after <= latest).then_some(after)
}

impl Limiter {
    /// `Some(n)` when the line passes, with the number suppressed since the last one that did.
    pub(crate) fn pass(&self, rate: &Rate, now_micros: u64) -> Option<u64> {
        let interval = u64::try_from(rate.interval.as_micros()).unwrap_or(u64::MAX);
        let admitted = self
            .next
            .try_update(Relaxed, Relaxed, |next| {
                admit(next, now_micros, interval, rate.burst)
            })
            .is_ok();
        if admitted {
            if self.suppressed.load(Relaxed) == 0 {
                return Some(0);
            }
            Some(self.suppressed.swap(0, Relaxed))
        } else {
            self.suppressed.fetch_add(1, Relaxed);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_one_an_interval_and_the_rest_is_counted() {
        let rate = Rate {
            burst: 3,
            interval: Duration::from_micros(100),
        };
        let limiter = Limiter::default();
        let at = |t: u64| limiter.pass(&rate, 1_000_000 + t);
        assert_eq!(
            [at(0), at(0), at(0), at(0), at(50)],
            [Some(0), Some(0), Some(0), None, None]
        );
        assert_eq!(at(100), Some(2));
        assert_eq!(at(100), None);
        assert_eq!(at(10_000), Some(1));
    }

    #[test]
    fn a_clock_set_back_does_not_silence_the_callsite() {
        let rate = Rate {
            burst: 2,
            interval: Duration::from_micros(100),
        };
        let limiter = Limiter::default();
        assert_eq!(limiter.pass(&rate, 1_000_000_000), Some(0));
        assert_eq!(limiter.pass(&rate, 1_000), Some(0));
    }
}
