//! What the handle and the dispatcher share: the engine, the store, the channels, the clock.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, broadcast};
use tokio::time::Instant;

use crate::alert::Alert;
use crate::channel::{AlertStatus, Channel};
use crate::clock::{Now, Tick, millis};
use crate::engine::{Effects, Engine, Plan, Receipt, SendError};
use crate::event::AlertEvent;
use crate::policy::Suppressed;
use crate::shared::SharedState;
use crate::stats::{AlertStatistics, Counters};
use crate::store::{AlertStore, Change, StoreError};

/// Reads the wall clock.
pub(crate) type WallClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The one place that reads clocks.
pub(crate) struct Clock {
    origin: Instant,
    wall: WallClock,
}

impl Clock {
    pub(crate) fn new(wall: WallClock) -> Self {
        Self {
            origin: Instant::now(),
            wall,
        }
    }

    pub(crate) fn now(&self) -> Now {
        Now {
            tick: Tick(millis(self.origin.elapsed())),
            wall: (self.wall)(),
        }
    }

    /// The moment as tokio's timers want it: far ones are cut to an hour from now, and what is due
    /// already comes with the next tick, so that a mistake about what is due can never spin.
    pub(crate) fn instant(&self, tick: Tick) -> Instant {
        let now = Tick(millis(self.origin.elapsed()));
        let wait = tick
            .since(now)
            .clamp(Duration::from_millis(1), Duration::from_secs(3_600));
        Instant::now() + wait
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) engine: Mutex<Engine>,
    pub(crate) store: Arc<dyn AlertStore>,
    pub(crate) channels: Vec<Arc<dyn Channel>>,
    pub(crate) clock: Clock,
    pub(crate) events: broadcast::Sender<AlertEvent>,
    pub(crate) wake: Notify,
    pub(crate) replicas: Option<Arc<dyn SharedState>>,
    /// By channel: what tells its far side from others, as the replicas name it.
    pub(crate) far_sides: Vec<Option<u64>>,
    pub(crate) lease: Duration,
    pub(crate) attempt_time: Duration,
    pub(crate) drain: Duration,
    pub(crate) dispatching: AtomicBool,
}

/// An alert that was taken in.
#[derive(Debug)]
pub(crate) struct Submitted {
    pub(crate) receipt: Receipt,
    /// Whoever acknowledged its key, on any replica, knew of something else.
    pub(crate) unknown_again: bool,
}

impl Core {
    pub(crate) fn engine(&self) -> MutexGuard<'_, Engine> {
        // The engine's steps do not panic half-way in a way that matters more than the alerts.
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tell(&self, events: Vec<AlertEvent>) {
        for event in events {
            if let AlertEvent::Dead {
                channel,
                delivery_id,
                level,
                title,
                reason,
            } = &event
            {
                tracing::error!(target: "bongsu_alerts", %channel, %delivery_id, severity = %level, %title, %reason, "an alert was given up");
            }
            // Nobody listening is fine.
            let _ = self.events.send(event);
        }
    }

    /// Writes what a step of the dispatcher brought about; nobody waits for it.
    pub(crate) fn write(self: &Arc<Self>, effects: Effects) {
        self.tell(effects.events);
        if effects.changes.is_empty() {
            return;
        }
        let core = Arc::clone(self);
        self.store.commit(
            effects.changes,
            Box::new(move |result| {
                if let Err(error) = result {
                    core.store_failed(&error);
                }
            }),
        );
    }

    /// Writes and waits, at most `patience`: a hung disk must not hold an alert back.
    pub(crate) async fn write_and_wait(self: &Arc<Self>, changes: Vec<Change>, patience: Duration) {
        let (tx, rx) = tokio::sync::oneshot::channel();
        let core = Arc::clone(self);
        self.store.commit(
            changes,
            Box::new(move |result| {
                if let Err(error) = result {
                    core.store_failed(&error);
                }
                drop(core);
                let _ = tx.send(());
            }),
        );
        let _ = tokio::time::timeout(patience, rx).await;
    }

    /// Decides on an alert and hands it to the store; the callback comes when it is durable, or not.
    pub(crate) fn submit(
        self: &Arc<Self>,
        alert: Alert,
        status: AlertStatus,
        scope: Option<&Arc<str>>,
        done: impl FnOnce(Result<(), (bool, StoreError)>) + Send + 'static,
    ) -> Result<Submitted, SendError> {
        let now = self.clock.now();
        let Plan {
            receipt,
            effects,
            accepted,
            rows,
            wake,
            unknown_again,
        } = self.engine().accept(now, alert, status, scope)?;
        let core = Arc::clone(self);
        let events = effects.events;
        self.store.commit(
            effects.changes,
            Box::new(move |result| {
                let now = core.clock.now();
                let direct = core.engine().committed(now, &accepted, &rows, &result);
                if result.is_ok() {
                    core.tell(events);
                }
                if wake {
                    core.wake.notify_one();
                }
                // Whoever waits may drop the manager and open the store again at once.
                drop(core);
                done(result.map_err(|source| (direct, source)));
            }),
        );
        Ok(Submitted {
            receipt,
            unknown_again,
        })
    }

    pub(crate) fn store_failed(&self, error: &StoreError) {
        self.engine().counters.store_errors += 1;
        tracing::error!(target: "bongsu_alerts", %error, "the alert store failed");
        let _ = self.events.send(AlertEvent::StoreFailed {
            reason: error.to_string(),
        });
    }

    pub(crate) fn statistics(&self) -> AlertStatistics {
        let commits = self.store.commits();
        let now = self.clock.now();
        let engine = self.engine();
        let counters = &engine.counters;
        let (active_rules, total_rules) = engine.policy.rule_counts();
        let (keys, keys_evicted) = engine.policy.key_counts();
        let channels = engine
            .channels
            .iter()
            .enumerate()
            .map(|(place, info)| {
                let mut counts = counters.channels[place];
                let queue = &engine.outbox.queues[place];
                counts.pending = queue.pending;
                counts.failing = queue.is_failing();
                counts.broken = queue.is_broken();
                counts.disabled = !engine.policy.is_enabled(place);
                (info.id.to_string(), counts)
            })
            .collect();
        let suppressed: BTreeMap<Suppressed, u64> = Suppressed::ALL
            .into_iter()
            .map(|reason| (reason, counters.suppressed[reason.index()]))
            .collect();
        AlertStatistics {
            alerts_sent: Counters::by_level(&counters.sent),
            accepted: Counters::by_level(&counters.accepted),
            total_alerts: counters.accepted.iter().sum(),
            active_rules,
            total_rules,
            channels,
            suppressed,
            pending: engine.outbox.len(),
            pending_bytes: engine.outbox.bytes(),
            oldest_pending: engine.outbox.oldest(now.tick),
            active: engine.active.len(),
            active_evicted: engine.active.evicted,
            evicted: Counters::by_level(&counters.evicted),
            refused_full: counters.refused_full,
            truncated: counters.truncated,
            store_errors: counters.store_errors,
            keys,
            keys_evicted,
            meta_alerts: counters.meta_alerts,
            escalations: counters.escalations,
            panics: counters.panics,
            shared_unreachable: counters.shared_unreachable,
            commits,
        }
    }

    pub(crate) fn is_dispatching(&self) -> bool {
        self.dispatching.load(Ordering::Relaxed)
    }
}
