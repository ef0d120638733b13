//! How serious an alert is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The severity of an alert, ordered: `Info < Warning < Error < Critical`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertLevel {
    /// Worth knowing, nothing to do.
    Info,
    /// Something is drifting towards trouble.
    Warning,
    /// Something failed.
    Error,
    /// Somebody has to act now.
    Critical,
}

impl AlertLevel {
    /// Every level, the mildest first.
    pub const ALL: [Self; 4] = [Self::Info, Self::Warning, Self::Error, Self::Critical];

    /// `info`, `warning`, `error` or `critical`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }

    /// `INFO`, `WARNING`, `ERROR` or `CRITICAL`, as in a mail's subject.
    #[must_use]
    pub const fn as_str_upper(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
            Self::Critical => "CRITICAL",
        }
    }

    /// 0 for the mildest, 3 for the worst: an index into a table by level.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The level at `index`; whatever lies past the end is [`AlertLevel::Critical`].
    #[must_use]
    pub const fn from_index(index: usize) -> Self {
        match index {
            0 => Self::Info,
            1 => Self::Warning,
            2 => Self::Error,
            _ => Self::Critical,
        }
    }
}

impl fmt::Display for AlertLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text names no level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown alert level {given:?}, expected info, warning, error or critical")]
pub struct ParseLevelError {
    given: String,
}

impl FromStr for AlertLevel {
    type Err = ParseLevelError;

    /// Any case, surrounding space ignored.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        Self::ALL
            .into_iter()
            .find(|level| level.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| ParseLevelError {
                given: text.chars().take(40).collect(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_text_and_index_agree() {
        for (index, level) in AlertLevel::ALL.into_iter().enumerate() {
            assert_eq!(level.index(), index);
            assert_eq!(AlertLevel::from_index(index), level);
            assert_eq!(level.to_string().parse(), Ok(level));
            assert_eq!(level.as_str_upper().parse(), Ok(level));
        }
        assert!(AlertLevel::Info < AlertLevel::Warning);
        assert!(AlertLevel::Error < AlertLevel::Critical);
    }

    #[test]
    fn an_unknown_level_is_named_in_the_error() {
        let error = "fatal".parse::<AlertLevel>().unwrap_err();
        assert!(error.to_string().contains("\"fatal\""), "{error}");
    }
}
