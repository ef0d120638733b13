//! Two clocks: one that never jumps, for waiting; one that people read, for schedules and records.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Milliseconds on a clock that never jumps; zero is when the manager was built, and what happened
/// before that is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Tick(pub i64);

impl Tick {
    /// Later than anything that happens.
    pub const NEVER: Self = Self(i64::MAX);

    /// This long after.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(millis(wait)))
    }

    /// How long since `earlier`; zero when that is still to come.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let past = self.0.saturating_sub(earlier.0).max(0);
        Duration::from_millis(past.unsigned_abs())
    }
}

/// One moment on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// For waiting: cooldowns, retries, deadlines. A changed system clock does not move it.
    pub tick: Tick,
    /// For people: schedules and records.
    pub wall: Timestamp,
}

impl Now {
    /// The moment `tick` on the wall, as the wall clock goes now.
    #[must_use]
    pub fn wall_at(&self, tick: Tick) -> Timestamp {
        let ahead = tick.0.saturating_sub(self.tick.0);
        self.wall
            .saturating_add(SignedDuration::from_millis(ahead))
            .unwrap_or(self.wall)
    }

    /// The moment `wall` as a tick, if the wall clock stays as it is.
    #[must_use]
    pub fn tick_at(&self, wall: Timestamp) -> Tick {
        let ahead = wall
            .as_millisecond()
            .saturating_sub(self.wall.as_millisecond());
        Tick(self.tick.0.saturating_add(ahead))
    }
}

pub(crate) fn millis(wait: Duration) -> i64 {
    i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clocks_convert_and_saturate() {
        let now = Now {
            tick: Tick(5_000),
            wall: Timestamp::from_millisecond(1_700_000_000_000).unwrap(),
        };
        let later = now.tick.after(Duration::from_secs(3));
        assert_eq!(
            now.wall_at(later).as_millisecond() - now.wall.as_millisecond(),
            3_000
        );
        assert_eq!(now.tick_at(now.wall_at(later)), later);
        assert_eq!(Tick::NEVER.after(Duration::MAX), Tick::NEVER);
        assert_eq!(now.tick.since(later), Duration::ZERO);
        assert!(now.wall_at(Tick::NEVER) >= now.wall);
    }
}
