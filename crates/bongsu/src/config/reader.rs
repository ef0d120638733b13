//! Reads variables one by one and keeps every problem until the end.

use std::{fs, str::FromStr, time::Duration};

use bongsu_secret::Secret;

use super::{
    Vars,
    error::{ConfigError, Problem},
    variables::{self, Variable},
};

pub(super) struct Reader<'a> {
    vars: &'a dyn Vars,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(vars: &'a dyn Vars) -> Self {
        Self {
            vars,
            problems: Vec::new(),
        }
    }

    pub(super) fn finish<T>(self, config: T) -> Result<T, ConfigError> {
        if self.problems.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError::new(self.problems))
        }
    }

    pub(super) fn problem(&mut self, variable: &str, message: impl Into<String>) {
        self.problems.push(Problem {
            variable: variable.to_owned(),
            message: message.into(),
        });
    }

    #[cfg(feature = "alerts")]
    pub(super) fn has_problem(&self, variable: &str) -> bool {
        self.problems
            .iter()
            .any(|problem| problem.variable == variable)
    }

    /// The text of `name`, trimmed.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let value = self.vars.get(name)?.trim().to_owned();
        (!value.is_empty()).then_some(value)
    }

    /// The text of `name` or its default from the table.
    pub(super) fn text_or_default(&mut self, name: &str) -> String {
        self.text(name)
            .unwrap_or_else(|| default_of(name).to_owned())
    }

    pub(super) fn required(&mut self, name: &str, why: &str) -> String {
        self.text(name).unwrap_or_else(|| {
            self.problem(name, format!("is not set; {why}"));
            String::new()
        })
    }

    /// A secret from `name`, or from the file that `name_FILE` names.
    pub(super) fn secret(&mut self, name: &str) -> Option<Secret> {
        let file_variable = format!("{name}_FILE");
        let direct = self.text(name);
        let Some(path) = self.text(&file_variable) else {
            return direct.map(Secret::new);
        };
        if direct.is_some() {
            self.problem(
                name,
                format!("is set together with {file_variable}; keep one of them"),
            );
            return None;
        }
        match fs::read_to_string(&path) {
            Ok(text) if !text.trim().is_empty() => Some(Secret::new(text.trim())),
            Ok(_) => {
                self.problem(&file_variable, format!("{path} is empty"));
                None
            }
            Err(error) => {
                self.problem(&file_variable, format!("cannot read {path}: {error}"));
                None
            }
        }
    }

    /// A list separated by commas, from a plain or a secret variable.
    pub(super) fn list(&mut self, name: &str) -> Vec<String> {
        let text = if is_secret(name) {
            self.secret(name).map(|secret| secret.expose().to_owned())
        } else {
            self.text(name)
        };
        let items = text.iter().flat_map(|text| text.split(','));
        items
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// The parsed value of `name` or of its default; `form` says what would be right.
    pub(super) fn parsed<T: FromStr + Default>(&mut self, name: &str, form: &str) -> T {
        let text = self.text_or_default(name);
        text.parse().unwrap_or_else(|_| {
            self.problem(name, format!("{text:?} is not {form}"));
            T::default()
        })
    }

    /// One of the words in `choices`, as its place in the list.
    pub(super) fn choice(&mut self, name: &str, choices: &[&str]) -> usize {
        let text = self.text_or_default(name);
        let found = choices
            .iter()
            .position(|choice| choice.eq_ignore_ascii_case(&text));
        found.unwrap_or_else(|| {
            self.problem(
                name,
                format!("{text:?} is not one of {}", choices.join(", ")),
            );
            0
        })
    }

    pub(super) fn boolean(&mut self, name: &str) -> bool {
        const WORDS: [&str; 8] = ["true", "false", "1", "0", "yes", "no", "on", "off"];
        self.choice(name, &WORDS).is_multiple_of(2)
    }

    pub(super) fn seconds(&mut self, name: &str) -> Duration {
        let seconds: f64 = self.parsed(name, "a number of seconds");
        Duration::try_from_secs_f64(seconds).unwrap_or_else(|_| {
            self.problem(
                name,
                format!("{seconds} is not a number of seconds from 0 up"),
            );
            Duration::ZERO
        })
    }

    pub(super) fn percent(&mut self, name: &str) -> f64 {
        let percent: f64 = self.parsed(name, "a percentage");
        if !(0.0..=100.0).contains(&percent) {
            self.problem(name, format!("{percent} is not between 0 and 100"));
        }
        percent
    }

    /// Reports variables that are set for a feature that is not compiled in.
    pub(super) fn refuse_missing_features(&mut self, compiled: &[&str]) {
        for variable in variables::all() {
            let Some(feature) = variable.feature else {
                continue;
            };
            if !compiled.contains(&feature) && self.is_set(variable) {
                self.problem(
                    variable.name,
                    format!("is set, but bongsu was built without feature `{feature}`"),
                );
            }
        }
    }

    fn is_set(&mut self, variable: &Variable) -> bool {
        self.text(variable.name).is_some()
            || (variable.secret && self.text(&format!("{}_FILE", variable.name)).is_some())
    }
}

fn default_of(name: &str) -> &'static str {
    variables::all()
        .find(|v| v.name == name)
        .map_or("", |v| v.default)
}

fn is_secret(name: &str) -> bool {
    variables::all().any(|v| v.name == name && v.secret)
}
