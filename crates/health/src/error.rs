//! What can be wrong with a health set-up.

use std::fmt;
use std::time::Duration;

/// Why a [`HealthCheck`](crate::HealthCheck) could not be built or asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HealthError {
    /// The set-up is wrong; every problem that was found is listed.
    #[error("invalid health set-up: {}", List(.0))]
    Invalid(Vec<Problem>),
    /// No check has this name.
    #[error("no check is named {name:?}")]
    UnknownCheck {
        /// The name that was asked for.
        name: String,
    },
}

impl HealthError {
    /// Whether two parts share this name.
    #[must_use]
    pub fn names(&self, name: &str) -> bool {
        let twice = |problem: &Problem| matches!(problem, Problem::DuplicateName { name: it } if it == name);
        matches!(self, Self::Invalid(problems) if problems.iter().any(twice))
    }
}

/// One thing that is wrong with a health set-up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A name is empty, longer than 128 bytes, or holds control characters.
    #[error("name {name:?} must have 1 to 128 bytes and no control characters")]
    InvalidName {
        /// The name as given.
        name: String,
    },
    /// Two checks, heartbeats or gates share a name.
    #[error("name {name:?} is used twice")]
    DuplicateName {
        /// The name as given.
        name: String,
    },
    /// A duration that must not be zero is.
    #[error("{what} of {name:?} is zero")]
    Zero {
        /// The check or heartbeat.
        name: String,
        /// Which setting.
        what: &'static str,
    },
    /// A duration is past what the scheduler accepts.
    #[error("{what} of {name:?} is {given:?}, more than {limit:?}")]
    TooLong {
        /// The check or heartbeat.
        name: String,
        /// Which setting.
        what: &'static str,
        /// What was given.
        given: Duration,
        /// The most that is accepted.
        limit: Duration,
    },
    /// A limit that must lie below another does not, so it could never be reached.
    #[error("{lower} of {name:?} must be below {upper}")]
    NotBelow {
        /// The check or heartbeat.
        name: String,
        /// The setting that must be smaller.
        lower: &'static str,
        /// The setting that must be larger.
        upper: &'static str,
    },
    /// More parts than the bound.
    #[error("more than {limit} {what}")]
    TooMany {
        /// Which kind of part.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
    /// A probe's own settings contradict each other.
    #[error("settings of {name:?} are not usable: {reason}")]
    InvalidProbe {
        /// The check.
        name: String,
        /// What the probe says of it.
        reason: String,
    },
    /// A built-in check's target (a URL, an address, a path) is not usable.
    #[error("target of {name:?} is not usable: {reason}")]
    InvalidTarget {
        /// The check.
        name: String,
        /// What is wrong with it; never holds the target's credentials.
        reason: String,
    },
}

struct List<'a>(&'a [Problem]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

/// The longest interval, timeout or age that is accepted.
pub(crate) const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Collects problems, so that all of them can be told at once.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    pub(crate) fn name(&mut self, name: &str) {
        if name.is_empty() || name.len() > 128 || name.chars().any(char::is_control) {
            self.push(Problem::InvalidName {
                name: name.chars().take(128).collect(),
            });
        }
    }

    /// `value` must be in `1 ns ..= LONGEST`.
    pub(crate) fn duration(&mut self, name: &str, what: &'static str, value: Duration) {
        if value.is_zero() {
            self.push(Problem::Zero {
                name: name.to_owned(),
                what,
            });
        }
        self.at_most(name, what, value);
    }

    pub(crate) fn at_most(&mut self, name: &str, what: &'static str, given: Duration) {
        if given > LONGEST {
            self.push(Problem::TooLong {
                name: name.to_owned(),
                what,
                given,
                limit: LONGEST,
            });
        }
    }

    pub(crate) fn finish(self) -> Result<(), HealthError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(HealthError::Invalid(self.0))
        }
    }
}
