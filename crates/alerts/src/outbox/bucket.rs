//! A token bucket: so many at once, so many a second.

use std::time::Duration;

use crate::channel::Limits;
use crate::clock::Tick;

/// Tokens that come back with time; none is ever borrowed.
#[derive(Debug)]
pub(crate) struct Bucket {
    per_second: f64,
    burst: f64,
    tokens: f64,
    last: Tick,
}

impl Bucket {
    pub(crate) fn new(limits: Limits, tick: Tick) -> Self {
        let burst = f64::from(limits.burst.max(1));
        Self {
            per_second: limits.per_second.max(1e-6),
            burst,
            tokens: burst,
            last: tick,
        }
    }

    /// Takes one token, or says when there will be one.
    pub(crate) fn take(&mut self, tick: Tick) -> Result<(), Tick> {
        let passed = tick.since(self.last).as_secs_f64();
        self.last = self.last.max(tick);
        self.tokens = (self.tokens + passed * self.per_second).min(self.burst);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let wait = (1.0 - self.tokens) / self.per_second;
        // At least a millisecond, the grain of a tick.
        let wait = Duration::try_from_secs_f64(wait)
            .unwrap_or(Duration::from_secs(3_600))
            .max(Duration::from_millis(1));
        Err(tick.after(wait))
    }

    /// The token that was taken last was not used.
    pub(crate) const fn give_back(&mut self) {
        self.tokens = (self.tokens + 1.0).min(self.burst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_the_rate() {
        let mut bucket = Bucket::new(Limits::new(2.0, 3), Tick(0));
        for _ in 0..3 {
            assert_eq!(bucket.take(Tick(0)), Ok(()));
        }
        assert_eq!(bucket.take(Tick(0)), Err(Tick(500)));
        assert_eq!(bucket.take(Tick(500)), Ok(()));
        bucket.give_back();
        assert_eq!(bucket.take(Tick(500)), Ok(()));
        let (mut now, mut sent) = (500, 0);
        while now < 100_500 {
            match bucket.take(Tick(now)) {
                Ok(()) => sent += 1,
                Err(at) => now = at.0.max(now + 1),
            }
        }
        assert!((198..=202).contains(&sent), "{sent}");
    }
}
