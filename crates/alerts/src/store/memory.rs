//! A store that ends with the process, for those who take only the core.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ulid::Ulid;

use super::{
    Accepted, AlertStore, Change, CommitCounts, Delivery, DeliveryState, Done, HistoryEntry,
    HistoryQuery, Recovered, Recovery, Replay, StoreError,
};

/// Keeps the newest alerts in memory; by default 10,000 of them within 8 MiB.
#[derive(Debug)]
pub struct MemoryStore {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    max_alerts: usize,
    max_bytes: usize,
    bytes: usize,
    alerts: BTreeMap<Ulid, Kept>,
    by_delivery: HashMap<Ulid, Ulid>,
    /// Alerts in the order they came; those still pending go round once more.
    order: VecDeque<Ulid>,
    counts: CommitCounts,
    dropped: u64,
}

#[derive(Debug)]
struct Kept {
    accepted: Arc<Accepted>,
    deliveries: Vec<Delivery>,
    bytes: usize,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new(10_000, 8 << 20)
    }
}

impl MemoryStore {
    /// Keeps at most so many finished alerts in about so many bytes. What is not finished is kept on
    /// top of that, within the manager's own bound.
    #[must_use]
    pub fn new(max_alerts: usize, max_bytes: usize) -> Self {
        Self {
            inner: Mutex::new(Inner {
                max_alerts,
                max_bytes,
                bytes: 0,
                alerts: BTreeMap::new(),
                by_delivery: HashMap::new(),
                order: VecDeque::new(),
                counts: CommitCounts::default(),
                dropped: 0,
            }),
        }
    }

    /// Alerts that left the history to make room.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn apply(&mut self, change: Change) {
        match change {
            Change::Accept {
                accepted,
                deliveries,
            } => {
                self.counts.accepted += 1;
                let id = accepted.id;
                for delivery in &deliveries {
                    self.by_delivery.insert(delivery.id, id);
                }
                let bytes = weight(&accepted) + deliveries.len() * DELIVERY_WEIGHT;
                self.bytes += bytes;
                self.order.push_back(id);
                self.alerts.insert(
                    id,
                    Kept {
                        accepted,
                        deliveries,
                        bytes,
                    },
                );
            }
            Change::Add { accepted, delivery } => {
                if let Some(kept) = self.alerts.get_mut(&accepted) {
                    self.by_delivery.insert(delivery.id, accepted);
                    kept.deliveries.push(delivery);
                    kept.bytes += DELIVERY_WEIGHT;
                    self.bytes += DELIVERY_WEIGHT;
                }
            }
            Change::Move {
                id,
                state,
                reason,
                attempt,
                next_at,
                deadline,
                parent,
                at,
            } => {
                if let Some(delivery) = self.delivery(id) {
                    delivery.state = state;
                    delivery.reason = reason;
                    delivery.attempt = attempt;
                    delivery.next_at = next_at;
                    delivery.deadline = deadline;
                    delivery.parent = parent;
                    delivery.changed = at;
                }
            }
            // The manager itself remembers these for as long as the process lives.
            Change::Rendered { .. }
            | Change::Active(_)
            | Change::Inactive(_)
            | Change::Silence(_)
            | Change::Unsilence(_) => {}
        }
    }

    fn delivery(&mut self, id: Ulid) -> Option<&mut Delivery> {
        let alert = self.by_delivery.get(&id)?;
        self.alerts
            .get_mut(alert)?
            .deliveries
            .iter_mut()
            .find(|delivery| delivery.id == id)
    }

    fn make_room(&mut self) {
        let mut looks = self.order.len().min(64);
        while looks > 0 && (self.alerts.len() > self.max_alerts || self.bytes > self.max_bytes) {
            looks -= 1;
            let Some(id) = self.order.pop_front() else {
                return;
            };
            let Some(kept) = self.alerts.get(&id) else {
                continue;
            };
            if kept.deliveries.iter().all(|row| row.state.is_finished()) {
                self.bytes -= kept.bytes;
                for delivery in &kept.deliveries {
                    self.by_delivery.remove(&delivery.id);
                }
                self.alerts.remove(&id);
                self.dropped += 1;
            } else {
                self.order.push_back(id);
            }
        }
    }
}

/// A delivery and its place in the index.
const DELIVERY_WEIGHT: usize = size_of::<Delivery>() + 64;

fn weight(accepted: &Accepted) -> usize {
    crate::limits::weight(&accepted.alert) + accepted.key.len() + size_of::<Accepted>() + 256
}

impl AlertStore for MemoryStore {
    fn recover(&self) -> Result<Recovered, StoreError> {
        Ok(Recovered::default())
    }

    fn commit(&self, changes: Vec<Change>, done: Done<()>) {
        {
            let mut inner = self.lock();
            inner.counts.commits += 1;
            inner.counts.batches += 1;
            if changes
                .iter()
                .any(|change| matches!(change, Change::Accept { .. }))
            {
                inner.counts.accepting_commits += 1;
            }
            for change in changes {
                inner.apply(change);
            }
            inner.make_room();
        }
        done(Ok(()));
    }

    fn history(&self, query: HistoryQuery, done: Done<Vec<HistoryEntry>>) {
        let mut found: Vec<HistoryEntry> = self
            .lock()
            .alerts
            .values()
            .filter(|kept| (query.since..query.until).contains(&kept.accepted.at))
            .map(|kept| HistoryEntry {
                accepted: Arc::clone(&kept.accepted),
                deliveries: kept.deliveries.clone(),
            })
            .collect();
        found.sort_by_key(|entry| std::cmp::Reverse((entry.accepted.at, entry.accepted.id)));
        found.truncate(query.limit);
        done(Ok(found));
    }

    fn dead_letters(&self, select: Replay, done: Done<Vec<Recovery>>) {
        let inner = self.lock();
        let mut found = Vec::new();
        for kept in inner.alerts.values() {
            for delivery in &kept.deliveries {
                let chosen = match &select {
                    Replay::Id(id) => {
                        *id == delivery.id.to_string() || *id == kept.accepted.alert.id
                    }
                    Replay::Since(since) => delivery.changed >= *since,
                };
                if chosen && delivery.state == DeliveryState::Dead {
                    found.push(Recovery {
                        accepted: Arc::clone(&kept.accepted),
                        delivery: delivery.clone(),
                        message: None,
                    });
                }
            }
        }
        drop(inner);
        done(Ok(found));
    }

    fn commits(&self) -> CommitCounts {
        self.lock().counts
    }
}
