//! Silences: what to hold back, when, and what a silence holds.

use std::{collections::BTreeMap, time::Duration};

use bongsu_lang::Lang;
use jiff::{
    Timestamp,
    civil::{Time, Weekday},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Level, OpsError, OpsResult,
    given::{some_level, some_moment},
    request::{LONGEST, MOST_NAME, MOST_REASON, key, name, typed},
};

/// The longest that a silence with a recurrence may last, and how far ahead one may begin.
pub const A_YEAR: Duration = Duration::from_secs(366 * 24 * 3600);
/// The most keys in a silence's answer; what it holds beyond them is counted.
pub const MOST_HELD: usize = 100;

/// Alerts to hold back: those for which every condition given holds; at least one is needed. Words match
/// as a whole.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct NewSilence {
    /// Only the alert of this key.
    pub key: Option<String>,
    /// Only alerts from this source.
    pub source: Option<String>,
    /// Only alerts with this tag.
    pub tag: Option<String>,
    /// Only alerts of this kind, such as `resource`.
    pub kind: Option<String>,
    /// Only alerts of this level.
    #[serde(deserialize_with = "some_level")]
    pub level: Option<Level>,
    /// Only alerts at least this bad.
    #[serde(deserialize_with = "some_level")]
    pub min_level: Option<Level>,
    /// Only alerts at most this bad: what gets worse is told.
    #[serde(deserialize_with = "some_level")]
    pub max_level: Option<Level>,
    /// Only alerts with these facts.
    pub metadata: BTreeMap<String, Value>,
    /// When it begins; at once without it.
    #[serde(alias = "starts", deserialize_with = "some_moment")]
    pub start: Option<Timestamp>,
    /// When it ends: this, or `for_seconds`.
    #[serde(alias = "until", deserialize_with = "some_moment")]
    pub end: Option<Timestamp>,
    /// How long it lasts from its beginning: 1 second to 30 days, or 366 days with a recurrence.
    pub for_seconds: Option<u64>,
    /// Between beginning and end it holds in these hours only.
    pub recurrence: Option<Recurrence>,
    /// Who asks.
    pub by: String,
    /// Why.
    pub comment: String,
}

/// When a silence holds, again and again.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Recurrence {
    /// At hours of the week.
    Weekly(WeeklyHours),
    /// In a session of an exchange, by the name that the service gives it, such as `KRX regular`, or
    /// outside of it: `outside KRX regular`.
    Session(String),
}

/// Hours of the week.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct WeeklyHours {
    /// On these days, `mon` to `sun`; on every day without it. A span over midnight belongs to the day on
    /// which it begins.
    #[serde(default)]
    pub days: Vec<Day>,
    /// From this time of day.
    pub from: TimeOfDay,
    /// Until this time of day, which may be the next day's.
    pub to: TimeOfDay,
    /// The IANA time zone; the service's without it.
    #[serde(default)]
    pub zone: Option<String>,
}

/// A day of the week, as `mon` or `Monday`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub struct Day(pub Weekday);

impl TryFrom<String> for Day {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        let days = Weekday::Monday.cycle_forward().take(7);
        let lower = word.trim().to_lowercase();
        let named = |day: &Weekday| {
            let name = format!("{day:?}").to_lowercase();
            lower == name || lower == name[..3]
        };
        let found = days.into_iter().find(named).map(Self);
        found.ok_or_else(|| {
            let word: String = word.chars().take(40).collect();
            format!("{word:?} is no day of the week: mon, tue, wed, thu, fri, sat or sun")
        })
    }
}

/// A time of day, as `02:00`; `24:00` is midnight.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub struct TimeOfDay(pub Time);

impl TryFrom<String> for TimeOfDay {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "24:00" {
            return Ok(Self(Time::midnight()));
        }
        let time = Time::strptime("%H:%M", &text).or_else(|_| Time::strptime("%H:%M:%S", &text));
        time.map(Self).map_err(|_| {
            let text: String = text.chars().take(40).collect();
            format!("{text:?} is no time of day: write it as 02:00")
        })
    }
}

impl NewSilence {
    /// # Errors
    ///
    /// What makes no sense at `now`, the field first.
    pub fn check(&self, now: Timestamp) -> OpsResult<()> {
        self.check_span(now)?;
        self.conditions()
    }

    /// Who, why and when, whatever it is about.
    pub(crate) fn check_span(&self, now: Timestamp) -> OpsResult<()> {
        name(&self.by)?;
        if !self.comment.is_empty() {
            typed(&self.comment, "comment", MOST_REASON)?;
        }
        self.span(now).map(drop)
    }

    fn conditions(&self) -> OpsResult<()> {
        if let Some(key) = &self.key {
            self::key(key)?;
        }
        let words = [
            ("source", &self.source),
            ("tag", &self.tag),
            ("kind", &self.kind),
        ];
        for (field, word) in words {
            if let Some(word) = word {
                typed(word, field, MOST_NAME)?;
            }
        }
        let (least, most) = self.levels();
        if least > most {
            return Err(OpsError::Invalid(format!(
                "max_level: no alert is both at least {least} and at most {most}"
            )));
        }
        let narrow = self.key.is_some()
            || words.iter().any(|(_, word)| word.is_some())
            || !self.metadata.is_empty()
            || most < Level::Critical
            || self.level.is_some();
        // One that holds whatever is bad would hush the worst of everything.
        if narrow {
            return Ok(());
        }
        Err(OpsError::Invalid(
            "say which alerts: key, source or tag, or by kind, level, max_level or metadata"
                .to_owned(),
        ))
    }

    /// The mildest and the worst level that it is about.
    #[must_use]
    pub fn levels(&self) -> (Level, Level) {
        let least = self.level.max(self.min_level).unwrap_or(Level::Info);
        let most = [self.level, self.max_level].into_iter().flatten().min();
        (least, most.unwrap_or(Level::Critical))
    }

    /// When it begins and ends, for one that is made at `now`.
    ///
    /// # Errors
    ///
    /// What makes no sense, the field first.
    pub fn span(&self, now: Timestamp) -> OpsResult<(Timestamp, Timestamp)> {
        let invalid = |reason: &str| Err(OpsError::Invalid(reason.to_owned()));
        let start = self.start.unwrap_or(now).max(now);
        let ahead = |from: Timestamp, by: Duration| from.checked_add(by).unwrap_or(Timestamp::MAX);
        if start > ahead(now, A_YEAR) {
            return invalid("start: at most 366 days from now");
        }
        let (longest, days) = match self.recurrence {
            Some(_) => (A_YEAR, 366),
            None => (LONGEST, 30),
        };
        match (self.for_seconds, self.end) {
            (Some(_), Some(_)) => invalid("for_seconds: leave it out where end is given"),
            (None, None) => invalid("end: say when it ends, or for_seconds how long it lasts"),
            (Some(seconds), None) if (1..=longest.as_secs()).contains(&seconds) => {
                Ok((start, ahead(start, Duration::from_secs(seconds))))
            }
            (Some(_), None) => invalid(&format!(
                "for_seconds: 1 to {} ({days} days)",
                longest.as_secs()
            )),
            (None, Some(end)) if end <= now => invalid(&format!("end: is past, now is {now:.0}")),
            (None, Some(end)) if end <= start => invalid("end: must be after start"),
            (None, Some(end)) if end > ahead(start, longest) => {
                invalid(&format!("end: at most {days} days after its beginning"))
            }
            (None, Some(end)) => Ok((start, end)),
        }
    }
}

/// Words in both languages; the English ones in JSON.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(into = "String")]
pub struct Words {
    /// In English.
    pub en: String,
    /// In Korean.
    pub ko: String,
}

impl Words {
    /// In this language.
    #[must_use]
    pub fn pick(&self, l: Lang) -> &str {
        l.pick(&self.en, &self.ko)
    }
}

impl From<Words> for String {
    fn from(words: Words) -> Self {
        words.en
    }
}

/// The same in both.
impl From<&str> for Words {
    fn from(text: &str) -> Self {
        Self {
            en: text.to_owned(),
            ko: text.to_owned(),
        }
    }
}

/// A silence that has not ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ActiveSilence {
    /// Its id.
    pub id: String,
    /// What it silences.
    pub matches: Words,
    /// When it begins, where that was said.
    pub start: Option<Timestamp>,
    /// When it ends.
    pub until: Timestamp,
    /// In which hours between the two it holds; always without it.
    pub recurrence: Option<Words>,
    /// It holds now.
    pub active: bool,
    /// The keys of the firing alerts that it holds back now, at most [`MOST_HELD`].
    pub holds: Vec<String>,
    /// How many it holds back now.
    pub held: usize,
    /// Who asked for it.
    pub by: String,
    /// Why.
    #[serde(rename = "comment")]
    pub reason: String,
}

/// What a silence would be about; none was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SilencePreview {
    /// What it would silence.
    pub matches: Words,
    /// The keys of the alerts that fire now and that it would hold back in its hours, at most
    /// [`MOST_HELD`].
    pub holds: Vec<String>,
    /// How many there are.
    pub held: usize,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A Thursday.
    fn now() -> Timestamp {
        "2026-05-28T09:00:00+09:00".parse().unwrap()
    }

    fn asked(fields: &str) -> Result<NewSilence, String> {
        let asked: NewSilence =
            serde_json::from_str(&format!("{{{fields}}}")).map_err(|error| error.to_string())?;
        asked.check(now()).map_err(|error| error.to_string())?;
        Ok(asked)
    }

    #[track_caller]
    fn refused(fields: &str, want: &str) {
        let error = asked(fields).unwrap_err();
        assert!(error.contains(want), "{fields}: {error}");
    }

    #[track_caller]
    fn taken(fields: &str) -> NewSilence {
        asked(fields).unwrap_or_else(|error| panic!("{fields}: {error}"))
    }

    const KIM: &str = r#""by":"kim","for_seconds":60"#;

    #[test]
    fn who_and_why() {
        refused(r#""key":"k","for_seconds":60"#, "by: say who you are");
        refused(r#""key":"k","for_seconds":60,"by":"a\nb""#, "control");
        let long = "x".repeat(101);
        refused(
            &format!(r#""key":"k","for_seconds":60,"by":"{long}""#),
            "longer than 100",
        );
        refused(&format!(r#""key":"k",{KIM},"comment":"\t""#), "comment");
        refused(&format!(r#""key":"k",{KIM},"for":1"#), "`for`");
    }

    #[test]
    fn what_it_is_about() {
        for everything in [
            "",
            r#""min_level":"warning","#,
            r#""max_level":"critical","#,
        ] {
            refused(&format!("{everything}{KIM}"), "key, source or tag");
        }
        for some in [
            r#""key":"k""#,
            r#""tag":"t""#,
            r#""kind":"resource""#,
            r#""level":"WARNING""#,
            r#""max_level":"error""#,
            r#""metadata":{"symbol":"005930"}"#,
        ] {
            taken(&format!("{some},{KIM}"));
        }
        refused(&format!(r#""key":"",{KIM}"#), "key:");
        refused(&format!(r#""source":" ",{KIM}"#), "source:");
        refused(
            &format!(r#""level":"loud",{KIM}"#),
            "expected info, warning",
        );
        refused(
            &format!(r#""min_level":"error","max_level":"warning",{KIM}"#),
            "max_level: no alert",
        );
        let one = taken(&format!(r#""source":"s","level":"error",{KIM}"#));
        assert_eq!(one.levels(), (Level::Error, Level::Error));
    }

    #[test]
    fn when_it_holds() {
        let k = r#""key":"k","by":"kim""#;
        for (fields, want) in [
            ("", "end: say when it ends"),
            (r#","for_seconds":0"#, "for_seconds: 1 to 2592000 (30 days)"),
            (r#","for_seconds":2592001"#, "30 days"),
            (r#","end":"2026-05-28T08:00:00+09:00""#, "end: is past"),
            (
                r#","end":"2026-07-28T08:00:00+09:00""#,
                "end: at most 30 days",
            ),
            (
                r#","start":"2026-05-29T09:00:00+09:00","end":"2026-05-29T09:00:00+09:00""#,
                "end: must be after start",
            ),
            (
                r#","start":"2028-05-29T09:00:00Z","for_seconds":1"#,
                "start:",
            ),
            (
                r#","for_seconds":1,"end":"2026-05-28T10:00:00+09:00""#,
                "for_seconds: leave it out",
            ),
            (r#","end":"tomorrow""#, "with its offset"),
            (r#","end":"2026-05-28T10:00:00""#, "with its offset"),
        ] {
            refused(&format!("{k}{fields}"), want);
        }
        let span = |fields: &str| taken(&format!("{k}{fields}")).span(now()).unwrap();
        let hour = Duration::from_secs(3600);
        assert_eq!(span(r#","for_seconds":3600"#), (now(), now() + hour));
        let later = r#","start":"2026-05-28T10:00:00+09:00","for_seconds":3600"#;
        assert_eq!(span(later), (now() + hour, now() + 2 * hour));
        let begun = r#","start":"2026-05-28T07:00:00+09:00","end":"2026-05-28T10:00:00+09:00""#;
        assert_eq!(span(begun), (now(), now() + hour));
    }

    #[test]
    fn again_and_again() {
        let weekly = |fields: &str| {
            format!(r#""key":"k","by":"kim","for_seconds":31536000,"recurrence":{{{fields}}}"#)
        };
        let night = taken(&weekly(
            r#""weekly":{"days":["sat","Sunday"],"from":"22:00","to":"24:00"}"#,
        ));
        let Some(Recurrence::Weekly(hours)) = night.recurrence else {
            panic!("{night:?}");
        };
        assert_eq!(hours.days, [Day(Weekday::Saturday), Day(Weekday::Sunday)]);
        assert_eq!(hours.to, TimeOfDay(Time::midnight()));
        taken(&weekly(r#""session":"KRX regular""#));
        for (fields, want) in [
            (r#""weekly":{"from":"2","to":"04:00"}"#, "write it as 02:00"),
            (
                r#""weekly":{"from":"25:00","to":"04:00"}"#,
                "write it as 02:00",
            ),
            (
                r#""weekly":{"days":["so"],"from":"02:00","to":"04:00"}"#,
                "mon, tue",
            ),
            (r#""weekly":{"from":"02:00"}"#, "`to`"),
            (r#""monthly":1"#, "expected `weekly` or `session`"),
        ] {
            refused(&weekly(fields), want);
        }
    }
}
