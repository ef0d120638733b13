//! Groups of rules, evaluated one after another as Prometheus does: what holds, since when, and what is
//! recorded. Time and series come from outside.

mod active;
mod alerting;
mod set;

use std::{collections::BTreeMap, collections::BTreeSet, fmt};

pub use active::{Active, State};
use serde::{Deserialize, Serialize};
pub use set::{RuleSet, Seen};

use crate::{
    Element, Expression, Labels, Sample, SeriesSource, Value,
    file::{Does, Group, Rule},
    stale,
};

/// Where rules find series, and leave theirs for those that come after.
pub trait Storage: SeriesSource {
    /// Takes a sample of a series that a rule records.
    fn append(&mut self, labels: &Labels, sample: Sample);
}

/// What every alert of one place has in common.
#[derive(Debug, Clone, Default)]
pub struct External {
    /// For templates, as `$externalLabels`.
    pub labels: Labels,
    /// For templates, as `$externalURL`.
    pub url: String,
}

/// What is known of a group from one evaluation to the next; to be kept over a restart.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupState {
    rules: BTreeMap<String, RuleState>,
    /// When it was last evaluated.
    last_ms: Option<i64>,
}

/// What is known of one rule.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct RuleState {
    /// Alerts that are pending or fire.
    active: Vec<Active>,
    /// The series of its last evaluation: those that go are marked.
    #[serde(with = "active::all_labels")]
    recorded: BTreeSet<Labels>,
    /// Elements or alerts that it had.
    elements: usize,
    error: Option<String>,
}

impl Group {
    /// Evaluates its rules in their order at one time, in milliseconds since 1970; each finds in `storage`
    /// what those before it recorded.
    pub fn evaluate<S: Storage>(
        &self,
        state: &mut GroupState,
        storage: &mut S,
        external: &External,
        now_ms: i64,
    ) {
        let at_ms = now_ms - i64::try_from(self.query_offset.as_millis()).unwrap_or(0);
        for rule in &self.rules {
            if !state.rules.contains_key(&rule.key) {
                state.rules.insert(rule.key.clone(), RuleState::default());
            }
            let Some(known) = state.rules.get_mut(&rule.key) else {
                continue;
            };
            let found = vector(&rule.expression, storage, at_ms);
            let series = found.and_then(|found| {
                known.elements = found.len();
                match &rule.does {
                    Does::Record => self.recorded(rule, found),
                    Does::Alert(alerting) => {
                        let query = |expression: &Expression| {
                            let found = vector(expression, storage, at_ms)?;
                            Ok(found.into_iter().map(|it| (it.labels, it.value)).collect())
                        };
                        let round = alerting::Round {
                            rule,
                            alerting,
                            limit: self.limit,
                            external,
                            query: &query,
                            now_ms,
                        };
                        round.take(&mut known.active, found)
                    }
                }
            });
            match series {
                Ok(series) => {
                    known.error = None;
                    known.leave(series, storage, at_ms);
                }
                Err(error) => known.error = Some(error),
            }
        }
        state.last_ms = Some(now_ms);
    }

    fn recorded(&self, rule: &Rule, found: Vec<Element>) -> Result<Vec<(Labels, f64)>, String> {
        self.within_limit(found.len(), "series")?;
        let mut seen = BTreeSet::new();
        let mut series = Vec::new();
        for element in found {
            let own = rule
                .labels
                .iter()
                .map(|(name, text)| (name.as_str(), text.text()));
            let name = [("__name__", rule.name.as_str())];
            let labels = Labels::new(element.labels.iter().chain(name).chain(own));
            if !seen.insert(labels.clone()) {
                return Err(
                    "vector contains metrics with the same labelset after applying rule labels"
                        .to_owned(),
                );
            }
            series.push((labels, element.value));
        }
        Ok(series)
    }

    fn within_limit(&self, count: usize, what: &str) -> Result<(), String> {
        if self.limit > 0 && count > self.limit {
            return Err(format!(
                "exceeded limit of {} with {count} {what}",
                self.limit
            ));
        }
        Ok(())
    }
}

impl GroupState {
    /// What is pending or fires.
    pub(crate) fn active(&self) -> impl Iterator<Item = &Active> {
        self.rules.values().flat_map(|it| &it.active)
    }

    /// What the last evaluation of each rule failed with.
    pub(crate) fn errors(&self) -> impl Iterator<Item = &str> {
        self.rules.values().filter_map(|it| it.error.as_deref())
    }
}

impl RuleState {
    /// Records what there is, and marks the end of what is no more.
    fn leave<S: Storage>(&mut self, series: Vec<(Labels, f64)>, storage: &mut S, time_ms: i64) {
        let mut gone = std::mem::take(&mut self.recorded);
        for (labels, value) in series {
            storage.append(&labels, Sample { time_ms, value });
            gone.remove(&labels);
            self.recorded.insert(labels);
        }
        for labels in gone {
            storage.append(
                &labels,
                Sample {
                    time_ms,
                    value: stale(),
                },
            );
        }
    }
}

/// What an expression gives: a number is one element without labels.
fn vector<S: SeriesSource>(
    expression: &Expression,
    source: &S,
    time_ms: i64,
) -> Result<Vec<Element>, String> {
    match expression
        .evaluate(source, time_ms)
        .map_err(|error| error.to_string())?
    {
        Value::Vector(elements) => Ok(elements),
        Value::Scalar(value) => Ok(vec![Element {
            labels: Labels::default(),
            value,
        }]),
        Value::Matrix(_) | Value::String(_) => {
            Err("the result is neither a vector nor a scalar".to_owned())
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
