//! Gathering many alerts for a target into one message.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use ulid::Ulid;

use super::Engine;
use super::accept::{Plan, new_row};
use crate::AlertLevel;
use crate::alert::Alert;
use crate::channel::{AlertStatus, DigestLine};
use crate::clock::{Now, Tick};
use crate::event::AlertEvent;
use crate::store::{Accepted, Change, Delivery, DeliveryState, Gathered};

/// A digest that gathers a storm goes out after this, so that one message tells much of it.
pub(super) const STORM_GATHER: Duration = Duration::from_secs(5);

impl Engine {
    /// Whether so much waits for a target that what is not CRITICAL is gathered.
    pub(super) fn storming(&self, channel: usize, target: usize, accepted: &Accepted) -> bool {
        if accepted.alert.level == AlertLevel::Critical || accepted.status == AlertStatus::Resolved
        {
            return false;
        }
        self.open_digest(channel, target).is_some()
            || self.outbox.queues[channel].crowd() >= self.outbox.config.storm
    }

    fn open_digest(&self, channel: usize, target: usize) -> Option<Ulid> {
        let slot = (u8::try_from(channel).ok()?, u16::try_from(target).ok()?);
        self.open_digests.get(&slot).copied()
    }

    /// Puts an alert into the digest that the target gathers, opening one if there is none.
    #[expect(
        clippy::too_many_arguments,
        reason = "one row of facts, used in two places"
    )]
    pub(super) fn gather(
        &mut self,
        now: Now,
        accepted: &Arc<Accepted>,
        (channel, target): (usize, usize),
        until: Tick,
        (suppressed, cooldown): (u64, Duration),
        deliveries: &mut Vec<Delivery>,
        plan: &mut Plan,
    ) -> String {
        let parent = self.digest_parent(now, (channel, target), until, plan);
        let id = self.ulid(now);
        let mut delivery = self.record(
            now,
            id,
            (channel, Some(target)),
            DeliveryState::Digested,
            Cow::Borrowed("digest"),
            cooldown,
        );
        delivery.parent = Some(parent);
        delivery.suppressed = suppressed;
        deliveries.push(delivery);
        if let Some(gathered) = self
            .outbox
            .get_mut(parent)
            .and_then(|row| row.digest.as_deref_mut())
        {
            gathered.add(accepted, suppressed);
        }
        self.counters.channels[channel].digested += 1;
        plan.effects.events.push(AlertEvent::Digested {
            key: Arc::clone(&accepted.key),
            channel: self.channels[channel].id.to_string(),
        });
        parent.to_string()
    }

    fn digest_parent(
        &mut self,
        now: Now,
        (channel, target): (usize, usize),
        until: Tick,
        plan: &mut Plan,
    ) -> Ulid {
        if let Some(open) = self.open_digest(channel, target) {
            return open;
        }
        let id = self.ulid(now);
        let accepted = Arc::new(Accepted {
            id: self.ulid(now),
            alert: digest_alert(now, &self.service),
            key: Arc::from("bongsu|digest"),
            status: AlertStatus::Digest,
            at: now.wall,
        });
        let deadline = until.after(self.outbox.config.retry.give_up_after(AlertLevel::Error));
        let mut delivery = self.record(
            now,
            id,
            (channel, Some(target)),
            DeliveryState::Pending,
            Cow::Borrowed("digest"),
            Duration::ZERO,
        );
        delivery.next_at = now.wall_at(until);
        delivery.deadline = now.wall_at(deadline);
        let mut row = new_row(
            now.tick,
            &accepted,
            (channel, target),
            deadline,
            0,
            Duration::ZERO,
        );
        row.next = until;
        row.digest = Some(Box::default());
        self.outbox.insert(id, row);
        if let (Ok(channel), Ok(target)) = (u8::try_from(channel), u16::try_from(target)) {
            self.open_digests.insert((channel, target), id);
        }
        plan.rows.push(id);
        plan.effects.changes.push(Change::Accept {
            accepted,
            deliveries: vec![delivery],
        });
        id
    }

    /// Takes what waits for a target, untried and below CRITICAL, into its digest.
    pub(super) fn fold_waiting(
        &mut self,
        now: Now,
        (channel, target): (usize, usize),
        until: Tick,
        plan: &mut Plan,
    ) {
        if self.open_digest(channel, target).is_some() {
            return;
        }
        let parent = self.digest_parent(now, (channel, target), until, plan);
        let waiting: Vec<Ulid> = self.outbox.queues[channel]
            .normal_ids()
            .filter(|id| {
                self.outbox.get(*id).is_some_and(|row| {
                    usize::from(row.target) == target
                        && row.attempt == 0
                        && row.digest.is_none()
                        && !row.detour
                        && row.accepted.status == AlertStatus::Firing
                })
            })
            .collect();
        for id in waiting {
            let Some(row) = self.outbox.remove(id) else {
                continue;
            };
            if let Some(gathered) = self
                .outbox
                .get_mut(parent)
                .and_then(|row| row.digest.as_deref_mut())
            {
                gathered.add(&row.accepted, row.suppressed);
            }
            self.policy
                .digested(now.tick, &row.accepted.key, channel, row.ticket);
            self.counters.channels[channel].digested += 1;
            plan.effects.changes.push(Change::Move {
                id,
                state: DeliveryState::Digested,
                reason: Cow::Borrowed("digest"),
                attempt: 0,
                next_at: now.wall,
                deadline: now.wall_at(row.deadline),
                parent: Some(parent),
                at: now.wall,
            });
            plan.effects.events.push(AlertEvent::Digested {
                key: Arc::clone(&row.accepted.key),
                channel: self.channels[channel].id.to_string(),
            });
        }
    }
}

fn digest_alert(now: Now, service: &str) -> Alert {
    Alert::new(AlertLevel::Info, "Alert digest", "", service)
        .kind("digest")
        .timestamp(now.wall)
        .key("bongsu|digest")
}

/// The digest as a message: an alert that sums up, and the lines, the worst first.
pub(super) fn digest_content(
    now: Now,
    service: &str,
    accepted: &Accepted,
    gathered: &Gathered,
) -> (Alert, Vec<DigestLine>) {
    let mut lines: Vec<DigestLine> = gathered.lines().cloned().collect();
    lines.sort_by(|a, b| {
        (b.level, b.count)
            .cmp(&(a.level, a.count))
            .then_with(|| a.first.cmp(&b.first))
    });
    let mut by_level = [0_u64; 4];
    for line in &lines {
        by_level[line.level.index()] += line.count;
    }
    let total = by_level.iter().sum::<u64>() + gathered.beyond();
    let mut alert = digest_alert(now, service);
    alert.id.clone_from(&accepted.alert.id);
    alert.timestamp = accepted.alert.timestamp;
    alert.level = lines.first().map_or(AlertLevel::Info, |line| line.level);
    alert.title = format!("{total} alerts from {service}");
    let mut parts: Vec<String> = AlertLevel::ALL
        .into_iter()
        .rev()
        .filter(|level| by_level[level.index()] > 0)
        .map(|level| format!("{} {level}", by_level[level.index()]))
        .collect();
    if gathered.beyond() > 0 {
        parts.push(format!("{} more of other keys", gathered.beyond()));
    }
    alert.message = format!("Gathered alerts: {}.", parts.join(", "));
    (alert, lines)
}
