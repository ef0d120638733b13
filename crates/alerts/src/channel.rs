//! The plug-in point: one way to reach somebody.
//!
//! A channel renders (pure, stored, so that every retry is the same bytes) and makes one attempt.
//! Retries, rates, deadlines and circuit breaking belong to the dispatcher.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::AlertLevel;
use crate::alert::Alert;

/// One way to reach somebody: a mail server, a chat room, a log.
#[async_trait]
pub trait Channel: Send + Sync + fmt::Debug + 'static {
    /// The name that rules, statistics and metrics use, unique in a manager.
    fn id(&self) -> &str;

    /// How fast the far side may be called. Default: [`Limits::default`].
    fn limits(&self) -> Limits {
        Limits::default()
    }

    /// Who is reached. Each target gets a delivery of its own, retried alone.
    fn targets(&self) -> Vec<Target>;

    /// The message for one target. Pure: the result is stored and every attempt sends the same bytes.
    ///
    /// # Errors
    /// When no message can be made of the notification; the delivery is then dead.
    fn render(&self, notification: &Notification, target: &Target)
    -> Result<Rendered, RenderError>;

    /// One attempt: no retry inside, safe to cancel, over by `cx.deadline`.
    async fn deliver(&self, cx: &Attempt, message: &Rendered) -> Outcome;

    /// One attempt at neutral content, such as a report. Default: unsupported.
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

/// How the alert in a notification came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertStatus {
    /// It is happening.
    Firing,
    /// It is over.
    Resolved,
    /// Somebody tries the channel.
    Test,
    /// One message for many alerts; the lines are in [`Notification::digest`].
    Digest,
}

impl AlertStatus {
    /// `firing`, `resolved`, `test` or `digest`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
            Self::Test => "test",
            Self::Digest => "digest",
        }
    }
}

impl fmt::Display for AlertStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a channel is asked to say: the alert and how it came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Notification {
    /// The alert; of a digest, one that sums the lines up.
    pub alert: Alert,
    /// How it came about.
    pub status: AlertStatus,
    /// How many alerts of the same key were held back since the last message.
    pub suppressed: u64,
    /// The service's name.
    pub service: String,
    /// `production`, `staging`, ….
    pub environment: String,
    /// A ULID, the same on every attempt: the idempotency key.
    pub delivery_id: String,
    /// The alerts of a digest, the worst first; empty otherwise.
    pub digest: Vec<DigestLine>,
}

/// One row of a digest: alerts of one key, counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestLine {
    /// The worst level seen.
    pub level: AlertLevel,
    /// The title of the newest.
    pub title: String,
    /// The source of the newest.
    pub source: String,
    /// How many there were.
    pub count: u64,
    /// When the first happened.
    pub first: Timestamp,
    /// When the last happened.
    pub last: Timestamp,
}

/// The circumstances of one attempt.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// A ULID, the same on every attempt: the idempotency key.
    pub delivery_id: String,
    /// 1 for the first.
    pub attempt: u32,
    /// The wall clock at the start of the attempt.
    pub now: Timestamp,
    /// When the attempt has to be over.
    pub deadline: tokio::time::Instant,
}

/// A message ready to go out, stored so that every attempt sends the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Whom it is for.
    pub target: Target,
    /// The media type of the body.
    pub content_type: Cow<'static, str>,
    /// Headers that do not depend on the attempt, without secrets: they are stored.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The form that takes the body's place after [`Outcome::Degrade`].
    pub plain: Option<Vec<u8>>,
    /// Whether something had to be cut; the text says so too.
    pub truncated: bool,
}

impl Rendered {
    /// A body for a target, without headers and without a plain form.
    #[must_use]
    pub fn new(
        target: Target,
        content_type: impl Into<Cow<'static, str>>,
        body: impl Into<Vec<u8>>,
    ) -> Self {
        Self {
            target,
            content_type: content_type.into(),
            headers: Vec::new(),
            body: body.into(),
            plain: None,
            truncated: false,
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the form that takes the body's place after [`Outcome::Degrade`].
    #[must_use]
    pub fn plain(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.plain = Some(body.into());
        self
    }

    /// Says whether something had to be cut.
    #[must_use]
    pub fn truncated(mut self, truncated: bool) -> Self {
        self.truncated = truncated;
        self
    }
}

/// No message can be made of a notification.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot render: {reason}")]
pub struct RenderError {
    /// Why, in words, without secrets.
    pub reason: String,
}

impl RenderError {
    /// Says why.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
        }
    }
}

/// What came of one attempt. Reasons are words for a person and never hold a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The far side took it.
    Delivered {
        /// What it said, if that is worth keeping.
        note: Option<String>,
    },
    /// Worth another attempt.
    Transient {
        /// What went wrong.
        reason: String,
        /// How long the far side asks to be left alone: the whole channel pauses.
        retry_after: Option<Duration>,
        /// It may have arrived all the same; the next attempt carries the same idempotency key.
        maybe_delivered: bool,
    },
    /// This message will never be taken.
    Permanent {
        /// What went wrong.
        reason: String,
    },
    /// No message will be taken until somebody mends the channel: credentials, a removed room.
    ChannelBroken {
        /// What went wrong.
        reason: String,
    },
    /// Not in this form; [`Rendered::plain`] is tried once, at once.
    Degrade {
        /// The form that could pass.
        to: Degrade,
        /// What went wrong.
        reason: String,
    },
    /// The channel cannot do this.
    Unsupported,
}

/// The form asked for by [`Outcome::Degrade`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Degrade {
    /// Plain text in place of markup.
    Plain,
    /// Fewer bytes.
    Smaller,
}

impl Outcome {
    /// The far side took it, nothing more to say.
    #[must_use]
    pub const fn delivered() -> Self {
        Self::Delivered { note: None }
    }

    /// Worth another attempt, surely not delivered.
    #[must_use]
    pub fn transient(reason: impl Into<String>) -> Self {
        Self::Transient {
            reason: reason.into(),
            retry_after: None,
            maybe_delivered: false,
        }
    }

    /// This message will never be taken.
    #[must_use]
    pub fn permanent(reason: impl Into<String>) -> Self {
        Self::Permanent {
            reason: reason.into(),
        }
    }

    /// The channel needs mending.
    #[must_use]
    pub fn broken(reason: impl Into<String>) -> Self {
        Self::ChannelBroken {
            reason: reason.into(),
        }
    }

    /// The channel cannot do this.
    #[must_use]
    pub const fn unsupported() -> Self {
        Self::Unsupported
    }

    /// Whether the far side took it.
    #[must_use]
    pub const fn is_delivered(&self) -> bool {
        matches!(self, Self::Delivered { .. })
    }

    /// `delivered`, `transient`, `permanent`, `broken`, `degrade` or `unsupported`: a metric label.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Delivered { .. } => "delivered",
            Self::Transient { .. } => "transient",
            Self::Permanent { .. } => "permanent",
            Self::ChannelBroken { .. } => "broken",
            Self::Degrade { .. } => "degrade",
            Self::Unsupported => "unsupported",
        }
    }

    /// The reason in words; empty when there is none.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Delivered { note } => note.as_deref().unwrap_or(""),
            Self::Transient { reason, .. }
            | Self::Permanent { reason }
            | Self::ChannelBroken { reason }
            | Self::Degrade { reason, .. } => reason,
            Self::Unsupported => "not supported by this channel",
        }
    }
}

/// Neutral rendered content, such as a report: a channel picks the form it can carry.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Content {
    /// One line.
    pub subject: String,
    /// Plain text, always there.
    pub text: String,
    /// A mail's HTML; pictures by `cid:`.
    pub html: Option<String>,
    /// The pictures.
    pub inline: Vec<InlinePart>,
    /// Slack's blocks (an array) or a whole message (an object).
    pub slack_blocks: Option<serde_json::Value>,
    /// For machines.
    pub json: Option<serde_json::Value>,
    /// The idempotency key, and the local part of a mail's Message-ID.
    pub message_id: String,
}

/// A picture or file inside a mail.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InlinePart {
    /// The name after `cid:`.
    pub cid: String,
    /// The media type.
    pub mime: String,
    /// The name when saved.
    pub filename: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}
