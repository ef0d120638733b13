//! Taking up where the last run ended.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use ulid::Ulid;

use super::meta::is_about_channel;
use super::{Effects, Engine};
use crate::AlertLevel;
use crate::channel::AlertStatus;
use crate::clock::{Now, Tick};
use crate::outbox::RowState;
use crate::policy::PastMark;
use crate::store::{Change, DeliveryState, Gathered, Recovered, Recovery};

/// The ticket of what no mark is about any more.
const SUPERSEDED: u32 = u32::MAX;
/// Whatever its deadline, a delivery from the last run is tried for this long.
const GRACE: Duration = Duration::from_secs(600);

impl Engine {
    /// Takes up what the store remembers.
    pub(crate) fn recover(&mut self, now: Now, recovered: Recovered) -> Effects {
        let mut effects = Effects::default();
        self.last_id = self.last_id.max(recovered.newest);
        for silence in recovered.silences {
            // More than the bound cannot have been stored.
            let _ = self.policy.silence(now, silence);
        }
        let mut falls = HashSet::new();
        for mark in recovered.marks {
            let Some(channel) = self.channel_index(&mark.channel) else {
                continue;
            };
            let told = mark.state != DeliveryState::Dead;
            if !told {
                continue;
            }
            // What another replica told, and what was told in a digest, is told.
            let gathered = mark.state == DeliveryState::Digested;
            let in_digest = mark.in_digest && !is_about_channel(&mark.key);
            if mark.falls {
                falls.insert((Arc::clone(&mark.key), Arc::clone(&mark.channel)));
            }
            self.policy.recover(
                now.tick,
                PastMark {
                    key: mark.key,
                    channel,
                    level: mark.level,
                    at: now.tick_at(mark.changed).min(now.tick),
                    cooldown: mark.cooldown,
                    outstanding: if mark.state.is_finished() {
                        0
                    } else {
                        u16::try_from(self.channels[channel].targets.len()).unwrap_or(1)
                    },
                    suppressed: mark.suppressed,
                    firing: mark.status == AlertStatus::Firing,
                    gathered,
                    in_digest,
                },
            );
        }
        for (channel, target) in &recovered.told_digests {
            let place = self.place_of(channel, target);
            let keeps = place.filter(|place| self.channels[place.0].keeps_digests);
            self.told_digests.extend(keeps);
        }
        for active in recovered.active {
            self.recover_active(now, active, &mut effects);
        }
        let mut digested: HashMap<Ulid, Gathered> = recovered.digested.into_iter().collect();
        let line = |it: &Recovery| {
            (
                Arc::clone(&it.accepted.key),
                Arc::clone(&it.delivery.channel),
            )
        };
        let mut newest: HashMap<(Arc<str>, Arc<str>), Ulid> = HashMap::new();
        for unfinished in &recovered.unfinished {
            let newest = newest.entry(line(unfinished)).or_default();
            *newest = unfinished.accepted.id.max(*newest);
        }
        for unfinished in recovered.unfinished {
            let id = unfinished.delivery.id;
            let line = line(&unfinished);
            let last = newest.get(&line) == Some(&unfinished.accepted.id);
            self.take_up(now, unfinished, RowState::Waiting, &mut effects);
            if let Some(row) = self.outbox.get_mut(id) {
                // From where is not kept: whatever is said now may be milder than that.
                row.told = (last && falls.contains(&line)).then_some(AlertLevel::Critical);
                if !last {
                    // The mark is of what was said last: this one's outcome is not about it.
                    row.ticket = SUPERSEDED;
                }
            }
            // Before what comes after it: an end that a digest tells of waits for the digest.
            if let Some(row) = self.outbox.get_mut(id)
                && let Some(told) = digested.remove(&id).filter(|told| !told.is_empty())
            {
                row.digest = Some(Box::new(told));
            }
        }
        effects
    }

    fn place_of(&self, channel: &str, target: &str) -> Option<(usize, usize)> {
        let channel = self.channel_index(channel)?;
        let targets = &self.channels[channel].target_names;
        let target = targets.iter().position(|name| **name == *target)?;
        Some((channel, target))
    }

    /// Puts a delivery of the last run, or a dead one, in the queue again.
    fn take_up(&mut self, now: Now, recovery: Recovery, state: RowState, effects: &mut Effects) {
        let Recovery {
            accepted,
            delivery,
            message,
        } = recovery;
        let Some(place) = self.place_of(&delivery.channel, &delivery.target) else {
            effects.changes.push(Change::Move {
                id: delivery.id,
                state: DeliveryState::Dead,
                reason: "the channel or the target is not configured any more".into(),
                attempt: delivery.attempt,
                next_at: now.wall,
                deadline: delivery.deadline,
                parent: None,
                at: now.wall,
            });
            return;
        };
        if self.outbox.get(delivery.id).is_some() {
            return;
        }
        let retry = &self.outbox.config.retry;
        let give_up = retry.give_up_after(match accepted.status {
            // The end of something is tried as long as its beginning was.
            AlertStatus::Resolved => AlertLevel::Critical,
            // Its own level is known only when it goes out.
            AlertStatus::Digest => AlertLevel::Error,
            _ => accepted.alert.level,
        });
        let deadline = now
            .tick_at(delivery.deadline)
            .clamp(now.tick.after(GRACE), now.tick.after(give_up.max(GRACE)));
        let digest = accepted.status == AlertStatus::Digest && message.is_none();
        // No wait is longer than it was meant to be, whatever the clocks of two runs say.
        let longest = match delivery.state {
            DeliveryState::Pending if digest => {
                let meant = delivery.next_at.duration_since(accepted.at);
                Duration::try_from(meant).unwrap_or(Duration::ZERO)
            }
            DeliveryState::Pending if delivery.attempt > 0 => {
                self.outbox.config.retry.wait(delivery.attempt, 1.0)
            }
            _ => Duration::ZERO,
        };
        let next = now
            .tick_at(delivery.next_at)
            .clamp(now.tick, now.tick.after(longest));
        let mut row = self.new_row(now, &accepted, place, delivery.cooldown);
        row.deadline = deadline;
        row.suppressed = delivery.suppressed;
        if matches!(accepted.status, AlertStatus::Resolved | AlertStatus::Digest) {
            row.urgency = row.urgency.max(AlertLevel::Error);
        }
        if accepted.status != AlertStatus::Digest {
            row.behind = self.before(place, &accepted.key);
        }
        row.attempt = delivery.attempt;
        row.next = next;
        row.state = state;
        row.begun = delivery.state == DeliveryState::InFlight;
        row.message = message;
        row.accepted_tick = now
            .tick_at(accepted.at)
            .min(now.tick)
            .max(Tick(i64::MIN / 2));
        if digest {
            row.digest = Some(Box::default());
            self.reopen_digest(place, delivery.id, longest);
        }
        self.outbox.insert(delivery.id, row);
    }

    /// Dead deliveries go round again under their old idempotency keys, once that is durable.
    pub(crate) fn replay(&mut self, now: Now, dead: Vec<Recovery>) -> (Vec<Ulid>, Effects) {
        let mut effects = Effects::default();
        let mut taken = Vec::new();
        for mut recovery in dead {
            let id = recovery.delivery.id;
            if self.outbox.get(id).is_some() {
                continue;
            }
            let bytes = crate::limits::weight(&recovery.accepted.alert);
            if self
                .outbox
                .make_room(1, bytes, recovery.accepted.alert.level)
                .is_none_or(|victims| !victims.is_empty())
            {
                break;
            }
            let give_up = self
                .outbox
                .config
                .retry
                .give_up_after(recovery.accepted.alert.level);
            let deadline = now.tick.after(give_up);
            recovery.delivery.deadline = now.wall_at(deadline);
            recovery.delivery.next_at = now.wall;
            recovery.delivery.attempt = 0;
            let change = Change::Move {
                id,
                state: DeliveryState::Pending,
                reason: "replayed".into(),
                attempt: 0,
                next_at: now.wall,
                deadline: recovery.delivery.deadline,
                parent: None,
                at: now.wall,
            };
            self.take_up(now, recovery, RowState::Accepting, &mut effects);
            if self.outbox.get(id).is_some() {
                taken.push(id);
                effects.changes.push(change);
            }
        }
        (taken, effects)
    }
}
