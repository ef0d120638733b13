//! A digest that opened something ends when the last of what it told is over.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::Engine;
use super::digest::{KEY, digest_alert};
use super::route::{Facts, Take};
use crate::AlertLevel;
use crate::channel::AlertStatus;
use crate::outbox::{Row, RowState};
use crate::store::{Accepted, Change, DeliveryState};

impl Engine {
    /// Something ended: where a digest told of it, and of nothing else that fires still, the digest is
    /// over too.
    pub(super) fn end_digests(&mut self, facts: Facts, take: &mut Take<'_>) {
        if take.accepted.status != AlertStatus::Resolved {
            return;
        }
        for channel in 0..self.channels.len() {
            let concerned = self.channels[channel].keeps_digests && facts.was_gathered(channel);
            if !concerned || self.policy.believes_digest(channel) {
                continue;
            }
            let now = take.now;
            let mut alert = digest_alert(now, &self.service);
            alert.message = "All that the digest told of is over.".to_owned();
            let accepted = Arc::new(Accepted {
                id: self.ulid(now),
                alert,
                key: Arc::from(KEY),
                status: AlertStatus::Resolved,
                at: now.wall,
            });
            let mut deliveries = Vec::new();
            for target in 0..self.channels[channel].targets.len() {
                let place = (channel, target);
                let id = self.ulid(now);
                let row = Row {
                    state: take.state,
                    urgency: AlertLevel::Error,
                    deadline: self.deadline(now, AlertLevel::Error),
                    ..self.new_row(now, &accepted, place, Duration::ZERO)
                };
                deliveries.push(self.add(now, id, row, "resolved"));
                if take.state == RowState::Accepting {
                    take.rows.push(id);
                }
            }
            take.before.changes.push(Change::Accept {
                accepted,
                deliveries,
            });
        }
    }

    /// A digest tells of something that fires: an end of it that has not gone out is none.
    pub(super) fn keep_digest(&mut self, place: (usize, usize), take: &mut Take<'_>) {
        let now = take.now;
        let end = self.outbox.tail(place, &Arc::from(KEY));
        let waiting = |row: &Row| !matches!(row.state, RowState::InFlight { .. });
        let Some(id) = end.filter(|id| self.outbox.get(*id).is_some_and(waiting)) else {
            return;
        };
        if let Some(row) = self.outbox.remove(id) {
            take.before.changes.push(Change::Move {
                id,
                state: DeliveryState::Suppressed,
                reason: Cow::Borrowed("something else began"),
                attempt: row.attempt,
                next_at: now.wall,
                deadline: now.wall_at(row.deadline),
                parent: None,
                at: now.wall,
            });
        }
    }
}
