//! Tests of routes as tables: at this time, with this state, this alert goes there.

use std::{collections::BTreeSet, fmt, ops::Range, time::Duration};

use bongsu_alerts::{
    Alert, AlertStatus, Explanation, Pass, Rehearsal, Silence, Suppressed, Told, What,
};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde::{Deserialize, Deserializer, de::Error as _};
use toml::Spanned;

use super::{
    place::{Source, remedy},
    routes::matcher,
    types::{Match, Text},
    words::{Length, Level, Many},
};
use crate::{ConfigError, Problem, value::zone};

/// Messages that leave within this count as told at once: a channel has its pace.
const AT_ONCE: Duration = Duration::from_secs(1);

const A_DAY: Duration = Duration::from_secs(86_400);

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Table {
    /// Channels that the service's code adds, so that no variable knows them.
    channels: Vec<String>,
    tests: Vec<Spanned<Case>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: Text,
    at: Spanned<Moment>,
    #[serde(default)]
    before: Vec<Spanned<Before>>,
    alert: Sent,
    goes_to: Spanned<Vec<Text>>,
    rule: Option<Text>,
    held: Option<Text>,
    owner: Option<Text>,
    #[serde(default)]
    then: Vec<Spanned<Then>>,
}

/// One thing that happened before.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Before {
    ago: Spanned<Length>,
    alert: Option<Sent>,
    ended: Option<Text>,
    acknowledged: Option<Text>,
    silenced: Option<Match>,
    /// How long the silence lasts. Default: a day.
    #[serde(rename = "for")]
    lasts: Option<Length>,
    off: Option<Text>,
    on: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Then {
    /// Since the alert. Who hears of it from the step before until then is compared.
    after: Spanned<Length>,
    /// It ends then: who hears of the end is compared.
    #[serde(default)]
    ended: bool,
    /// Somebody acknowledges it then.
    #[serde(default)]
    acknowledged: bool,
    goes_to: Spanned<Vec<Text>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    level: Level,
    #[serde(default = "title")]
    title: String,
    #[serde(default)]
    message: String,
    #[serde(default = "source")]
    source: String,
    kind: Option<String>,
    key: Option<String>,
    #[serde(default)]
    tag: Many,
    #[serde(default)]
    metadata: std::collections::BTreeMap<String, serde_json::Value>,
}

fn title() -> String {
    "A test".to_owned()
}

fn source() -> String {
    "test".to_owned()
}

impl Sent {
    fn alert(&self, now: Timestamp) -> Alert {
        let mut alert = Alert::new(self.level.0, &self.title, &self.message, &self.source);
        alert.timestamp = now;
        if let Some(kind) = &self.kind {
            alert = alert.kind(kind);
        }
        if let Some(key) = &self.key {
            alert = alert.key(key);
        }
        let alert = self.tag.0.iter().fold(alert, Alert::tag);
        let facts = self.metadata.iter();
        facts.fold(alert, |alert, (name, value)| {
            alert.metadata(name, value.clone())
        })
    }
}

/// A moment with its offset, or one of the file's zone.
#[derive(Clone, Copy, Debug)]
enum Moment {
    Fixed(Timestamp),
    Local(DateTime),
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        if let Ok(fixed) = text.parse() {
            return Ok(Self::Fixed(fixed));
        }
        text.parse().map(Self::Local).map_err(|_| {
            D::Error::custom(format!(
                "{text:?} is no time; write \"2026-11-30T09:00:00+09:00\", or \"2026-11-30T09:00\" in alerts.time_zone"
            ))
        })
    }
}

/// Tests of routes, read from a file.
#[derive(Debug)]
pub struct RouteTests {
    name: String,
    text: String,
    table: Table,
    zone: TimeZone,
}

impl RouteTests {
    /// Reads a file of tests; times without an offset are of `time_zone`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with line and column.
    pub fn read(name: &str, text: &str, time_zone: &str) -> Result<Self, ConfigError> {
        let source = Source { name, text };
        let table: Table =
            toml::from_str(text).map_err(|error| ConfigError::from(source.unreadable(&error)))?;
        let zone =
            zone(time_zone).map_err(|message| ConfigError::from(Problem::new(name, message)))?;
        let tests = Self {
            name: name.to_owned(),
            text: text.to_owned(),
            table,
            zone,
        };
        let problems = tests.problems();
        match problems.is_empty() {
            true => Ok(tests),
            false => Err(ConfigError::new(problems)),
        }
    }

    fn source(&self) -> Source<'_> {
        Source {
            name: &self.name,
            text: &self.text,
        }
    }

    /// How many tests there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.table.tests.len()
    }

    /// Channels that the service's code adds, by the file.
    #[must_use]
    pub fn channels(&self) -> &[String] {
        &self.table.channels
    }

    /// What can be told to be wrong without a manager.
    fn problems(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        let mut wrong = |at: Range<usize>, name: &str, message: String| {
            let message = format!("test {name:?}: {message}");
            found.push(self.source().problem(&at, message));
        };
        for case in &self.table.tests {
            let case = case.get_ref();
            let name = case.name.get_ref();
            if let Some(held) = &case.held
                && !REASONS.contains(&held.get_ref().as_str())
            {
                let remedy = remedy(held.get_ref(), &REASONS);
                let message = format!("nothing is held by {:?}; {remedy}", held.get_ref());
                wrong(held.span(), name, message);
            }
            let mut ago = Duration::MAX;
            for before in &case.before {
                let (at, before) = (before.span(), before.get_ref());
                let happens = [
                    before.alert.is_some(),
                    before.ended.is_some(),
                    before.acknowledged.is_some(),
                    before.silenced.is_some(),
                    before.off.is_some(),
                    before.on.is_some(),
                ];
                if happens.iter().filter(|it| **it).count() != 1 {
                    let message = "say one of alert, ended, acknowledged, silenced, off and on";
                    wrong(at, name, message.to_owned());
                }
                if before.ago.get_ref().0 > ago {
                    let message = "what happened before comes oldest first".to_owned();
                    wrong(before.ago.span(), name, message);
                }
                ago = before.ago.get_ref().0;
            }
            let mut after = Duration::ZERO;
            for then in &case.then {
                let length = &then.get_ref().after;
                if length.get_ref().0 <= after {
                    let message = "each step comes after the one before".to_owned();
                    wrong(length.span(), name, message);
                }
                after = length.get_ref().0;
            }
        }
        found
    }

    /// Runs each test on a rehearsal that `make` gives for its begin. What does not hold is told with its place.
    ///
    /// # Errors
    ///
    /// What `make` says.
    pub fn run<E>(
        &self,
        mut make: impl FnMut(Timestamp) -> Result<Rehearsal, E>,
    ) -> Result<Vec<Problem>, E> {
        let mut failed = Vec::new();
        for case in &self.table.tests {
            let case = case.get_ref();
            let at = match *case.at.get_ref() {
                Moment::Fixed(at) => at,
                Moment::Local(at) => match self.zone.to_ambiguous_timestamp(at).compatible() {
                    Ok(at) => at,
                    Err(error) => {
                        failed.push(self.source().problem(&case.at.span(), error.to_string()));
                        continue;
                    }
                },
            };
            let longest = case.before.iter().map(|it| it.get_ref().ago.get_ref().0);
            let longest = longest.max().unwrap_or_default();
            let begin = at.saturating_sub(longest).unwrap_or(at);
            let run = Run {
                source: self.source(),
                case,
                at,
                stage: make(begin)?,
                failed: Vec::new(),
            };
            failed.extend(run.done());
        }
        Ok(failed)
    }
}

const REASONS: [&str; 8] = [
    "cooldown",
    "quiet",
    "silence",
    "inhibited",
    "flapping",
    "disabled",
    "acknowledged",
    "digest",
];

struct Run<'a> {
    source: Source<'a>,
    case: &'a Case,
    at: Timestamp,
    stage: Rehearsal,
    failed: Vec<Problem>,
}

impl Run<'_> {
    fn fail(&mut self, at: &Range<usize>, message: impl fmt::Display) {
        let message = format!("test {:?}: {message}", self.case.name.get_ref());
        self.failed.push(self.source.problem(at, message));
    }

    fn done(mut self) -> Vec<Problem> {
        let case = self.case;
        for before in &case.before {
            self.before(before);
        }
        self.stage.pass_until(self.at);
        drop(self.stage.told());
        let alert = case.alert.alert(self.at);
        let explained = self.stage.explain(&alert);
        if let Err(error) = self.stage.send(alert.clone()) {
            self.fail(&case.name.span(), error);
            return self.failed;
        }
        self.stage.pass(AT_ONCE);
        let told = self.heard(&explained.key, AlertStatus::Firing);
        let why = why(&explained);
        self.compare(&case.goes_to, &told, &why);
        self.explained(&explained);
        for then in &case.then {
            self.then(then.get_ref(), &alert.clone().key(&explained.key));
        }
        self.failed
    }

    fn before(&mut self, before: &Spanned<Before>) {
        let (place, before) = (before.span(), before.get_ref());
        let ago = before.ago.get_ref().0;
        let now = self.at.saturating_sub(ago).unwrap_or(self.at);
        self.stage.pass_until(now);
        let done = if let Some(sent) = &before.alert {
            let sent = self.stage.send(sent.alert(now));
            sent.map(drop).map_err(|error| error.to_string())
        } else if let Some(key) = &before.ended {
            let key = key.get_ref();
            let end = Alert::new(bongsu_alerts::AlertLevel::Info, key, "", "test").key(key);
            let ended = self.stage.resolve(end);
            ended.map(drop).map_err(|error| error.to_string())
        } else if let Some(key) = &before.acknowledged {
            let known = self.stage.acknowledge(key.get_ref());
            known.map_err(|error| error.to_string())
        } else if let Some(matches) = &before.silenced {
            let lasts = before.lasts.map_or(A_DAY, |lasts| lasts.0);
            let until = now.saturating_add(lasts).unwrap_or(Timestamp::MAX);
            let silence = Silence::new(matcher(matches), until, "test");
            match self.stage.silence(silence) {
                true => Ok(()),
                false => Err("there are too many silences".to_owned()),
            }
        } else if let Some((channel, on)) = (before.off.iter().map(|it| (it, false)))
            .chain(before.on.iter().map(|it| (it, true)))
            .next()
        {
            let set = self.stage.set_channel_enabled(channel.get_ref(), on);
            set.map_err(|error| error.to_string())
        } else {
            Ok(())
        };
        if let Err(message) = done {
            self.fail(&place, message);
        }
    }

    fn then(&mut self, then: &Then, alert: &Alert) {
        let at = self.at.saturating_add(then.after.get_ref().0);
        let at = at.unwrap_or(Timestamp::MAX);
        let mut status = AlertStatus::Firing;
        let key = alert.dedup_key();
        if then.ended || then.acknowledged {
            self.stage.pass_until(at);
        }
        if then.acknowledged
            && let Err(error) = self.stage.acknowledge(&key)
        {
            self.fail(&then.after.span(), error);
        }
        if then.ended {
            drop(self.stage.told());
            status = AlertStatus::Resolved;
            if let Err(error) = self.stage.resolve(alert.clone()) {
                self.fail(&then.after.span(), error);
            }
        }
        self.stage
            .pass_until(at.saturating_add(AT_ONCE).unwrap_or(at));
        let told = self.heard(&key, status);
        self.compare(&then.goes_to, &told, "");
    }

    /// The channels that were told of the alert since somebody asked.
    fn heard(&mut self, key: &str, status: AlertStatus) -> BTreeSet<String> {
        let title = &self.case.alert.title;
        let of_it = |told: &Told| match told.digest.is_empty() {
            true => told.key == key && told.status == status,
            false => told.digest.contains(title),
        };
        let told = self.stage.told().into_iter().filter(of_it);
        told.map(|told| told.channel).collect()
    }

    fn compare(&mut self, wanted: &Spanned<Vec<Text>>, told: &BTreeSet<String>, why: &str) {
        let known: Vec<String> = self.stage.channels().map(str::to_owned).collect();
        for name in wanted.get_ref() {
            if !known.contains(name.get_ref()) {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let remedy = remedy(name.get_ref(), &known);
                let message = format!("there is no channel {:?}; {remedy}", name.get_ref());
                self.fail(&name.span(), message);
                return;
            }
        }
        let wants: BTreeSet<String> = wanted
            .get_ref()
            .iter()
            .map(|name| name.get_ref().clone())
            .collect();
        if wants != *told {
            let message = format!("it goes to {}, not to {}{why}", list(told), list(&wants));
            self.fail(&wanted.span(), message);
        }
    }

    fn explained(&mut self, explained: &Explanation) {
        let case = self.case;
        let first = explained.channels.iter().find_map(|it| it.rule.clone());
        self.word("the rule", case.rule.as_ref(), first);
        self.word("the owner", case.owner.as_ref(), explained.owner.clone());
        self.word("what holds it", case.held.as_ref(), held(explained));
    }

    fn word(&mut self, what: &str, wanted: Option<&Text>, found: Option<String>) {
        let Some(wanted) = wanted.filter(|it| Some(it.get_ref()) != found.as_ref()) else {
            return;
        };
        let found = found.map_or_else(|| "nothing".to_owned(), |found| format!("{found:?}"));
        let message = format!("{what} is {found}, not {:?}", wanted.get_ref());
        self.fail(&wanted.span(), message);
    }
}

/// What holds an alert back: everywhere, or on every channel that its rules name.
fn held(explained: &Explanation) -> Option<String> {
    if let Some(reason) = explained.held {
        return Some(reason.as_str().to_owned());
    }
    let reasons: Option<Vec<&str>> = explained
        .channels
        .iter()
        .map(|it| match &it.what {
            What::Suppress(reason) => Some(reason.as_str()),
            What::Digest { .. } => Some("digest"),
            What::Deliver { .. } => None,
        })
        .collect();
    reasons?.first().map(|reason| (*reason).to_owned())
}

/// What an explanation says of each channel, in brackets.
fn why(explained: &Explanation) -> String {
    let word = |what: &What| match what {
        What::Deliver { why, .. } => Pass::as_str(*why),
        What::Digest { .. } => "digest",
        What::Suppress(reason) => Suppressed::as_str(*reason),
    };
    let all = explained.channels.iter().map(|it| {
        let rule = it.rule.as_ref();
        let rule = rule.map_or_else(|| "no rule".to_owned(), |rule| format!("rule {rule:?}"));
        format!("{}: {}, {rule}", it.channel, word(&it.what))
    });
    let all: Vec<String> = all.collect();
    match all.is_empty() {
        true => String::new(),
        false => format!(" ({})", all.join("; ")),
    }
}

fn list(names: &BTreeSet<String>) -> String {
    match names.is_empty() {
        true => "nobody".to_owned(),
        false => Vec::from_iter(names.iter().map(String::as_str)).join(", "),
    }
}
