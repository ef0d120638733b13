//! What Alertmanager has to be told again, and until when: pure.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::channel::AlertStatus;
use crate::render::alertmanager::Stored;

/// How long a resolve is repeated, so that a peer that was away hears of it.
const TELL_RESOLVED: Duration = Duration::from_secs(300);
/// The most alerts that are repeated.
pub(crate) const MOST: usize = 10_000;

type Labels = BTreeMap<String, String>;

/// One alert as Alertmanager reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Wire {
    labels: Labels,
    annotations: BTreeMap<String, String>,
    starts_at: Timestamp,
    ends_at: Timestamp,
    #[serde(rename = "generatorURL", skip_serializing_if = "Option::is_none")]
    generator_url: Option<String>,
}

/// The times that decide how long an alert lives.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// From one refresh to the end that it announces.
    pub(crate) ttl: Duration,
    /// How long an alert that is neither repeated nor resolved keeps firing.
    pub(crate) hold: Duration,
    /// Whether somebody refreshes at all.
    pub(crate) refreshing: bool,
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
pub(crate) struct Firing {
    keys: BTreeMap<String, Vec<Entry>>,
    entries: usize,
    generator_url: Option<String>,
    not_repeated: u64,
}

impl Firing {
    pub(crate) fn set_generator_url(&mut self, url: String) {
        self.generator_url = Some(url);
    }

    pub(crate) const fn len(&self) -> usize {
        self.entries
    }

    pub(crate) const fn not_repeated(&self) -> u64 {
        self.not_repeated
    }

    /// Takes a message in and says what to post. Empty: it was resolved before it was sent.
    pub(crate) fn accept(&mut self, alert: Stored, now: Timestamp, times: Times) -> Vec<Wire> {
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

    /// Everything that has to be said again. Forgets what ran out.
    pub(crate) fn refresh(&mut self, now: Timestamp, times: Times) -> Vec<Wire> {
        self.keys.retain(|_, entries| {
            entries.retain(|entry| entry.until > now);
            !entries.is_empty()
        });
        let entries = || self.keys.values().flatten();
        let posts = entries()
            .map(|entry| entry.post(entry.ends_at(now, times), &self.generator_url))
            .collect();
        self.entries = entries().count();
        posts
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
mod tests {
    use super::*;

    const TIMES: Times = Times {
        ttl: Duration::from_secs(300),
        hold: Duration::from_secs(3_600),
        refreshing: true,
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn stored(key: &str, severity: &str, status: AlertStatus, starts: i64) -> Stored {
        Stored {
            key: key.to_owned(),
            status,
            labels: [("alertname", key), ("severity", severity)]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into(),
            annotations: BTreeMap::new(),
            starts_at: at(starts),
        }
    }

    fn ends(wires: &[Wire]) -> Vec<(String, i64)> {
        wires
            .iter()
            .map(|wire| (wire.labels["severity"].clone(), wire.ends_at.as_second()))
            .collect()
    }

    fn want(list: &[(&str, i64)]) -> Vec<(String, i64)> {
        list.iter().map(|(s, at)| ((*s).to_owned(), *at)).collect()
    }

    #[test]
    fn fires_refreshes_resolves_and_forgets() {
        let mut firing = Firing::default();
        let posts = firing.accept(
            stored("cpu", "warning", AlertStatus::Firing, 0),
            at(0),
            TIMES,
        );
        assert_eq!(ends(&posts), want(&[("warning", 300)]));
        assert_eq!(
            ends(&firing.refresh(at(60), TIMES)),
            want(&[("warning", 360)])
        );
        let posts = firing.accept(
            stored("cpu", "info", AlertStatus::Resolved, 90),
            at(90),
            TIMES,
        );
        assert_eq!(
            ends(&posts),
            want(&[("warning", 90)]),
            "under the labels it fired with"
        );
        assert_eq!(
            ends(&firing.refresh(at(120), TIMES)),
            want(&[("warning", 90)])
        );
        assert_eq!(
            ends(&firing.refresh(at(389), TIMES)),
            want(&[("warning", 90)])
        );
        assert_eq!(ends(&firing.refresh(at(390), TIMES)), want(&[]));
        assert_eq!(firing.len(), 0);
    }

    #[test]
    fn a_rise_in_level_ends_the_milder_one() {
        let mut firing = Firing::default();
        firing.accept(
            stored("cpu", "warning", AlertStatus::Firing, 0),
            at(0),
            TIMES,
        );
        let posts = firing.accept(
            stored("cpu", "critical", AlertStatus::Firing, 10),
            at(10),
            TIMES,
        );
        assert_eq!(ends(&posts), want(&[("warning", 10), ("critical", 310)]));
        let posts = firing.accept(
            stored("cpu", "critical", AlertStatus::Resolved, 20),
            at(20),
            TIMES,
        );
        assert_eq!(ends(&posts), want(&[("critical", 20)]));
    }

    #[test]
    fn a_late_retry_does_not_bring_a_resolved_alert_back() {
        let mut firing = Firing::default();
        firing.accept(
            stored("cpu", "warning", AlertStatus::Firing, 0),
            at(0),
            TIMES,
        );
        firing.accept(
            stored("cpu", "warning", AlertStatus::Resolved, 5),
            at(5),
            TIMES,
        );
        assert!(
            firing
                .accept(
                    stored("cpu", "warning", AlertStatus::Firing, 0),
                    at(8),
                    TIMES
                )
                .is_empty()
        );
        let again = firing.accept(
            stored("cpu", "warning", AlertStatus::Firing, 9),
            at(9),
            TIMES,
        );
        assert_eq!(ends(&again), want(&[("warning", 309)]));
        assert_eq!(again[0].starts_at, at(9));
    }

    #[test]
    fn nobody_refreshes_or_nobody_resolves() {
        let mut firing = Firing::default();
        let alone = Times {
            refreshing: false,
            ..TIMES
        };
        let posts = firing.accept(stored("a", "error", AlertStatus::Firing, 0), at(0), alone);
        assert_eq!(ends(&posts), want(&[("error", 3_600)]));
        assert_eq!(
            ends(&firing.refresh(at(3_500), TIMES)),
            want(&[("error", 3_600)])
        );
        assert!(firing.refresh(at(3_600), TIMES).is_empty());
        let unknown = firing.accept(stored("b", "info", AlertStatus::Resolved, 0), at(7), TIMES);
        assert_eq!(ends(&unknown), want(&[("info", 7)]));
    }

    #[test]
    fn past_the_bound_an_alert_is_sent_once_and_counted() {
        let mut firing = Firing::default();
        for i in 0..=MOST {
            let posts = firing.accept(
                stored(&i.to_string(), "info", AlertStatus::Firing, 0),
                at(0),
                TIMES,
            );
            assert_eq!(
                ends(&posts),
                want(&[("info", if i < MOST { 300 } else { 3_600 })])
            );
        }
        assert_eq!((firing.len(), firing.not_repeated()), (MOST, 1));
    }
}
