//! A digest that opened something ends when the last of what it told is over.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::digest::digest_alert;
use super::route::{Facts, Take};
use super::{Effects, Engine};
use crate::AlertLevel;
use crate::channel::AlertStatus;
use crate::clock::Now;
use crate::outbox::{Row, RowState};
use crate::store::{Accepted, Change, DIGEST_KEY, DeliveryState};

impl Engine {
    /// Something ended: where a digest told of it, and of nothing else that fires still, the digest is
    /// over too.
    pub(super) fn end_digests(&mut self, facts: Facts, take: &mut Take<'_>) {
        if take.accepted.status != AlertStatus::Resolved {
            return;
        }
        for channel in 0..self.channels.len() {
            if facts.is_in_digest(channel) {
                let rows = self.end_digest(take.now, channel, take.state, &mut take.before);
                if take.state == RowState::Accepting {
                    take.rows.extend(rows);
                }
            }
        }
    }

    /// Somebody has a digest now. What it told may be over since.
    pub(super) fn digest_arrived(
        &mut self,
        now: Now,
        place: (usize, usize),
        effects: &mut Effects,
    ) {
        if self.channels[place.0].keeps_digests {
            self.told_digests.insert(place);
            self.end_digest(now, place.0, RowState::Waiting, effects);
        }
    }

    /// Tells whoever has a digest on a channel that it is over, unless something of it fires. Gives the
    /// deliveries.
    fn end_digest(
        &mut self,
        now: Now,
        channel: usize,
        state: RowState,
        effects: &mut Effects,
    ) -> Vec<ulid::Ulid> {
        let places = self.places_of(channel);
        let told: Vec<_> = places.filter(|it| self.told_digests.contains(it)).collect();
        if told.is_empty() || self.policy.believes_digest(channel) {
            return Vec::new();
        }
        for place in &told {
            self.told_digests.remove(place);
        }
        // An end that waits, and surely did not arrive, is that of a digest that arrived meanwhile as well.
        let fresh = |place: &(usize, usize)| {
            let end = self.waiting_end(*place).and_then(|id| self.outbox.get(id));
            end.is_none_or(|row| row.begun || row.doubts > 0)
        };
        let fresh: Vec<_> = told.into_iter().filter(fresh).collect();
        if fresh.is_empty() {
            return Vec::new();
        }
        let mut alert = digest_alert(now, &self.service);
        alert.message = "All that the digest told of is over.".to_owned();
        let accepted = Arc::new(Accepted {
            id: self.ulid(now),
            alert,
            key: Arc::from(DIGEST_KEY),
            status: AlertStatus::Resolved,
            at: now.wall,
        });
        let (mut deliveries, mut rows) = (Vec::new(), Vec::new());
        for place in fresh {
            let id = self.ulid(now);
            let row = Row {
                state,
                urgency: AlertLevel::Error,
                deadline: self.deadline(now, AlertLevel::Error),
                ..self.new_row(now, &accepted, place, Duration::ZERO)
            };
            deliveries.push(self.add(now, id, row, "resolved"));
            rows.push(id);
        }
        effects.changes.push(Change::Accept {
            accepted,
            deliveries,
        });
        rows
    }

    /// A digest tells of something that fires: an end of it that has not gone out is none.
    pub(super) fn keep_digest(&mut self, place: (usize, usize), take: &mut Take<'_>) {
        let now = take.now;
        let Some(id) = self.waiting_end(place) else {
            return;
        };
        if let Some(row) = self.outbox.remove(id) {
            self.told_digests.insert(place);
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

    /// The end of a digest that has not gone out to a target.
    fn waiting_end(&self, place: (usize, usize)) -> Option<ulid::Ulid> {
        let end = self.outbox.tail(place, &Arc::from(DIGEST_KEY))?;
        let waits = |row: &Row| !matches!(row.state, RowState::InFlight { .. });
        self.outbox.get(end).is_some_and(waits).then_some(end)
    }
}
