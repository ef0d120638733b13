//! Cooldown and acknowledgments shared by the replicas of a service, so that all of them together
//! page once.
//!
//! Before an attempt a replica reserves what is said of a key to a target for a moment, and goes on doing
//! so while the attempt lasts. Whoever finds it reserved looks again soon, whatever it has to say: so an
//! end never overtakes a beginning. Who finds that the same was told last, or something that covers it, is
//! done: during the cooldown, and however late it comes with what it accepted before that was told. When the holder dies or is stopped, the reservation runs out; when its attempt fails, it lets go:
//! another takes over.

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
    /// Reserves what is said of a topic's key to its target for this replica, or says who has it. What is
    /// this replica's already is so for another `lease` from now.
    async fn reserve(&self, topic: &Topic, lease: Duration) -> Result<Reservation, SharedError>;

    /// The message arrived, and is what was told last: nobody tells it again during the cooldown.
    async fn told(&self, topic: &Topic, cooldown: Duration) -> Result<(), SharedError>;

    /// The message did not arrive from here, or nobody knows: another may try, before this one does
    /// again.
    async fn release(&self, topic: &Topic) -> Result<(), SharedError>;

    /// Something arrived that says of these that they fire, or ended, and was not reserved by their keys: a
    /// digest, a step of an escalation. That is what was told last of each, whoever has it reserved. A replica
    /// gathers by itself, and tells the end of what it gathered if another told it before the digest arrived.
    async fn gathered(&self, topics: &[Topic], cooldown: Duration) -> Result<(), SharedError>;

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
    /// Whether it says that the alert is milder than it was told before: something worse that was told
    /// last does not cover it then.
    pub falls: bool,
    /// The level at which the target is left to believe that the key fires once all that waits for it has
    /// arrived, whatever the message says; none: that it is over. Where that was told after the message was
    /// accepted, the message need not be told any more.
    pub so: Option<AlertLevel>,
    /// How long ago the message was accepted, or ended an attempt of it that may have arrived.
    pub age: Duration,
}

/// Who has a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reservation {
    /// This replica.
    Mine,
    /// Another, for at least this long.
    Theirs(Duration),
    /// It was told already.
    Told,
    /// Something else was told after the message was accepted, and it is what the target is to believe in the
    /// end: neither the message need be told any more nor what follows it.
    Overtaken,
}

/// How long a reservation lasts that is not renewed, by default.
pub(crate) const LEASE: Duration = Duration::from_secs(2);
/// How long past its cooldown it is remembered what was told: a replica that waits for a way out that is
/// shut comes that much later with the same.
#[cfg(any(feature = "redis", test))]
pub(crate) const LATE: Duration = Duration::from_secs(2 * 3_600);
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

/// What is kept of a topic that was told, until the next of its key is: `critical`, `end`.
#[cfg(any(feature = "redis", test))]
pub(crate) const fn said(topic: &Topic) -> &'static str {
    match topic.resolved {
        true => END,
        false => topic.level.as_str(),
    }
}

/// What a topic's target is left to believe, in the same words.
#[cfg(any(feature = "redis", test))]
pub(crate) const fn so(topic: &Topic) -> &'static str {
    match topic.so {
        Some(level) => level.as_str(),
        None => END,
    }
}

#[cfg(any(feature = "redis", test))]
const END: &str = "end";

/// Whatever of these was told last of its key, a topic need not be told any more.
#[cfg(any(feature = "redis", test))]
pub(crate) fn covered_by(topic: &Topic) -> Vec<&'static str> {
    if topic.resolved {
        return vec![said(topic)];
    }
    // Who is behind has yet to hear that it is worse now, or that it is milder still.
    let covers = |level: &AlertLevel| match topic.falls {
        true => *level <= topic.level,
        false => *level >= topic.level,
    };
    let levels = AlertLevel::ALL.into_iter().filter(covers);
    levels.map(AlertLevel::as_str).collect()
}
