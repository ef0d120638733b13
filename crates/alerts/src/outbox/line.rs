//! One key for one target: what was accepted first goes out first.
//!
//! An end must never arrive before its beginning: a far side that ignores the end of what it does not
//! know would then show the alert for ever.

use std::collections::HashMap;
use std::sync::Arc;

use ulid::Ulid;

use super::Row;
use crate::channel::AlertStatus;

type Line = (u8, u16, Arc<str>);

/// The order among rows: who is the last of its line, and who waits for whom.
#[derive(Debug, Default)]
pub(super) struct Lines {
    tails: HashMap<Line, Ulid>,
    followers: HashMap<Ulid, Vec<Ulid>>,
    /// Digests of each target, in any state, the oldest first.
    digests: HashMap<(u8, u16), Vec<Ulid>>,
}

fn is_digest(row: &Row) -> bool {
    row.accepted.status == AlertStatus::Digest
}

fn line(row: &Row) -> Line {
    (row.channel, row.target, Arc::clone(&row.accepted.key))
}

impl Lines {
    /// Takes a row in; gives the one before it.
    pub(super) fn join(&mut self, id: Ulid, row: &Row) -> Option<Ulid> {
        if is_digest(row) {
            let digests = self.digests.entry((row.channel, row.target)).or_default();
            digests.push(id);
            return None;
        }
        self.tails.insert(line(row), id)
    }

    pub(super) fn follow(&mut self, before: Ulid, id: Ulid) {
        self.followers.entry(before).or_default().push(id);
    }

    pub(super) fn followers(&self, before: Ulid) -> &[Ulid] {
        self.followers.get(&before).map_or(&[], Vec::as_slice)
    }

    /// Lets a row go; gives those that waited for it and now wait for `before`, if for anything.
    pub(super) fn leave(&mut self, id: Ulid, row: &Row, before: Option<Ulid>) -> Vec<Ulid> {
        if is_digest(row) {
            if let Some(digests) = self.digests.get_mut(&(row.channel, row.target)) {
                digests.retain(|digest| *digest != id);
            }
        } else if self.tails.get(&line(row)) == Some(&id) {
            match before {
                // A digest is no member of the line; whoever comes next finds it by its key.
                Some(before) if !self.is_digest(row, before) => {
                    self.tails.insert(line(row), before);
                }
                _ => {
                    self.tails.remove(&line(row));
                }
            }
        }
        if let Some(before) = row.behind
            && let Some(followers) = self.followers.get_mut(&before)
        {
            followers.retain(|follower| *follower != id);
            if followers.is_empty() {
                self.followers.remove(&before);
            }
        }
        let followers = self.followers.remove(&id).unwrap_or_default();
        if let Some(before) = before.filter(|_| !followers.is_empty()) {
            self.followers.entry(before).or_default().extend(&followers);
        }
        followers
    }

    fn is_digest(&self, row: &Row, id: Ulid) -> bool {
        self.digests
            .get(&(row.channel, row.target))
            .is_some_and(|digests| digests.contains(&id))
    }

    pub(super) fn tail(&self, channel: usize, target: usize, key: &Arc<str>) -> Option<Ulid> {
        let channel = u8::try_from(channel).ok()?;
        let target = u16::try_from(target).ok()?;
        self.tails.get(&(channel, target, Arc::clone(key))).copied()
    }

    pub(super) fn digests(&self, channel: usize, target: usize) -> &[Ulid] {
        let place = (
            u8::try_from(channel).unwrap_or(u8::MAX),
            u16::try_from(target).unwrap_or(u16::MAX),
        );
        self.digests.get(&place).map_or(&[], Vec::as_slice)
    }
}
