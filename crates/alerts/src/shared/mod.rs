//! Cooldown and acknowledgments shared by the replicas of a service, so that all of them together
//! page once.
//!
//! Before an attempt a replica reserves the message for a moment, and goes on doing so while the attempt
//! lasts. Whoever finds it reserved looks again soon; who finds it told is done. When the holder dies or
//! is stopped, the reservation runs out; when its attempt fails, it lets go: another takes over.

#[cfg(feature = "redis")]
mod redis;
mod replica;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

#[cfg(feature = "redis")]
pub use redis::{RedisShared, RedisUrlError};
pub use replica::replica_id;

use crate::AlertLevel;

/// What replicas share. Each call should take no longer than a second; a failure means that this
/// replica decides alone, which is counted.
#[async_trait]
pub trait SharedState: Send + Sync + fmt::Debug + 'static {
    /// Reserves a message for this replica, or says who has it. What is this replica's already is
    /// so for another `lease` from now.
    async fn reserve(&self, topic: &Topic, lease: Duration) -> Result<Reservation, SharedError>;

    /// The message arrived: nobody tells it again during the cooldown.
    async fn told(&self, topic: &Topic, cooldown: Duration) -> Result<(), SharedError>;

    /// The message did not arrive from here, or nobody knows: another may try, before this one does
    /// again.
    async fn release(&self, topic: &Topic) -> Result<(), SharedError>;

    /// Somebody knows of the alert of this key.
    async fn acknowledge(&self, key: &str, by: &str, keep: Duration) -> Result<(), SharedError>;

    /// Who acknowledged the alert of this key, on any replica.
    async fn acknowledged(&self, key: &str) -> Result<Option<String>, SharedError>;

    /// The alert of this key ended: its acknowledgment is void.
    async fn forget(&self, key: &str) -> Result<(), SharedError>;
}

/// A message as the replicas see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// What the alert goes by.
    pub key: String,
    /// The channel.
    pub channel: String,
    /// The target.
    pub target: String,
    /// The alert's level.
    pub level: AlertLevel,
    /// Whether it says that the alert ended.
    pub resolved: bool,
}

/// Who has a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// This replica.
    Mine,
    /// Another, for at least this long.
    Theirs(Duration),
    /// It was told already.
    Told,
}

/// How long a reservation lasts that is not renewed, by default.
pub(crate) const LEASE: Duration = Duration::from_secs(2);
/// However long another's reservation lasts, it is asked for again after this.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The shared state is out of reach.
#[derive(Debug, Clone, thiserror::Error)]
#[error("shared alert state: {reason}")]
pub struct SharedError {
    /// What went wrong.
    pub reason: String,
}

impl SharedError {
    /// Says what went wrong.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
        }
    }
}
