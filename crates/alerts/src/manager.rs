//! The handle that a service sends alerts through.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{broadcast, oneshot};
use ulid::Ulid;

use crate::AlertLevel;
use crate::alert::Alert;
use crate::attempt;
use crate::builder::AlertManagerBuilder;
use crate::channel::{
    AlertStatus, Attempt, Carries, Channel, Content, Notification, Outcome, Target,
};
use crate::core::{Core, Submitted};
use crate::engine::{Receipt, SendError};
use crate::event::AlertEvent;
use crate::presentation::Presentation;
use crate::stats::AlertStatistics;
use crate::store::{
    ActiveAlert, Change, HistoryEntry, HistoryQuery, Replay, StoreError, StoreTrouble,
};

/// Takes alerts in. Cheap to clone; every clone speaks to the same store and channels.
///
/// Nothing here waits for a channel, except [`AlertManager::test_fire`], [`AlertManager::probe`] and
/// [`AlertManager::deliver_content`], whose purpose it is.
#[derive(Debug, Clone)]
pub struct AlertManager {
    pub(crate) core: Arc<Core>,
}

/// What was asked for cannot be done.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ManageError {
    /// No channel of that name.
    #[error("unknown alert channel {given:?} (known: {})", known.join(", "))]
    UnknownChannel {
        /// The name given.
        given: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// Nothing of that key fires.
    #[error("no alert of key {key:?} fires")]
    NotFiring {
        /// The key given.
        key: String,
    },
    /// Too many silences at once, or one that ends in the past.
    #[error("the silence cannot be added: {reason}")]
    Silence {
        /// Why.
        reason: String,
    },
    /// The store failed.
    #[error("the alert store failed")]
    Store(#[source] StoreError),
}

/// How long the shared state may take to answer.
pub(crate) const SHARED_PATIENCE: Duration = Duration::from_secs(1);

impl AlertManager {
    /// Begins a manager for a service, as named in every message.
    #[must_use]
    pub fn builder(
        service: impl Into<String>,
        environment: impl Into<String>,
    ) -> AlertManagerBuilder {
        AlertManagerBuilder::new(service.into(), environment.into())
    }

    pub(crate) const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Decides on an alert and stores it; returns when it is durable, with what was decided and why.
    /// No channel is waited for. Dropping the future does not take the alert back.
    ///
    /// # Errors
    /// [`SendError::Full`] when too much waits and nothing milder could give way;
    /// [`SendError::Store`] when it could not be made durable, and then it says whether a direct
    /// delivery is tried (CRITICAL only).
    pub async fn send_alert(&self, alert: Alert) -> Result<Receipt, SendError> {
        self.accept(alert, AlertStatus::Firing, None).await
    }

    /// Says that an alert ended, in words of its own; it goes where the alert of the same key went,
    /// by whatever way, and no silence holds it back.
    ///
    /// # Errors
    /// [`SendError::NoKey`] when the alert sets no key: the key that it would go by is made of its
    /// title and level, which are not those of its beginning. Else as [`AlertManager::send_alert`].
    pub async fn send_resolved(&self, alert: Alert) -> Result<Receipt, SendError> {
        if alert.key.is_none() {
            return Err(SendError::NoKey);
        }
        self.accept(alert, AlertStatus::Resolved, None).await
    }

    /// Says that the alert of this key ended.
    ///
    /// # Errors
    /// [`ResolveError::NotFiring`] when nothing of the key fires, else as
    /// [`AlertManager::send_alert`].
    pub async fn resolve(&self, key: &str) -> Result<Receipt, ResolveError> {
        let firing = self.core.engine().firing(key);
        let Some(accepted) = firing else {
            return Err(ResolveError::NotFiring {
                key: key.to_owned(),
            });
        };
        let mut alert = accepted.alert.clone();
        alert.id = Ulid::new().to_string();
        alert.timestamp = self.core.clock.now().wall;
        alert.key = Some(key.to_owned());
        self.send_resolved(alert).await.map_err(ResolveError::Send)
    }

    pub(crate) async fn accept(
        &self,
        alert: Alert,
        status: AlertStatus,
        scope: Option<&Arc<str>>,
    ) -> Result<Receipt, SendError> {
        let (tx, rx) = oneshot::channel();
        let Submitted {
            receipt,
            unknown_again,
        } = self.core.submit(alert, status, scope, move |result| {
            let _ = tx.send(result);
        })?;
        let result = rx.await;
        if let (true, Some(replicas)) = (unknown_again, &self.core.replicas) {
            // Unreachable is no harm: the record runs out by itself.
            let _ = tokio::time::timeout(SHARED_PATIENCE, replicas.forget(&receipt.key)).await;
        }
        match result {
            Ok(Ok(())) => Ok(receipt),
            Ok(Err((direct, source))) => Err(SendError::Store { direct, source }),
            Err(_) => Err(SendError::Closed),
        }
    }

    /// Sends a marked test message to every target of a channel, at once and past every rule, and
    /// says what came of it: the first outcome that is not a delivery, else the last.
    ///
    /// # Errors
    /// [`ManageError::UnknownChannel`].
    pub async fn test_fire(&self, channel: &str) -> Result<Outcome, ManageError> {
        let outcomes = self.test_targets(channel).await?;
        let mut last = Outcome::unsupported();
        for (_, outcome) in outcomes {
            if !outcome.is_delivered() {
                return Ok(outcome);
            }
            last = outcome;
        }
        Ok(last)
    }

    /// As [`AlertManager::test_fire`], with what came of each target: one that fails keeps nobody
    /// else from being tried.
    ///
    /// # Errors
    /// [`ManageError::UnknownChannel`].
    pub async fn test_targets(&self, channel: &str) -> Result<Vec<(Target, Outcome)>, ManageError> {
        let place = self.place(channel)?;
        let channel = Arc::clone(&self.core.channels[place]);
        let mut outcomes = Vec::new();
        for target in channel.targets() {
            let outcome = self.test_one(&channel, &target).await;
            outcomes.push((target, outcome));
        }
        Ok(outcomes)
    }

    async fn test_one(&self, channel: &Arc<dyn Channel>, target: &Target) -> Outcome {
        let now = self.core.clock.now();
        let (service, environment, presentation) = {
            let engine = self.core.engine();
            (
                engine.service.clone(),
                engine.environment.clone(),
                Arc::clone(&engine.presentation),
            )
        };
        let alert = Alert::new(
            AlertLevel::Info,
            format!("Test message from {service}"),
            "Somebody tries this channel. Nothing is wrong.",
            service.clone(),
        )
        .timestamp(now.wall)
        .kind("test")
        .tag("test")
        .key("bongsu|test");
        let notification = Notification::new(alert, AlertStatus::Test, service, environment)
            .presentation(presentation);
        let cx = self.attempt(notification.delivery_id.clone());
        match attempt::render(channel, &notification, target) {
            Ok(message) => {
                attempt::within(cx.deadline, channel.deliver(&cx, &message))
                    .await
                    .outcome
            }
            Err(reason) => Outcome::Permanent { reason },
        }
    }

    /// Checks a channel's credentials and reach without sending anything.
    ///
    /// # Errors
    /// [`ManageError::UnknownChannel`].
    pub async fn probe(&self, channel: &str) -> Result<Outcome, ManageError> {
        let place = self.place(channel)?;
        let channel = Arc::clone(&self.core.channels[place]);
        let deadline = tokio::time::Instant::now() + self.core.attempt_time;
        Ok(attempt::within(deadline, channel.probe()).await.outcome)
    }

    /// One attempt at neutral content, such as a report, to one target. Nothing is stored: whoever
    /// sends reports keeps their own record.
    ///
    /// # Errors
    /// [`ManageError::UnknownChannel`].
    pub async fn deliver_content(
        &self,
        channel: &str,
        target: &Target,
        content: &Content,
    ) -> Result<Outcome, ManageError> {
        let place = self.place(channel)?;
        let channel = Arc::clone(&self.core.channels[place]);
        let cx = self.attempt(content.message_id.clone());
        let outcome = attempt::within(cx.deadline, channel.deliver_content(&cx, target, content));
        Ok(outcome.await.outcome)
    }

    fn attempt(&self, delivery_id: String) -> Attempt {
        let deadline = tokio::time::Instant::now() + self.core.attempt_time;
        Attempt::new(delivery_id, self.core.clock.now().wall, deadline)
    }

    /// Puts dead deliveries in the queue again, under their old idempotency keys; says how many.
    ///
    /// # Errors
    /// [`ManageError::Store`].
    pub async fn replay(&self, select: Replay) -> Result<usize, ManageError> {
        let (tx, rx) = oneshot::channel();
        self.core.store.dead_letters(
            select,
            Box::new(move |found| {
                let _ = tx.send(found);
            }),
        );
        let dead = received(rx.await)?;
        let now = self.core.clock.now();
        let (rows, effects) = self.core.engine().replay(now, dead);
        let count = rows.len();
        let (tx, rx) = oneshot::channel();
        let core = Arc::clone(&self.core);
        self.core.store.commit(
            effects.changes,
            Box::new(move |result| {
                {
                    let mut engine = core.engine();
                    for id in rows {
                        if result.is_ok() {
                            engine.outbox.confirm(id);
                        } else {
                            engine.outbox.remove(id);
                        }
                    }
                }
                core.wake.notify_one();
                drop(core);
                let _ = tx.send(result);
            }),
        );
        received(rx.await)?;
        Ok(count)
    }

    /// The counts since the manager was built.
    #[must_use]
    pub fn get_statistics(&self) -> AlertStatistics {
        self.core.statistics()
    }

    /// Whether an alert of this key fires.
    #[must_use]
    pub fn is_firing(&self, key: &str) -> bool {
        self.core.engine().firing(key).is_some()
    }

    /// What is wrong with the store, as long as it is so: with its remedy, for whoever runs the service.
    #[must_use]
    pub fn store_trouble(&self) -> Option<StoreTrouble> {
        self.core.store.trouble()
    }

    /// The alerts that fire, the oldest first: a copy of each. How many there are is
    /// [`AlertStatistics::active`], and whether one of them is there [`AlertManager::is_firing`].
    #[must_use]
    pub fn active(&self) -> Vec<ActiveAlert> {
        let now = self.core.clock.now();
        self.core.engine().active_alerts(now)
    }

    /// The alerts accepted from `since` to before `until`, the newest first.
    ///
    /// # Errors
    /// [`ManageError::Store`].
    pub async fn history(
        &self,
        since: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<HistoryEntry>, ManageError> {
        let (tx, rx) = oneshot::channel();
        let query = HistoryQuery {
            since,
            until,
            limit,
        };
        self.core.store.history(
            query,
            Box::new(move |found| {
                let _ = tx.send(found);
            }),
        );
        received(rx.await)
    }

    /// What happens from now on. A subscriber that falls behind misses the oldest, and is told so.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<AlertEvent> {
        self.core.events.subscribe()
    }

    /// The channels' names, in the order in which they were added.
    #[must_use]
    pub fn channel_ids(&self) -> Vec<String> {
        self.core
            .channels
            .iter()
            .map(|channel| channel.id().to_owned())
            .collect()
    }

    /// A channel's targets.
    ///
    /// # Errors
    /// [`ManageError::UnknownChannel`].
    pub fn targets(&self, channel: &str) -> Result<Vec<Target>, ManageError> {
        let place = self.place(channel)?;
        Ok(self.core.engine().channels[place].targets.clone())
    }

    /// A channel, to be shared with another manager.
    ///
    /// # Errors
    /// [`ManageError::UnknownChannel`].
    pub fn channel(&self, id: &str) -> Result<Arc<dyn Channel>, ManageError> {
        let place = self.place(id)?;
        Ok(Arc::clone(&self.core.channels[place]))
    }

    /// What a channel takes besides alerts.
    ///
    /// # Errors
    /// [`ManageError::UnknownChannel`].
    pub fn carries(&self, channel: &str) -> Result<Carries, ManageError> {
        let place = self.place(channel)?;
        Ok(self.core.channels[place].carries())
    }

    /// Language, zone and links of what is sent.
    #[must_use]
    pub fn presentation(&self) -> Arc<Presentation> {
        Arc::clone(&self.core.engine().presentation)
    }

    /// Language, zone and links of what is sent from now on.
    pub fn set_presentation(&self, presentation: Presentation) {
        self.core.engine().presentation = Arc::new(presentation);
    }

    /// Whether a dispatcher is running for this manager.
    #[must_use]
    pub fn is_dispatching(&self) -> bool {
        self.core.is_dispatching()
    }

    pub(crate) fn place(&self, channel: &str) -> Result<usize, ManageError> {
        self.core
            .channels
            .iter()
            .position(|known| known.id() == channel)
            .ok_or_else(|| ManageError::UnknownChannel {
                given: channel.to_owned(),
                known: self.channel_ids(),
            })
    }

    pub(crate) async fn commit(&self, changes: Vec<Change>) -> Result<(), ManageError> {
        if changes.is_empty() {
            return Ok(());
        }
        let (tx, rx) = oneshot::channel();
        self.core.store.commit(
            changes,
            Box::new(move |result| {
                let _ = tx.send(result);
            }),
        );
        received(rx.await)
    }
}

fn received<T>(
    answer: Result<Result<T, StoreError>, oneshot::error::RecvError>,
) -> Result<T, ManageError> {
    answer
        .unwrap_or(Err(StoreError::Closed))
        .map_err(ManageError::Store)
}

/// The alert could not be resolved.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// Nothing of that key fires.
    #[error("no alert of key {key:?} fires")]
    NotFiring {
        /// The key given.
        key: String,
    },
    /// The message that it ended was not taken in.
    #[error("the resolve message was not accepted")]
    Send(#[source] SendError),
}
