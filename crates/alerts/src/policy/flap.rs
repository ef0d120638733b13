//! An alert that comes and goes too often is held down until it stays put.

use std::collections::VecDeque;
use std::time::Duration;

use crate::AlertLevel;
use crate::clock::Tick;

/// When an alert counts as flapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlapConfig {
    /// Changes between firing, its levels, and resolved within [`FlapConfig::window`]. Default: 6.
    pub changes: usize,
    /// How long it has to stay the same to be told again. Default: 10 minutes.
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

/// The changes of one key, and until when it is held down.
#[derive(Debug, Clone, Default)]
pub(super) struct Flap {
    changes: VecDeque<Tick>,
    resolved: bool,
    level: Option<AlertLevel>,
    worst: Option<AlertLevel>,
    held_until: Option<Tick>,
}

impl Flap {
    /// Of a key that was told so far at that level.
    pub(super) fn after(told: Option<AlertLevel>) -> Self {
        Self {
            level: told,
            worst: told,
            ..Self::default()
        }
    }

    /// As it was before a restart.
    pub(super) fn held(until: Tick, level: AlertLevel, resolved: bool) -> Self {
        Self {
            changes: VecDeque::new(),
            resolved,
            level: Some(level),
            worst: Some(level),
            held_until: Some(until),
        }
    }

    /// Notes what came; some: it is held down until then, if nothing changes. Something worse than
    /// ever before is not.
    pub(super) fn observe(
        &mut self,
        tick: Tick,
        resolved: bool,
        level: AlertLevel,
        config: &FlapConfig,
    ) -> Option<Tick> {
        self.holds(tick);
        while self
            .changes
            .front()
            .is_some_and(|&change| tick.since(change) >= config.window)
        {
            self.changes.pop_front();
        }
        let other = !resolved && self.level.is_some_and(|before| before != level);
        if resolved != self.resolved || other {
            self.changes.push_back(tick);
            if self.changes.len() > config.changes {
                self.changes.pop_front();
            }
            if self.held_until.is_some() || self.changes.len() >= config.changes.max(2) {
                self.held_until = Some(tick.after(config.window));
            }
        }
        self.resolved = resolved;
        let worse = !resolved && self.worst.is_some_and(|worst| level > worst);
        if !resolved {
            self.level = Some(level);
            self.worst = self.worst.max(Some(level));
        }
        self.held_until.filter(|_| !worse)
    }

    /// Until when it is held down, if it is.
    pub(super) fn holds(&mut self, tick: Tick) -> Option<Tick> {
        self.held_until = self.held_until.filter(|until| tick < *until);
        self.held_until
    }
}
