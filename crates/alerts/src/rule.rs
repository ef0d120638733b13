//! Which alerts go where.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use bongsu_lang::Lang;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::AlertLevel;
use crate::alert::Alert;
use crate::clock::{Now, Tick};
use crate::schedule::{Schedule, SharedSchedule};

/// Which alerts it is about: every condition must hold, and none set means every alert.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Matcher {
    min_level: Option<AlertLevel>,
    max_level: Option<AlertLevel>,
    kind: Option<String>,
    sources: BTreeSet<String>,
    tags: BTreeSet<String>,
    metadata: Vec<(String, Value)>,
    key: Option<String>,
}

impl Matcher {
    /// Matches every alert.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Only alerts at least this serious.
    #[must_use]
    pub const fn min_level(mut self, level: AlertLevel) -> Self {
        self.min_level = Some(level);
        self
    }

    /// Only alerts at most this serious.
    #[must_use]
    pub const fn max_level(mut self, level: AlertLevel) -> Self {
        self.max_level = Some(level);
        self
    }

    /// Only alerts of this kind.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// Only alerts from this source; called again: from any of them.
    #[must_use]
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.sources.insert(source.into());
        self
    }

    /// Only alerts with this tag; called again: with all of them.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.insert(tag.into());
        self
    }

    /// Only alerts whose metadata holds exactly this value; called again: all of them.
    #[must_use]
    pub fn metadata(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metadata.push((name.into(), value.into()));
        self
    }

    /// Only alerts of this key.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// The key that it asks for, if any.
    #[must_use]
    pub fn wanted_key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Whether the alert, of key `key`, meets every condition.
    #[must_use]
    pub fn matches(&self, alert: &Alert, key: &str) -> bool {
        self.min_level.is_none_or(|level| alert.level >= level)
            && self.max_level.is_none_or(|level| alert.level <= level)
            && self.kind.as_ref().is_none_or(|kind| *kind == alert.kind)
            && (self.sources.is_empty() || self.sources.contains(&alert.source))
            && self.tags.iter().all(|tag| alert.tags.contains(tag))
            && self
                .metadata
                .iter()
                .all(|(name, value)| alert.metadata.get(name) == Some(value))
            && self.key.as_ref().is_none_or(|wanted| wanted == key)
    }

    fn empty_level_range(&self) -> bool {
        matches!((self.min_level, self.max_level), (Some(min), Some(max)) if min > max)
    }
}

impl Matcher {
    /// The conditions in words: `key disk|/, level at least error`.
    ///
    /// ```
    /// use bongsu_alerts::{Lang, Matcher};
    ///
    /// let about = Matcher::new().source("risk").tag("var");
    /// assert_eq!(about.in_words(Lang::Ko), "출처 risk, 태그 var");
    /// assert_eq!(about.to_string(), "source risk, tag var");
    /// ```
    #[must_use]
    pub fn in_words(&self, l: Lang) -> String {
        let mut said = Vec::new();
        let mut say = |en, ko, what: &str| said.push(format!("{} {what}", l.pick(en, ko)));
        self.key.iter().for_each(|key| say("key", "키", key));
        self.kind.iter().for_each(|kind| say("kind", "종류", kind));
        if !self.sources.is_empty() {
            let sources: Vec<&str> = self.sources.iter().map(String::as_str).collect();
            say("source", "출처", &sources.join(l.pick(" or ", " 또는 ")));
        }
        self.tags.iter().for_each(|tag| say("tag", "태그", tag));
        for (name, value) in &self.metadata {
            match value {
                Value::String(text) => say(name, name, text),
                other => say(name, name, &other.to_string()),
            }
        }
        let level = |level: AlertLevel, en: &str, ko: &str| match l {
            Lang::En => format!("level {en} {level}"),
            Lang::Ko => format!("수준 {level} {ko}"),
        };
        said.extend(self.min_level.map(|it| level(it, "at least", "이상")));
        said.extend(self.max_level.map(|it| level(it, "at most", "이하")));
        if said.is_empty() {
            return l.pick("every alert", "모든 알림").to_owned();
        }
        said.join(", ")
    }
}

/// The conditions in English.
impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words(Lang::En))
    }
}

/// A schedule that cannot say when it changes is asked again this often.
const UNKNOWN_CHANGE: Duration = Duration::from_secs(60);

/// What happens to the alerts that a quiet time holds back. What is over before it ends is told only
/// by a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Quiet {
    /// What still fires when it ends is told then.
    #[default]
    Suppress,
    /// One digest tells what began and what ended when the quiet time ends.
    Digest,
}

/// Tells somebody else when nobody has acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// How long after the first message.
    pub after: Duration,
    /// Whom to tell.
    pub channels: Vec<String>,
}

/// Which alerts go to which channels, how often, and when not.
///
/// ```
/// use std::time::Duration;
/// use bongsu_alerts::{AlertLevel, AlertRule};
///
/// let rule = AlertRule::new("pager")
///     .min_level(AlertLevel::Critical)
///     .channels(["slack", "email"])
///     .cooldown(Duration::from_secs(300))
///     .escalate(Duration::from_secs(900), ["pagerduty"]);
/// assert_eq!(rule.id(), "pager");
/// ```
#[derive(Debug, Clone)]
pub struct AlertRule {
    pub(crate) id: String,
    pub(crate) matcher: Matcher,
    pub(crate) channels: Vec<String>,
    pub(crate) cooldown: Option<Duration>,
    pub(crate) proceed: bool,
    pub(crate) enabled: bool,
    pub(crate) active: Option<SharedSchedule>,
    pub(crate) quiet: Option<(SharedSchedule, Quiet)>,
    pub(crate) digest: Option<Duration>,
    pub(crate) escalations: Vec<Escalation>,
    /// Outer none: the manager's; inner none: never.
    pub(crate) repeat: Option<Option<Duration>>,
    pub(crate) remind: Option<Duration>,
    pub(crate) owner: Option<String>,
}

impl AlertRule {
    /// A rule that matches every alert and names no channel yet. A rule without a channel is an
    /// error at build.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            matcher: Matcher::new(),
            channels: Vec::new(),
            cooldown: None,
            proceed: false,
            enabled: true,
            active: None,
            quiet: None,
            digest: None,
            escalations: Vec::new(),
            repeat: None,
            remind: None,
            owner: None,
        }
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Replaces every condition at once.
    #[must_use]
    pub fn matching(mut self, matcher: Matcher) -> Self {
        self.matcher = matcher;
        self
    }

    /// Only alerts at least this serious. Default: any.
    #[must_use]
    pub fn min_level(mut self, level: AlertLevel) -> Self {
        self.matcher = self.matcher.min_level(level);
        self
    }

    /// Only alerts at most this serious. Default: any.
    #[must_use]
    pub fn max_level(mut self, level: AlertLevel) -> Self {
        self.matcher = self.matcher.max_level(level);
        self
    }

    /// Only alerts of this kind. Default: any.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.matcher = self.matcher.kind(kind);
        self
    }

    /// Only alerts from this source; called again: from any of them. Default: any.
    #[must_use]
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.matcher = self.matcher.source(source);
        self
    }

    /// Only alerts with this tag; called again: with all of them. Default: any.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.matcher = self.matcher.tag(tag);
        self
    }

    /// Only alerts whose metadata holds exactly this value. Default: any.
    #[must_use]
    pub fn metadata(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.matcher = self.matcher.metadata(name, value);
        self
    }

    /// Adds a channel.
    #[must_use]
    pub fn channel(mut self, id: impl Into<String>) -> Self {
        self.channels.push(id.into());
        self
    }

    /// Adds channels.
    #[must_use]
    pub fn channels<I, S>(mut self, ids: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        self.channels.extend(ids.into_iter().map(Into::into));
        self
    }

    /// How long the same alert stays quiet on a channel. Default: the manager's, 15 minutes. Zero
    /// tells every one.
    #[must_use]
    pub const fn cooldown(mut self, cooldown: Duration) -> Self {
        self.cooldown = Some(cooldown);
        self
    }

    /// Goes on to the later rules after a match. Default: the first match decides alone.
    #[must_use]
    pub const fn and_continue(mut self) -> Self {
        self.proceed = true;
        self
    }

    /// Switches the rule on or off. Default: on.
    #[must_use]
    pub const fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// The rule matches only inside the schedule, such as a trading session. Default: always.
    #[must_use]
    pub fn active_during(mut self, schedule: impl Schedule) -> Self {
        self.active = Some(SharedSchedule::new(schedule));
        self
    }

    /// Inside the schedule nothing but CRITICAL goes out. Default: never quiet.
    #[must_use]
    pub fn quiet_during(mut self, schedule: impl Schedule, then: Quiet) -> Self {
        self.quiet = Some((SharedSchedule::new(schedule), then));
        self
    }

    /// Gathers alerts below CRITICAL and tells them in one message every so often. Default: each
    /// alert goes out by itself.
    #[must_use]
    pub const fn digest_every(mut self, every: Duration) -> Self {
        self.digest = Some(every);
        self
    }

    /// Tells other channels when nobody has acknowledged within `after`; may be called again for a
    /// further step. Default: no escalation.
    #[must_use]
    pub fn escalate<I, S>(mut self, after: Duration, channels: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        self.escalations.push(Escalation {
            after,
            channels: channels.into_iter().map(Into::into).collect(),
        });
        self
    }

    /// Tells what still fires, and nobody acknowledged, again after this. None: never. Default: the
    /// manager's for conditions, 6 hours; never for events.
    #[must_use]
    pub fn repeat_interval(mut self, every: impl Into<Option<Duration>>) -> Self {
        self.repeat = Some(every.into());
        self
    }

    /// Tells what was acknowledged, and still fires, again after this. Default: never.
    #[must_use]
    pub const fn remind_after(mut self, wait: Duration) -> Self {
        self.remind = Some(wait);
        self
    }

    /// Who looks after these alerts: a name that stands in every message as the fact `owner`, unless the
    /// alert has such a fact itself. The first rule that applies says it. Default: nobody in particular.
    #[must_use]
    pub fn owner(mut self, name: impl Into<String>) -> Self {
        self.owner = Some(name.into());
        self
    }

    /// Whether it has something to say about an alert, at some moment.
    pub(crate) fn concerns(&self, alert: &Alert, key: &str) -> bool {
        self.enabled && self.matcher.matches(alert, key)
    }

    /// Whether it applies at that moment.
    pub(crate) fn is_active(&self, wall: Timestamp) -> bool {
        self.active
            .as_ref()
            .is_none_or(|active| active.contains(wall))
    }

    /// When one of its schedules changes, or may have changed.
    pub(crate) fn next_change(&self, now: Now) -> Option<Tick> {
        let quiet = self.quiet.as_ref().map(|(schedule, _)| schedule);
        let schedules = self.active.iter().chain(quiet);
        schedules
            .map(|schedule| match schedule.next_change(now.wall) {
                Some(at) => now.tick_at(at).max(now.tick),
                None => now.tick.after(UNKNOWN_CHANGE),
            })
            .min()
    }

    pub(crate) fn problems(&self, known: &[String], found: &mut Vec<String>) {
        let id = &self.id;
        if id.trim().is_empty() {
            found.push("a rule has an empty id".to_owned());
        }
        if self.channels.is_empty() {
            found.push(format!("rule {id:?} names no channel"));
        }
        if self.matcher.empty_level_range() {
            found.push(format!(
                "rule {id:?} wants a level above its own highest level"
            ));
        }
        if self.digest.is_some_and(|every| every.is_zero()) {
            found.push(format!("rule {id:?} has a digest interval of zero"));
        }
        if self.repeat.flatten().is_some_and(|every| every.is_zero()) {
            found.push(format!("rule {id:?} repeats after no time at all"));
        }
        if self.remind.is_some_and(|wait| wait.is_zero()) {
            found.push(format!("rule {id:?} reminds after no time at all"));
        }
        let escalated = self.escalations.iter().flat_map(|step| &step.channels);
        for channel in self.channels.iter().chain(escalated) {
            if !known.contains(channel) {
                found.push(format!(
                    "rule {id:?} names the unknown channel {channel:?} (known: {})",
                    known.join(", ")
                ));
            }
        }
        for step in &self.escalations {
            if step.channels.is_empty() {
                found.push(format!("rule {id:?} escalates to no channel"));
            }
            if step.after.is_zero() {
                found.push(format!("rule {id:?} escalates after no time at all"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert() -> Alert {
        Alert::new(AlertLevel::Error, "t", "m", "broker")
            .tag("orders")
            .tag("kr")
            .metadata("desk", 7)
            .kind("error")
            .key("k")
    }

    #[track_caller]
    fn check(matcher: Matcher, matches: bool) {
        assert_eq!(matcher.matches(&alert(), "k"), matches, "{matcher:?}");
    }

    #[test]
    fn every_condition_has_to_hold() {
        check(Matcher::new(), true);
        check(Matcher::new().min_level(AlertLevel::Error), true);
        check(Matcher::new().min_level(AlertLevel::Critical), false);
        check(Matcher::new().max_level(AlertLevel::Warning), false);
        check(Matcher::new().kind("error"), true);
        check(Matcher::new().kind("risk"), false);
        check(Matcher::new().source("feed").source("broker"), true);
        check(Matcher::new().source("feed"), false);
        check(Matcher::new().tag("kr").tag("orders"), true);
        check(Matcher::new().tag("kr").tag("us"), false);
        check(Matcher::new().metadata("desk", 7), true);
        check(Matcher::new().metadata("desk", "7"), false);
        check(Matcher::new().key("k"), true);
        check(Matcher::new().key("other"), false);
    }

    #[test]
    fn a_matcher_says_what_it_matches() {
        let all = Matcher::new().key("k").kind("risk").source("a").source("b");
        let all = all.tag("kr").metadata("desk", 7).metadata("book", "main");
        let all = all
            .min_level(AlertLevel::Error)
            .max_level(AlertLevel::Error);
        assert_eq!(
            all.to_string(),
            "key k, kind risk, source a or b, tag kr, desk 7, book main, level at least error, \
             level at most error"
        );
        assert_eq!(Matcher::new().to_string(), "every alert");
    }

    #[test]
    fn problems_are_all_named() {
        let mut found = Vec::new();
        AlertRule::new("r")
            .min_level(AlertLevel::Error)
            .max_level(AlertLevel::Info)
            .digest_every(Duration::ZERO)
            .escalate(Duration::ZERO, Vec::<String>::new())
            .escalate(Duration::from_secs(1), ["nobody"])
            .problems(&["log".to_owned()], &mut found);
        assert_eq!(found.len(), 6, "{found:#?}");
    }
}
