//! The state of one threshold over time: pure, `now` and value in, transition out.

use std::time::{Duration, Instant};

use crate::threshold::{Level, Threshold};

/// What a new value did to the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing to say.
    Quiet,
    /// The level moved away from this one.
    Changed { previous: Level },
    /// The level holds and it is time to say so again.
    Repeat,
}

/// One level's two timers. Both run on values, not on time alone: a value on the
/// other side restarts them.
#[derive(Debug, Clone, Copy, Default)]
struct Timers {
    over_since: Option<Instant>,
    below_since: Option<Instant>,
}

impl Timers {
    fn feed(&mut self, value: f64, limit: f64, margin: f64, now: Instant) {
        if value >= limit {
            self.over_since.get_or_insert(now);
        } else {
            self.over_since = None;
        }
        // `>=` fires, so with no margin `<` clears: there is no value that does neither.
        if value < limit - margin {
            self.below_since.get_or_insert(now);
        } else {
            self.below_since = None;
        }
    }
}

fn lasted(since: Option<Instant>, span: Duration, now: Instant) -> bool {
    since.is_some_and(|start| now.saturating_duration_since(start) >= span)
}

/// Follows one value against one [`Threshold`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Tracker {
    level: Level,
    warning: Timers,
    critical: Timers,
    said_at: Option<Instant>,
}

impl Tracker {
    /// The announced level.
    pub(crate) const fn level(&self) -> Level {
        self.level
    }

    /// Takes the next value in. Values that are not numbers change nothing.
    pub(crate) fn feed(
        &mut self,
        limits: &Threshold,
        repeat: Option<Duration>,
        value: f64,
        now: Instant,
    ) -> Step {
        if !value.is_finite() {
            return Step::Quiet;
        }
        self.warning.feed(value, limits.warning, limits.margin, now);
        self.critical
            .feed(value, limits.critical, limits.margin, now);

        let previous = self.level;
        self.level = self.decide(limits, now);
        if self.level != previous {
            self.said_at = Some(now);
            return Step::Changed { previous };
        }
        let due = repeat.is_some_and(|span| lasted(self.said_at, span, now));
        if self.level > Level::Normal && due {
            self.said_at = Some(now);
            return Step::Repeat;
        }
        Step::Quiet
    }

    fn decide(&self, limits: &Threshold, now: Instant) -> Level {
        let critical = match self.level {
            Level::Critical => !lasted(self.critical.below_since, limits.keep, now),
            _ => lasted(self.critical.over_since, limits.critical_hold, now),
        };
        if critical {
            return Level::Critical;
        }
        let warning = match self.level {
            // coming down from critical the warning is already firing
            Level::Critical | Level::Warning => !lasted(self.warning.below_since, limits.keep, now),
            Level::Normal => lasted(self.warning.over_since, limits.hold, now),
        };
        if warning {
            Level::Warning
        } else {
            Level::Normal
        }
    }
}

#[cfg(test)]
mod tests;
