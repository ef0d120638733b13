//! What of the routes may be replaced while the manager runs.

use std::time::Duration;

use crate::AlertLevel;
use crate::policy::{PolicyConfig, Silence};
use crate::rule::AlertRule;

/// Rules, least levels and standing silences, as a configuration has them, replaced all at once by
/// [`AlertManager::reroute`](crate::AlertManager::reroute). What the service's code gave to the builder
/// itself stays: its rules come after these.
///
/// ```
/// use bongsu_alerts::{AlertLevel, AlertRule, Routing};
///
/// let routing = Routing::new()
///     .rule(AlertRule::new("pager").min_level(AlertLevel::Critical).channel("pagerduty"))
///     .min_level("slack", AlertLevel::Warning);
/// assert_eq!(routing.rules.len(), 1);
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Routing {
    /// Before those of the builder.
    pub rules: Vec<AlertRule>,
    /// The least level that a channel is told of, by its name.
    pub least: Vec<(String, AlertLevel)>,
    /// Silences without an end: they hold in their hours, are kept nowhere, and nobody can take them
    /// back but by another routing.
    pub silences: Vec<Silence>,
    /// What holds where no rule says otherwise. None: as the builder was told.
    pub defaults: Option<Defaults>,
}

/// What holds where no rule says otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Defaults {
    /// How long the same alert stays quiet on a channel. What was told already stays quiet as long as was said
    /// then.
    pub cooldown: Duration,
    /// How long after it was last told a condition that still fires is told again. None: never.
    pub repeat: Option<Duration>,
    /// The channel that takes CRITICAL alerts while their own fails.
    pub fallback: Option<String>,
}

impl Routing {
    /// Every alert to every channel.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule.
    #[must_use]
    pub fn rule(mut self, rule: AlertRule) -> Self {
        self.rules.push(rule);
        self
    }

    /// The least level that a channel is told of; see
    /// [`AlertManagerBuilder::min_level`](crate::AlertManagerBuilder::min_level).
    #[must_use]
    pub fn min_level(mut self, channel: impl Into<String>, level: AlertLevel) -> Self {
        self.least.push((channel.into(), level));
        self
    }

    /// Adds a standing silence: whatever its end, it holds in its hours as long as it is here.
    #[must_use]
    pub fn silence(mut self, silence: Silence) -> Self {
        self.silences.push(silence);
        self
    }

    /// Replaces what holds where no rule says otherwise.
    #[must_use]
    pub fn defaults(mut self, defaults: Defaults) -> Self {
        self.defaults = Some(defaults);
        self
    }

    /// Every mistake, each in a sentence. `own` are the rules that the code has, `channels` and `hours`
    /// the names that there are.
    pub(crate) fn problems(
        &self,
        own: &[AlertRule],
        channels: &[String],
        hours: &[String],
    ) -> Vec<String> {
        let mut found = Vec::new();
        let mut ids: Vec<&str> = Vec::new();
        for rule in self.rules.iter().chain(own) {
            if ids.contains(&rule.id()) {
                found.push(format!("two rules have the id {:?}", rule.id()));
            }
            ids.push(rule.id());
            rule.problems(channels, &mut found);
        }
        for (channel, level) in &self.least {
            if !channels.contains(channel) {
                found.push(format!(
                    "the least level {level} is of the unknown channel {channel:?} (known: {})",
                    channels.join(", ")
                ));
            }
        }
        for silence in &self.silences {
            let unknown = silence.during.as_ref().filter(|name| !hours.contains(name));
            if let Some(name) = unknown {
                found.push(format!(
                    "the silence {:?} names the unknown hours {name:?} (known: {})",
                    silence.id,
                    hours.join(", ")
                ));
            }
        }
        if let Some(defaults) = &self.defaults {
            defaults.problems(channels, &mut found);
        }
        found
    }
}

impl Default for Defaults {
    /// Those of the builder.
    fn default() -> Self {
        let PolicyConfig {
            cooldown, repeat, ..
        } = PolicyConfig::default();
        Self {
            cooldown,
            repeat,
            fallback: None,
        }
    }
}

impl Defaults {
    pub(crate) fn problems(&self, channels: &[String], found: &mut Vec<String>) {
        let unknown = self.fallback.as_ref().filter(|it| !channels.contains(it));
        if let Some(fallback) = unknown {
            found.push(format!(
                "the fallback is the unknown channel {fallback:?} (known: {})",
                channels.join(", ")
            ));
        }
        if self.repeat.is_some_and(|every| every.is_zero()) {
            found.push("the repeat interval is zero".to_owned());
        }
    }
}
