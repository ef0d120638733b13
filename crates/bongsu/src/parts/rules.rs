//! Rules of alerting: the files in force, and what they are evaluated over.

mod desk;
mod watch;

use std::{fmt, path::PathBuf, sync::Arc};

use bongsu_config::SHIPPED;
use bongsu_desks::Part;
use bongsu_rules::{LoadError, RuleFile};
pub(crate) use watch::Watch;

use super::{Parts, Start};
use crate::{Config, Error, config::Problem, doctor::Finding};

/// The service's code says nothing of rules.
#[derive(Debug, Default)]
pub(crate) struct Settings;

/// The rules in force; none when no rule is asked for.
pub(crate) type Offer = Option<Arc<Watch>>;

/// Those of bongsu's own rules that make sense within one service: what no built-in condition tells already.
const OWN: &str = include_str!("rules/shipped.yml");

pub(crate) async fn start(cx: &mut Start<'_>, _: Settings) -> Result<Offer, Error> {
    let wanted = wanted(cx.config);
    let asked = wanted.clone();
    let loaded = tokio::task::spawn_blocking(move || asked.load()).await;
    let files = match loaded.map_err(|error| Error::setup("rules", error))? {
        Ok(files) => files,
        Err(error) => {
            let message = format!("{error}\nbongsu's own rules are in force until this is mended");
            tracing::warn!(variable = "BONGSU_RULES", "{message}");
            cx.config
                .warnings
                .push(Problem::new("BONGSU_RULES", message));
            if cx.config.rules.prometheus {
                Vec::new()
            } else {
                vec![own()?]
            }
        }
    };
    let config = cx.config.clone();
    let opened = tokio::task::spawn_blocking(move || Watch::open(&config, wanted, files)).await;
    Ok(Some(Arc::new(
        opened.map_err(|error| Error::setup("rules", error))?,
    )))
}

/// What an operator meets of it.
pub(crate) fn desk(_: &Config, parts: &Parts) -> Option<Box<dyn Part>> {
    let watch = parts.rules.clone()?;
    Some(Box::new(desk::Desk(watch)))
}

/// Whether the rule files can be used.
pub(crate) async fn doctor(config: &Config, _: Settings) -> Vec<Finding> {
    let wanted = wanted(config);
    let loaded = tokio::task::spawn_blocking(move || wanted.load()).await;
    let Ok(loaded) = loaded else {
        return Vec::new();
    };
    vec![match loaded {
        Ok(files) => {
            let rules: usize = files.iter().map(RuleFile::rules).sum();
            Finding::ok("rules", format!("{rules} rules in {} files", files.len()))
        }
        Err(error) => Finding::failed(
            "rules",
            error.to_string(),
            "mend the files of BONGSU_RULES; bongsu rules check says more",
        ),
    }]
}

/// What `BONGSU_RULES` asks for.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    own: bool,
    patterns: Vec<String>,
}

fn wanted(config: &Config) -> Wanted {
    let files = &config.rules.files;
    Wanted {
        own: files.iter().any(|it| it == SHIPPED) && !config.rules.prometheus,
        patterns: files.iter().filter(|it| *it != SHIPPED).cloned().collect(),
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = self.own.then_some(SHIPPED);
        let all: Vec<&str> = own
            .into_iter()
            .chain(self.patterns.iter().map(String::as_str))
            .collect();
        f.write_str(&all.join(", "))
    }
}

impl Wanted {
    /// The files that there are now.
    pub(crate) fn paths(&self) -> Result<Vec<PathBuf>, LoadError> {
        bongsu_rules::find(&self.patterns, "".as_ref())
    }

    /// All of them, or what is wrong with them. It blocks.
    pub(crate) fn load(&self) -> Result<Vec<RuleFile>, LoadError> {
        let mut files = bongsu_rules::load(&self.paths()?)?;
        if self.own
            && let Ok(own) = own()
        {
            files.insert(0, own);
        }
        Ok(files)
    }
}

fn own() -> Result<RuleFile, Error> {
    RuleFile::read(SHIPPED, OWN).map_err(|error| Error::setup("rules", error))
}

#[cfg(test)]
mod tests;
