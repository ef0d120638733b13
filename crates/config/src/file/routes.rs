//! The file's rules, silences and recipients as the alert manager takes them.

use std::{ops::Range, time::Duration};

use bongsu_alerts::{
    AlertRule, Matcher, Quiet, Routing, Silence, Weekly,
    channels::KINDS,
    schedule::{Schedule, SharedSchedule},
};
use jiff::{Timestamp, civil::Time};

use super::{
    Loaded,
    place::{Source, remedy},
    types::{File, Hours, Match, Rule, Step, Text},
    unheard::least_of,
};
use crate::{
    Config, ConfigError, Problem,
    value::{list, zone},
};

/// What the file may name.
#[derive(Debug)]
pub struct Known {
    /// The channels that there are, by name.
    pub channels: Vec<String>,
    /// Hours by name.
    pub hours: Vec<(String, SharedSchedule)>,
}

/// What became of the file's routes.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Routed {
    /// Rules, silences and least levels.
    pub routing: Routing,
    /// Of what could be used.
    pub warnings: Vec<Problem>,
    problems: Vec<Problem>,
}

/// Rules and silences of the file, and the least level of each channel that has one, whatever the rules say; the log
/// takes all.
///
/// # Errors
///
/// Everything that is wrong, each with its place.
pub fn routes(config: &Config, known: &Known) -> Result<Routed, ConfigError> {
    let mut routed = config.loaded.routed(known);
    if !routed.problems.is_empty() {
        return Err(ConfigError::new(routed.problems));
    }
    let levels = &config.delivery.min_levels;
    for channel in &known.channels {
        if let Some(level) = least_of(channel, levels) {
            routed.routing = routed.routing.min_level(channel.clone(), level);
        }
    }
    routed.warnings.extend(config.loaded.unheard(levels));
    Ok(routed)
}

impl Loaded {
    /// The rules and silences, each name looked up, with everything that is wrong about them.
    fn routed(&self, known: &Known) -> Routed {
        let mut reading = Reading {
            loaded: self,
            source: self.source(),
            known,
            done: Routed::default(),
        };
        reading.recipients();
        reading.carriers();
        let mut ids: Vec<&str> = Vec::new();
        for rule in &self.file.rules {
            reading.unique("rule", &rule.get_ref().id, &mut ids);
            reading.rule(rule.get_ref());
        }
        let mut ids: Vec<&str> = Vec::new();
        for silence in &self.file.silences {
            reading.unique("silence", &silence.get_ref().id, &mut ids);
            reading.silence(silence.get_ref());
        }
        reading.done
    }

    /// The channel that takes CRITICAL alerts while their own fails, if the file names one that there is.
    ///
    /// # Errors
    ///
    /// It names one that there is not.
    pub fn fallback(&self, channels: &[String]) -> Result<Option<String>, Problem> {
        let Some(name) = &self.file.alerts.fallback else {
            return Ok(None);
        };
        if channels.contains(name.get_ref()) {
            return Ok(Some(name.get_ref().clone()));
        }
        let names: Vec<&str> = channels.iter().map(String::as_str).collect();
        let remedy = remedy(name.get_ref(), &names);
        let message = format!(
            "alerts.fallback: there is no channel {name:?}; {remedy}",
            name = name.get_ref()
        );
        Err(self.source().problem(&name.span(), message))
    }

    /// The channels that rules, recipients and the fallback name.
    #[must_use]
    pub fn channels(&self) -> Vec<String> {
        let File {
            alerts,
            recipients,
            rules,
            ..
        } = &self.file;
        let of_rules = rules.iter().flat_map(|rule| {
            let rule = rule.get_ref();
            let steps = rule.escalate.iter().flat_map(|step| &step.channels);
            rule.channels.iter().chain(steps)
        });
        let all = of_rules
            .chain(recipients.values().flatten())
            .chain(&alerts.fallback)
            .map(|name| name.get_ref());
        let mut names: Vec<String> = all
            .filter(|name| !recipients.contains_key(*name))
            .cloned()
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// How often what still fires is repeated, where the file says it.
    #[must_use]
    pub fn repeat(&self) -> Option<Option<Duration>> {
        self.file.alerts.repeat.map(|every| every.0)
    }
}

struct Reading<'a> {
    loaded: &'a Loaded,
    source: Source<'a>,
    known: &'a Known,
    done: Routed,
}

impl<'a> Reading<'a> {
    fn problem(&mut self, at: &Range<usize>, message: String) {
        let problem = self.source.problem(at, message);
        self.done.problems.push(problem);
    }

    fn unique(&mut self, what: &str, id: &'a Text, ids: &mut Vec<&'a str>) {
        let name = id.get_ref().as_str();
        if name.trim().is_empty() {
            self.problem(&id.span(), format!("a {what} has an empty id"));
        }
        if ids.contains(&name) {
            self.problem(&id.span(), format!("two {what}s have the id {name:?}"));
        }
        ids.push(name);
    }

    /// A recipient is a name for channels.
    fn recipients(&mut self) {
        for (name, channels) in &self.loaded.file.recipients {
            for channel in channels {
                let what = format!("recipients.{name}");
                self.channel(&what, channel, false);
            }
        }
    }

    /// The channels of the report: which of them carry one is told where they are built.
    fn carriers(&mut self) {
        let Some(said) = &self.loaded.file.report.channels else {
            return;
        };
        for name in list(&said.get_ref().0) {
            let kind = KINDS.iter().any(|kind| kind.name == name);
            if !kind && !self.loaded.file.recipients.contains_key(&name) {
                self.known_channel("report.channels", &name, said.span(), true);
            }
        }
    }

    /// The channels of a rule, with those of recipients in their place. `what` names the rule.
    fn channels(&mut self, what: &str, names: &'a [Text]) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for name in names {
            let group = self.loaded.file.recipients.get(name.get_ref());
            let members = match group {
                // They were looked at where they stand.
                Some(members) => members
                    .iter()
                    .map(|member| member.get_ref().clone())
                    .filter(|member| self.known.channels.contains(member))
                    .collect(),
                None => Vec::from_iter(self.channel(what, name, true)),
            };
            for channel in members {
                if !found.contains(&channel) {
                    found.push(channel);
                }
            }
        }
        found
    }

    fn channel(&mut self, what: &str, name: &Text, groups: bool) -> Option<String> {
        self.known_channel(what, name.get_ref(), name.span(), groups)
    }

    /// A channel that there is; one that could be configured and is not is left out.
    fn known_channel(
        &mut self,
        what: &str,
        name: &str,
        at: Range<usize>,
        groups: bool,
    ) -> Option<String> {
        if self.known.channels.iter().any(|known| known == name) {
            return Some(name.to_owned());
        }
        if let Some(kind) = KINDS.iter().find(|kind| kind.name == name) {
            let variable = kind.variables.first().map_or("", |variable| variable.name);
            let message = format!("{what}: {name} is not configured and left out; set {variable}");
            let warning = self.source.problem(&at, message);
            self.done.warnings.push(warning);
            return None;
        }
        let mut names: Vec<&str> = self.known.channels.iter().map(String::as_str).collect();
        names.extend(KINDS.iter().map(|kind| kind.name));
        if groups {
            names.extend(self.loaded.file.recipients.keys().map(String::as_str));
        }
        names.sort_unstable();
        names.dedup();
        let remedy = remedy(name, &names);
        self.problem(
            &at,
            format!("{what}: there is no channel {name:?}; {remedy}"),
        );
        None
    }

    fn rule(&mut self, rule: &'a Rule) {
        let id = rule.id.get_ref();
        let what = format!("rule {id:?}");
        let before = self.done.problems.len();
        let channels = self.channels(&what, &rule.channels);
        if rule.channels.is_empty() {
            self.problem(&rule.id.span(), format!("{what} names no channel"));
        }
        self.levels(&what, &rule.id, &rule.matches);
        let mut made = AlertRule::new(id)
            .matching(matcher(&rule.matches))
            .enabled(rule.enabled);
        if rule.proceed {
            made = made.and_continue();
        }
        if let Some(hours) = &rule.active
            && let Some(hours) = self.hours(&format!("{what}, active"), hours)
        {
            made = made.active_during(hours);
        }
        match (&rule.quiet, rule.quiet_then) {
            (Some(hours), then) => {
                let then = match then {
                    Some(then) if then.digest => Quiet::Digest,
                    _ => Quiet::Suppress,
                };
                if let Some(hours) = self.hours(&format!("{what}, quiet"), hours) {
                    made = made.quiet_during(hours, then);
                }
            }
            (None, Some(_)) => {
                let message = format!("{what} has quiet_then without quiet");
                self.problem(&rule.id.span(), message);
            }
            (None, None) => {}
        }
        if let Some(cooldown) = rule.cooldown {
            made = made.cooldown(cooldown.0);
        }
        if let Some(every) = rule.digest.and_then(|every| every.0) {
            made = made.digest_every(every);
        }
        if let Some(every) = rule.repeat {
            made = made.repeat_interval(every.0);
        }
        if let Some(wait) = rule.remind.and_then(|wait| wait.0) {
            made = made.remind_after(wait);
        }
        if let Some(owner) = &rule.owner {
            made = made.owner(owner);
        }
        for step in &rule.escalate {
            made = self.step(&what, step, made);
        }
        if self.done.problems.len() > before {
            return;
        }
        if channels.is_empty() {
            let message = format!("{what} is left out: none of its channels is configured");
            let warning = self.source.problem(&rule.id.span(), message);
            self.done.warnings.push(warning);
            return;
        }
        let routing = std::mem::take(&mut self.done.routing);
        self.done.routing = routing.rule(made.channels(channels));
    }

    fn step(&mut self, what: &str, step: &'a Step, rule: AlertRule) -> AlertRule {
        let what = format!("{what}, escalate");
        let channels = self.channels(&what, &step.channels);
        if step.channels.is_empty() {
            self.problem(&step.after.span(), format!("{what} names no channel"));
        }
        let after = step.after.get_ref().0;
        if after.is_zero() {
            self.problem(&step.after.span(), format!("{what} after no time at all"));
        }
        match channels.is_empty() {
            true => rule,
            false => rule.escalate(after, channels),
        }
    }

    fn levels(&mut self, what: &str, at: &Text, matches: &Match) {
        if let (Some(least), Some(most)) = (matches.min_level, matches.max_level)
            && least.0 > most.0
        {
            let message = format!(
                "{what}: min_level {} is above max_level {}",
                least.0, most.0
            );
            self.problem(&at.span(), message);
        }
    }

    fn silence(&mut self, silence: &super::types::Silence) {
        let id = silence.id.get_ref();
        let what = format!("silence {id:?}");
        self.levels(&what, &silence.id, &silence.matches);
        let hours = silence.hours.get_ref();
        let during = self.named(&what, hours).map(|(name, _)| name);
        let weekly = self.weekly(&what, &silence.hours);
        if during.is_none() && weekly.is_none() {
            return;
        }
        let mut made = Silence::new(
            matcher(&silence.matches),
            Timestamp::MAX,
            &*self.loaded.name,
        )
        .comment(&silence.comment);
        made.id = format!("file {id}");
        if let Some(weekly) = weekly {
            made = made.weekly(weekly);
        }
        if let Some(name) = during {
            made = made.during(name);
        }
        let routing = std::mem::take(&mut self.done.routing);
        self.done.routing = routing.silence(made);
    }

    /// The hours of a rule: those that are named, and those of the clock, if both are there.
    fn hours(&mut self, what: &str, hours: &toml::Spanned<Hours>) -> Option<Both> {
        let named = self.named(what, hours.get_ref()).map(|(_, hours)| hours);
        let weekly = self.weekly(what, hours);
        let clock = weekly.and_then(|weekly| weekly.schedule());
        let all: Vec<SharedSchedule> = named.into_iter().chain(clock).collect();
        (!all.is_empty()).then_some(Both(all))
    }

    fn named(&mut self, what: &str, hours: &Hours) -> Option<(String, SharedSchedule)> {
        let name = hours.during.as_ref()?;
        let known = &self.known.hours;
        if let Some(found) = known.iter().find(|(known, _)| known == name.get_ref()) {
            return Some(found.clone());
        }
        let names: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
        let remedy = remedy(name.get_ref(), &names);
        let message = format!("{what}: there are no hours {:?}; {remedy}", name.get_ref());
        self.problem(&name.span(), message);
        None
    }

    fn weekly(&mut self, what: &str, at: &toml::Spanned<Hours>) -> Option<Weekly> {
        let hours = at.get_ref();
        let (from, to) = match (hours.from, hours.to) {
            (Some(from), Some(to)) => (from.0, to.0),
            // Whole days.
            (None, None) if !hours.days.is_empty() => (Time::midnight(), Time::midnight()),
            (None, None) => {
                if hours.during.is_none() {
                    let message =
                        format!("{what} names no hours: say during, from and to, or days");
                    self.problem(&at.span(), message);
                }
                return None;
            }
            _ => {
                let message = format!("{what}: from and to belong together");
                self.problem(&at.span(), message);
                return None;
            }
        };
        let given = hours.zone.as_ref();
        let name = given.map_or(&*self.loaded.zone, |zone| zone.get_ref().as_str());
        let weekly = zone(name).and_then(|_| {
            Weekly::new(name, from, to).ok_or_else(|| format!("{name:?} is no time zone"))
        });
        match weekly {
            Ok(weekly) if hours.days.is_empty() => Some(weekly),
            Ok(weekly) => Some(weekly.on(hours.days.iter().map(|day| day.0))),
            Err(message) => {
                let span = given.map_or_else(|| at.span(), toml::Spanned::span);
                self.problem(&span, format!("{what}, zone: {message}"));
                None
            }
        }
    }
}

pub(super) fn matcher(matches: &Match) -> Matcher {
    let mut matcher = Matcher::new();
    if let Some(level) = matches.min_level {
        matcher = matcher.min_level(level.0);
    }
    if let Some(level) = matches.max_level {
        matcher = matcher.max_level(level.0);
    }
    if let Some(kind) = &matches.kind {
        matcher = matcher.kind(kind);
    }
    if let Some(key) = &matches.key {
        matcher = matcher.key(key);
    }
    let matcher = matches.source.0.iter().fold(matcher, Matcher::source);
    let matcher = matches.tag.0.iter().fold(matcher, Matcher::tag);
    let facts = matches.metadata.iter();
    facts.fold(matcher, |matcher, (name, value)| {
        matcher.metadata(name, value.clone())
    })
}

/// While all of them hold.
struct Both(Vec<SharedSchedule>);

impl Schedule for Both {
    fn contains(&self, at: Timestamp) -> bool {
        self.0.iter().all(|hours| hours.contains(at))
    }

    fn next_change(&self, at: Timestamp) -> Option<Timestamp> {
        let mut at = at;
        let now = self.contains(at);
        // A change of one of them may change nothing as a whole; a week of changes does.
        for _ in 0..64 {
            at = self
                .0
                .iter()
                .filter_map(|hours| hours.next_change(at))
                .min()?;
            if self.contains(at) != now {
                return Some(at);
            }
        }
        None
    }
}
