//! Taking an alert in.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use ulid::Ulid;

use super::digest::STORM_GATHER;
use super::{Effects, Engine};
use crate::AlertLevel;
use crate::alert::Alert;
use crate::channel::AlertStatus;
use crate::clock::{Now, Tick};
use crate::event::AlertEvent;
use crate::outbox::{Row, RowState};
use crate::policy::{Pass, Route, Suppressed, Verdict};
use crate::store::{Accepted, Change, Delivery, DeliveryState, StoreError};

/// What became of an alert that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The alert's id.
    pub alert_id: String,
    /// What it goes by.
    pub key: String,
    /// Whether it was too large and had to be cut.
    pub truncated: bool,
    /// What was decided on each channel, and why.
    pub channels: Vec<ChannelDecision>,
}

impl Receipt {
    /// Deliveries that are on their way.
    #[must_use]
    pub fn deliveries(&self) -> usize {
        self.channels
            .iter()
            .map(|decision| match &decision.what {
                What::Deliver { delivery_ids, .. } => delivery_ids.len(),
                What::Digest { .. } | What::Suppress(_) => 0,
            })
            .sum()
    }
}

/// What was decided on one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelDecision {
    /// The channel.
    pub channel: String,
    /// The rule that chose it; none: no rule matched.
    pub rule: Option<String>,
    /// What happens.
    pub what: What,
}

/// What happens on one channel, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// It goes out.
    Deliver {
        /// Why it may.
        why: Pass,
        /// One a target: the idempotency keys.
        delivery_ids: Vec<String>,
    },
    /// It is told in a digest.
    Digest {
        /// One a target: the digests' deliveries.
        delivery_ids: Vec<String>,
    },
    /// It stays in the history.
    Suppress(Suppressed),
}

/// The alert was not taken in.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// Too much waits already, and nothing milder could give way.
    #[error("too many alerts wait for delivery")]
    Full,
    /// It could not be made durable.
    #[error("the alert is not durable (direct delivery tried: {direct})")]
    Store {
        /// Whether its deliveries are tried all the same, from memory.
        direct: bool,
        /// What failed.
        #[source]
        source: StoreError,
    },
    /// The manager is gone.
    #[error("the alert manager was closed")]
    Closed,
}

/// An accepted alert, before it is durable.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) receipt: Receipt,
    pub(crate) effects: Effects,
    pub(crate) accepted: Arc<Accepted>,
    pub(crate) rows: Vec<Ulid>,
    /// The dispatcher has to look sooner than it meant to.
    pub(crate) wake: bool,
}

/// Bytes that a row takes besides its alert.
const ROW_BYTES: usize = 320;

impl Engine {
    /// Decides on an alert and takes its deliveries in. They wait for [`Engine::committed`].
    pub(crate) fn accept(
        &mut self,
        now: Now,
        mut alert: Alert,
        status: AlertStatus,
    ) -> Result<Plan, SendError> {
        let truncated = crate::limits::fit(&mut alert);
        self.counters.truncated += u64::from(truncated);
        let decision = self.policy.decide(now, &alert, status);
        let level = alert.level;
        let accepted = Arc::new(Accepted {
            id: self.ulid(now),
            alert,
            key: decision.key,
            status,
            at: now.wall,
        });
        let mut plan = Plan {
            receipt: Receipt {
                alert_id: accepted.alert.id.clone(),
                key: accepted.key.to_string(),
                truncated,
                channels: Vec::with_capacity(decision.routes.len()),
            },
            effects: Effects::default(),
            accepted: Arc::clone(&accepted),
            rows: Vec::new(),
            wake: false,
        };
        let going: usize = decision
            .routes
            .iter()
            .filter(|route| route.verdict.is_deliver())
            .map(|route| self.channels[route.channel].targets.len())
            .sum();
        if !self.room_for(now, &accepted, going, &mut plan.effects) {
            self.counters.refused_full += 1;
            for route in &decision.routes {
                self.take_back(&accepted.key, route);
            }
            return Err(SendError::Full);
        }
        let mut deliveries = Vec::with_capacity(going + decision.routes.len());
        for route in &decision.routes {
            let what = self.take_route(now, &accepted, route, &mut deliveries, &mut plan);
            plan.receipt.channels.push(ChannelDecision {
                channel: self.channels[route.channel].id.to_string(),
                rule: route
                    .rule
                    .and_then(|rule| self.policy.rule_id(rule))
                    .map(str::to_owned),
                what,
            });
        }
        self.counters.accepted[level.index()] += 1;
        // The alert goes into the journal before a digest that tells it.
        plan.effects.changes.insert(
            0,
            Change::Accept {
                accepted: Arc::clone(&accepted),
                deliveries,
            },
        );
        self.hold_flapping(now, &accepted, decision.hushed);
        self.note_active(now, &accepted, &decision.routes, &mut plan.effects);
        let timers = self.active.next_wake().min(self.flapping.next_wake());
        plan.wake = !plan.rows.is_empty() || timers < self.wake;
        plan.effects.events.insert(
            0,
            AlertEvent::Accepted {
                key: Arc::clone(&accepted.key),
                kind: accepted.alert.kind.clone(),
                level,
                title: accepted.alert.title.clone(),
                source: accepted.alert.source.clone(),
                deliveries: plan.rows.len(),
            },
        );
        Ok(plan)
    }

    /// Gives the cooldown of a route back, whole.
    fn take_back(&mut self, key: &str, route: &Route) {
        if let Verdict::Deliver { ticket, .. } = route.verdict {
            for _ in 0..self.channels[route.channel].targets.len() {
                self.policy.dead(key, route.channel, ticket);
            }
        }
    }

    fn room_for(
        &mut self,
        now: Now,
        accepted: &Accepted,
        rows: usize,
        effects: &mut Effects,
    ) -> bool {
        if rows == 0 {
            return true;
        }
        let bytes = rows * ROW_BYTES + crate::limits::weight(&accepted.alert);
        let Some(victims) = self.outbox.make_room(rows, bytes, accepted.alert.level) else {
            return false;
        };
        for id in victims {
            if let Some(row) = self.outbox.get(id) {
                self.counters.evicted[row.level().index()] += 1;
            }
            self.bury(now, id, "evicted to make room".to_owned(), effects);
        }
        true
    }

    fn take_route(
        &mut self,
        now: Now,
        accepted: &Arc<Accepted>,
        route: &Route,
        deliveries: &mut Vec<Delivery>,
        plan: &mut Plan,
    ) -> What {
        let channel = route.channel;
        match &route.verdict {
            Verdict::Suppress(reason) => {
                self.counters.suppressed[reason.index()] += 1;
                self.counters.channels[channel].suppressed += 1;
                let id = self.ulid(now);
                deliveries.push(self.record(
                    now,
                    id,
                    (channel, None),
                    DeliveryState::Suppressed,
                    Cow::Borrowed(reason.as_str()),
                    Duration::ZERO,
                ));
                plan.effects.events.push(AlertEvent::Suppressed {
                    key: Arc::clone(&accepted.key),
                    channel: self.channels[channel].id.to_string(),
                    level: accepted.alert.level,
                    reason: *reason,
                });
                What::Suppress(*reason)
            }
            Verdict::Digest {
                until,
                suppressed,
                cooldown,
            } => {
                let mut ids = Vec::new();
                for target in 0..self.channels[channel].targets.len() {
                    ids.push(self.gather(
                        now,
                        accepted,
                        (channel, target),
                        *until,
                        (*suppressed, *cooldown),
                        deliveries,
                        plan,
                    ));
                }
                What::Digest { delivery_ids: ids }
            }
            Verdict::Deliver {
                why,
                suppressed,
                cooldown,
                ticket,
            } => {
                let mut ids = Vec::new();
                for target in 0..self.channels[channel].targets.len() {
                    if self.storming(channel, target, accepted) {
                        let until = now.tick.after(STORM_GATHER);
                        self.fold_waiting(now, (channel, target), until, plan);
                        ids.push(self.gather(
                            now,
                            accepted,
                            (channel, target),
                            until,
                            (*suppressed, *cooldown),
                            deliveries,
                            plan,
                        ));
                        self.policy
                            .digested(now.tick, &accepted.key, channel, *ticket);
                        continue;
                    }
                    let id = self.ulid(now);
                    let mut delivery = self.record(
                        now,
                        id,
                        (channel, Some(target)),
                        DeliveryState::Pending,
                        Cow::Borrowed(why.as_str()),
                        *cooldown,
                    );
                    delivery.suppressed = *suppressed;
                    let deadline = now
                        .tick
                        .after(self.outbox.config.retry.give_up_after(accepted.alert.level));
                    delivery.deadline = now.wall_at(deadline);
                    deliveries.push(delivery);
                    let mut row = new_row(
                        now.tick,
                        accepted,
                        (channel, target),
                        deadline,
                        *suppressed,
                        *cooldown,
                    );
                    row.ticket = *ticket;
                    self.outbox.insert(id, row);
                    plan.rows.push(id);
                    ids.push(id.to_string());
                }
                if accepted.alert.level == AlertLevel::Critical {
                    self.detour_if_failing(now, accepted, channel, deliveries, plan);
                }
                What::Deliver {
                    why: *why,
                    delivery_ids: ids,
                }
            }
        }
    }

    pub(super) fn record(
        &self,
        now: Now,
        id: Ulid,
        (channel, target): (usize, Option<usize>),
        state: DeliveryState,
        reason: Cow<'static, str>,
        cooldown: Duration,
    ) -> Delivery {
        let info = &self.channels[channel];
        let target = target.and_then(|target| info.target_names.get(target));
        Delivery {
            id,
            channel: Arc::clone(&info.id),
            target: target.map_or_else(|| Arc::from(""), Arc::clone),
            state,
            reason,
            attempt: 0,
            next_at: now.wall,
            deadline: now.wall,
            suppressed: 0,
            parent: None,
            cooldown,
            changed: now.wall,
        }
    }

    /// The journal has the alert, or has failed to take it. True: a direct delivery is tried although
    /// it is not durable.
    pub(crate) fn committed(
        &mut self,
        accepted: &Accepted,
        rows: &[Ulid],
        result: &Result<(), StoreError>,
    ) -> bool {
        if result.is_err() {
            self.counters.store_errors += 1;
        }
        let direct = result.is_err() && accepted.alert.level == AlertLevel::Critical;
        for &id in rows {
            // A digest lives on in memory: others may have been put into it.
            let digest = self.outbox.get(id).is_some_and(|row| row.digest.is_some());
            if result.is_ok() || direct || digest {
                self.outbox.confirm(id);
            } else if let Some(row) = self.outbox.remove(id) {
                self.policy
                    .dead(&row.accepted.key, usize::from(row.channel), row.ticket);
            }
        }
        direct && !rows.is_empty()
    }
}

pub(super) fn new_row(
    tick: Tick,
    accepted: &Arc<Accepted>,
    (channel, target): (usize, usize),
    deadline: Tick,
    suppressed: u64,
    cooldown: Duration,
) -> Row {
    Row {
        accepted: Arc::clone(accepted),
        channel: u8::try_from(channel).unwrap_or(u8::MAX),
        target: u16::try_from(target).unwrap_or(u16::MAX),
        attempt: 0,
        next: tick,
        deadline,
        suppressed,
        cooldown,
        state: RowState::Accepting,
        message: None,
        degraded: false,
        doubts: 0,
        digest: None,
        detour: false,
        ticket: 0,
        accepted_tick: tick,
        bytes: ROW_BYTES + crate::limits::weight(&accepted.alert),
    }
}
