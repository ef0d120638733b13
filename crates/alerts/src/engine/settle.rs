//! What an outcome brings about.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use ulid::Ulid;

use super::accept::{Plan, new_row};
use super::{Effects, Engine};
use crate::AlertLevel;
use crate::alert::Alert;
use crate::channel::{AlertStatus, Outcome, Rendered};
use crate::clock::Now;
use crate::event::AlertEvent;
use crate::outbox::{ChannelNews, RowState, Settled};
use crate::policy::{Pass, Suppressed};
use crate::store::{Accepted, Change, Delivery, DeliveryState};

/// The kind of an alert about the alerting itself.
pub(crate) const KIND_META: &str = "alerting";

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
            }
        }
        self.channel_news(now, channel, &news, reason, meta, &mut effects);
        effects
    }

    fn arrived(&mut self, now: Now, id: Ulid, note: Option<String>, effects: &mut Effects) {
        let Some(row) = self.outbox.remove(id) else {
            return;
        };
        let channel = usize::from(row.channel);
        if !row.detour {
            self.policy
                .delivered(now.tick, &row.accepted.key, channel, row.ticket);
        }
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
    }

    /// Another replica told it: nothing left to do here.
    pub(crate) fn told_elsewhere(&mut self, now: Now, id: Ulid) -> Effects {
        let mut effects = Effects::default();
        let Some(row) = self.outbox.remove(id) else {
            return effects;
        };
        let channel = usize::from(row.channel);
        self.outbox.queues[channel].breaker.neutral(now.tick);
        self.policy
            .delivered(now.tick, &row.accepted.key, channel, row.ticket);
        self.counters.suppressed[Suppressed::Replica.index()] += 1;
        self.counters.channels[channel].suppressed += 1;
        effects.events.push(AlertEvent::Suppressed {
            key: Arc::clone(&row.accepted.key),
            channel: self.channels[channel].id.to_string(),
            level: row.level(),
            reason: Suppressed::Replica,
        });
        effects.changes.push(Change::Move {
            id,
            state: DeliveryState::Suppressed,
            reason: Cow::Borrowed(Suppressed::Replica.as_str()),
            attempt: 0,
            next_at: now.wall,
            deadline: now.wall_at(row.deadline),
            parent: None,
            at: now.wall,
        });
        effects
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
                .key(format!("bongsu|dead|{name}")),
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
        if !row.detour {
            self.policy.dead(&row.accepted.key, channel, row.ticket);
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
    }

    fn channel_news(
        &mut self,
        now: Now,
        channel: usize,
        news: &ChannelNews,
        reason: String,
        meta: bool,
        effects: &mut Effects,
    ) {
        let name = self.channels[channel].id.to_string();
        let (level, title) = match news {
            ChannelNews::Nothing => return,
            ChannelNews::Recovered => {
                effects
                    .events
                    .push(AlertEvent::ChannelRecovered { channel: name });
                return;
            }
            ChannelNews::Failing => {
                effects.events.push(AlertEvent::ChannelFailing {
                    channel: name.clone(),
                    reason: reason.clone(),
                });
                (
                    AlertLevel::Warning,
                    format!("Alert channel {name} is failing"),
                )
            }
            ChannelNews::Broken => {
                effects.events.push(AlertEvent::ChannelBroken {
                    channel: name.clone(),
                    reason: reason.clone(),
                });
                (
                    AlertLevel::Error,
                    format!("Alert channel {name} needs mending"),
                )
            }
        };
        self.detour_waiting(now, channel, effects);
        if !meta {
            let alert =
                Alert::new(level, title, reason, "bongsu").key(format!("bongsu|channel|{name}"));
            self.meta_alert(now, channel, alert, effects);
        }
    }

    /// An alert about a channel, for every other channel.
    fn meta_alert(&mut self, now: Now, about: usize, alert: Alert, effects: &mut Effects) {
        let alert = alert
            .kind(KIND_META)
            .tag("alerting")
            .timestamp(now.wall)
            .metadata("channel", self.channels[about].id.to_string());
        let decision = self.policy.decide_meta(now, &alert, about);
        if decision.routes.is_empty() {
            return;
        }
        self.counters.meta_alerts += 1;
        let accepted = Arc::new(Accepted {
            id: self.ulid(now),
            alert,
            key: decision.key,
            status: AlertStatus::Firing,
            at: now.wall,
        });
        let mut deliveries = Vec::new();
        for (channel, cooldown, ticket) in decision.routes {
            for target in 0..self.channels[channel].targets.len() {
                let place = (channel, target);
                let delivery = self.add_row(now, &accepted, place, cooldown, "alerting", false);
                if let Some(row) = self.outbox.get_mut(delivery.id) {
                    row.ticket = ticket;
                }
                deliveries.push(delivery);
            }
        }
        effects.changes.push(Change::Accept {
            accepted,
            deliveries,
        });
    }

    /// One more delivery, ready to go: the journal's order sees to it that it is written first.
    pub(super) fn add_row(
        &mut self,
        now: Now,
        accepted: &Arc<Accepted>,
        (channel, target): (usize, usize),
        cooldown: Duration,
        why: &'static str,
        detour: bool,
    ) -> Delivery {
        self.add_row_as(
            now,
            accepted,
            (channel, target),
            cooldown,
            why,
            detour,
            RowState::Waiting,
        )
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one row of facts, used in two places"
    )]
    fn add_row_as(
        &mut self,
        now: Now,
        accepted: &Arc<Accepted>,
        (channel, target): (usize, usize),
        cooldown: Duration,
        why: &'static str,
        detour: bool,
        state: RowState,
    ) -> Delivery {
        let id = self.ulid(now);
        let give_up = self.outbox.config.retry.give_up_after(accepted.alert.level);
        let deadline = now.tick.after(give_up);
        let mut delivery = self.record(
            now,
            id,
            (channel, Some(target)),
            DeliveryState::Pending,
            Cow::Borrowed(why),
            cooldown,
        );
        delivery.deadline = now.wall_at(deadline);
        let mut row = new_row(now.tick, accepted, (channel, target), deadline, 0, cooldown);
        row.state = state;
        row.detour = detour;
        self.outbox.insert(id, row);
        delivery
    }

    /// A CRITICAL alert for a failing channel goes to the fallback as well.
    pub(super) fn detour_if_failing(
        &mut self,
        now: Now,
        accepted: &Arc<Accepted>,
        channel: usize,
        deliveries: &mut Vec<Delivery>,
        plan: &mut Plan,
    ) {
        let Some(fallback) = self.fallback else {
            return;
        };
        let failing = self.outbox.queues[channel].breaker.is_open();
        let there = self.channels[fallback].id.clone();
        if !failing
            || fallback == channel
            || deliveries.iter().any(|row| {
                row.channel == there
                    && matches!(row.state, DeliveryState::Pending | DeliveryState::Digested)
            })
        {
            return;
        }
        for target in 0..self.channels[fallback].targets.len() {
            let delivery = self.add_row_as(
                now,
                accepted,
                (fallback, target),
                Duration::ZERO,
                Pass::Fallback.as_str(),
                true,
                RowState::Accepting,
            );
            plan.rows.push(delivery.id);
            deliveries.push(delivery);
        }
    }

    /// What is CRITICAL and waits for a channel that began to fail goes to the fallback as well.
    fn detour_waiting(&mut self, now: Now, channel: usize, effects: &mut Effects) {
        let Some(fallback) = self.fallback.filter(|fallback| *fallback != channel) else {
            return;
        };
        let mut waiting: Vec<Arc<Accepted>> = self
            .outbox
            .rows()
            .filter(|(_, row)| {
                usize::from(row.channel) == channel
                    && row.level() == AlertLevel::Critical
                    && row.digest.is_none()
                    && !row.detour
            })
            .map(|(_, row)| Arc::clone(&row.accepted))
            .collect();
        waiting.sort_by_key(|accepted| accepted.id);
        waiting.dedup_by_key(|accepted| accepted.id);
        let there: HashSet<Ulid> = self
            .outbox
            .rows()
            .filter(|(_, row)| usize::from(row.channel) == fallback)
            .map(|(_, row)| row.accepted.id)
            .collect();
        waiting.retain(|accepted| !there.contains(&accepted.id));
        for accepted in waiting {
            for target in 0..self.channels[fallback].targets.len() {
                let delivery = self.add_row(
                    now,
                    &accepted,
                    (fallback, target),
                    Duration::ZERO,
                    Pass::Fallback.as_str(),
                    true,
                );
                effects.changes.push(Change::Add {
                    accepted: accepted.id,
                    delivery,
                });
            }
        }
    }
}
