//! What a digest tells: a line for each key, as long as there is room, and the worst always find some.

use std::sync::Arc;

use super::Accepted;
use crate::AlertLevel;
use crate::channel::{AlertStatus, DigestLine};

/// Lines that a digest keeps; more keys are counted.
const MAX_LINES: usize = 100;

/// The alerts that a digest has taken in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gathered {
    lines: Vec<(Arc<str>, DigestLine)>,
    beyond: [u64; 4],
}

impl Gathered {
    /// The lines, in the order in which their keys came.
    pub fn lines(&self) -> impl Iterator<Item = &DigestLine> {
        self.lines.iter().map(|(_, line)| line)
    }

    /// The keys that have a line.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Arc<str>> {
        self.lines.iter().map(|(key, _)| key)
    }

    /// What it says of each key that has a line: at which level it fires, and whether it is over.
    pub(crate) fn told(&self) -> impl Iterator<Item = (&Arc<str>, AlertLevel, bool)> {
        let lines = self.lines.iter();
        lines.map(|(key, line)| (key, line.level, line.ended.is_some()))
    }

    /// Alerts of this level whose key found no line, or lost it to something worse.
    #[must_use]
    pub const fn beyond(&self, level: AlertLevel) -> u64 {
        self.beyond[level.index()]
    }

    /// The worst level of all that it took in.
    #[must_use]
    pub fn worst(&self) -> Option<AlertLevel> {
        let beyond = AlertLevel::ALL
            .into_iter()
            .filter(|level| self.beyond(*level) > 0);
        self.lines().map(|line| line.level).chain(beyond).max()
    }

    /// Whether it has taken in nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.beyond == [0; 4]
    }

    /// Whether it tells of the key, or may: those without a line are not known by name.
    pub(crate) fn may_tell(&self, key: &str) -> bool {
        self.beyond != [0; 4] || self.tells(key)
    }

    /// Whether there is a line for the key.
    pub(crate) fn tells(&self, key: &str) -> bool {
        self.lines.iter().any(|(known, _)| **known == *key)
    }

    /// Takes in an alert, or the end of one, and those of its key that were held back before it.
    pub fn add(&mut self, accepted: &Accepted, suppressed: u64) {
        let alert = &accepted.alert;
        let ended = accepted.status == AlertStatus::Resolved;
        let known = self.lines.iter_mut().find(|(key, _)| *key == accepted.key);
        if let Some((_, line)) = known {
            if ended {
                line.ended = Some(accepted.at);
                return;
            }
            line.ended = None;
            line.level = line.level.max(alert.level);
            line.count = line.count.saturating_add(suppressed.saturating_add(1));
            line.first = line.first.min(alert.timestamp);
            if alert.timestamp >= line.last {
                line.last = alert.timestamp;
                line.title.clone_from(&alert.title);
            }
            return;
        }
        let line = DigestLine {
            level: alert.level,
            title: alert.title.clone(),
            source: alert.source.clone(),
            count: suppressed.saturating_add(1),
            first: alert.timestamp,
            last: alert.timestamp,
            ended: ended.then_some(accepted.at),
        };
        if self.lines.len() >= MAX_LINES && !self.make_room(line.level) {
            self.add_beyond(line.level, suppressed);
            return;
        }
        self.lines.push((Arc::clone(&accepted.key), line));
    }

    /// The mildest line, and of several the latest, gives way to something worse; false: there is none.
    fn make_room(&mut self, level: AlertLevel) -> bool {
        let mildest = self
            .lines
            .iter()
            .enumerate()
            .min_by_key(|(place, (_, line))| (line.level, std::cmp::Reverse(*place)));
        let Some((place, _)) = mildest.filter(|(_, (_, line))| line.level < level) else {
            return false;
        };
        let (_, line) = self.lines.remove(place);
        let beyond = &mut self.beyond[line.level.index()];
        *beyond = beyond.saturating_add(line.count);
        true
    }

    /// Whether an alert of this key and level would find a line.
    #[cfg(feature = "sqlite")]
    pub(super) fn has_line(&self, key: &str, level: AlertLevel) -> bool {
        self.lines.len() < MAX_LINES
            || self.lines.iter().any(|(_, line)| line.level < level)
            || self.tells(key)
    }

    /// Takes in an alert without a line, which need not be read for that.
    pub(super) fn add_beyond(&mut self, level: AlertLevel, suppressed: u64) {
        let beyond = &mut self.beyond[level.index()];
        *beyond = beyond.saturating_add(suppressed.saturating_add(1));
    }
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;
    use crate::Alert;

    fn accepted(level: AlertLevel, key: &str, status: AlertStatus) -> Accepted {
        let alert = Alert::new(level, key, "m", "s").key(key);
        Accepted {
            id: Ulid::nil(),
            key: Arc::from(key),
            status,
            at: alert.timestamp,
            alert,
        }
    }

    #[test]
    fn fault_4_the_worst_keep_their_lines_and_the_rest_is_counted_by_level() {
        let mut gathered = Gathered::default();
        for n in 0..150 {
            let warning = accepted(AlertLevel::Warning, &format!("w{n}"), AlertStatus::Firing);
            gathered.add(&warning, 0);
        }
        gathered.add(&accepted(AlertLevel::Error, "DOWN", AlertStatus::Firing), 2);
        gathered.add(&accepted(AlertLevel::Info, "i", AlertStatus::Firing), 0);
        assert_eq!(gathered.lines().count(), 100);
        assert!(gathered.tells("DOWN"));
        assert!(gathered.tells("w0") && !gathered.tells("w99"));
        assert_eq!(gathered.worst(), Some(AlertLevel::Error));
        assert_eq!(gathered.beyond(AlertLevel::Warning), 51);
        assert_eq!(gathered.beyond(AlertLevel::Info), 1);
    }

    #[test]
    fn a_full_digest_of_errors_counts_a_critical_among_the_worst() {
        let mut gathered = Gathered::default();
        for n in 0..101 {
            gathered.add(
                &accepted(AlertLevel::Critical, &format!("c{n}"), AlertStatus::Firing),
                0,
            );
        }
        assert_eq!(gathered.beyond(AlertLevel::Critical), 1);
        assert_eq!(gathered.worst(), Some(AlertLevel::Critical));
    }

    #[test]
    fn a_line_says_when_it_ended_and_not_when_it_began_again() {
        let mut gathered = Gathered::default();
        for status in [AlertStatus::Firing, AlertStatus::Resolved] {
            gathered.add(&accepted(AlertLevel::Error, "k", status), 0);
        }
        let line = gathered.lines().next().unwrap();
        assert!(line.ended.is_some());
        assert_eq!(line.count, 1);
        gathered.add(&accepted(AlertLevel::Error, "k", AlertStatus::Firing), 0);
        assert_eq!(gathered.lines().next().unwrap().ended, None);
    }
}
