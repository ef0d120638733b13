//! Rules of alerting: the files in force, and what they are evaluated over.

use std::sync::Arc;

use bongsu_config::SHIPPED;
use bongsu_desks::Part;
use bongsu_rules::{RuleFile, Sources, Watch, WatchOptions};

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
    let sources = sources(cx.config)?;
    let asked = sources.clone();
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
    let opened =
        tokio::task::spawn_blocking(move || Watch::open(sources, files, options(&config))).await;
    Ok(Some(Arc::new(
        opened.map_err(|error| Error::setup("rules", error))?,
    )))
}

/// What an operator meets of it.
pub(crate) fn desk(_: &Config, parts: &Parts) -> Option<Box<dyn Part>> {
    let watch = parts.rules.clone()?;
    Some(Box::new(bongsu_desks::Rules::new(watch)))
}

/// Whether the rule files can be used.
pub(crate) async fn doctor(config: &Config, _: Settings) -> Vec<Finding> {
    let Ok(sources) = sources(config) else {
        return Vec::new();
    };
    let loaded = tokio::task::spawn_blocking(move || sources.load()).await;
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
fn sources(config: &Config) -> Result<Sources, Error> {
    let files = &config.rules.files;
    let patterns = files.iter().filter(|it| *it != SHIPPED).cloned().collect();
    let sources = Sources::new(patterns);
    Ok(
        match files.iter().any(|it| it == SHIPPED) && !config.rules.prometheus {
            true => sources.with_own(own()?),
            false => sources,
        },
    )
}

fn options(config: &Config) -> WatchOptions {
    let mut options = WatchOptions::default();
    options.most_bytes = config.rules.memory_mib << 20;
    options.every = config.rules.interval;
    match config.create_data_dir() {
        Ok(()) => options.folder = Some(config.data_dir.join("rules")),
        Err(error) => tracing::warn!(error, "rules: nothing of them is kept over a restart"),
    }
    options
}

fn own() -> Result<RuleFile, Error> {
    RuleFile::read(SHIPPED, OWN).map_err(|error| Error::setup("rules", error))
}

#[cfg(test)]
mod tests;
