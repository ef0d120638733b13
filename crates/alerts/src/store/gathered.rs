//! What a digest tells: a line for each key, as long as there is room.

use std::sync::Arc;

use super::Accepted;
use crate::channel::DigestLine;

/// Lines that a digest keeps; more keys are counted.
const MAX_LINES: usize = 100;

/// The alerts that a digest has taken in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gathered {
    lines: Vec<(Arc<str>, DigestLine)>,
    beyond: u64,
}

impl Gathered {
    /// The lines, in the order in which their keys came.
    pub fn lines(&self) -> impl Iterator<Item = &DigestLine> {
        self.lines.iter().map(|(_, line)| line)
    }

    /// Alerts whose key found no line any more.
    #[must_use]
    pub const fn beyond(&self) -> u64 {
        self.beyond
    }

    /// Takes in an alert, and those of its key that were held back before it.
    pub fn add(&mut self, accepted: &Accepted, suppressed: u64) {
        let alert = &accepted.alert;
        let count = suppressed.saturating_add(1);
        let known = self.lines.iter_mut().find(|(key, _)| *key == accepted.key);
        if let Some((_, line)) = known {
            line.level = line.level.max(alert.level);
            line.count = line.count.saturating_add(count);
            line.first = line.first.min(alert.timestamp);
            if alert.timestamp >= line.last {
                line.last = alert.timestamp;
                line.title.clone_from(&alert.title);
            }
        } else if self.lines.len() < MAX_LINES {
            self.lines.push((
                Arc::clone(&accepted.key),
                DigestLine {
                    level: alert.level,
                    title: alert.title.clone(),
                    source: alert.source.clone(),
                    count,
                    first: alert.timestamp,
                    last: alert.timestamp,
                },
            ));
        } else {
            self.beyond = self.beyond.saturating_add(count);
        }
    }

    /// Whether an alert of this key would find a line.
    #[cfg(feature = "sqlite")]
    pub(super) fn has_line(&self, key: &str) -> bool {
        self.lines.len() < MAX_LINES || self.lines.iter().any(|(known, _)| **known == *key)
    }

    /// Takes in an alert without a line, which need not be read for that.
    #[cfg(feature = "sqlite")]
    pub(super) fn add_beyond(&mut self, suppressed: u64) {
        self.beyond = self.beyond.saturating_add(suppressed.saturating_add(1));
    }
}
