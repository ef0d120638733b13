//! How long to wait before the next attempt.

use std::time::Duration;

use crate::AlertLevel;

/// The timing of attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryConfig {
    /// The longest wait after the first failure. Default: 1 s.
    pub base: Duration,
    /// The longest wait of all. Default: 300 s.
    pub cap: Duration,
    /// How long a delivery is tried, by level. Default: 1 h, 6 h, 24 h, 72 h.
    pub give_up: [Duration; 4],
    /// How long one attempt may take. Default: 90 s; a channel keeps its own, shorter timeouts.
    pub attempt: Duration,
    /// The longest pause that a far side may ask for. Default: 1 h.
    pub longest_pause: Duration,
    /// How often a message that may have arrived is sent again where the far side cannot tell the
    /// repeat; see [`Channel::tells_repeats`](crate::Channel::tells_repeats). Default: 1.
    pub doubtful_repeats: u32,
}

impl Default for RetryConfig {
    fn default() -> Self {
        let hours = |hours: u64| Duration::from_secs(hours * 3_600);
        Self {
            base: Duration::from_secs(1),
            cap: Duration::from_secs(300),
            give_up: [hours(1), hours(6), hours(24), hours(72)],
            attempt: Duration::from_secs(90),
            longest_pause: hours(1),
            doubtful_repeats: 1,
        }
    }
}

impl RetryConfig {
    /// How long a delivery of this level is tried.
    #[must_use]
    pub const fn give_up_after(&self, level: AlertLevel) -> Duration {
        self.give_up[level.index()]
    }

    /// The wait after the `failures`th failure, with full jitter: `unit`, in `0..=1`, times
    /// `min(cap, base × 2^(failures - 1))`.
    #[must_use]
    pub fn wait(&self, failures: u32, unit: f64) -> Duration {
        let doublings = failures.saturating_sub(1).min(32);
        let ceiling = self
            .base
            .saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX))
            .min(self.cap);
        ceiling.mul_f64(unit.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap() {
        let config = RetryConfig::default();
        let ceilings: Vec<u64> = (1..=12)
            .map(|failures| config.wait(failures, 1.0).as_secs())
            .collect();
        assert_eq!(ceilings, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        assert_eq!(config.wait(u32::MAX, 1.0).as_secs(), 300);
        assert_eq!(config.wait(3, 0.5), Duration::from_secs(2));
        assert_eq!(config.wait(3, -1.0), Duration::ZERO);
    }
}
