//! Where alerts are kept, so that none is lost: the journal of the outbox, and the history.
//!
//! A store is written to by one manager at a time. Calls never block: the work is done elsewhere and
//! a callback tells how it went, so that a sender who gives up waiting cannot leave half a record.

mod gathered;
mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

pub use gathered::Gathered;
pub use memory::MemoryStore;
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteOptions, SqliteStore};

use crate::alert::Alert;
use crate::channel::{AlertStatus, Rendered};
use crate::policy::{Silence, Suppressed};

/// Called once with the result of a store's work, on whatever thread did it.
pub type Done<T> = Box<dyn FnOnce(Result<T, StoreError>) + Send>;

/// Keeps alerts and what became of them.
pub trait AlertStore: Send + Sync + fmt::Debug + 'static {
    /// What was unfinished when the last run ended. Called once, before anything else, and may block.
    ///
    /// # Errors
    /// When it cannot be read.
    fn recover(&self) -> Result<Recovered, StoreError>;

    /// Writes all changes or none; `done` is called when they are as durable as they will get.
    fn commit(&self, changes: Vec<Change>, done: Done<()>);

    /// The alerts accepted in a span of time, the newest first.
    fn history(&self, query: HistoryQuery, done: Done<Vec<HistoryEntry>>);

    /// The dead deliveries to try again, with their alerts.
    fn dead_letters(&self, select: Replay, done: Done<Vec<Recovery>>);

    /// How many durable commits there were, and how many batches shared them.
    fn commits(&self) -> CommitCounts {
        CommitCounts::default()
    }

    /// What an operator should know of it, as long as it is so.
    fn trouble(&self) -> Option<StoreTrouble> {
        None
    }

    /// Waits until everything handed over is written; for the end of the process. May block.
    fn close(&self) {}
}

/// Something is wrong with a store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreTrouble {
    /// Whether what is accepted now is kept all the same.
    pub durable: bool,
    /// The file, what is wrong with it, and the remedy.
    pub message: String,
}

/// Durable commits and the changes that shared them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CommitCounts {
    /// Transactions.
    pub commits: u64,
    /// Calls of [`AlertStore::commit`] that they carried.
    pub batches: u64,
    /// Transactions that carried at least one accepted alert.
    pub accepting_commits: u64,
    /// Accepted alerts.
    pub accepted: u64,
}

/// An alert as it was accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// A ULID of the acceptance; one alert may be accepted again.
    pub id: Ulid,
    /// The alert, already cut to size.
    pub alert: Alert,
    /// What it goes by.
    pub key: Arc<str>,
    /// Whether it fires or ended.
    pub status: AlertStatus,
    /// When it was accepted.
    pub at: Timestamp,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Waits for its turn or for a retry.
    Pending,
    /// An attempt was begun.
    InFlight,
    /// The far side took it.
    Delivered,
    /// It never will arrive; see the reason.
    Dead,
    /// Decided not to go out; see the reason.
    Suppressed,
    /// Told in a digest; see the parent.
    Digested,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::InFlight,
        Self::Delivered,
        Self::Dead,
        Self::Suppressed,
        Self::Digested,
    ];

    /// `pending`, `in_flight`, `delivered`, `dead`, `suppressed` or `digested`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InFlight => "in_flight",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
            Self::Suppressed => "suppressed",
            Self::Digested => "digested",
        }
    }

    /// Whether nothing more will happen by itself.
    #[must_use]
    pub const fn is_finished(self) -> bool {
        !matches!(self, Self::Pending | Self::InFlight)
    }
}

/// One alert for one target of one channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The idempotency key.
    pub id: Ulid,
    /// The channel's name.
    pub channel: Arc<str>,
    /// The target; empty for what was suppressed before it came to targets.
    pub target: Arc<str>,
    /// Where it stands.
    pub state: DeliveryState,
    /// Why, in words.
    pub reason: Cow<'static, str>,
    /// Attempts begun.
    pub attempt: u32,
    /// When the next attempt is due.
    pub next_at: Timestamp,
    /// When it is given up.
    pub deadline: Timestamp,
    /// Alerts of the key held back before it.
    pub suppressed: u64,
    /// The digest that tells it.
    pub parent: Option<Ulid>,
    /// How long its key is quiet on the channel after it arrived.
    pub cooldown: Duration,
    /// When it last changed.
    pub changed: Timestamp,
}

/// One durable step.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[expect(
    clippy::large_enum_variant,
    reason = "a change lives for one commit; a box would be an allocation for each delivery"
)]
pub enum Change {
    /// An alert came in, with what was decided on each channel.
    Accept {
        /// The alert.
        accepted: Arc<Accepted>,
        /// Its deliveries.
        deliveries: Vec<Delivery>,
    },
    /// One more delivery of an alert that is there already.
    Add {
        /// [`Accepted::id`].
        accepted: Ulid,
        /// The delivery.
        delivery: Delivery,
    },
    /// The bytes that every attempt sends.
    Rendered {
        /// [`Delivery::id`].
        id: Ulid,
        /// The message.
        message: Arc<Rendered>,
    },
    /// A delivery moved on.
    Move {
        /// [`Delivery::id`].
        id: Ulid,
        /// Where it stands now.
        state: DeliveryState,
        /// Why, in words.
        reason: Cow<'static, str>,
        /// Attempts begun.
        attempt: u32,
        /// When the next attempt is due.
        next_at: Timestamp,
        /// When it is given up.
        deadline: Timestamp,
        /// The digest that tells it.
        parent: Option<Ulid>,
        /// When this happened.
        at: Timestamp,
    },
    /// An alert is firing, or its record changed.
    Active(ActiveAlert),
    /// The alert of this key is over.
    Inactive(Arc<str>),
    /// A silence began.
    Silence(Silence),
    /// A silence was taken back.
    Unsilence(String),
}

/// An alert that fires, or whose end has still to be told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ActiveAlert {
    /// What it goes by.
    pub key: String,
    /// The newest alert of the key.
    pub alert: Alert,
    /// When it began.
    pub since: Timestamp,
    /// When it was last sent.
    pub last: Timestamp,
    /// How often it was sent.
    pub count: u64,
    /// The channels that were told.
    pub channels: Vec<String>,
    /// Who acknowledged it.
    pub acknowledged_by: Option<String>,
    /// When it was acknowledged.
    pub acknowledged_at: Option<Timestamp>,
    /// Escalation steps already taken.
    pub escalated: u32,
    /// The rule whose escalation applies.
    pub rule: Option<String>,
    /// Why nobody is told at present, although it fires.
    #[serde(default)]
    pub held: Option<Suppressed>,
    /// Until when that lasts, if it ends by itself.
    #[serde(default)]
    pub held_until: Option<Timestamp>,
    /// When somebody was first told of it at this level.
    #[serde(default)]
    pub told_at: Option<Timestamp>,
    /// When an event ends if it is not repeated.
    #[serde(default)]
    pub ends: Option<Timestamp>,
    /// It is over, in these words, and somebody who was told has still to hear of it. Never set in
    /// [`AlertManager::active`](crate::AlertManager::active).
    #[serde(default)]
    pub ended: Option<Alert>,
    /// Who hands over whether it is so; see [`AlertManager::conditions`](crate::AlertManager::conditions).
    #[serde(default)]
    pub scope: Option<String>,
    /// What wrote the record: 0 before there were events and scopes.
    #[serde(default)]
    pub(crate) format: u8,
}

impl ActiveAlert {
    pub(crate) const FORMAT: u8 = 1;

    /// A record of an alert that fires since a moment, of which nobody was told yet.
    #[must_use]
    pub fn new(alert: Alert, since: Timestamp) -> Self {
        Self {
            key: alert.dedup_key(),
            alert,
            since,
            last: since,
            count: 1,
            channels: Vec::new(),
            acknowledged_by: None,
            acknowledged_at: None,
            escalated: 0,
            rule: None,
            held: None,
            held_until: None,
            told_at: None,
            ends: None,
            ended: None,
            scope: None,
            format: Self::FORMAT,
        }
    }
}

/// What was unfinished when the last run ended.
#[derive(Debug, Clone, Default)]
pub struct Recovered {
    /// Deliveries that are neither delivered nor dead.
    pub unfinished: Vec<Recovery>,
    /// Cooldowns and firing states.
    pub marks: Vec<RecoveredMark>,
    /// Alerts that fire.
    pub active: Vec<ActiveAlert>,
    /// Silences that have not been taken back.
    pub silences: Vec<Silence>,
    /// What each digest that has not arrived yet has taken in, by the digest's delivery.
    pub digested: Vec<(Ulid, Gathered)>,
    /// Channel and target of whoever has a digest whose end was not told yet.
    pub told_digests: Vec<(Arc<str>, Arc<str>)>,
    /// The greatest identifier that was given out; new ones come after it.
    pub newest: Ulid,
}

/// Why a delivery was never made whose alert got worse meanwhile: it was told by nobody.
pub(crate) const OVERTAKEN: &str = "something worse of the key followed";

/// What digests go by.
pub(crate) const DIGEST_KEY: &str = "bongsu|digest";

/// A delivery to take up again.
#[derive(Debug, Clone)]
pub struct Recovery {
    /// The alert.
    pub accepted: Arc<Accepted>,
    /// The delivery.
    pub delivery: Delivery,
    /// The bytes, if an attempt was begun.
    pub message: Option<Arc<Rendered>>,
}

/// The last that was told of a key on a channel.
#[derive(Debug, Clone, PartialEq)]
pub struct RecoveredMark {
    /// What the alert goes by.
    pub key: Arc<str>,
    /// The channel's name.
    pub channel: Arc<str>,
    /// The level that was told.
    pub level: crate::AlertLevel,
    /// Whether it fired or ended.
    pub status: AlertStatus,
    /// Where that delivery stands.
    pub state: DeliveryState,
    /// When it last changed.
    pub changed: Timestamp,
    /// How long its key is quiet after it arrived.
    pub cooldown: Duration,
    /// Alerts of the key held back since.
    pub suppressed: u64,
    /// Whether what was told before it was worse.
    pub falls: bool,
    /// Whether a digest told of the key since it began.
    pub in_digest: bool,
}

/// A span of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryQuery {
    /// From, included.
    pub since: Timestamp,
    /// To, not included.
    pub until: Timestamp,
    /// At most so many alerts.
    pub limit: usize,
}

/// An alert of the past and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEntry {
    /// The alert as it was accepted.
    pub accepted: Arc<Accepted>,
    /// What became of it on each channel.
    pub deliveries: Vec<Delivery>,
}

/// Which dead deliveries to try again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replay {
    /// The delivery of this id, or every dead delivery of the alert of this id.
    Id(String),
    /// Everything that died since.
    Since(Timestamp),
}

/// The store could not do it.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No room on the disk, or no more under the bound.
    #[error("the alert store is full: {reason}")]
    Full {
        /// What was full.
        reason: String,
    },
    /// More callers wait than the store takes at once.
    #[error("the alert store has too much waiting")]
    Busy,
    /// The store was closed.
    #[error("the alert store is closed")]
    Closed,
    /// Another process has it.
    #[error("the alert store {path} belongs to another process")]
    Locked {
        /// Its path.
        path: String,
    },
    /// Written by a newer version of this crate.
    #[error("the alert store has schema version {found}, this build knows up to {known}")]
    TooNew {
        /// The version found.
        found: i64,
        /// The newest version known.
        known: i64,
    },
    /// What is in it does not fit together.
    #[error("the alert store is damaged: {reason}")]
    Damaged {
        /// What does not.
        reason: String,
    },
    /// Reading or writing failed.
    #[error("the alert store failed: {reason}")]
    Io {
        /// What failed.
        reason: String,
    },
}
