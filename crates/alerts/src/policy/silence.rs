//! Silences: somebody knows, until a stated moment.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::alert::Alert;
use crate::clock::{Now, Tick};
use crate::rule::Matcher;

/// Alerts that match stay in the history until the silence ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Silence {
    /// A ULID.
    pub id: String,
    /// Which alerts.
    pub matcher: Matcher,
    /// When it ends.
    pub until: Timestamp,
    /// Who asked for it.
    pub by: String,
    /// Why.
    pub comment: String,
}

impl Silence {
    /// A silence that ends at `until`.
    #[must_use]
    pub fn new(matcher: Matcher, until: Timestamp, by: impl Into<String>) -> Self {
        Self {
            id: Ulid::new().to_string(),
            matcher,
            until,
            by: by.into(),
            comment: String::new(),
        }
    }

    /// Says why.
    #[must_use]
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = comment.into();
        self
    }
}

/// The silences, each with its end on the clock that does not jump.
#[derive(Debug)]
pub(super) struct Silences {
    all: Vec<(Silence, Tick)>,
    max: usize,
}

impl Silences {
    pub(super) const fn new(max: usize) -> Self {
        Self {
            all: Vec::new(),
            max,
        }
    }

    pub(super) fn add(&mut self, now: Now, silence: Silence) -> bool {
        self.all.retain(|(_, end)| now.tick < *end);
        self.all.retain(|(old, _)| old.id != silence.id);
        if self.all.len() >= self.max {
            return false;
        }
        let end = now.tick_at(silence.until);
        self.all.push((silence, end));
        true
    }

    pub(super) fn remove(&mut self, id: &str) -> bool {
        let before = self.all.len();
        self.all.retain(|(silence, _)| silence.id != id);
        self.all.len() < before
    }

    pub(super) fn hold(&self, now: Now, alert: &Alert, key: &str) -> bool {
        self.all
            .iter()
            .any(|(silence, end)| now.tick < *end && silence.matcher.matches(alert, key))
    }

    pub(super) fn live(&self, now: Now) -> impl Iterator<Item = &Silence> {
        self.all
            .iter()
            .filter(move |(_, end)| now.tick < *end)
            .map(|(silence, _)| silence)
    }
}
