//! Why an alert goes out, or does not.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why an alert goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Pass {
    /// Nothing was told of this key lately.
    First,
    /// The cooldown is over.
    CooldownOver,
    /// It got worse; that passes the cooldown.
    LevelRise,
    /// It got milder than what was told; that passes the cooldown.
    LevelFall,
    /// It still fires, and nobody has acknowledged it.
    Repeat,
    /// It was acknowledged long ago and still fires.
    Reminder,
    /// It is over; that passes the cooldown.
    Resolved,
    /// Nobody acknowledged it in time.
    Escalated,
    /// The channel it was meant for is failing.
    Fallback,
}

impl Pass {
    /// A short name, fit for a record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::CooldownOver => "cooldown_over",
            Self::LevelRise => "level_rise",
            Self::LevelFall => "level_fall",
            Self::Repeat => "repeat",
            Self::Reminder => "reminder",
            Self::Resolved => "resolved",
            Self::Escalated => "escalated",
            Self::Fallback => "fallback",
        }
    }
}

impl fmt::Display for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an alert does not go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Suppressed {
    /// The same was told a short while ago, or is on its way.
    Cooldown,
    /// Another replica told it.
    Replica,
    /// The rule's quiet time.
    Quiet,
    /// Somebody silenced it.
    Silence,
    /// A CRITICAL alert of the same source and tag hides it.
    Inhibited,
    /// It comes and goes too often.
    Flapping,
    /// The channel is switched off.
    Disabled,
    /// Somebody knows already.
    Acknowledged,
}

impl Suppressed {
    /// Every reason.
    pub const ALL: [Self; 8] = [
        Self::Cooldown,
        Self::Replica,
        Self::Quiet,
        Self::Silence,
        Self::Inhibited,
        Self::Flapping,
        Self::Disabled,
        Self::Acknowledged,
    ];

    /// A short name, fit for a metric label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cooldown => "cooldown",
            Self::Replica => "replica",
            Self::Quiet => "quiet",
            Self::Silence => "silence",
            Self::Inhibited => "inhibited",
            Self::Flapping => "flapping",
            Self::Disabled => "disabled",
            Self::Acknowledged => "acknowledged",
        }
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Suppressed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
