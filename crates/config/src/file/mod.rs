//! `bongsu.toml`: what an operator decides and no variable can say, above all which alerts go where.
//!
//! It is read as a whole, under the variables: what the environment says wins. What is wrong names line,
//! column, key and remedy, and a file with anything wrong in it is not used at all. It may be read
//! again while the service runs.
#![allow(dead_code, reason = "what is made of it depends on the features")]

#[cfg(feature = "alerts")]
mod cases;
mod checks;
mod diff;
mod place;
#[cfg(feature = "alerts")]
mod routes;
pub mod schema;
pub(crate) mod settings;
#[cfg(test)]
mod tests;
mod types;
#[cfg(feature = "alerts")]
mod unheard;
mod words;

use std::{fs, io, path::Path};

use super::{Config, Findings, error::Problem};
#[cfg(feature = "alerts")]
pub use cases::RouteTests;
pub use checks::DeclaredHeartbeat;
#[cfg(feature = "health")]
pub use checks::importance;
pub use diff::differences;
use place::Source;
#[cfg(feature = "alerts")]
pub use routes::{Known, Routed, routes};
pub use types::AccessLines;
use types::File;

/// Read where it is there, if no variable names another.
pub(super) const DEFAULT: &str = "bongsu.toml";

/// A file that was read.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    name: String,
    text: String,
    /// The zone of hours that name none.
    zone: String,
    file: File,
}

/// The text of a file, if it is there.
///
/// # Errors
///
/// It is there and cannot be read.
pub fn text(path: &Path) -> Result<Option<String>, Problem> {
    let name = path.display().to_string();
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(Problem {
                variable: name,
                message: format!("cannot be read: {error}"),
            });
        }
    };
    String::from_utf8(bytes).map(Some).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        // What is before it is as it was, so that the place is.
        let text = String::from_utf8_lossy(error.as_bytes());
        let source = Source {
            name: &name,
            text: &text,
        };
        source.problem(&(at..at), "is not UTF-8 from here on; save it as UTF-8")
    })
}

/// Reads the file that the configuration names, and sets what no variable has set.
pub(super) fn read(config: &mut Config, findings: &mut Findings) {
    let Some(path) = config.file.clone() else {
        return;
    };
    let given = config.given.get("BONGSU_CONFIG").cloned();
    match text(&path) {
        Ok(Some(text)) => take(&path.display().to_string(), &text, config, findings),
        Ok(None) => {
            let message = format!("{} does not exist", path.display());
            findings.problem(given.as_deref().unwrap_or("BONGSU_CONFIG"), message);
        }
        Err(problem) => findings.problems.push(problem),
    }
}

/// The same with a text.
pub(super) fn take(name: &str, text: &str, config: &mut Config, findings: &mut Findings) {
    let source = Source { name, text };
    match toml::from_str::<File>(text) {
        Ok(file) => {
            settings::apply(&file, source, config, findings);
            settings::name_carriers(&file, config);
            numbers(&file, source, config, findings);
            file.judge_checks(source, findings);
            let routes = !file.rules.is_empty() || !file.silences.is_empty();
            if routes && !cfg!(feature = "alerts") {
                findings.problem(name, "rules and silences need bongsu's feature `alerts`");
            }
            config.loaded = Loaded {
                name: name.to_owned(),
                text: text.to_owned(),
                zone: config.delivery.time_zone.clone(),
                file,
            };
        }
        Err(error) => findings.problems.push(source.unreadable(&error)),
    }
}

/// What has a range, and no variable.
fn numbers(file: &File, source: Source<'_>, config: &mut Config, findings: &mut Findings) {
    let thresholds = &file.thresholds;
    let all = [
        ("cpu", &thresholds.cpu, &mut config.resources.tuning.0),
        ("memory", &thresholds.memory, &mut config.resources.tuning.1),
        ("disk", &thresholds.disk, &mut config.resources.tuning.2),
    ];
    for (name, threshold, place) in all {
        place.hold = threshold.hold.map(|hold| hold.0);
        let Some(margin) = &threshold.margin else {
            continue;
        };
        match *margin.get_ref() {
            percent @ 0.0..=50.0 => place.margin = Some(percent),
            other => {
                let message =
                    format!("thresholds.{name}.margin: {other} is not from 0 to 50 percent");
                findings
                    .problems
                    .push(source.problem(&margin.span(), message));
            }
        }
    }
    if let Some(halt) = &file.portfolio.halt_drawdown_percent {
        match *halt.get_ref() {
            percent if percent > 0.0 && percent <= 100.0 => config.halt_percent = Some(percent),
            other => {
                let message = format!(
                    "portfolio.halt_drawdown_percent: {other} is not above 0 and at most 100 percent"
                );
                findings
                    .problems
                    .push(source.problem(&halt.span(), message));
            }
        }
    }
}

/// Something that the file alone can say.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct FilePart {
    /// Its key, with the name that it has in the file.
    pub name: String,
    /// What it comes to, in a few words.
    pub value: String,
    /// `bongsu.toml:12:3`.
    pub place: String,
}

impl Config {
    /// What the file says that no variable can: rules, silences, recipients, checks and single values.
    #[must_use]
    pub fn file_parts(&self) -> Vec<FilePart> {
        let Loaded { file, .. } = &self.loaded;
        let source = self.loaded.source();
        let part = |name: String, value: String, at: usize| FilePart {
            name,
            value,
            place: source.place(at),
        };
        let names = |texts: &[types::Text]| {
            let texts: Vec<&str> = texts.iter().map(|text| text.get_ref().as_str()).collect();
            texts.join(",")
        };
        let mut parts = Vec::new();
        if let Some(fallback) = &file.alerts.fallback {
            let value = fallback.get_ref().clone();
            parts.push(part(
                "alerts.fallback".to_owned(),
                value,
                fallback.span().start,
            ));
        }
        for (name, channels) in &file.recipients {
            let at = channels.first().map_or(0, |channel| channel.span().start);
            parts.push(part(format!("recipients.{name}"), names(channels), at));
        }
        for rule in &file.rules {
            let (rule, at) = (rule.get_ref(), rule.span().start);
            let name = format!("rules.{}", rule.id.get_ref());
            parts.push(part(name, names(&rule.channels), at));
        }
        for silence in &file.silences {
            let name = format!("silences.{}", silence.get_ref().id.get_ref());
            let comment = silence.get_ref().comment.clone();
            parts.push(part(name, comment, silence.span().start));
        }
        for check in &file.checks {
            let name = format!("checks.{}", check.get_ref().name.get_ref());
            let kind = check.get_ref().kind.get_ref().clone();
            parts.push(part(name, kind, check.span().start));
        }
        if let Some(halt) = &file.portfolio.halt_drawdown_percent {
            let name = "portfolio.halt_drawdown_percent".to_owned();
            parts.push(part(name, halt.get_ref().to_string(), halt.span().start));
        }
        parts
    }
}

impl Loaded {
    fn source(&self) -> Source<'_> {
        Source {
            name: &self.name,
            text: &self.text,
        }
    }

    /// Its name, as it is told.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its text, as it was read.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Which requests have a line in the access log, as far as the file says it.
    #[must_use]
    pub fn access_lines(&self) -> &AccessLines {
        &self.file.access_log
    }
}
