//! Alerts from outside the service: sent by a script, or asked about.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Level, OpsError, OpsResult,
    given::{level, some_moment},
    request::{LONGEST, MOST_NAME, MOST_REASON, key, typed},
};

/// Most tags of an alert.
pub const MOST_TAGS: usize = 50;

/// An alert to send, or to ask about.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct NewAlert {
    /// How bad.
    #[serde(deserialize_with = "level")]
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
    #[serde(default, deserialize_with = "some_moment")]
    pub timestamp: Option<Timestamp>,
    /// Facts.
    #[serde(default)]
    pub metadata: BTreeMap<String, Value>,
    /// Labels for routing.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Something that happened, and ends by itself after so long without repetition; without it a
    /// condition, which lasts until it is resolved.
    #[serde(default)]
    pub lasts_seconds: Option<u64>,
    /// Where it is written what to do: the name of a runbook, or its URL.
    #[serde(default)]
    pub runbook: Option<String>,
    /// Says that the alert of this key has ended instead.
    #[serde(default)]
    pub resolved: bool,
    /// Who asks, for the audit's line.
    #[serde(default)]
    pub by: String,
}

impl NewAlert {
    /// # Errors
    ///
    /// What makes no sense, the field first.
    pub fn check(&self) -> OpsResult<()> {
        typed(&self.title, "title", MOST_REASON)?;
        typed(&self.source, "source", MOST_NAME)?;
        if let Some(kind) = &self.kind {
            typed(kind, "kind", MOST_NAME)?;
        }
        if let Some(runbook) = &self.runbook {
            typed(runbook, "runbook", MOST_REASON)?;
        }
        if !self.by.is_empty() {
            typed(&self.by, "by", MOST_NAME)?;
        }
        if self.tags.len() > MOST_TAGS {
            return Err(OpsError::Invalid(format!("tags: at most {MOST_TAGS}")));
        }
        for tag in &self.tags {
            typed(tag, "tags", MOST_NAME)?;
        }
        if let Some(seconds) = self.lasts_seconds
            && !(1..=LONGEST.as_secs()).contains(&seconds)
        {
            let longest = LONGEST.as_secs();
            return Err(OpsError::Invalid(format!(
                "lasts_seconds: 1 to {longest} (30 days)"
            )));
        }
        match &self.key {
            Some(key) => self::key(key),
            None if self.resolved => Err(OpsError::Invalid(
                "key: is missing: say which alert has ended".to_owned(),
            )),
            None => Ok(()),
        }
    }

    /// How long it fires without repetition, where it is an event.
    #[must_use]
    pub fn lasts(&self) -> Option<Duration> {
        self.lasts_seconds.map(Duration::from_secs)
    }
}

/// An alert that was taken.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Accepted {
    /// The alert's id.
    pub id: String,
    /// What it goes by.
    pub key: String,
    /// Deliveries that will be made of it.
    pub deliveries: usize,
    /// What becomes of it on each channel.
    pub channels: Vec<ChannelVerdict>,
}

/// What would become of an alert if it were sent now; nothing was done.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Explained {
    /// What it would go by.
    pub key: String,
    /// Why nobody would be told on any channel, such as `silence`; empty where somebody would.
    pub held: Option<String>,
    /// When that ends by itself.
    pub held_until: Option<Timestamp>,
    /// The silences that hold it.
    pub silences: Vec<String>,
    /// What would happen on each channel.
    pub channels: Vec<ChannelVerdict>,
    /// How long the same alert would stay quiet where it goes out.
    pub cooldown_seconds: Option<u64>,
    /// Who would be told if nobody acknowledged.
    pub escalations: Vec<EscalationStep>,
}

/// What becomes of an alert on one channel.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ChannelVerdict {
    /// The channel.
    pub channel: String,
    /// The rule that chose it; none: no rule matched, and every channel is told.
    pub rule: Option<String>,
    /// `deliver`, `digest` or `suppress`.
    pub decision: &'static str,
    /// Why, in a word; empty for a digest.
    pub reason: &'static str,
}

/// Who is told next of what nobody acknowledged.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct EscalationStep {
    /// So long after the first message.
    pub after_seconds: u64,
    /// Over these channels.
    pub channels: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(fields: &str, want: &str) {
        let json = format!(r#"{{"title":"t","source":"s",{fields}}}"#);
        let asked = serde_json::from_str::<NewAlert>(&json).map_err(|error| error.to_string());
        let checked = asked.and_then(|asked| asked.check().map_err(|error| error.to_string()));
        match checked {
            Ok(()) => assert_eq!(want, "", "{json}"),
            Err(error) => assert!(!want.is_empty() && error.contains(want), "{json}: {error}"),
        }
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        check(r#""level":"error""#, "");
        check(
            r#""level":"ERROR","key":"k","tags":["a"],"metadata":{"x":[1]}"#,
            "",
        );
        check(
            r#""level":"loud""#,
            "expected info, warning, error or critical",
        );
        check(r#""level":"error","key":"""#, "key:");
        check(r#""level":"error","resolved":true"#, "key: is missing");
        check(r#""level":"error","resolved":true,"key":"k""#, "");
        check(r#""level":"error","tags":[""]"#, "tags: is missing");
        check(r#""level":"error","lasts_seconds":0"#, "lasts_seconds");
        check(r#""level":"error","timestamp":"09:00""#, "with its offset");
        check(r#""key":"k""#, "level");
    }
}
