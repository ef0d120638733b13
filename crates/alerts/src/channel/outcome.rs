//! What came of an attempt.

use std::time::Duration;

/// What came of one attempt. Reasons are words for a person and never hold a secret.
///
/// What one target's answer says counts against that target; what only the connection, the login or
/// the account can cause counts against the channel.
///
/// | the far side | outcome | what follows |
/// |---|---|---|
/// | took it | [`Delivered`](Self::Delivered) | |
/// | is away, busy, or may come round | [`Transient`](Self::Transient) | the target is tried again, later each time |
/// | refuses this message for good | [`Permanent`](Self::Permanent) | this delivery is dead |
/// | refuses whatever goes to this target: a chat that blocked the bot | [`TargetBroken`](Self::TargetBroken) | the target waits to be mended, its messages with it |
/// | refuses whatever comes from here: a wrong password | [`ChannelBroken`](Self::ChannelBroken) | the channel waits to be mended |
/// | cannot read this form | [`Degrade`](Self::Degrade) | [`Rendered::plain`](super::Rendered::plain) at once |
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
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
        /// How long the far side asks to be left alone.
        retry_after: Option<Duration>,
        /// It may have arrived all the same: repeated less often, with the same idempotency key.
        maybe_delivered: bool,
    },
    /// This message will never be taken.
    Permanent {
        /// What went wrong.
        reason: String,
    },
    /// This target takes nothing until somebody mends it: a removed room, a blocked bot. The
    /// channel's other targets are not concerned.
    TargetBroken {
        /// What went wrong.
        reason: String,
    },
    /// No message will be taken until somebody mends the channel: credentials, certificates.
    ChannelBroken {
        /// What went wrong.
        reason: String,
    },
    /// Not in this form; [`Rendered::plain`](super::Rendered::plain) is tried once, at once.
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
#[non_exhaustive]
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

    /// The far side took it, and this is worth keeping.
    #[must_use]
    pub fn delivered_with(note: impl Into<String>) -> Self {
        Self::Delivered {
            note: Some(note.into()),
        }
    }

    /// Worth another attempt, surely not delivered: a connection that never came about, a 503.
    #[must_use]
    pub fn transient(reason: impl Into<String>) -> Self {
        Self::Transient {
            reason: reason.into(),
            retry_after: None,
            maybe_delivered: false,
        }
    }

    /// It may have arrived: an answer that never came after the request was sent, a 504.
    #[must_use]
    pub fn unanswered(reason: impl Into<String>) -> Self {
        Self::Transient {
            reason: reason.into(),
            retry_after: None,
            maybe_delivered: true,
        }
    }

    /// This message will never be taken.
    #[must_use]
    pub fn permanent(reason: impl Into<String>) -> Self {
        Self::Permanent {
            reason: reason.into(),
        }
    }

    /// The target needs mending.
    #[must_use]
    pub fn target_broken(reason: impl Into<String>) -> Self {
        Self::TargetBroken {
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

    /// `delivered`, `transient`, `permanent`, `target_broken`, `broken`, `degrade` or `unsupported`:
    /// a metric label.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Delivered { .. } => "delivered",
            Self::Transient { .. } => "transient",
            Self::Permanent { .. } => "permanent",
            Self::TargetBroken { .. } => "target_broken",
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
            | Self::TargetBroken { reason }
            | Self::ChannelBroken { reason }
            | Self::Degrade { reason, .. } => reason,
            Self::Unsupported => "not supported by this channel",
        }
    }

    /// The same outcome, its reason or note in other words; where there is none, nothing changes.
    #[must_use]
    pub fn map_reason(mut self, words: impl FnOnce(&str) -> String) -> Self {
        match &mut self {
            Self::Delivered { note: Some(reason) }
            | Self::Transient { reason, .. }
            | Self::Permanent { reason }
            | Self::TargetBroken { reason }
            | Self::ChannelBroken { reason }
            | Self::Degrade { reason, .. } => *reason = words(reason),
            Self::Delivered { note: None } | Self::Unsupported => {}
        }
        self
    }
}
