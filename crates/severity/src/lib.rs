//! How serious something is: one order, one set of words.
//!
//! ```
//! use bongsu_severity::Severity;
//!
//! assert!(Severity::Warning < Severity::Critical);
//! assert_eq!("CRITICAL".parse(), Ok(Severity::Critical));
//! assert_eq!(Severity::Error.to_string(), "error");
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// How serious, ordered: `Info < Warning < Error < Critical`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
pub enum Severity {
    /// Worth knowing, nothing to do.
    Info,
    /// Something is drifting towards trouble.
    Warning,
    /// Something failed.
    Error,
    /// Somebody has to act now.
    Critical,
}

impl Severity {
    /// Every severity, the mildest first.
    pub const ALL: [Self; 4] = [Self::Info, Self::Warning, Self::Error, Self::Critical];

    /// Every severity, the worst first.
    pub const WORST_FIRST: [Self; 4] = [Self::Critical, Self::Error, Self::Warning, Self::Info];

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

    /// 0 for the mildest, 3 for the worst: an index into a table by severity.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The severity at `index`; whatever lies past the end is [`Severity::Critical`].
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

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text names no severity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownSeverity {
    given: String,
}

impl fmt::Display for UnknownSeverity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "unknown level {:?}, expected info, warning, error or critical",
            self.given
        )
    }
}

impl Error for UnknownSeverity {}

impl FromStr for Severity {
    type Err = UnknownSeverity;

    /// Any case, surrounding space ignored.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        Self::ALL
            .into_iter()
            .find(|severity| severity.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| UnknownSeverity {
                given: text.chars().take(40).collect(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_text_and_index_agree() {
        for (index, severity) in Severity::ALL.into_iter().enumerate() {
            assert_eq!(severity.index(), index);
            assert_eq!(Severity::from_index(index), severity);
            assert_eq!(severity.to_string().parse(), Ok(severity));
            assert_eq!(severity.as_str_upper().parse(), Ok(severity));
        }
        assert!(Severity::ALL.is_sorted());
        assert!(Severity::WORST_FIRST.iter().rev().is_sorted());
    }

    #[test]
    fn an_unknown_one_is_named_in_the_error() {
        let error = "fatal".parse::<Severity>().unwrap_err();
        assert!(error.to_string().contains("\"fatal\""), "{error}");
    }
}
