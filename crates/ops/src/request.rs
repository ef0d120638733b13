//! What an operator may ask for, as the bodies of requests have it, and what is wrong with it.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::{Level, OpsError, OpsResult};

/// The longest that a log level or a silence may last.
pub const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);
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
fn name(by: &str) -> OpsResult<()> {
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

fn key(key: &str) -> OpsResult<()> {
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
}

/// Alerts to hold back for a time: those for which every condition given holds; at least one is needed.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct NewSilence {
    /// Only the alert of this key.
    #[serde(default)]
    pub key: Option<String>,
    /// Only alerts from this source.
    #[serde(default)]
    pub source: Option<String>,
    /// Only alerts with this tag.
    #[serde(default)]
    pub tag: Option<String>,
    /// How long it lasts: 1 second to 30 days.
    pub for_seconds: u64,
    /// Who asks.
    #[serde(default)]
    pub by: String,
    /// Why.
    #[serde(default)]
    pub comment: String,
}

impl NewSilence {
    /// # Errors
    ///
    /// What makes no sense.
    pub fn check(&self) -> OpsResult<()> {
        name(&self.by)?;
        lasts(self.for_seconds)?;
        if !self.comment.is_empty() {
            typed(&self.comment, "comment", MOST_REASON)?;
        }
        match &self.key {
            Some(key) => self::key(key),
            // One without a condition would hush everything.
            None if self.source.is_none() && self.tag.is_none() => Err(OpsError::Invalid(
                "say which alerts: key, source or tag".to_owned(),
            )),
            None => Ok(()),
        }
    }
}

/// A silence that is to end early.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct EndSilence {
    /// Its id.
    #[serde(default)]
    pub id: String,
    /// Who asks.
    #[serde(default)]
    pub by: String,
}

impl EndSilence {
    /// # Errors
    ///
    /// What makes no sense.
    pub fn check(&self) -> OpsResult<()> {
        name(&self.by)
    }
}

/// An alert to send.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct NewAlert {
    /// How bad.
    pub level: Level,
    /// In a line.
    pub title: String,
    /// At more length.
    #[serde(default)]
    pub message: String,
    /// Who raises it.
    pub source: String,
    /// What it goes by. Two of one key are the same alert: sent again, it is the repetition of one.
    #[serde(default)]
    pub key: Option<String>,
    /// What kind of thing.
    #[serde(default)]
    pub kind: Option<String>,
    /// When it happened; now without it.
    #[serde(default)]
    pub timestamp: Option<Timestamp>,
    /// Facts.
    #[serde(default)]
    pub metadata: BTreeMap<String, Value>,
    /// Labels for routing.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Says that the alert of this key has ended instead.
    #[serde(default)]
    pub resolved: bool,
}

impl NewAlert {
    /// # Errors
    ///
    /// What makes no sense.
    pub fn check(&self) -> OpsResult<()> {
        typed(&self.title, "title", MOST_REASON)?;
        typed(&self.source, "source", MOST_NAME)?;
        self.key.as_deref().map_or(Ok(()), key)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn silence(json: &str) -> Result<(), String> {
        let asked: NewSilence = serde_json::from_str(json).map_err(|error| error.to_string())?;
        asked.check().map_err(|error| error.to_string())
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let check = |json: &str, want: &str| match silence(json) {
            Ok(()) => assert_eq!(want, "", "{json}"),
            Err(error) => assert!(!want.is_empty() && error.contains(want), "{json}: {error}"),
        };
        check(r#"{"key":"k","for_seconds":1,"by":"kim"}"#, "");
        check(r#"{"tag":"t","for_seconds":2592000,"by":"kim"}"#, "");
        check(r#"{"key":"k","for_seconds":2592001,"by":"kim"}"#, "30 days");
        check(r#"{"key":"k","for_seconds":0,"by":"kim"}"#, "for_seconds");
        check(r#"{"key":"k","for_seconds":60}"#, "by: say who you are");
        check(r#"{"key":"k","for_seconds":60,"by":"a\nb"}"#, "control");
        check(r#"{"key":"","for_seconds":60,"by":"kim"}"#, "key");
        check(r#"{"for_seconds":60,"by":"kim"}"#, "key, source or tag");
        check(r#"{"key":"k","for_seconds":60,"by":"kim","for":1}"#, "for");
        let long = "x".repeat(101);
        check(
            &format!(r#"{{"key":"k","for_seconds":60,"by":"{long}"}}"#),
            "longer than 100",
        );
    }
}
