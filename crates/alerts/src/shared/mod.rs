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
    /// Whether it says that the alert is milder than it was told before: what was told of worse does not
    /// cover it.
    pub falls: bool,
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

/// What a topic says of its key: `critical`, `fall-error`, `end`.
#[cfg(any(feature = "redis", test))]
pub(crate) fn said(topic: &Topic) -> String {
    match (topic.resolved, topic.falls) {
        (true, _) => "end".to_owned(),
        (false, true) => fall(topic.level),
        (false, false) => topic.level.as_str().to_owned(),
    }
}

#[cfg(any(feature = "redis", test))]
fn fall(to: AlertLevel) -> String {
    format!("fall-{to}")
}

/// What need not be said any more once a topic was told, and what is news again.
#[cfg(any(feature = "redis", test))]
pub(crate) fn touched(topic: &Topic) -> (Vec<String>, Vec<String>) {
    let levels = || AlertLevel::ALL.into_iter();
    let word = |level: AlertLevel| level.as_str().to_owned();
    let mut covers = vec![said(topic)];
    let mut frees = Vec::new();
    if topic.resolved {
        // The next alert of the key passes everywhere.
        frees.extend(levels().map(word));
        frees.extend(levels().map(fall));
        return (covers, frees);
    }
    // What was told covers everything milder; after a fall, what is worse is news again.
    covers.extend(levels().filter(|level| *level < topic.level).map(word));
    if topic.falls {
        covers.push(word(topic.level));
        frees.extend(levels().filter(|level| *level > topic.level).map(word));
    }
    frees.push("end".to_owned());
    frees.extend(levels().map(fall).filter(|it| !covers.contains(it)));
    (covers, frees)
}
