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

#[derive(Debug)]
struct Fire {
    last: Tick,
    source: String,
    tags: Vec<String>,
}

/// The alerts that hide others, by key.
#[derive(Debug)]
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

    /// Notes a firing alert; true: it is hidden by another.
    pub(super) fn observe(&mut self, tick: Tick, alert: &Alert, key: &Arc<str>) -> bool {
        if alert.level >= self.config.from {
            if !alert.tags.is_empty() {
                self.make_room(tick);
                self.fires.insert(
                    Arc::clone(key),
                    Fire {
                        last: tick,
                        source: alert.source.clone(),
                        tags: alert.tags.clone(),
                    },
                );
            }
            return false;
        }
        alert.level <= self.config.hides
            && self.fires.iter().any(|(fire_key, fire)| {
                fire_key != key
                    && tick.since(fire.last) < self.config.window
                    && fire.source == alert.source
                    && fire.tags.iter().any(|tag| alert.tags.contains(tag))
            })
    }

    pub(super) fn resolved(&mut self, alert: &Alert, key: &Arc<str>) {
        let _ = alert;
        self.fires.remove(key);
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
