//! Taking an alert in.

use std::sync::Arc;

use ulid::Ulid;

use super::route::Take;
use super::{Effects, Engine};
use crate::AlertLevel;
use crate::alert::Alert;
use crate::channel::AlertStatus;
use crate::clock::Now;
use crate::event::AlertEvent;
use crate::outbox::RowState;
use crate::policy::{Ask, Pass, Suppressed};
use crate::store::{Accepted, Change, DIGEST_KEY, StoreError};

/// What became of an alert that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
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
#[non_exhaustive]
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
    /// Nobody is told now. If it still fires when the reason is over, they are told then.
    Suppress(Suppressed),
}

/// The alert was not taken in.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// Too much waits already, and nothing milder could give way.
    #[error("too many alerts wait for delivery")]
    Full,
    /// The end of an alert that sets no key: nobody could tell of which.
    #[error(
        "the end of an alert needs its key: an alert without one goes by its source, title and level, \
         and the words of an end are others (set Alert::key on both)"
    )]
    NoKey,
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
    /// Whoever acknowledged the key knew of something else: the other replicas have to hear.
    pub(crate) unknown_again: bool,
}

impl Engine {
    /// Decides on an alert and takes its deliveries in. They wait for [`Engine::committed`].
    pub(crate) fn accept(
        &mut self,
        now: Now,
        mut alert: Alert,
        status: AlertStatus,
        scope: Option<&Arc<str>>,
    ) -> Result<Plan, SendError> {
        let truncated = crate::limits::fit(&mut alert);
        self.counters.truncated += u64::from(truncated);
        let level = alert.level;
        let key = alert.dedup_key();
        let known = self.active.get(&key);
        let acknowledged = known.is_some_and(|known| known.acknowledged.is_some());
        let same =
            known.is_some_and(|known| known.ended.is_none() && level <= known.accepted.alert.level);
        let unknown_again = status == AlertStatus::Resolved || (acknowledged && !same);
        let ask = Ask {
            again: false,
            acknowledged: acknowledged && same,
        };
        let facts = self.facts_of(&alert, status, &key);
        let decision = self.policy.decide_by(now, &key, &alert, status, ask);
        let accepted = Arc::new(Accepted {
            id: self.ulid(now),
            alert,
            key: Arc::clone(&decision.key),
            status,
            at: now.wall,
        });
        let mut effects = Effects::default();
        let going = self.going(&decision);
        if !self.room_for(now, &accepted, going, facts.urgency, &mut effects) {
            self.counters.refused_full += 1;
            self.take_back(now, &accepted.key, &decision);
            return Err(SendError::Full);
        }
        let mut take = Take::new(now, &accepted, facts, RowState::Accepting);
        let channels = decision
            .routes
            .iter()
            .map(|route| self.take_route(route, &mut take))
            .collect();
        self.detour_if_failing(&decision, &mut take);
        self.end_digests(facts, &mut take);
        let Take {
            deliveries,
            rows,
            before,
            ..
        } = take;
        self.counters.accepted[level.index()] += 1;
        // The alert goes into the journal before a digest that tells it.
        effects.changes.push(Change::Accept {
            accepted: Arc::clone(&accepted),
            deliveries,
        });
        effects.changes.extend(before.changes);
        self.note(now, &accepted, &decision, scope, &mut effects);
        effects.events.push(AlertEvent::Accepted {
            key: Arc::clone(&accepted.key),
            kind: accepted.alert.kind.clone(),
            level,
            title: accepted.alert.title.clone(),
            source: accepted.alert.source.clone(),
            deliveries: rows.len(),
        });
        effects.events.extend(before.events);
        Ok(Plan {
            receipt: Receipt {
                alert_id: accepted.alert.id.clone(),
                key: accepted.key.to_string(),
                truncated,
                channels,
            },
            effects,
            wake: !rows.is_empty() || self.active.next_wake() < self.wake,
            accepted,
            rows,
            unknown_again,
        })
    }

    /// The journal has the alert, or has failed to take it. True: a direct delivery is tried although
    /// it is not durable.
    pub(crate) fn committed(
        &mut self,
        now: Now,
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
                let channel = usize::from(row.channel);
                self.policy
                    .dead(now.tick, &row.accepted.key, channel, row.ticket);
                if *row.accepted.key == *DIGEST_KEY {
                    self.told_digests.insert((channel, usize::from(row.target)));
                }
            }
        }
        direct && !rows.is_empty()
    }
}
