//! What an operator may ask for, as the bodies of requests have it, and what is wrong with it.

use std::time::Duration;

use jiff::civil::Date;
use serde::Deserialize;

use crate::{OpsError, OpsResult, given::some_date};

/// The longest that a log level or a silence may last.
pub const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);
/// The most lines of the log in one answer.
pub const MOST_LINES: usize = 1_000;
/// The most alerts of the history in one answer.
pub const MOST_ALERTS: usize = 1_000;
/// Most characters of an operator's name.
pub const MOST_NAME: usize = 100;
/// Most characters of a reason.
pub const MOST_REASON: usize = 500;
/// Most bytes of an alert's key.
pub const MOST_KEY: usize = 1_024;

/// A text that somebody typed: in one line, not empty, not too long.
///
/// # Errors
///
/// What is wrong with it.
pub fn typed(text: &str, what: &str, most: usize) -> OpsResult<()> {
    let reason = if text.trim().is_empty() {
        format!("{what}: is missing")
    } else if text.chars().count() > most {
        format!("{what}: is longer than {most} characters")
    } else if text.chars().any(char::is_control) {
        format!("{what}: has control characters")
    } else {
        return Ok(());
    };
    Err(OpsError::Invalid(reason))
}

/// Who asks. Everything that is done has somebody's name in the log.
pub(crate) fn name(by: &str) -> OpsResult<()> {
    if by.trim().is_empty() {
        return Err(OpsError::Invalid(format!(
            "by: say who you are, in at most {MOST_NAME} characters"
        )));
    }
    typed(by, "by", MOST_NAME)
}

fn lasts(seconds: u64) -> OpsResult<()> {
    if (1..=LONGEST.as_secs()).contains(&seconds) {
        return Ok(());
    }
    Err(OpsError::Invalid(format!(
        "for_seconds: 1 to {} (30 days)",
        LONGEST.as_secs()
    )))
}

pub(crate) fn key(key: &str) -> OpsResult<()> {
    if (1..=MOST_KEY).contains(&key.len()) {
        return Ok(());
    }
    Err(OpsError::Invalid(format!(
        "key: is empty or longer than {MOST_KEY} bytes"
    )))
}

/// Another filter for the log, for good or for a time after which the one before comes back.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct SetLogLevel {
    /// `error` to `trace`, or directives such as `info,my_crate=debug`.
    pub level: String,
    /// How long it lasts, 1 second to 30 days; for good without it.
    pub for_seconds: Option<u64>,
    /// Who asks.
    #[serde(default)]
    pub by: String,
}

impl SetLogLevel {
    /// How long it lasts.
    #[must_use]
    pub fn lasts(&self) -> Option<Duration> {
        self.for_seconds.map(Duration::from_secs)
    }

    /// # Errors
    ///
    /// What makes no sense.
    pub fn check(&self) -> OpsResult<()> {
        if !self.by.is_empty() {
            name(&self.by)?;
        }
        self.for_seconds.map_or(Ok(()), lasts)
    }
}

/// An alert by its key, and who asks: to acknowledge it, to take that back, to say that it has ended.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct AboutAlert {
    /// The alert's key.
    pub key: String,
    /// Who asks.
    #[serde(default)]
    pub by: String,
}

impl AboutAlert {
    /// # Errors
    ///
    /// What makes no sense.
    pub fn check(&self) -> OpsResult<()> {
        key(&self.key)?;
        name(&self.by)
    }

    /// For a script that says that something has ended: it need not say who it is.
    ///
    /// # Errors
    ///
    /// As [`AboutAlert::check`].
    pub fn check_unnamed(&self) -> OpsResult<()> {
        key(&self.key)?;
        match &*self.by {
            "" => Ok(()),
            by => name(by),
        }
    }
}

/// Deliveries that were given up, to be tried again: one of the two.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Replay {
    /// The delivery of this id, or every one of the alert of this id.
    Id(String),
    /// Everything that was given up since then, in RFC 3339.
    Since(String),
}

/// The form of a report.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum ReportForm {
    /// The page for a browser.
    #[default]
    Html,
    /// Plain text.
    Text,
    /// Every figure.
    Json,
    /// The session's fills.
    Csv,
}

/// Kept positions to be computed anew.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct RebuildReports {
    /// From this date on; everything without it.
    #[serde(deserialize_with = "some_date")]
    pub from: Option<Date>,
    /// Who asks.
    pub by: String,
}

impl RebuildReports {
    /// # Errors
    ///
    /// What makes no sense.
    pub fn check(&self) -> OpsResult<()> {
        match &*self.by {
            "" => Ok(()),
            by => name(by),
        }
    }
}
