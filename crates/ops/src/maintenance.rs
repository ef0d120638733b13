//! A maintenance: out of service on purpose, and nobody called for it.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{NewSilence, OpsResult, given::some_moment, request::name};

/// How long a maintenance lasts for which nothing else is said.
pub const MAINTENANCE: Duration = Duration::from_secs(3600);

/// A maintenance to begin. One holds at a time: the newer takes the place of the one before.
///
/// ```
/// use bongsu_ops::NewMaintenance;
///
/// let asked: NewMaintenance = serde_json::from_str(r#"{"by": "kim", "comment": "new disk"}"#)?;
/// let now = jiff::Timestamp::UNIX_EPOCH;
/// assert!(asked.check(now).is_ok());
/// assert_eq!(asked.silence().span(now)?.1.as_second(), 3600);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct NewMaintenance {
    /// When it begins; at once without it.
    #[serde(deserialize_with = "some_moment")]
    pub start: Option<Timestamp>,
    /// When it ends: this, or `for_seconds`.
    #[serde(alias = "until", deserialize_with = "some_moment")]
    pub end: Option<Timestamp>,
    /// How long it lasts from its beginning, 1 second to 30 days; an hour without it and without `end`.
    pub for_seconds: Option<u64>,
    /// Who asks.
    pub by: String,
    /// Why.
    pub comment: String,
}

impl NewMaintenance {
    /// # Errors
    ///
    /// What makes no sense at `now`, the field first.
    pub fn check(&self, now: Timestamp) -> OpsResult<()> {
        self.silence().check_span(now)
    }

    /// The silence that it is: of every alert, whatever its level.
    #[must_use]
    pub fn silence(&self) -> NewSilence {
        let unsaid = self.end.is_none() && self.for_seconds.is_none();
        NewSilence {
            start: self.start,
            end: self.end,
            for_seconds: self.for_seconds.or(unsaid.then_some(MAINTENANCE.as_secs())),
            by: self.by.clone(),
            comment: self.comment.clone(),
            ..NewSilence::default()
        }
    }
}

/// A maintenance that has not ended.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Maintenance {
    /// The id of the silence that it is.
    pub id: String,
    /// When it begins, where that was said.
    pub start: Option<Timestamp>,
    /// When it ends.
    pub until: Timestamp,
    /// It has begun: the service is not ready, and nobody is told.
    pub active: bool,
    /// The keys of the firing alerts that it holds back now, at most [`MOST_HELD`](crate::MOST_HELD).
    pub holds: Vec<String>,
    /// How many it holds back now.
    pub held: usize,
    /// Who asked for it.
    pub by: String,
    /// Why.
    #[serde(rename = "comment")]
    pub reason: String,
}

/// Whether there is a maintenance.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct MaintenanceNow {
    /// The one under way, or the one that is to come.
    pub maintenance: Option<Maintenance>,
}

/// A maintenance that is to end early.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub struct EndMaintenance {
    /// Who asks.
    pub by: String,
}

impl EndMaintenance {
    /// # Errors
    ///
    /// What makes no sense.
    pub fn check(&self) -> OpsResult<()> {
        name(&self.by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Thursday.
    fn now() -> Timestamp {
        "2026-05-28T09:00:00+09:00".parse().unwrap()
    }

    fn asked(fields: &str) -> Result<(i64, i64), String> {
        let asked: NewMaintenance =
            serde_json::from_str(&format!("{{{fields}}}")).map_err(|error| error.to_string())?;
        asked.check(now()).map_err(|error| error.to_string())?;
        let (start, end) = asked.silence().span(now()).unwrap();
        let after = |at: Timestamp| at.duration_since(now()).as_secs();
        Ok((after(start), after(end)))
    }

    #[test]
    fn an_hour_where_nothing_else_is_said() {
        let kim = r#""by":"kim""#;
        for (fields, span) in [
            ("", (0, 3600)),
            (r#","for_seconds":60"#, (0, 60)),
            (r#","end":"2026-05-28T09:30:00+09:00""#, (0, 1800)),
            (r#","start":"2026-05-28T10:00:00+09:00""#, (3600, 7200)),
        ] {
            assert_eq!(asked(&format!("{kim}{fields}")), Ok(span), "{fields}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_its_field() {
        for (fields, want) in [
            ("", "by: say who you are"),
            (r#""by":"kim","for_seconds":0"#, "for_seconds: 1 to 2592000"),
            (r#""by":"kim","for_seconds":2592001"#, "for_seconds"),
            (
                r#""by":"kim","end":"2026-05-28T08:00:00+09:00""#,
                "end: is past",
            ),
            (r#""by":"kim","end":"soon""#, "with its offset"),
            (r#""by":"kim","comment":"a\nb""#, "comment"),
            (r#""by":"kim","key":"k""#, "`key`"),
        ] {
            let error = asked(fields).unwrap_err();
            assert!(error.contains(want), "{fields}: {error}");
        }
    }
}
