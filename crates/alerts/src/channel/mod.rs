//! The plug-in point: one way to reach somebody.
//!
//! A channel renders (pure, stored, so that every retry is the same bytes) and makes one attempt.
//! Retries, rates, deadlines and circuit breaking belong to the dispatcher.

mod content;
mod notification;
mod outcome;
mod rendered;

use std::fmt;

use async_trait::async_trait;
use bongsu_secret::Secret;
use serde::{Deserialize, Serialize};

pub use content::{Carries, Content, InlinePart, ReportForm};
pub use notification::{AlertStatus, Attempt, DigestLine, Notification};
pub use outcome::{Degrade, Outcome};
pub use rendered::{RenderError, Rendered};

/// One way to reach somebody: a mail server, a chat room, a log.
#[async_trait]
pub trait Channel: Send + Sync + fmt::Debug + 'static {
    /// The name that rules, statistics and metrics use, unique in a manager.
    fn id(&self) -> &str;

    /// How fast the far side may be called; asked once, when the manager is built. Default:
    /// [`Limits::default`].
    fn limits(&self) -> Limits {
        Limits::default()
    }

    /// What it takes besides alerts. Default: nothing, [`Carries::ALERTS`]. Whoever implements
    /// [`Channel::deliver_content`] says so here, or no report comes.
    fn carries(&self) -> Carries {
        Carries::ALERTS
    }

    /// Whether the far side tells a repeat by its id ([`Attempt::delivery_id`]), so that one does no
    /// harm. Default: no. Then a message that may have arrived
    /// ([`Outcome::Transient::maybe_delivered`]) is repeated once and given up after that; otherwise as
    /// often as any other.
    fn tells_repeats(&self) -> bool {
        false
    }

    /// Who is reached. Each target gets a delivery of its own, retried alone. Asked once, when the
    /// manager is built, and for each trial.
    fn targets(&self) -> Vec<Target>;

    /// What tells its far side from another whose targets have the same names, such as the whole URL of a hook.
    /// Replicas that share a Redis take for told what was told there and nowhere else; nothing but a short
    /// hash of it is kept. Asked once, when the manager is built. Default: none, the names of the targets say
    /// it all.
    fn far_side(&self) -> Option<Secret> {
        None
    }

    /// The message for one target. Pure: the result is stored and every attempt sends the same bytes.
    ///
    /// # Errors
    /// When no message can be made of the notification; the delivery is then dead.
    fn render(&self, notification: &Notification, target: &Target)
    -> Result<Rendered, RenderError>;

    /// What fires from before a restart, and was told before it. Default: nothing; a channel that
    /// repeats by itself what fires takes it up.
    fn adopt(&self, notification: &Notification) {
        let _ = notification;
    }

    /// One attempt: no retry inside, safe to cancel, over by `cx.deadline`.
    async fn deliver(&self, cx: &Attempt, message: &Rendered) -> Outcome;

    /// Whether a digest opens something on the far side that stays open, such as an incident: then its end
    /// is delivered as well, under the digest's key, when the last of what it told is over. Default: no.
    fn keeps_digests(&self) -> bool {
        false
    }

    /// One attempt at neutral content, such as a report. Default: unsupported. What is too rich for
    /// the far side is sent in a plainer form within the same attempt: there is no second one.
    async fn deliver_content(&self, cx: &Attempt, target: &Target, content: &Content) -> Outcome {
        let _ = (cx, target, content);
        Outcome::unsupported()
    }

    /// Checks credentials and reachability without sending anything. Default: unsupported.
    async fn probe(&self) -> Outcome {
        Outcome::unsupported()
    }
}

/// The token bucket of a channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Messages a second in the long run; must be positive.
    pub per_second: f64,
    /// Messages that may go at once after a quiet spell; at least 1.
    pub burst: u32,
}

impl Default for Limits {
    /// Ten a second, ten at once.
    fn default() -> Self {
        Self {
            per_second: 10.0,
            burst: 10,
        }
    }
}

impl Limits {
    /// `per_second` in the long run, `burst` at once.
    #[must_use]
    pub const fn new(per_second: f64, burst: u32) -> Self {
        Self { per_second, burst }
    }
}

/// One recipient of a channel: a mail address, a chat id, a peer's URL without its secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Target(pub String);

impl Target {
    /// Names a recipient.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
