//! What is CRITICAL goes around a channel that fails.

use std::collections::HashSet;
use std::sync::Arc;

use ulid::Ulid;

use super::route::Take;
use super::{Effects, Engine};
use crate::AlertLevel;
use crate::channel::AlertStatus;
use crate::clock::Now;
use crate::outbox::{Row, RowState, Whom};
use crate::policy::{Decision, Pass, Route, Verdict};
use crate::store::{Accepted, Change, Delivery};

impl Engine {
    /// A CRITICAL alert for a failing channel goes to the fallback as well, unless it goes there anyway.
    pub(super) fn detour_if_failing(&mut self, decision: &Decision, take: &mut Take<'_>) {
        let firing = take.accepted.status == AlertStatus::Firing;
        let Some(fallback) = self.fallback.filter(|_| firing) else {
            return;
        };
        let goes = |route: &&Route| !matches!(route.verdict, Verdict::Suppress(_));
        let mut going = decision.routes.iter().filter(goes);
        let anyway = going.clone().any(|route| route.channel == fallback);
        let failing = going.any(|route| {
            route.verdict.is_deliver() && self.outbox.queues[route.channel].is_failing()
        });
        if take.accepted.alert.level < AlertLevel::Critical || anyway || !failing {
            return;
        }
        let rows = self.detour(take.now, take.accepted, fallback, take.state);
        for delivery in rows {
            if take.state == RowState::Accepting {
                take.rows.push(delivery.id);
            }
            take.deliveries.push(delivery);
        }
    }

    /// What is CRITICAL and waits for a channel, or for somebody whom it reaches, that began to fail
    /// goes to the fallback as well.
    pub(super) fn detour_waiting(
        &mut self,
        now: Now,
        channel: usize,
        whom: Whom,
        effects: &mut Effects,
    ) {
        let Some(fallback) = self.fallback.filter(|fallback| *fallback != channel) else {
            return;
        };
        let concerned = |row: &Row| {
            usize::from(row.channel) == channel
                && match whom {
                    Whom::Channel => true,
                    Whom::Target(target) => usize::from(row.target) == target,
                }
        };
        let mut waiting: Vec<Arc<Accepted>> = self
            .outbox
            .rows()
            .filter(|(_, row)| {
                concerned(row)
                    && row.level() == AlertLevel::Critical
                    && row.accepted.status == AlertStatus::Firing
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
        // What is over or milder meanwhile would never end for the fallback.
        waiting.retain(|accepted| {
            let now = self.active.firing(&accepted.key);
            let still = now.is_some_and(|now| now.accepted.alert.level == AlertLevel::Critical);
            still && !there.contains(&accepted.id)
        });
        for accepted in waiting {
            for delivery in self.detour(now, &accepted, fallback, RowState::Waiting) {
                effects.changes.push(Change::Add {
                    accepted: accepted.id,
                    delivery,
                });
            }
        }
    }

    /// One row for each target of the fallback, which hears of the end as well.
    fn detour(
        &mut self,
        now: Now,
        accepted: &Arc<Accepted>,
        fallback: usize,
        state: RowState,
    ) -> Vec<Delivery> {
        let (key, level) = (&accepted.key, accepted.alert.level);
        let cooldown = self.policy.cooldown();
        let ticket = self.policy.tell(key, fallback, level, cooldown);
        let mut rows = Vec::new();
        for place in self.places_of(fallback) {
            let id = self.ulid(now);
            let row = Row {
                ticket,
                detour: true,
                state,
                ..self.new_row(now, accepted, place, cooldown)
            };
            rows.push(self.add(now, id, row, Pass::Fallback.as_str()));
        }
        if let Some(watched) = self.active.get_mut(key) {
            watched.channels |= 1 << fallback;
        }
        rows
    }
}
