//! What has to go out before what, and what waits for whom.

use std::sync::Arc;

use ulid::Ulid;

use super::{Outbox, RowState};
use crate::AlertLevel;
use crate::channel::AlertStatus;
use crate::clock::Tick;
use crate::store::{DIGEST_KEY, Gathered};

impl Outbox {
    /// The rows that say something milder of the same key to the same target, and have not been begun:
    /// what is worse tells all that matters of them. With a beginning of which nobody heard goes its end. The
    /// latest first.
    pub(crate) fn milder(
        &self,
        (channel, target): (usize, usize),
        key: &Arc<str>,
        level: AlertLevel,
    ) -> Vec<Ulid> {
        let mut found = Vec::new();
        let mut end = None;
        let mut at = self.lines.tail(channel, target, key);
        while let Some((id, row)) = at.and_then(|id| Some((id, self.rows.get(&id)?))) {
            let waits =
                matches!(row.state, RowState::Waiting | RowState::Behind) && row.digest.is_none();
            if waits && row.urgency < level {
                found.extend(end.filter(|_| row.is_unheard()));
                found.push(id);
            }
            end = (waits && row.urgency >= level && row.accepted.status == AlertStatus::Resolved)
                .then_some(id);
            at = row.behind;
        }
        found
    }

    /// Whether something worse of the same key waits behind the row.
    pub(crate) fn has_worse_behind(&self, id: Ulid) -> bool {
        let Some(row) = self.rows.get(&id) else {
            return false;
        };
        let (channel, target) = row.place();
        let tail = self.lines.tail(channel, target, &row.accepted.key);
        let tail = tail.filter(|tail| *tail != id).and_then(|id| self.get(id));
        tail.is_some_and(|tail| {
            tail.urgency > row.urgency && tail.accepted.status == AlertStatus::Firing
        })
    }

    /// The last of what is said of a key to a target.
    pub(crate) fn tail(&self, (channel, target): (usize, usize), key: &Arc<str>) -> Option<Ulid> {
        self.lines.tail(channel, target, key)
    }

    /// A digest for the target that gathers no more, has not arrived, and is wanted by what is in it: one from
    /// the last run is bytes already, and nobody knows any more. One that gathers still hears of whatever is
    /// said of its keys: nothing waits for it.
    pub(crate) fn closed_digest(
        &self,
        (channel, target): (usize, usize),
        wanted: impl Fn(Option<&Gathered>) -> bool,
    ) -> Option<Ulid> {
        let digests = self.lines.digests(channel, target);
        digests.iter().rev().copied().find(|id| {
            self.rows.get(id).is_some_and(|row| {
                let closed =
                    row.message.is_some() || matches!(row.state, RowState::InFlight { .. });
                closed && wanted(row.digest.as_deref())
            })
        })
    }

    /// What has to be out of the way before a digest that was just claimed for the first time: what
    /// was said before of one of its keys.
    pub(crate) fn before_digest(&self, id: Ulid) -> Option<Ulid> {
        let row = self.rows.get(&id).filter(|row| row.message.is_none())?;
        let (place, digest) = (row.place(), row.digest.as_ref()?);
        let others = self.lines.digests(place.0, place.1);
        // The end of one before it is under way: it must not be taken for the end of this one.
        let end = self.tail(place, &Arc::from(DIGEST_KEY));
        let end = end.filter(|end| !self.waits_for(*end, id));
        let told = || {
            digest.keys().find_map(|key| {
                let other = others.iter().copied().find(|other| {
                    let closed = self.rows.get(other).filter(|row| row.message.is_some());
                    let tells = closed.is_some_and(|row| {
                        row.digest.as_ref().is_none_or(|told| told.may_tell(key))
                    });
                    *other != id && tells
                });
                other.or_else(|| {
                    self.tail(place, key)
                        .filter(|tail| !self.waits_for(*tail, id))
                })
            })
        };
        end.or_else(told)
    }

    fn waits_for(&self, id: Ulid, wanted: Ulid) -> bool {
        let behind = |id: &Ulid| self.rows.get(id).and_then(|row| row.behind);
        std::iter::successors(Some(id), behind).any(|id| id == wanted)
    }

    /// The end of a key that waits for a row.
    pub(crate) fn end_behind(&self, id: Ulid, key: &str) -> Option<Ulid> {
        let followers = self.lines.followers(id).iter().copied();
        followers.into_iter().find(|follower| {
            self.rows.get(follower).is_some_and(|row| {
                *row.accepted.key == *key && row.accepted.status == AlertStatus::Resolved
            })
        })
    }

    /// What is said of the same key and waits for a row, unless it was accepted to be said apart.
    pub(crate) fn same_behind(&self, id: Ulid) -> Option<Ulid> {
        let key = &self.rows.get(&id)?.accepted.key;
        let followers = self.lines.followers(id).iter().copied();
        followers.into_iter().find(|follower| {
            let row = self.rows.get(follower);
            row.is_some_and(|row| row.accepted.key == *key && !row.detour && row.digest.is_none())
        })
    }

    /// Takes a claim back until another row is out of the way.
    pub(crate) fn defer(&mut self, id: Ulid, tick: Tick, before: Ulid) {
        self.put_back(id, tick, tick);
        let Some(row) = self.rows.get_mut(&id) else {
            return;
        };
        row.attempt = row.attempt.saturating_sub(1);
        row.state = RowState::Behind;
        row.behind = Some(before);
        let (channel, target) = row.place();
        self.queues[channel].pull(target, row.critical(), row.next, id);
        self.deadlines.remove(&(row.deadline, id));
        self.lines.follow(before, id);
    }
}
