//! The file's health checks: ready-made kinds only.

use std::{ops::Range, time::Duration};

use super::{
    Loaded,
    place::{Source, remedy},
    types::{Check, File},
};
use crate::{Findings, Problem};

/// A kind of check: the key that it needs, those that it may have, and whether this build has it.
pub(super) struct Kind {
    pub(super) name: &'static str,
    needs: &'static str,
    takes: &'static [&'static str],
    there: bool,
}

const ASKED: &[&str] = &["every", "timeout"];

pub(super) const KINDS: [Kind; 7] = [
    Kind {
        name: "http",
        needs: "url",
        takes: &["status", "every", "timeout"],
        there: cfg!(all(feature = "health", feature = "_http")),
    },
    Kind {
        name: "tcp",
        needs: "address",
        takes: ASKED,
        there: cfg!(feature = "health"),
    },
    Kind {
        name: "postgres",
        needs: "url",
        takes: ASKED,
        there: cfg!(all(feature = "health", feature = "postgres")),
    },
    Kind {
        name: "redis",
        needs: "url",
        takes: ASKED,
        there: cfg!(all(feature = "health", feature = "redis")),
    },
    Kind {
        name: "sqlite",
        needs: "path",
        takes: ASKED,
        there: cfg!(all(feature = "health", feature = "sqlite")),
    },
    Kind {
        name: "disk",
        needs: "path",
        takes: ASKED,
        there: cfg!(feature = "health"),
    },
    Kind {
        name: HEARTBEAT,
        needs: "unhealthy_after",
        takes: &["degraded_after", "grace", "during"],
        there: cfg!(feature = "health"),
    },
];
/// Nobody is asked: somebody has to be heard of.
const HEARTBEAT: &str = "heartbeat";
pub(super) const IMPORTANCE: [&str; 3] = ["critical", "degrading", "informational"];
/// What the runner of checks takes.
const LONGEST: Duration = Duration::from_secs(86_400);

impl File {
    /// Whether each check has what its kind needs, and nothing that it does not know.
    pub(super) fn judge_checks(&self, source: Source<'_>, findings: &mut Findings) {
        let mut names: Vec<&str> = Vec::new();
        for check in &self.checks {
            let check = check.get_ref();
            let name = check.name.get_ref();
            let mut wrong = Vec::new();
            if names.contains(&name.as_str()) {
                wrong.push((check.name.span(), "there are two of this name".to_owned()));
            }
            names.push(name);
            check.judge(&mut wrong);
            for (at, message) in wrong {
                let message = format!("check {name:?}: {message}");
                findings.problems.push(source.problem(&at, message));
            }
        }
    }
}

impl Check {
    fn is_heartbeat(&self) -> bool {
        self.kind.get_ref() == HEARTBEAT
    }

    /// The keys of some kinds that it has, and where their values stand.
    fn given(&self) -> Vec<(&'static str, Range<usize>)> {
        let all = [
            ("url", self.url.as_ref().map(|it| it.span())),
            ("address", self.address.as_ref().map(|it| it.span())),
            ("path", self.path.as_ref().map(|it| it.span())),
            ("status", self.status.as_ref().map(|it| it.span())),
            ("every", self.every.as_ref().map(|it| it.span())),
            ("timeout", self.timeout.as_ref().map(|it| it.span())),
            ("during", self.during.as_ref().map(|it| it.span())),
            ("grace", self.grace.as_ref().map(|it| it.span())),
            (
                "degraded_after",
                self.degraded_after.as_ref().map(|it| it.span()),
            ),
            (
                "unhealthy_after",
                self.unhealthy_after.as_ref().map(|it| it.span()),
            ),
        ];
        let given = all.into_iter();
        given.filter_map(|(key, at)| Some((key, at?))).collect()
    }

    fn judge(&self, wrong: &mut Vec<(Range<usize>, String)>) {
        let kind = self.kind.get_ref();
        let Some(known) = KINDS.iter().find(|known| known.name == kind) else {
            let remedy = remedy(kind, &KINDS.map(|known| known.name));
            wrong.push((
                self.kind.span(),
                format!("there is no kind {kind:?}; {remedy}"),
            ));
            return;
        };
        let given = self.given();
        for (key, at) in &given {
            if *key != known.needs && !known.takes.contains(key) {
                let takes = known.takes.join(", ");
                let message = format!("{kind} has no {key}; it has {}, {takes}", known.needs);
                wrong.push((at.clone(), message));
            }
        }
        let needed = given.iter().find(|(key, _)| *key == known.needs);
        if needed.is_none() {
            wrong.push((self.kind.span(), format!("{kind} needs {}", known.needs)));
        }
        if !known.there {
            let message = format!("bongsu was built without {kind} checks");
            wrong.push((self.kind.span(), message));
        }
        let asked = self.importance.as_ref();
        if let Some(asked) = asked.filter(|it| !IMPORTANCE.contains(&it.get_ref().as_str())) {
            let remedy = remedy(asked.get_ref(), &IMPORTANCE);
            let message = format!("there is no importance {:?}; {remedy}", asked.get_ref());
            wrong.push((asked.span(), message));
        }
        self.judge_lengths(wrong);
        if let (true, Some((_, at)), true) = (wrong.is_empty(), needed, known.there)
            && let Err(message) = self.usable()
        {
            wrong.push((at.clone(), message));
        }
    }

    fn judge_lengths(&self, wrong: &mut Vec<(Range<usize>, String)>) {
        let above_zero = [
            ("every", &self.every),
            ("timeout", &self.timeout),
            ("degraded_after", &self.degraded_after),
            ("unhealthy_after", &self.unhealthy_after),
        ];
        for (key, length) in above_zero {
            if let Some(length) = length.as_ref().filter(|it| it.get_ref().0.is_zero()) {
                wrong.push((length.span(), format!("{key} is no time at all")));
            }
        }
        for (key, length) in above_zero.into_iter().chain([("grace", &self.grace)]) {
            if let Some(length) = length.as_ref().filter(|it| it.get_ref().0 > LONGEST) {
                wrong.push((length.span(), format!("{key} is more than a day")));
            }
        }
        if let (Some(degraded), Some(unhealthy)) = (&self.degraded_after, &self.unhealthy_after)
            && degraded.get_ref().0 > unhealthy.get_ref().0
        {
            let message = "degraded_after is longer than unhealthy_after".to_owned();
            wrong.push((degraded.span(), message));
        }
    }

    /// Whether a check can be made of it.
    #[cfg(feature = "health")]
    fn usable(&self) -> Result<(), String> {
        if self.is_heartbeat() {
            return Ok(());
        }
        let made = self.made();
        made.map(drop).map_err(|error| error.to_string())
    }

    #[cfg(not(feature = "health"))]
    fn usable(&self) -> Result<(), String> {
        Ok(())
    }
}

impl Loaded {
    /// What differs between the checks of this text and of another, by name: what is gone or another, and what is
    /// new or another.
    #[must_use]
    pub fn changed_checks(&self, other: &Self) -> (Vec<String>, Vec<String>) {
        let unlike = |one: &Self, two: &Self| {
            let ours = one.file.checks.iter().map(|it| it.get_ref());
            let stays = |check: &&Check| two.file.checks.iter().all(|it| it.get_ref() != *check);
            let names = ours.filter(stays).map(|it| it.name.get_ref().clone());
            names.collect()
        };
        (unlike(self, other), unlike(other, self))
    }
}

impl Loaded {
    /// Where the first check stands whose name `is` one: `bongsu.toml:12:8`.
    #[must_use]
    pub fn check_that(&self, is: impl Fn(&str) -> bool) -> Option<String> {
        let mut names = self.file.checks.iter().map(|check| &check.get_ref().name);
        let found = names.find(|it| is(it.get_ref()))?;
        Some(self.source().place(found.span().start))
    }
}

/// A heartbeat that the file declares: the service's code beats it by its name.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct DeclaredHeartbeat {
    /// Its name.
    pub name: String,
    /// Silence past which it is degraded.
    pub degraded_after: Duration,
    /// Silence past which it is unhealthy.
    pub unhealthy_after: Duration,
    /// How long after a session's open, and after the start, any silence is fine.
    pub grace: Option<Duration>,
    /// The hours in which it must beat, by name; none: always.
    pub during: Option<String>,
    /// `critical`, `degrading` or `informational`.
    pub importance: &'static str,
}

impl Loaded {
    /// The heartbeats that the file declares; `hours` are the names that there are.
    ///
    /// # Errors
    ///
    /// One names hours that there are not.
    pub fn heartbeats(&self, hours: &[&str]) -> Result<Vec<DeclaredHeartbeat>, Problem> {
        let all = self.file.checks.iter().map(|check| check.get_ref());
        let beats = all.filter(|check| check.is_heartbeat()).map(|check| {
            let unknown = check.during.as_ref();
            if let Some(unknown) = unknown.filter(|it| !hours.contains(&it.get_ref().as_str())) {
                let (name, given) = (check.name.get_ref(), unknown.get_ref());
                let remedy = match hours.is_empty() {
                    true => {
                        "bongsu was built without feature `reports`, which knows them".to_owned()
                    }
                    false => remedy(given, hours),
                };
                let message = format!("check {name:?}: there are no hours {given:?}; {remedy}");
                return Err(self.source().problem(&unknown.span(), message));
            }
            let length = |it: &Option<toml::Spanned<super::words::Length>>| {
                it.as_ref().map(|it| it.get_ref().0)
            };
            let unhealthy_after = length(&check.unhealthy_after).unwrap_or(LONGEST);
            Ok(DeclaredHeartbeat {
                name: check.name.get_ref().clone(),
                degraded_after: length(&check.degraded_after).unwrap_or(unhealthy_after),
                unhealthy_after,
                grace: length(&check.grace),
                during: check.during.as_ref().map(|it| it.get_ref().clone()),
                importance: check.importance(),
            })
        });
        beats.collect()
    }
}

impl Check {
    fn importance(&self) -> &'static str {
        let asked = self.importance.as_ref().map(|it| it.get_ref().as_str());
        let known = IMPORTANCE.into_iter().find(|known| Some(*known) == asked);
        known.unwrap_or("degrading")
    }
}

#[cfg(feature = "health")]
mod made {
    use bongsu_health::{Check as Made, HealthError, Importance, checks};

    use super::super::{Loaded, types::Check};
    use crate::Problem;

    /// The importance that a word of the file names.
    #[must_use]
    pub fn importance(word: &str) -> Importance {
        match word {
            "critical" => Importance::Critical,
            "informational" => Importance::Informational,
            _ => Importance::Degrading,
        }
    }

    impl Loaded {
        /// The checks, ready to be run; the heartbeats are [`Loaded::heartbeats`].
        ///
        /// # Errors
        ///
        /// With the place of a check that cannot be made.
        pub fn checks(&self) -> Result<Vec<Made>, Problem> {
            let asked = self.file.checks.iter();
            let asked = asked.filter(|check| !check.get_ref().is_heartbeat());
            let made = asked.map(|check| {
                let wrong = |error: HealthError| {
                    let name = check.get_ref().name.get_ref();
                    let message = format!("check {name:?}: {error}");
                    self.source().problem(&check.get_ref().kind.span(), message)
                };
                check.get_ref().made().map_err(wrong)
            });
            made.collect()
        }
    }

    impl Check {
        pub(super) fn made(&self) -> Result<Made, HealthError> {
            let name = self.name.get_ref().as_str();
            #[allow(
                unused_variables,
                reason = "which kinds there are depends on the features"
            )]
            let url = self.url.as_ref().map_or("", |url| url.get_ref().0.expose());
            let text = |text: &Option<toml::Spanned<String>>| {
                text.as_ref()
                    .map_or_else(String::new, |it| it.get_ref().clone())
            };
            let path = text(&self.path);
            let mut check = match self.kind.get_ref().as_str() {
                #[cfg(feature = "_http")]
                "http" => {
                    let probe = checks::HttpProbe::new(url)?;
                    let status = self.status.as_ref().map(|it| it.get_ref().clone());
                    probe
                        .expect_status(status.unwrap_or_default())
                        .into_check(name)
                }
                #[cfg(feature = "postgres")]
                "postgres" => checks::PostgresProbe::connect(url)?.into_check(name),
                #[cfg(feature = "redis")]
                "redis" => checks::redis(name, url)?,
                #[cfg(feature = "sqlite")]
                "sqlite" => checks::sqlite(name, path),
                "disk" => checks::disk(name, path),
                _ => checks::tcp(name, &text(&self.address))?,
            };
            if let Some(every) = &self.every {
                check = check.interval(every.get_ref().0);
            }
            if let Some(timeout) = &self.timeout {
                check = check.timeout(timeout.get_ref().0);
            }
            Ok(check.importance(importance(self.importance())))
        }
    }
}

#[cfg(feature = "health")]
pub use made::importance;
