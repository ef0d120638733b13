//! Every variable that is read, as data: how it is set and shown, the README's table, the doctor's
//! and the console's words and the errors come from one entry each.

use std::fmt::Write as _;

use bongsu_lang::Lang;

use super::{
    Config, Secret, alerting, delivery, korean, logging, monitoring, report, rules, service, traces,
};
use crate::channels::VARIABLES as CHANNELS;

/// Reads text into the configuration, or says what would be right.
pub(crate) type Set = fn(&mut Config, &str) -> Result<(), String>;
/// The value in force, as it would be written in the environment; none when nothing is.
pub(crate) type Show = fn(&Config) -> Option<String>;

/// One environment variable.
///
/// One that does not begin with `BONGSU_` is also read under its name with that before it, which then
/// wins; so `BONGSU_DATABASE_URL` can say something else than a `DATABASE_URL` that is not meant for
/// bongsu, or `none`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Variable {
    /// Its name; a secret `X` may also come from the file that `X_FILE` names.
    pub name: &'static str,
    /// Names that are read where this one is not set.
    pub also: &'static [&'static str],
    /// What holds when it is unset; empty when nothing does.
    pub default: &'static str,
    /// What it means, with its form.
    pub help: &'static str,
    /// Never shown anywhere.
    pub secret: bool,
    /// The facade's feature that it needs, if any.
    pub feature: Option<&'static str>,
    /// What a bare number counts.
    pub unit: Option<Unit>,
    /// Whether a service may have it for itself: what of it cannot be used is then no error.
    pub shared: bool,
    pub(crate) place: Place,
}

/// Where the configuration keeps a variable's value.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    not(feature = "alerts"),
    expect(dead_code, reason = "channels alone keep theirs elsewhere")
)]
pub(crate) enum Place {
    /// In a field of its own.
    Field(Set, Show),
    /// Among the channels', as the text that it is, if it can be one.
    Channel(fn(&str) -> Result<(), String>),
    /// The least level of a kind of channel.
    MinLevel(&'static str),
}

/// What a bare number counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Unit {
    /// Seconds; `15m`, `5s` and `2h` are understood too.
    Seconds,
    /// Percent, from 0 to 100.
    Percent,
}

impl Unit {
    /// For people, as a variable's meaning ends.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Seconds => "seconds, or with a unit: `15m`",
            Self::Percent => "percent",
        }
    }
}

impl Variable {
    /// What it means, in this language.
    #[must_use]
    pub fn meaning(&self, l: Lang) -> &'static str {
        l.pick(self.help, korean::meaning(self.name))
    }

    /// The title of the group that it stands in, in this language.
    #[must_use]
    pub fn group(&self, l: Lang) -> &'static str {
        let mut groups = GROUPS.iter();
        let found = groups.find(|group| group.variables().any(|it| it.name == self.name));
        found.map_or("", |group| l.pick(group.title, korean::title(group.title)))
    }

    pub(crate) const fn new(
        name: &'static str,
        default: &'static str,
        help: &'static str,
        set: Set,
        show: Show,
    ) -> Self {
        Self::kept(name, default, help, Place::Field(set, show))
    }

    pub(crate) const fn kept(
        name: &'static str,
        default: &'static str,
        help: &'static str,
        place: Place,
    ) -> Self {
        Self {
            name,
            also: &[],
            default,
            help,
            secret: false,
            feature: None,
            unit: None,
            shared: false,
            place,
        }
    }

    /// Reads `text` into `config`, or says what would be right.
    pub(crate) fn set(&self, config: &mut Config, text: &str) -> Result<(), String> {
        match self.place {
            Place::Field(set, _) => set(config, text),
            Place::Channel(check) => {
                check(text)?;
                config.alerts.channels.insert(self.name, Secret::new(text));
                Ok(())
            }
            Place::MinLevel(kind) => delivery::set_min_level(config, kind, text),
        }
    }

    /// The value in force, as it would be written in the environment; none when nothing is. The caller
    /// hides what is secret.
    pub(crate) fn show(&self, config: &Config) -> Option<String> {
        match self.place {
            Place::Field(_, show) => show(config),
            Place::Channel(_) => {
                let given = config.alerts.channels.get(self.name);
                let text = given.map_or(self.default, Secret::expose);
                Some(text.to_owned())
            }
            Place::MinLevel(kind) => Some(delivery::min_level(config, kind).as_str().to_owned()),
        }
    }

    pub(crate) const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    pub(crate) const fn needs(mut self, feature: &'static str) -> Self {
        self.feature = Some(feature);
        self
    }

    pub(crate) const fn counts(mut self, unit: Unit) -> Self {
        self.unit = Some(unit);
        self
    }

    pub(crate) const fn shared(mut self) -> Self {
        self.shared = true;
        self
    }

    pub(crate) const fn also(mut self, names: &'static [&'static str]) -> Self {
        self.also = names;
        self
    }

    /// Every name under which it is read, the one that wins first, without those of files.
    pub fn names(&self) -> impl Iterator<Item = String> + use<> {
        let own = (!self.name.starts_with(OWN)).then(|| format!("{OWN}{}", self.name));
        let others = self.also.iter().map(|name| (*name).to_owned());
        own.into_iter().chain([self.name.to_owned()]).chain(others)
    }

    /// Every name under which it is read, those of files too.
    pub(crate) fn all_names(&self) -> impl Iterator<Item = String> + use<> {
        let secret = self.secret;
        self.names().flat_map(move |name| {
            let file = secret.then(|| format!("{name}_FILE"));
            std::iter::once(name).chain(file)
        })
    }
}

/// What the names of this project's own variables begin with: none of them is somebody else's.
pub(crate) const OWN: &str = "BONGSU_";

/// Variables that belong together, with a heading.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Group {
    /// The heading.
    pub title: &'static str,
    parts: &'static [&'static [Variable]],
}

impl Group {
    /// Its variables, in order.
    pub fn variables(&self) -> impl Iterator<Item = &'static Variable> + use<> {
        self.parts.iter().copied().flatten()
    }
}

/// All variables, grouped as in the README.
pub const GROUPS: &[Group] = &[
    Group {
        title: "Service",
        parts: &[service::VARS],
    },
    Group {
        title: "Monitoring",
        parts: &[monitoring::VARS],
    },
    Group {
        title: "Logging",
        parts: &[logging::VARS],
    },
    Group {
        title: "Traces",
        parts: &[traces::VARS],
    },
    Group {
        title: "Alerts",
        parts: &[alerting::VARS, CHANNELS],
    },
    Group {
        title: "Rules",
        parts: &[rules::VARS],
    },
    Group {
        title: "What alerts look like, and their way out",
        parts: &[delivery::LOOK, delivery::WAY],
    },
    Group {
        title: "Daily report",
        parts: &[report::VARS, delivery::REPORT],
    },
];

/// Every variable, in order.
pub fn all() -> impl Iterator<Item = &'static Variable> {
    GROUPS.iter().flat_map(Group::variables)
}

/// The table of the README.
#[must_use]
pub fn markdown() -> String {
    let mut out = String::new();
    for group in GROUPS {
        let _ = writeln!(
            out,
            "**{}**\n\n| variable | default | meaning |\n|---|---|---|",
            group.title
        );
        for v in group.variables() {
            let default = if v.default.is_empty() {
                String::new()
            } else {
                format!("`{}`", v.default)
            };
            let mut names = vec![format!("`{}`", v.name)];
            names.extend(v.secret.then(|| format!("`{}_FILE`", v.name)));
            names.extend(v.also.iter().map(|name| format!("`{name}`")));
            let unit = v
                .unit
                .map_or_else(String::new, |unit| format!("; {}", unit.in_words()));
            let _ = writeln!(
                out,
                "| {} | {default} | {}{unit} |",
                names.join(" or "),
                v.help
            );
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_name_is_read_for_one_variable_alone() {
        let mut seen = BTreeSet::new();
        for name in all().flat_map(Variable::all_names) {
            assert!(seen.insert(name.clone()), "{name} is read twice");
        }
        assert!(seen.contains("BONGSU_DATABASE_URL_FILE") && seen.contains("PORT"));
    }

    #[test]
    fn every_variable_is_explained_and_its_feature_exists() {
        for variable in all() {
            for l in Lang::ALL {
                assert!(!variable.meaning(l).is_empty(), "{} {l:?}", variable.name);
                assert!(!variable.group(l).is_empty(), "{} {l:?}", variable.name);
            }
            // The same names and values are spoken of, and each is closed.
            let codes = variable.meaning(Lang::Ko).matches('`').count();
            assert_eq!(codes % 2, 0, "{}", variable.name);
            let known = |feature| {
                crate::features::ALL_FEATURES
                    .iter()
                    .any(|(name, _)| *name == feature)
            };
            assert!(variable.feature.is_none_or(known), "{variable:?}");
        }
    }

    #[test]
    fn a_default_is_what_an_empty_environment_shows() {
        let config = Config::default();
        for variable in all() {
            let shown = variable.show(&config).unwrap_or_default();
            assert_eq!(shown, variable.default, "{}", variable.name);
        }
    }
}
