//! From what was decided on a channel to deliveries, one a target.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use ulid::Ulid;

use super::digest::Gathering;
use super::{ChannelDecision, Effects, Engine, What};
use crate::AlertLevel;
use crate::alert::Alert;
use crate::channel::AlertStatus;
use crate::clock::{Now, Tick};
use crate::event::AlertEvent;
use crate::outbox::{Row, RowState};
use crate::policy::{Decision, Route, Verdict};
use crate::store::{Accepted, Change, DIGEST_KEY, Delivery, DeliveryState, OVERTAKEN};

/// What was known of a key before it was decided on anew.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    /// See [`Row::urgency`].
    pub(super) urgency: AlertLevel,
    /// A bit for each channel whose readers know of it by a digest.
    gathered: u64,
    /// A bit for each channel where a digest tells of it, whatever else does.
    in_digest: u64,
}

impl Facts {
    pub(super) const fn was_gathered(self, channel: usize) -> bool {
        self.gathered & (1 << channel) != 0
    }

    pub(super) const fn is_in_digest(self, channel: usize) -> bool {
        self.in_digest & (1 << channel) != 0
    }
}

/// Deliveries in the making.
#[derive(Debug)]
pub(super) struct Take<'a> {
    pub(super) now: Now,
    pub(super) accepted: &'a Arc<Accepted>,
    pub(super) facts: Facts,
    pub(super) state: RowState,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) rows: Vec<Ulid>,
    /// What has to be written before the alert, and told after it.
    pub(super) before: Effects,
}

impl<'a> Take<'a> {
    pub(super) fn new(
        now: Now,
        accepted: &'a Arc<Accepted>,
        facts: Facts,
        state: RowState,
    ) -> Self {
        Self {
            now,
            accepted,
            facts,
            state,
            deliveries: Vec::new(),
            rows: Vec::new(),
            before: Effects::default(),
        }
    }
}

/// Bytes that a row takes besides its alert.
const ROW_BYTES: usize = 320;

impl Engine {
    /// To be asked before the policy decides.
    pub(super) fn facts(&self, accepted: &Accepted) -> Facts {
        self.facts_of(&accepted.alert, accepted.status, &accepted.key)
    }

    pub(super) fn facts_of(&self, alert: &Alert, status: AlertStatus, key: &str) -> Facts {
        let told = self.policy.worst_told(key);
        let urgency = match status {
            AlertStatus::Resolved => told.unwrap_or(AlertLevel::Error).max(AlertLevel::Error),
            _ => alert.level,
        };
        let (gathered, in_digest) = self.policy.gathered_on(key);
        Facts {
            urgency,
            gathered,
            in_digest,
        }
    }

    /// Rows that a decision makes at most.
    pub(super) fn going(&self, decision: &Decision) -> usize {
        let going = decision
            .routes
            .iter()
            .filter(|route| route.verdict.is_deliver());
        going
            .map(|route| self.channels[route.channel].targets.len())
            .sum()
    }

    /// Gives the cooldowns of a decision back, whole.
    pub(super) fn take_back(&mut self, now: Now, key: &str, decision: &Decision) {
        for route in &decision.routes {
            if let Verdict::Deliver { ticket, .. } = route.verdict {
                for _ in 0..self.channels[route.channel].targets.len() {
                    self.policy.dead(now.tick, key, route.channel, ticket);
                }
            }
        }
    }

    pub(super) fn room_for(
        &mut self,
        now: Now,
        accepted: &Accepted,
        rows: usize,
        urgency: AlertLevel,
        effects: &mut Effects,
    ) -> bool {
        if rows == 0 {
            return true;
        }
        let bytes = rows * ROW_BYTES + crate::limits::weight(&accepted.alert);
        let Some(victims) = self.outbox.make_room(rows, bytes, urgency) else {
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

    pub(super) fn take_route(&mut self, route: &Route, take: &mut Take<'_>) -> ChannelDecision {
        let what = match route.verdict {
            Verdict::Suppress(reason) => self.hold_back(route.channel, reason, take),
            Verdict::Digest {
                until,
                suppressed,
                cooldown,
            } => {
                let into = Gathering::Until(until);
                let mut delivery_ids = Vec::new();
                for place in self.places_of(route.channel) {
                    delivery_ids.push(self.gather(place, into, (suppressed, cooldown), take));
                    self.gather_news(place, Some(into), take);
                }
                What::Digest { delivery_ids }
            }
            Verdict::Deliver { why, .. } => {
                let delivery_ids = self.send(route, take);
                What::Deliver { why, delivery_ids }
            }
        };
        ChannelDecision {
            channel: self.channels[route.channel].id.to_string(),
            rule: route
                .rule
                .and_then(|rule| self.policy.rule_id(rule))
                .map(str::to_owned),
            what,
        }
    }

    fn hold_back(
        &mut self,
        channel: usize,
        reason: crate::policy::Suppressed,
        take: &mut Take<'_>,
    ) -> What {
        self.counters.suppressed[reason.index()] += 1;
        self.counters.channels[channel].suppressed += 1;
        let id = self.ulid(take.now);
        let reason_text = Cow::Borrowed(reason.as_str());
        let state = DeliveryState::Suppressed;
        let record = self.record(take.now, id, (channel, None), state, reason_text);
        take.deliveries.push(record);
        take.before.events.push(AlertEvent::Suppressed {
            key: Arc::clone(&take.accepted.key),
            channel: self.channels[channel].id.to_string(),
            level: take.accepted.alert.level,
            reason,
        });
        What::Suppress(reason)
    }

    /// One row a target, or a place in its digest.
    fn send(&mut self, route: &Route, take: &mut Take<'_>) -> Vec<String> {
        let Verdict::Deliver {
            why,
            suppressed,
            cooldown,
            ticket,
        } = route.verdict
        else {
            return Vec::new();
        };
        let (channel, now, key) = (route.channel, take.now, &take.accepted.key);
        let before = self.policy.told_before(key, channel);
        let mut ids = Vec::new();
        for place in self.places_of(channel) {
            let told = (suppressed, cooldown);
            if let Some(into) = self.joins_digest(place, take) {
                if take.accepted.status == AlertStatus::Firing {
                    self.fold_waiting(place, take);
                }
                ids.push(self.gather(place, into, told, take));
                self.gather_news(place, Some(into), take);
                self.policy.digested(now.tick, key, channel, ticket);
                continue;
            }
            if let Some(waiting) = self.waits_already(place, cooldown, take.accepted) {
                ids.push(waiting.to_string());
                take.deliveries.extend(self.renew(now, waiting, ticket));
                // The end of it, and a fall, may have been gathered since.
                self.gather_news(place, None, take);
                continue;
            }
            let milder = match take.accepted.status {
                AlertStatus::Firing => self.outbox.milder(place, key, take.facts.urgency),
                _ => Vec::new(),
            };
            let id = self.ulid(now);
            let (mut merged, mut told) = (0, before);
            for milder in milder {
                // The latest first: in the end, what its readers were told before all of them.
                told = self.outbox.get(milder).map_or(told, |row| row.told);
                merged += self.supersede(now, milder, id, &mut take.before);
            }
            let suppressed = suppressed.saturating_add(merged);
            let row = self.new_row(now, take.accepted, place, cooldown);
            let row = Row {
                suppressed,
                state: take.state,
                ticket,
                urgency: take.facts.urgency,
                told,
                deadline: self.deadline(now, take.facts.urgency),
                ..row
            };
            let delivery = self.add(now, id, row, why.as_str());
            take.deliveries.push(delivery);
            take.rows.push(id);
            ids.push(id.to_string());
            self.gather_news(place, None, take);
        }
        ids
    }

    /// The last that is on its way to a target, if it says the same: another target of the channel has
    /// had it, and is told again. A cooldown of zero tells every one.
    pub(super) fn waits_already(
        &self,
        place: (usize, usize),
        cooldown: Duration,
        accepted: &Accepted,
    ) -> Option<Ulid> {
        let id = self.outbox.tail(place, &accepted.key)?;
        let row = self.outbox.get(id)?;
        let same = accepted.status == AlertStatus::Firing
            && row.accepted.status == AlertStatus::Firing
            && row.level() == accepted.alert.level
            && row.digest.is_none()
            && !row.detour;
        (same && !cooldown.is_zero()).then_some(id)
    }

    /// What waits already stands for what was decided now as well: its arrival begins the cooldown. Gives
    /// the record.
    pub(super) fn renew(&mut self, now: Now, id: Ulid, ticket: u32) -> Option<Delivery> {
        let row = self.outbox.get_mut(id)?;
        row.ticket = ticket;
        row.suppressed = row.suppressed.saturating_add(1);
        let place = (usize::from(row.channel), Some(usize::from(row.target)));
        self.counters.channels[place.0].suppressed += 1;
        let record = self.ulid(now);
        let reason = Cow::Borrowed("the same is still on its way");
        Some(self.record(now, record, place, DeliveryState::Suppressed, reason))
    }

    /// The digest into which goes what would go out to a target by itself: in a storm, and the end of
    /// what a digest tells.
    fn joins_digest(&self, place: (usize, usize), take: &Take<'_>) -> Option<Gathering> {
        let key = &take.accepted.key;
        let storm = self.open_digest(place, Gathering::Storm).is_some()
            || self.outbox.queues[place.0].crowd(place.1) >= self.outbox.config.storm;
        match take.accepted.status {
            AlertStatus::Resolved if !take.facts.was_gathered(place.0) => None,
            AlertStatus::Resolved => {
                let timed = Gathering::Until(Tick::NEVER);
                let tells = |into: &Gathering| {
                    let row = self
                        .open_digest(place, *into)
                        .and_then(|id| self.outbox.get(id));
                    row.and_then(|row| row.digest.as_ref())
                        .is_some_and(|digest| digest.may_tell(key))
                };
                let found = [timed, Gathering::Storm].into_iter().find(tells);
                found.or_else(|| storm.then_some(Gathering::Storm))
            }
            _ if take.accepted.alert.level == AlertLevel::Critical => None,
            _ => storm.then_some(Gathering::Storm),
        }
    }

    /// Something milder has not been begun: what is worse tells all that matters of it. Gives how many
    /// alerts that were.
    pub(super) fn supersede(&mut self, now: Now, id: Ulid, by: Ulid, effects: &mut Effects) -> u64 {
        let Some(row) = self.outbox.remove(id) else {
            return 0;
        };
        let channel = usize::from(row.channel);
        self.policy
            .dead(now.tick, &row.accepted.key, channel, row.ticket);
        self.counters.channels[channel].digested += 1;
        effects.changes.push(Change::Move {
            id,
            state: DeliveryState::Digested,
            reason: Cow::Borrowed(OVERTAKEN),
            attempt: row.attempt,
            next_at: now.wall,
            deadline: now.wall_at(row.deadline),
            parent: Some(by),
            at: now.wall,
        });
        effects.events.push(AlertEvent::Digested {
            key: Arc::clone(&row.accepted.key),
            channel: self.channels[channel].id.to_string(),
        });
        row.suppressed.saturating_add(1)
    }

    /// The moment at which something that matters so much is given up.
    pub(super) fn deadline(&self, now: Now, urgency: AlertLevel) -> Tick {
        let give_up = self.outbox.config.retry.give_up_after(urgency);
        now.tick.after(give_up)
    }

    /// A row with nothing special about it, due at once.
    pub(super) fn new_row(
        &self,
        now: Now,
        accepted: &Arc<Accepted>,
        (channel, target): (usize, usize),
        cooldown: Duration,
    ) -> Row {
        Row {
            accepted: Arc::clone(accepted),
            channel: u8::try_from(channel).unwrap_or(u8::MAX),
            target: u16::try_from(target).unwrap_or(u16::MAX),
            attempt: 0,
            next: now.tick,
            deadline: self.deadline(now, accepted.alert.level),
            suppressed: 0,
            cooldown,
            state: RowState::Waiting,
            message: None,
            degraded: false,
            doubts: 0,
            doubted: None,
            begun: false,
            digest: None,
            detour: false,
            urgency: accepted.alert.level,
            behind: None,
            told: None,
            ticket: 0,
            accepted_tick: now.tick,
            bytes: ROW_BYTES + crate::limits::weight(&accepted.alert),
        }
    }

    /// The digest that goes out before anything that is said of a key now; before the end of a digest, any.
    pub(super) fn before(&self, place: (usize, usize), key: &str) -> Option<Ulid> {
        self.outbox.closed_digest(place, |told| {
            key == DIGEST_KEY || told.is_none_or(|told| told.may_tell(key))
        })
    }

    /// Puts a row in the queue; gives its record.
    pub(super) fn add(&mut self, now: Now, id: Ulid, mut row: Row, why: &'static str) -> Delivery {
        let place = (usize::from(row.channel), usize::from(row.target));
        let (channel, target) = place;
        let mut delivery = self.record(
            now,
            id,
            (channel, Some(target)),
            DeliveryState::Pending,
            Cow::Borrowed(why),
        );
        delivery.next_at = now.wall_at(row.next);
        delivery.deadline = now.wall_at(row.deadline);
        delivery.cooldown = row.cooldown;
        delivery.suppressed = row.suppressed;
        if row.digest.is_none() {
            row.behind = self.before(place, &row.accepted.key);
        }
        self.outbox.insert(id, row);
        delivery
    }

    pub(super) fn record(
        &self,
        now: Now,
        id: Ulid,
        (channel, target): (usize, Option<usize>),
        state: DeliveryState,
        reason: Cow<'static, str>,
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
            cooldown: Duration::ZERO,
            changed: now.wall,
        }
    }
}
