//! The file's health checks: ready-made kinds only.

use super::{
    place::{Source, remedy},
    types::{Check, File},
};
use crate::Findings;

/// The kinds, each with the key that it needs, and whether this build has it.
pub(super) const KINDS: [(&str, &str, bool); 5] = [
    (
        "http",
        "url",
        cfg!(all(feature = "health", feature = "_http")),
    ),
    ("tcp", "address", cfg!(feature = "health")),
    (
        "redis",
        "url",
        cfg!(all(feature = "health", feature = "redis")),
    ),
    (
        "sqlite",
        "path",
        cfg!(all(feature = "health", feature = "sqlite")),
    ),
    ("disk", "path", cfg!(feature = "health")),
];
pub(super) const IMPORTANCE: [&str; 3] = ["critical", "degrading", "informational"];

impl File {
    /// Whether each check has what its kind needs.
    pub(super) fn judge_checks(&self, source: Source<'_>, findings: &mut Findings) {
        let mut names: Vec<&str> = Vec::new();
        for check in &self.checks {
            let check = check.get_ref();
            let name = check.name.get_ref();
            let mut wrong = |at: &toml::Spanned<String>, message: String| {
                let message = format!("check {name:?}: {message}");
                findings.problems.push(source.problem(&at.span(), message));
            };
            if names.contains(&name.as_str()) {
                wrong(&check.name, "there are two of this name".to_owned());
            }
            names.push(name);
            let kind = check.kind.get_ref();
            match KINDS.iter().find(|(known, ..)| known == kind) {
                Some((_, key, _)) if check.lacks(key) => {
                    wrong(&check.kind, format!("{kind} needs {key}"));
                }
                Some((.., false)) => {
                    wrong(
                        &check.kind,
                        format!("bongsu was built without {kind} checks"),
                    );
                }
                Some(_) => {}
                None => {
                    let remedy = remedy(kind, &KINDS.map(|(kind, ..)| kind));
                    wrong(&check.kind, format!("there is no kind {kind:?}; {remedy}"));
                }
            }
            if let Some(asked) = &check.importance
                && !IMPORTANCE.contains(&asked.get_ref().as_str())
            {
                let remedy = remedy(asked.get_ref(), &IMPORTANCE);
                wrong(
                    asked,
                    format!("there is no importance {:?}; {remedy}", asked.get_ref()),
                );
            }
        }
    }
}

impl Check {
    fn lacks(&self, key: &str) -> bool {
        match key {
            "url" => self.url.is_none(),
            "address" => self.address.is_none(),
            _ => self.path.is_none(),
        }
    }
}

#[cfg(feature = "health")]
mod made {
    use bongsu_health::{Check as Made, HealthError, Importance, checks};

    use super::super::{Loaded, types::Check};
    use crate::Problem;

    impl Loaded {
        /// The checks, ready to be run.
        ///
        /// # Errors
        ///
        /// With the place of a check that cannot be made.
        pub fn checks(&self) -> Result<Vec<Made>, Problem> {
            let made = self.file.checks.iter().map(|check| {
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
        fn made(&self) -> Result<Made, HealthError> {
            let name = self.name.get_ref().as_str();
            #[allow(
                unused_variables,
                reason = "which kinds there are depends on the features"
            )]
            let url = self.url.as_ref().map_or("", |url| url.0.expose());
            let path = self.path.as_deref().unwrap_or_default();
            let mut check = match self.kind.get_ref().as_str() {
                #[cfg(feature = "_http")]
                "http" => {
                    let probe = checks::HttpProbe::new(url)?;
                    probe
                        .expect_status(self.status.iter().copied())
                        .into_check(name)
                }
                #[cfg(feature = "redis")]
                "redis" => checks::redis(name, url)?,
                #[cfg(feature = "sqlite")]
                "sqlite" => checks::sqlite(name, path),
                "disk" => checks::disk(name, path),
                _ => checks::tcp(name, self.address.as_deref().unwrap_or_default())?,
            };
            if let Some(every) = self.every {
                check = check.interval(every.0);
            }
            if let Some(timeout) = self.timeout {
                check = check.timeout(timeout.0);
            }
            let importance = self.importance.as_ref().map(|it| it.get_ref().as_str());
            Ok(check.importance(match importance {
                Some("critical") => Importance::Critical,
                Some("informational") => Importance::Informational,
                _ => Importance::Degrading,
            }))
        }
    }
}
