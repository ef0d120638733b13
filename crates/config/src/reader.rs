//! Goes through the table: finds each variable's value, sets it, and keeps every problem until the end.

use std::{collections::BTreeMap, fs};

use super::{
    Config,
    error::Problem,
    variables::{self, OWN, Variable},
};

/// What was found of a variable in the environment.
#[derive(Debug)]
struct Given {
    /// The name under which it was found.
    name: String,
    value: String,
}

/// What is wrong, and what is only to be told.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
}

impl Findings {
    /// Something without which the service must not start.
    pub(crate) fn problem(&mut self, variable: &str, message: impl Into<String>) {
        self.problems.push(Problem {
            variable: variable.to_owned(),
            message: message.into(),
        });
    }

    /// Something that the operator has to know.
    pub(crate) fn warning(&mut self, variable: &str, message: impl Into<String>) {
        self.warnings.push(Problem {
            variable: variable.to_owned(),
            message: message.into(),
        });
    }

    /// Something that cannot be used: left to the service where it may be the service's own.
    pub(crate) fn unusable(&mut self, variable: &Variable, name: &str, message: &str) {
        if variable.shared && !name.starts_with(OWN) {
            let own = format!("{OWN}{}", variable.name);
            let message =
                format!("{message}; it is left to the service ({own} is read first, also `none`)");
            self.warning(name, message);
        } else {
            self.problem(name, message);
        }
    }

    /// What was left to the service is not the service's after all.
    #[cfg(feature = "alerts")]
    pub(crate) fn insist(&mut self, names: &[&str]) {
        let (ours, others) = std::mem::take(&mut self.warnings)
            .into_iter()
            .partition(|warning| names.contains(&warning.variable.as_str()));
        self.warnings = others;
        self.problems.extend::<Vec<Problem>>(ours);
    }

    /// Whether `variable` was found wrong before.
    pub(crate) fn has_problem(&self, variable: &str) -> bool {
        let mut problems = self.problems.iter();
        problems.any(|problem| problem.variable == variable)
    }
}

/// Sets in `config` what `env` says, variable by variable.
pub(super) fn read(env: &BTreeMap<String, String>, config: &mut Config, findings: &mut Findings) {
    for variable in variables::all() {
        let given = match find(variable, env) {
            Ok(Some(given)) => given,
            Ok(None) => continue,
            Err(problem) => {
                findings.problems.push(problem);
                continue;
            }
        };
        if let Some(feature) = missing_feature(variable) {
            let message = format!("is set, but bongsu was built without feature `{feature}`");
            findings.unusable(variable, &given.name, &message);
            continue;
        }
        match variable.set(config, &given.value) {
            Ok(()) => {
                config.given.insert(variable.name, given.name);
            }
            Err(message) if variable.also.contains(&given.name.as_str()) => {
                // Somebody else's name: no reason not to start.
                findings.warning(&given.name, format!("{message}; it is not used"));
            }
            Err(message) => findings.unusable(variable, &given.name, &message),
        }
    }
}

fn missing_feature(variable: &Variable) -> Option<&'static str> {
    let feature = variable.feature?;
    (!crate::has_feature(feature)).then_some(feature)
}

/// The value under the first of the variable's names that is set.
fn find(variable: &Variable, env: &BTreeMap<String, String>) -> Result<Option<Given>, Problem> {
    let text = |name: &str| {
        let value = env.get(name)?.trim();
        (!value.is_empty()).then(|| value.to_owned())
    };
    for name in variable.names() {
        let file = format!("{name}_FILE");
        let value = match (text(&name), text(&file).filter(|_| variable.secret)) {
            (None, None) => continue,
            (Some(value), None) => value,
            (None, Some(path)) => from_file(&path).map_err(|message| Problem {
                variable: file,
                message,
            })?,
            (Some(_), Some(_)) => {
                let message = format!("is set together with {file}; keep one of them");
                return Err(Problem {
                    variable: name,
                    message,
                });
            }
        };
        let off = variable.default.is_empty() && !variable.name.starts_with(OWN);
        if off && name.starts_with(OWN) && value.eq_ignore_ascii_case("none") {
            return Ok(None);
        }
        return Ok(Some(Given { name, value }));
    }
    Ok(None)
}

/// A secret's value from its file.
fn from_file(path: &str) -> Result<String, String> {
    match fs::read_to_string(path) {
        Ok(text) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        Ok(_) => Err(format!("{path} is empty")),
        Err(error) => Err(format!("cannot read {path}: {error}")),
    }
}
