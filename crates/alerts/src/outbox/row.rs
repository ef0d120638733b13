//! One delivery on its way, and what may become of it.

use std::sync::Arc;
use std::time::Duration;

use ulid::Ulid;

use crate::AlertLevel;
use crate::channel::{AlertStatus, Rendered};
use crate::clock::Tick;
use crate::store::{Accepted, Gathered};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowState {
    /// Not durable yet; not to be claimed.
    Accepting,
    Waiting,
    /// Something that was accepted before it has to go out first.
    Behind,
    /// Under way; taken back when the lease runs out.
    InFlight {
        lease: Tick,
    },
}

/// One delivery on its way.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) accepted: Arc<Accepted>,
    pub(crate) channel: u8,
    pub(crate) target: u16,
    pub(crate) attempt: u32,
    pub(crate) next: Tick,
    pub(crate) deadline: Tick,
    pub(crate) suppressed: u64,
    pub(crate) cooldown: Duration,
    pub(crate) state: RowState,
    pub(crate) message: Option<Arc<Rendered>>,
    pub(crate) degraded: bool,
    /// Attempts after which it may have arrived all the same.
    pub(crate) doubts: u32,
    /// When the last of them ended.
    pub(crate) doubted: Option<Tick>,
    /// The last run ended in the middle of an attempt.
    pub(crate) begun: bool,
    /// Being gathered (not rendered yet) or told: a digest.
    pub(crate) digest: Option<Box<Gathered>>,
    /// Sent on the way around a failing channel, or by an escalation: never gathered.
    pub(crate) detour: bool,
    /// How much it matters that it arrives: the alert's level, and for the end of something at least
    /// the level that was told.
    pub(crate) urgency: AlertLevel,
    /// What has to be out of the way first.
    pub(crate) behind: Option<Ulid>,
    /// The level that its readers were told to fire before it, if any.
    pub(crate) told: Option<AlertLevel>,
    /// The policy's name for the decision.
    pub(crate) ticket: u32,
    pub(crate) accepted_tick: Tick,
    pub(crate) bytes: usize,
}

impl Row {
    pub(crate) fn level(&self) -> AlertLevel {
        self.accepted.alert.level
    }

    /// It says that the alert is milder than its readers believe.
    pub(crate) fn falls(&self) -> bool {
        self.accepted.status == AlertStatus::Firing
            && self.told.is_some_and(|told| told > self.level())
    }

    /// It says that the alert begins, and surely nobody heard.
    pub(crate) fn is_unheard(&self) -> bool {
        let begins = self.accepted.status == AlertStatus::Firing && self.told.is_none();
        begins && self.doubts == 0 && !self.begun
    }

    pub(super) fn critical(&self) -> bool {
        self.urgency == AlertLevel::Critical && self.digest.is_none()
    }

    pub(super) fn place(&self) -> (usize, usize) {
        (usize::from(self.channel), usize::from(self.target))
    }
}

/// One attempt to make.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) id: Ulid,
    pub(crate) channel: usize,
}

/// What became of a row by an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Settled {
    Delivered { note: Option<String> },
    Retry { next: Tick, reason: String },
    Dead { reason: String },
}

/// What an outcome told of the channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ChannelNews {
    Nothing,
    Failing(Whom),
    Broken(Whom),
    Recovered,
}

/// Whom something is known of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whom {
    /// The whole channel.
    Channel,
    /// One of several targets.
    Target(usize),
}
