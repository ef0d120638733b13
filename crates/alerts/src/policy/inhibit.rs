//! While the house burns, nobody needs to hear that a lamp flickers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::AlertLevel;
use crate::alert::Alert;
use crate::clock::Tick;

/// A firing alert hides milder ones of the same source that share a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InhibitConfig {
    /// Alerts at least this serious hide others. Default: CRITICAL.
    pub from: AlertLevel,
    /// Alerts at most this serious are hidden. Default: WARNING.
    pub hides: AlertLevel,
    /// How long after it was last sent an unresolved alert still hides. Default: 15 minutes.
    pub window: Duration,
}

impl Default for InhibitConfig {
    fn default() -> Self {
        Self {
            from: AlertLevel::Critical,
            hides: AlertLevel::Warning,
            window: Duration::from_secs(15 * 60),
        }
    }
}

#[derive(Debug, Clone)]
struct Fire {
    last: Tick,
    source: String,
    tags: Vec<String>,
}

/// The alerts that hide others, by key.
#[derive(Debug, Clone)]
pub(super) struct Inhibitor {
    config: InhibitConfig,
    fires: HashMap<Arc<str>, Fire>,
}

/// Alerts that hide others at once; the oldest gives way.
const MAX_FIRES: usize = 256;

impl Inhibitor {
    pub(super) fn new(config: InhibitConfig) -> Self {
        Self {
            config,
            fires: HashMap::new(),
        }
    }

    /// Notes that an alert fires at the level that it has now.
    pub(super) fn note(&mut self, tick: Tick, alert: &Alert, key: &Arc<str>) {
        if !self.may_hide(alert) {
            self.over(key);
            return;
        }
        if !self.fires.contains_key(key) {
            self.make_room(tick);
        }
        let fire = Fire {
            last: tick,
            source: alert.source.clone(),
            tags: alert.tags.clone(),
        };
        self.fires.insert(Arc::clone(key), fire);
    }

    /// Whether it hides others while it fires.
    pub(super) fn may_hide(&self, alert: &Alert) -> bool {
        alert.level >= self.config.from && !alert.tags.is_empty()
    }

    /// Until when the alert is hidden by another, if nothing is heard of that any more.
    pub(super) fn hides(&self, tick: Tick, alert: &Alert, key: &str) -> Option<Tick> {
        if alert.level > self.config.hides {
            return None;
        }
        self.fires
            .iter()
            .filter(|(fire_key, fire)| {
                &***fire_key != key
                    && fire.source == alert.source
                    && fire.tags.iter().any(|tag| alert.tags.contains(tag))
            })
            .map(|(_, fire)| fire.last.after(self.config.window))
            .filter(|until| tick < *until)
            .max()
    }

    /// It is over.
    pub(super) fn over(&mut self, key: &str) {
        if !self.fires.is_empty() {
            self.fires.remove(key);
        }
    }

    fn make_room(&mut self, tick: Tick) {
        if self.fires.len() < MAX_FIRES {
            return;
        }
        let window = self.config.window;
        self.fires.retain(|_, fire| tick.since(fire.last) < window);
        while self.fires.len() >= MAX_FIRES {
            let oldest = self
                .fires
                .iter()
                .min_by_key(|(_, fire)| fire.last)
                .map(|(key, _)| Arc::clone(key));
            match oldest {
                Some(key) => self.fires.remove(&key),
                None => return,
            };
        }
    }
}
