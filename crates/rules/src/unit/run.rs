//! Running tests: time goes from zero, step by step, and what is wanted is compared with what is.

use std::fmt;

use super::{AlertTest, Table, Test, UnitTests};
use crate::{
    Labels, Sample, Value,
    file::{Group, RuleFile},
    group::{Active, GroupState, State, Storage as _},
};

/// A test that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The test's name; empty when it has none.
    pub test: String,
    /// Where in the file it stands, from 1.
    pub line: usize,
    /// What was wanted, and what is.
    pub what: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { test, line, what } = self;
        write!(f, "line {line}, {test:?}: {what}")
    }
}

impl UnitTests {
    /// Runs every test with the rules of these files, which are those of `rule_files`.
    #[must_use]
    pub fn run(&self, rules: &[RuleFile]) -> Vec<Failure> {
        let mut groups: Vec<&Group> = rules.iter().flat_map(|file| &file.groups).collect();
        let place = |group: &&Group| {
            self.order
                .iter()
                .position(|it| *it == group.name)
                .unwrap_or(usize::MAX)
        };
        groups.sort_by_key(place);
        self.tests
            .iter()
            .flat_map(|test| self.one(test, &groups))
            .collect()
    }

    fn one(&self, test: &Test, groups: &[&Group]) -> Vec<Failure> {
        let mut table = Table::default();
        let step = millis(test.interval);
        for (labels, values) in &test.series {
            for (place, value) in (0..).zip(values) {
                if let Some(value) = *value {
                    let time_ms = step * place;
                    table.append(labels, Sample { time_ms, value });
                }
            }
        }
        let mut states = vec![GroupState::default(); groups.len()];
        let (mut failures, every) = (Vec::new(), millis(self.interval));
        let times = test.alerts.iter().map(|it| it.at_ms);
        let last = times
            .chain(test.expressions.iter().map(|it| it.at_ms))
            .max()
            .unwrap_or(-1);
        let mut now = 0;
        while now <= last {
            for (group, state) in groups.iter().zip(&mut states) {
                group.evaluate(state, &mut table, &test.external, now);
                for error in state.errors() {
                    failures.push(
                        test.failed(test.line, format!("at {now} ms a rule failed: {error}")),
                    );
                }
            }
            for wanted in test
                .alerts
                .iter()
                .filter(|it| (now..now + every).contains(&it.at_ms))
            {
                let active: Vec<&Active> = states.iter().flat_map(GroupState::active).collect();
                failures.extend(compare(test, wanted, &active));
            }
            now += every;
        }
        for wanted in &test.expressions {
            let found = match wanted.expression.evaluate(&table, wanted.at_ms) {
                Ok(Value::Vector(found)) => {
                    found.into_iter().map(|it| (it.labels, it.value)).collect()
                }
                Ok(Value::Scalar(value)) => vec![(Labels::default(), value)],
                Ok(_) => {
                    failures
                        .push(test.failed(wanted.line, "it gives neither a vector nor a scalar"));
                    continue;
                }
                Err(error) => {
                    failures.push(test.failed(wanted.line, error.to_string()));
                    continue;
                }
            };
            let (want, found) = (sorted(wanted.wanted.clone()), sorted(found));
            let same =
                |(a, b): (&(Labels, f64), &(Labels, f64))| a.0 == b.0 && self.equal(a.1, b.1);
            if want.len() != found.len() || !want.iter().zip(&found).all(same) {
                let what = format!(
                    "{} at {} ms: wanted {want:?}, got {found:?}",
                    wanted.expression.text(),
                    wanted.at_ms
                );
                failures.push(test.failed(wanted.line, what));
            }
        }
        failures
    }

    fn equal(&self, a: f64, b: f64) -> bool {
        let near = || (a - b).abs() <= 1e-6 * a.abs().max(b.abs());
        a == b || (a.is_nan() && b.is_nan()) || (self.fuzzy && near())
    }
}

impl Test {
    fn failed(&self, line: usize, what: impl Into<String>) -> Failure {
        Failure {
            test: self.name.clone(),
            line,
            what: what.into(),
        }
    }
}

fn compare(test: &Test, wanted: &AlertTest, active: &[&Active]) -> Option<Failure> {
    let firing = active.iter().filter(|it| it.state == State::Firing);
    let named = firing.filter(|it| it.labels.get("alertname") == wanted.name);
    let mut found: Vec<(Labels, Labels)> = named
        .map(|it| {
            let said = it
                .annotations
                .iter()
                .map(|(name, text)| (name.as_str(), text.as_str()));
            (it.labels.clone(), Labels::new(said))
        })
        .collect();
    let mut want = wanted.wanted.clone();
    found.sort();
    want.sort();
    let what = format!(
        "{} at {} ms: wanted {want:?}, got {found:?}",
        wanted.name, wanted.at_ms
    );
    (found != want).then(|| test.failed(wanted.line, what))
}

fn sorted(mut all: Vec<(Labels, f64)>) -> Vec<(Labels, f64)> {
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
