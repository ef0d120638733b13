//! The rules in force with what is known of them: evaluated when they are due, replaced as a whole.

use std::{collections::BTreeMap, time::Duration};

use super::{Active, External, GroupState, RuleState, Storage};
use crate::{
    file::{Does, Group, Rule, RuleFile},
    group::State,
};

/// So long after the last evaluation what is pending begins anew, as in Prometheus.
const OUTAGE_MS: i64 = 3_600_000;

/// The rules in force.
#[derive(Debug, Default)]
pub struct RuleSet {
    files: Vec<RuleFile>,
    states: BTreeMap<String, GroupState>,
    external: External,
}

/// What one rule sees now.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Seen<'a> {
    /// Its file.
    pub file: &'a str,
    /// Its group.
    pub group: &'a Group,
    /// The rule.
    pub rule: &'a Rule,
    /// What its last evaluation failed with.
    pub error: Option<&'a str>,
    /// How many elements its expression gave.
    pub elements: usize,
    /// What is pending or fires.
    pub active: &'a [Active],
    /// When its group was last evaluated, in milliseconds since 1970.
    pub last_ms: Option<i64>,
}

impl RuleSet {
    /// These rules, of which nothing is known yet.
    #[must_use]
    pub fn new(files: Vec<RuleFile>, external: External) -> Self {
        Self {
            files,
            states: BTreeMap::new(),
            external,
        }
    }

    /// Other rules from now on; what is known of a rule that stays (same file, group, name and labels) is
    /// kept. The series of rules that go are ended.
    pub fn replace<S: Storage>(&mut self, files: Vec<RuleFile>, storage: &mut S, now_ms: i64) {
        self.files = files;
        let keys: BTreeMap<String, Vec<String>> = self
            .groups()
            .map(|(key, group)| {
                (
                    key,
                    group.rules.iter().map(|rule| rule.key.clone()).collect(),
                )
            })
            .collect();
        self.states.retain(|key, state| {
            let stay = keys.get(key);
            state.rules.retain(|rule, known| {
                let stays = stay.is_some_and(|stay| stay.contains(rule));
                if !stays {
                    known.leave(Vec::new(), storage, now_ms);
                }
                stays
            });
            stay.is_some()
        });
    }

    fn groups(&self) -> impl Iterator<Item = (String, &Group)> {
        self.files.iter().flat_map(|file| {
            let key = |group: &Group| format!("{};{}", file.name, group.name);
            file.groups.iter().map(move |group| (key(group), group))
        })
    }

    /// Evaluates each group whose time has come: its own interval, else `every`. Gives whether any was.
    pub fn evaluate<S: Storage>(&mut self, storage: &mut S, now_ms: i64, every: Duration) -> bool {
        let mut any = false;
        for file in &self.files {
            for group in &file.groups {
                let state = self
                    .states
                    .entry(format!("{};{}", file.name, group.name))
                    .or_default();
                let interval = group.interval.unwrap_or(every).as_millis();
                let interval = i64::try_from(interval).unwrap_or(i64::MAX);
                // A clock that was set back is no reason to wait for it.
                let waited = state.last_ms.map(|last| now_ms.wrapping_sub(last));
                if waited.is_none_or(|waited| waited < 0 || waited >= interval) {
                    group.evaluate(state, storage, &self.external, now_ms);
                    any = true;
                }
            }
        }
        any
    }

    /// What each rule sees, in the order of the files.
    pub fn seen(&self) -> impl Iterator<Item = Seen<'_>> {
        static NOTHING: RuleState = RuleState {
            active: Vec::new(),
            recorded: std::collections::BTreeSet::new(),
            elements: 0,
            error: None,
        };
        self.files.iter().flat_map(move |file| {
            file.groups.iter().flat_map(move |group| {
                let state = self.states.get(&format!("{};{}", file.name, group.name));
                group.rules.iter().map(move |rule| {
                    let known = state
                        .and_then(|it| it.rules.get(&rule.key))
                        .unwrap_or(&NOTHING);
                    Seen {
                        file: &file.name,
                        group,
                        rule,
                        error: known.error.as_deref(),
                        elements: known.elements,
                        active: &known.active,
                        last_ms: state.and_then(|it| it.last_ms),
                    }
                })
            })
        })
    }

    /// What fires, with its rule.
    pub fn firing(&self) -> impl Iterator<Item = (Seen<'_>, &Active)> {
        self.seen().flat_map(|seen| {
            let firing = seen.active.iter().filter(|it| it.state == State::Firing);
            firing.map(move |active| (seen, active))
        })
    }

    /// How many alerts and recordings there are.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        let all = self.seen().count();
        let alerts = self
            .seen()
            .filter(|it| matches!(it.rule.does, Does::Alert(_)))
            .count();
        (alerts, all - alerts)
    }

    /// How far back the rules look, in milliseconds: so long samples are of use.
    #[must_use]
    pub fn reach_ms(&self) -> i64 {
        let reach = |group: &Group| {
            let offset = i64::try_from(group.query_offset.as_millis()).unwrap_or(0);
            group.rules.iter().map(Rule::reach_ms).max().unwrap_or(0) + offset
        };
        self.groups()
            .map(|(_, group)| reach(group))
            .max()
            .unwrap_or(0)
    }

    /// What is known, to be kept over a restart.
    ///
    /// # Errors
    ///
    /// When it cannot be written as JSON.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&self.states)
    }

    /// Takes up what an earlier run knew. Time in which nobody looked does not count for what is pending;
    /// after more than an hour it begins anew. What fired goes on until it is seen to be over.
    ///
    /// # Errors
    ///
    /// When it is not what [`RuleSet::to_json`] wrote; nothing is taken up then.
    pub fn restore(&mut self, json: &[u8], now_ms: i64) -> serde_json::Result<()> {
        self.states = serde_json::from_slice(json)?;
        for state in self.states.values_mut() {
            let away = state
                .last_ms
                .map_or(0, |last| now_ms.saturating_sub(last).max(0));
            for rule in state.rules.values_mut() {
                rule.active
                    .retain(|it| it.state == State::Firing || away <= OUTAGE_MS);
                for alert in &mut rule.active {
                    if alert.state == State::Pending {
                        alert.since_ms = alert.since_ms.saturating_add(away);
                    }
                }
            }
        }
        Ok(())
    }
}
