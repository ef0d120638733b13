//! What is asked of the policy, and what it answers.

use std::sync::Arc;
use std::time::Duration;

use super::{Pass, Suppressed};
use crate::AlertLevel;
use crate::clock::Tick;

/// What happens to an alert on every channel that it concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What the alert goes by.
    pub key: Arc<str>,
    /// One entry a channel, in the order of the rules.
    pub routes: Vec<Route>,
    /// What holds it back on every channel.
    pub hushed: Option<Suppressed>,
    /// When what holds it back, on every channel or on some, ends by itself at the earliest.
    pub until: Option<Tick>,
    /// When the answer may be another by itself: a schedule changes, something is to be repeated.
    pub next: Option<Tick>,
    /// The first rule that applies and escalates.
    pub escalates: Option<usize>,
}

/// How a decision came to be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ask {
    /// Nobody sent anything: only what is still owed is decided on, and nothing is counted.
    pub again: bool,
    /// Somebody knows of it.
    pub acknowledged: bool,
}

/// What happens to an alert on one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The channel's place in the list given to [`Policy::new`](super::Policy::new).
    pub channel: usize,
    /// The rule's place in [`PolicyConfig::rules`](super::PolicyConfig::rules); none: no rule matched.
    pub rule: Option<usize>,
    /// What happens.
    pub verdict: Verdict,
}

/// What happens to an alert on one channel, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It goes out.
    Deliver {
        /// Why it may.
        why: Pass,
        /// How many of its key were held back since the last message.
        suppressed: u64,
        /// How long its key is quiet after delivery.
        cooldown: Duration,
        /// Names this decision when its outcome is known.
        ticket: u32,
    },
    /// It is told in a digest that goes out then.
    Digest {
        /// When the digest goes out.
        until: Tick,
        /// How many of its key were held back since the last message.
        suppressed: u64,
        /// How long its key is quiet.
        cooldown: Duration,
    },
    /// It stays in the history.
    Suppress(Suppressed),
}

impl Verdict {
    /// Whether it goes out by itself.
    #[must_use]
    pub const fn is_deliver(&self) -> bool {
        matches!(self, Self::Deliver { .. })
    }
}

/// Where an alert about a channel goes, how long it is quiet there then, and the ticket.
#[derive(Debug)]
pub(crate) struct MetaDecision {
    pub(crate) key: Arc<str>,
    pub(crate) routes: Vec<(usize, Duration, u32)>,
}

/// A cooldown or a firing state that outlives a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastMark {
    /// What the alert goes by.
    pub key: Arc<str>,
    /// The channel's place.
    pub channel: usize,
    /// The level that was told.
    pub level: AlertLevel,
    /// When it arrived.
    pub at: Tick,
    /// How long a cooldown of it is.
    pub cooldown: Duration,
    /// Deliveries still on their way.
    pub outstanding: u16,
    /// Alerts of the key held back since.
    pub suppressed: u64,
    /// Whether the last message said that it is firing.
    pub firing: bool,
    /// Whether that was in a digest.
    pub gathered: bool,
    /// Whether a digest told of the key since it began, whatever was told after it.
    pub in_digest: bool,
}

impl Decision {
    pub(super) fn add(&mut self, channel: usize, rule: Option<usize>, verdict: Option<Verdict>) {
        if let Some(verdict) = verdict {
            self.routes.push(Route {
                channel,
                rule,
                verdict,
            });
        }
    }
}
