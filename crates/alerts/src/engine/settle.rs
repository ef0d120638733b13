//! What an outcome brings about.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use ulid::Ulid;

use super::meta::{KIND_META, lost_key};
use super::{Effects, Engine};
use crate::AlertLevel;
use crate::alert::Alert;
use crate::channel::{AlertStatus, Outcome, Rendered};
use crate::clock::Now;
use crate::event::AlertEvent;
use crate::outbox::Settled;
use crate::policy::Suppressed;
use crate::store::{Change, DeliveryState};

impl Engine {
    /// The bytes of a delivery, before its first attempt.
    pub(crate) fn rendered(&mut self, now: Now, id: Ulid, message: &Arc<Rendered>) -> Vec<Change> {
        let Some(row) = self.outbox.get_mut(id) else {
            return Vec::new();
        };
        row.message = Some(Arc::clone(message));
        vec![
            Change::Rendered {
                id,
                message: Arc::clone(message),
            },
            Change::Move {
                id,
                state: DeliveryState::InFlight,
                reason: Cow::Borrowed(""),
                attempt: row.attempt,
                next_at: now.wall,
                deadline: now.wall_at(row.deadline),
                parent: None,
                at: now.wall,
            },
        ]
    }

    /// Applies what came of an attempt.
    pub(crate) fn settle(&mut self, now: Now, id: Ulid, outcome: Outcome) -> Effects {
        let mut effects = Effects::default();
        let unit = self.unit();
        let reason = outcome.reason().to_owned();
        let degraded = matches!(outcome, Outcome::Degrade { .. });
        let Some((settled, news)) = self.outbox.settle(now.tick, id, outcome, unit) else {
            return effects;
        };
        let Some(row) = self.outbox.get(id) else {
            return effects;
        };
        let channel = usize::from(row.channel);
        let meta = row.accepted.alert.kind == KIND_META;
        match settled {
            Settled::Delivered { note } => self.arrived(now, id, note, &mut effects),
            Settled::Dead { reason } => self.give_up(now, id, reason, &mut effects),
            Settled::Retry { next, reason } => {
                self.counters.channels[channel].retried += 1;
                let attempt = row.attempt;
                effects.events.push(AlertEvent::Retrying {
                    channel: self.channels[channel].id.to_string(),
                    reason: reason.clone(),
                    attempt,
                    wait: next.since(now.tick),
                });
                if degraded && let Some(message) = &row.message {
                    effects.changes.push(Change::Rendered {
                        id,
                        message: Arc::clone(message),
                    });
                }
                effects.changes.push(Change::Move {
                    id,
                    state: DeliveryState::Pending,
                    reason: Cow::Owned(reason),
                    attempt,
                    next_at: now.wall_at(next),
                    deadline: now.wall_at(row.deadline),
                    parent: None,
                    at: now.wall,
                });
                if self.outbox.has_worse_behind(id) {
                    self.give_way(now, id, &mut effects);
                }
            }
        }
        self.channel_news(now, channel, &news, reason, meta, &mut effects);
        effects
    }

    /// Something worse waits behind a delivery that failed: it need not be tried again, nor be told to be over.
    fn give_way(&mut self, now: Now, id: Ulid, effects: &mut Effects) {
        let Some(row) = self.outbox.get(id) else {
            return;
        };
        let (told, key) = (row.told, Arc::clone(&row.accepted.key));
        let place = (usize::from(row.channel), usize::from(row.target));
        let end = row
            .is_unheard()
            .then(|| self.outbox.end_behind(id, &key))
            .flatten();
        let Some(tail) = self.outbox.tail(place, &key) else {
            return;
        };
        let mut merged = self.supersede(now, id, tail, effects);
        if let Some(end) = end {
            merged += self.supersede(now, end, tail, effects);
        }
        if let Some(row) = self.outbox.get_mut(tail) {
            row.told = told;
            row.suppressed = row.suppressed.saturating_add(merged);
        }
    }

    fn arrived(&mut self, now: Now, id: Ulid, note: Option<String>, effects: &mut Effects) {
        let Some(row) = self.outbox.remove(id) else {
            return;
        };
        let channel = usize::from(row.channel);
        self.policy
            .delivered(now.tick, &row.accepted.key, channel, row.ticket);
        self.counters.channels[channel].delivered += 1;
        self.counters.sent[row.level().index()] += 1;
        effects.events.push(AlertEvent::Delivered {
            channel: self.channels[channel].id.to_string(),
            kind: row.accepted.alert.kind.clone(),
            level: row.level(),
            title: row.accepted.alert.title.clone(),
            attempt: row.attempt,
            took: now.tick.since(row.accepted_tick),
        });
        effects.changes.push(Change::Move {
            id,
            state: DeliveryState::Delivered,
            reason: note.map_or(Cow::Borrowed(""), Cow::Owned),
            attempt: row.attempt,
            next_at: now.wall,
            deadline: now.wall_at(row.deadline),
            parent: None,
            at: now.wall,
        });
        if row.accepted.status == AlertStatus::Digest {
            let place = (channel, usize::from(row.target));
            self.digest_arrived(now, place, effects);
        }
    }

    /// Another replica told it: nothing left to do here.
    pub(crate) fn told_elsewhere(&mut self, now: Now, id: Ulid) -> Effects {
        let mut effects = Effects::default();
        self.leave(now, id, Suppressed::Replica, &mut effects);
        effects
    }

    /// Another replica said since what the readers here were to believe in the end when it was asked: if that
    /// is so still, all that waits to be said of the key has been said by that.
    pub(crate) fn overtaken(&mut self, now: Now, id: Ulid, so: Option<AlertLevel>) -> Effects {
        let mut effects = Effects::default();
        let unchanged = self.outbox.get(id).is_some_and(|row| {
            self.left_believing(&row.accepted.key, usize::from(row.channel)) == so
        });
        let mut next = Some(id);
        while let Some(id) = next {
            next = self.outbox.same_behind(id).filter(|_| unchanged);
            self.leave(now, id, Suppressed::Replica, &mut effects);
        }
        effects
    }

    /// It need not be told from here any more.
    pub(super) fn leave(&mut self, now: Now, id: Ulid, reason: Suppressed, effects: &mut Effects) {
        let Some(row) = self.outbox.remove(id) else {
            return;
        };
        let channel = usize::from(row.channel);
        self.outbox.queues[channel].neutral(usize::from(row.target), now.tick);
        self.policy
            .delivered(now.tick, &row.accepted.key, channel, row.ticket);
        self.counters.suppressed[reason.index()] += 1;
        self.counters.channels[channel].suppressed += 1;
        effects.events.push(AlertEvent::Suppressed {
            key: Arc::clone(&row.accepted.key),
            channel: self.channels[channel].id.to_string(),
            level: row.level(),
            reason,
        });
        effects.changes.push(Change::Move {
            id,
            state: DeliveryState::Suppressed,
            reason: match row.begun || row.doubts > 0 {
                true => Cow::Owned(format!(
                    "{reason}; an attempt from here may have arrived as well"
                )),
                false => Cow::Borrowed(reason.as_str()),
            },
            attempt: 0,
            next_at: now.wall,
            deadline: now.wall_at(row.deadline),
            parent: None,
            at: now.wall,
        });
    }

    /// Another replica is telling it just now: look again later.
    pub(crate) fn wait_for_replica(&mut self, now: Now, id: Ulid, wait: Duration) {
        let next = now.tick.after(wait);
        self.outbox.put_back(id, now.tick, next);
        if let Some(row) = self.outbox.get_mut(id) {
            row.attempt = row.attempt.saturating_sub(1);
        }
    }

    /// A delivery that will never arrive, and an alert about that.
    pub(super) fn give_up(&mut self, now: Now, id: Ulid, reason: String, effects: &mut Effects) {
        let Some(row) = self.outbox.get(id) else {
            return;
        };
        let channel = usize::from(row.channel);
        let meta = row.accepted.alert.kind == KIND_META;
        let text = format!(
            "{} alert \"{}\" from {} was given up after {} attempts: {reason}",
            row.level().as_str_upper(),
            row.accepted.alert.title,
            row.accepted.alert.source,
            row.attempt,
        );
        self.bury(now, id, reason, effects);
        if !meta {
            let name = Arc::clone(&self.channels[channel].id);
            self.meta_alert(
                now,
                channel,
                Alert::new(
                    AlertLevel::Error,
                    format!("Alert channel {name} lost a message"),
                    text,
                    "bongsu",
                )
                .key(lost_key(&name)),
                effects,
            );
        }
    }

    /// A delivery that will never arrive.
    pub(super) fn bury(&mut self, now: Now, id: Ulid, reason: String, effects: &mut Effects) {
        let Some(row) = self.outbox.remove(id) else {
            return;
        };
        let channel = usize::from(row.channel);
        if row.digest.is_some() {
            self.open_digests.retain(|_, open| *open != id);
        }
        let key = &row.accepted.key;
        if row.doubts > 0 {
            // It may have arrived: then its readers are owed the end.
            self.policy.delivered(now.tick, key, channel, row.ticket);
        } else {
            self.policy.dead(now.tick, key, channel, row.ticket);
        }
        self.counters.channels[channel].dead += 1;
        effects.events.push(AlertEvent::Dead {
            channel: self.channels[channel].id.to_string(),
            delivery_id: id.to_string(),
            level: row.level(),
            title: row.accepted.alert.title.clone(),
            reason: reason.clone(),
        });
        effects.changes.push(Change::Move {
            id,
            state: DeliveryState::Dead,
            reason: Cow::Owned(reason),
            attempt: row.attempt,
            next_at: now.wall,
            deadline: now.wall_at(row.deadline),
            parent: None,
            at: now.wall,
        });
        if row.accepted.status == AlertStatus::Digest && row.doubts > 0 {
            // It may have arrived.
            let place = (channel, usize::from(row.target));
            self.digest_arrived(now, place, effects);
        }
    }
}
