//! What Alertmanager has to be told again, and until when: pure.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::render::Stored;
use crate::channel::AlertStatus;

/// How long a resolve is repeated, so that a peer that was away hears of it.
const TELL_RESOLVED: Duration = Duration::from_secs(300);
/// The most alerts that are repeated.
pub(super) const MOST: usize = 10_000;
/// Keys that are repeated at once: a delivery waits for them.
const KEYS: usize = 500;

type Labels = BTreeMap<String, String>;

/// One alert as Alertmanager reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wire {
    labels: Labels,
    annotations: BTreeMap<String, String>,
    starts_at: Timestamp,
    ends_at: Timestamp,
    #[serde(rename = "generatorURL", skip_serializing_if = "Option::is_none")]
    generator_url: Option<String>,
}

/// The times that decide how long an alert lives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// From one refresh to the end that it announces.
    pub(super) ttl: Duration,
    /// How long an alert that is neither repeated nor resolved keeps firing.
    pub(super) hold: Duration,
    /// Whether somebody refreshes at all.
    pub(super) refreshing: bool,
}

#[derive(Debug)]
struct Entry {
    labels: Labels,
    annotations: BTreeMap<String, String>,
    starts_at: Timestamp,
    /// When it was resolved.
    resolved: Option<Timestamp>,
    /// Until when it is repeated.
    until: Timestamp,
}

/// Every alert that is being repeated: under its key, one entry for each set of labels it had, which
/// is what Alertmanager tells alerts apart by.
#[derive(Debug, Default)]
pub(super) struct Firing {
    keys: BTreeMap<String, Vec<Entry>>,
    entries: usize,
    generator_url: Option<String>,
    not_repeated: u64,
}

impl Firing {
    pub(super) fn set_generator_url(&mut self, url: String) {
        self.generator_url = Some(url);
    }

    pub(super) const fn len(&self) -> usize {
        self.entries
    }

    pub(super) const fn not_repeated(&self) -> u64 {
        self.not_repeated
    }

    /// Takes a message in and says what to post. Empty: it was resolved before it was sent.
    pub(super) fn accept(&mut self, alert: Stored, now: Timestamp, times: Times) -> Vec<Wire> {
        match alert.status {
            AlertStatus::Resolved => self.resolve(alert, now),
            AlertStatus::Firing => self.fire(alert, now, times),
            AlertStatus::Test => vec![self.once(alert, after(now, times.ttl))],
            AlertStatus::Digest => vec![self.once(alert, after(now, times.hold))],
        }
    }

    fn fire(&mut self, alert: Stored, now: Timestamp, times: Times) -> Vec<Wire> {
        let url = self.generator_url.clone();
        let until = after(now, times.hold);
        let full = self.entries >= MOST;
        let of_key = self.keys.entry(alert.key.clone()).or_default();
        let resolved_since = |entry: &Entry| entry.resolved.is_some_and(|at| at >= alert.starts_at);
        if of_key.iter().any(resolved_since) {
            return Vec::new();
        }
        let mut posts = Vec::new();
        // The same key under other labels is the same thing at another level: that one ends.
        for entry in of_key
            .iter_mut()
            .filter(|entry| entry.labels != alert.labels)
        {
            posts.extend(entry.end(now, &url));
        }
        if let Some(entry) = of_key.iter_mut().find(|entry| entry.labels == alert.labels) {
            entry.starts_at = match entry.resolved {
                Some(_) => alert.starts_at,
                None => entry.starts_at.min(alert.starts_at),
            };
            entry.annotations = alert.annotations;
            entry.resolved = None;
            entry.until = until;
            posts.push(entry.post(entry.ends_at(now, times), &url));
            return posts;
        }
        if full {
            if of_key.is_empty() {
                self.keys.remove(&alert.key);
            }
            self.not_repeated += 1;
            posts.push(self.once(alert, until));
            return posts;
        }
        let entry = Entry {
            labels: alert.labels,
            annotations: alert.annotations,
            starts_at: alert.starts_at,
            resolved: None,
            until,
        };
        posts.push(entry.post(entry.ends_at(now, times), &url));
        of_key.push(entry);
        self.entries += 1;
        posts
    }

    fn resolve(&mut self, alert: Stored, now: Timestamp) -> Vec<Wire> {
        let url = self.generator_url.clone();
        let posts: Vec<Wire> = self
            .keys
            .get_mut(&alert.key)
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.end(now, &url))
            .collect();
        if posts.is_empty() {
            // Fired by an earlier life of the service, perhaps under these labels.
            return vec![self.once(alert, now)];
        }
        posts
    }

    /// What has to be said again of the first keys, at most [`KEYS`], after a key; the last of them,
    /// if there may be more. Forgets what ran out.
    pub(super) fn refresh(
        &mut self,
        after: Option<&str>,
        now: Timestamp,
        times: Times,
    ) -> (Vec<Wire>, Option<String>) {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut keys: Vec<String> = self
            .keys
            .range::<str, _>((from, Bound::Unbounded))
            .take(KEYS)
            .map(|(key, _)| key.clone())
            .collect();
        let mut posts = Vec::new();
        for key in &keys {
            self.forget(key, now);
            let entries = self.keys.get(key).into_iter().flatten();
            posts.extend(
                entries.map(|entry| entry.post(entry.ends_at(now, times), &self.generator_url)),
            );
        }
        let last = keys.pop().filter(|_| keys.len() + 1 == KEYS);
        (posts, last)
    }

    /// Forgets what ran out of a key.
    fn forget(&mut self, key: &str, now: Timestamp) {
        let Some(entries) = self.keys.get_mut(key) else {
            return;
        };
        self.entries -= entries.len();
        entries.retain(|entry| entry.until > now);
        self.entries += entries.len();
        if entries.is_empty() {
            self.keys.remove(key);
        }
    }

    fn once(&self, alert: Stored, ends_at: Timestamp) -> Wire {
        Wire {
            labels: alert.labels,
            annotations: alert.annotations,
            starts_at: alert.starts_at.min(ends_at),
            ends_at,
            generator_url: self.generator_url.clone(),
        }
    }
}

impl Entry {
    /// Resolves it, unless it is already.
    fn end(&mut self, now: Timestamp, url: &Option<String>) -> Option<Wire> {
        if self.resolved.is_some() {
            return None;
        }
        self.resolved = Some(now);
        self.until = after(now, TELL_RESOLVED);
        Some(self.post(now, url))
    }

    fn ends_at(&self, now: Timestamp, times: Times) -> Timestamp {
        match self.resolved {
            Some(at) => at,
            None if times.refreshing => self.until.min(after(now, times.ttl)),
            None => self.until,
        }
    }

    fn post(&self, ends_at: Timestamp, url: &Option<String>) -> Wire {
        Wire {
            labels: self.labels.clone(),
            annotations: self.annotations.clone(),
            starts_at: self.starts_at.min(ends_at),
            ends_at,
            generator_url: url.clone(),
        }
    }
}

fn after(now: Timestamp, by: Duration) -> Timestamp {
    jiff::SignedDuration::try_from(by)
        .ok()
        .and_then(|by| now.checked_add(by).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
