//! An alert that comes and goes too often is held down until it stays put.

use std::collections::VecDeque;
use std::time::Duration;

use crate::AlertLevel;
use crate::clock::Tick;

/// When an alert counts as flapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlapConfig {
    /// Changes between firing and resolved within [`FlapConfig::window`]. Default: 6.
    pub changes: usize,
    /// Default: 10 minutes.
    pub window: Duration,
}

impl Default for FlapConfig {
    fn default() -> Self {
        Self {
            changes: 6,
            window: Duration::from_secs(600),
        }
    }
}

/// The changes of one key.
#[derive(Debug, Default)]
pub(super) struct Flap {
    changes: VecDeque<Tick>,
    resolved: bool,
    worst: Option<AlertLevel>,
}

impl Flap {
    /// Notes what came; true: it is held down. Something worse than ever before is not.
    pub(super) fn observe(
        &mut self,
        tick: Tick,
        resolved: bool,
        level: AlertLevel,
        config: &FlapConfig,
    ) -> bool {
        while self
            .changes
            .front()
            .is_some_and(|&change| tick.since(change) >= config.window)
        {
            self.changes.pop_front();
        }
        if resolved != self.resolved {
            self.resolved = resolved;
            self.changes.push_back(tick);
            if self.changes.len() > config.changes {
                self.changes.pop_front();
            }
        }
        let flapping = self.changes.len() >= config.changes.max(2);
        let worse = !resolved && self.worst.is_some_and(|worst| level > worst);
        if !resolved && self.worst.is_none_or(|worst| level > worst) {
            self.worst = Some(level);
        }
        flapping && !worse
    }
}
