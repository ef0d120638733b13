//! The rules as an operator meets them.

mod figure;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use bongsu_ops::{
    MOST_RULE_ALERTS, Operator, OpsError, OpsResult, Reloaded, RuleAlert, RuleDesk, RuleFigure,
    RuleFigureQuery, RuleGroup, RuleKind, RuleMemory, RuleSeen, RuleState,
};
use bongsu_rules::{Active, Does, Labels, RuleSet, Seen, State, Watch};
use jiff::Timestamp;

use crate::{Part, off};

/// What the rules in force see. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Rules(Arc<Watch>);

impl Rules {
    /// Those that are watched over here.
    #[must_use]
    pub const fn new(watch: Arc<Watch>) -> Self {
        Self(watch)
    }
}

impl Part for Rules {
    fn join(&self, operator: Operator) -> Operator {
        operator.with_rules(Arc::new(self.clone()))
    }
}

#[async_trait]
impl RuleDesk for Rules {
    async fn rules(&self) -> OpsResult<bongsu_ops::Rules> {
        Ok(off(&self.0, |watch| shown(watch)).await)
    }

    async fn figure(&self, query: &RuleFigureQuery) -> OpsResult<Option<RuleFigure>> {
        let query = query.clone();
        let found =
            move |watch: &Arc<Watch>| watch.see(|rules, memory| figure::of(rules, memory, &query));
        off(&self.0, found).await.map_err(OpsError::Failed)
    }

    #[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
    async fn reload(&self) -> OpsResult<Reloaded> {
        let read = |watch: &Arc<Watch>| {
            let now_ms = Timestamp::now().as_millisecond();
            let read = watch.reload(now_ms).map_err(|error| error.to_string());
            read.map(|(alerts, records)| (watch.sources(), alerts + records))
        };
        let (file, rules) = off(&self.0, read).await.map_err(OpsError::Invalid)?;
        tracing::info!(rules, "rules read anew");
        Ok(Reloaded {
            file,
            rules,
            silences: 0,
            warnings: Vec::new(),
            needs_restart: Vec::new(),
        })
    }
}

fn shown(watch: &Watch) -> bongsu_ops::Rules {
    let (every, held) = (watch.every(), watch.memory());
    let (groups, reach_ms) = watch.look(|rules| (groups(rules, every), rules.reach_ms()));
    bongsu_ops::Rules {
        groups,
        memory: RuleMemory {
            series: held.series,
            samples: held.samples,
            bytes: held.bytes,
            reach_seconds: reach_ms as f64 / 1_000.0,
            refused: held.refused,
            forgotten: held.forgotten,
        },
    }
}

fn groups(rules: &RuleSet, every: Duration) -> Vec<RuleGroup> {
    let mut groups: Vec<RuleGroup> = Vec::new();
    for seen in rules.seen() {
        let same =
            |group: &&mut RuleGroup| group.file == seen.file && group.name == seen.group.name;
        let rule = rule(&seen);
        match groups.last_mut().filter(same) {
            Some(group) => group.rules.push(rule),
            None => groups.push(RuleGroup {
                file: seen.file.to_owned(),
                name: seen.group.name.clone(),
                interval_seconds: seen.group.interval.unwrap_or(every).as_secs_f64(),
                last_evaluation: seen.last_ms.and_then(moment),
                rules: vec![rule],
            }),
        }
    }
    groups
}

fn rule(seen: &Seen<'_>) -> RuleSeen {
    let (kind, hold, keep) = match &seen.rule.does {
        Does::Record => (RuleKind::Record, Duration::ZERO, Duration::ZERO),
        Does::Alert(alerting) => (RuleKind::Alert, alerting.hold, alerting.keep),
    };
    let evaluated = match seen.last_ms {
        Some(_) => RuleState::Inactive,
        None => RuleState::Waiting,
    };
    let labels = seen.rule.labels.iter();
    let active = seen.active.iter().filter_map(alert);
    RuleSeen {
        line: seen.rule.line,
        for_seconds: hold.as_secs_f64(),
        keep_firing_for_seconds: keep.as_secs_f64(),
        labels: labels
            .map(|(name, text)| (name.clone(), text.text().to_owned()))
            .collect(),
        state: seen
            .active
            .iter()
            .map(|it| state(it.state))
            .max()
            .unwrap_or(evaluated),
        elements: seen.elements,
        error: seen.error.map(str::to_owned),
        active: active.take(MOST_RULE_ALERTS).collect(),
        omitted: seen.active.len().saturating_sub(MOST_RULE_ALERTS),
        ..RuleSeen::new(&seen.rule.name, kind, seen.rule.expression.text())
    }
}

fn alert(active: &Active) -> Option<RuleAlert> {
    Some(RuleAlert {
        labels: texts(&active.labels),
        value: active.value.to_string(),
        state: state(active.state),
        since: moment(active.since_ms)?,
        firing_since: active.firing_ms.and_then(moment),
        summary: active.annotations.get("summary").cloned(),
    })
}

const fn state(state: State) -> RuleState {
    match state {
        State::Pending => RuleState::Pending,
        State::Firing => RuleState::Firing,
    }
}

fn texts(labels: &Labels) -> BTreeMap<String, String> {
    let own = labels.iter();
    own.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn moment(ms: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(ms).ok()
}

#[cfg(test)]
mod tests {
    use bongsu_rules::{External, Memory, RuleFile};

    use super::*;

    #[test]
    fn each_rule_is_shown_with_what_it_sees() {
        let text = "groups:\n- {name: quiet, interval: 1h, rules: [{alert: A, expr: x > 9}]}\n- name: desk\n  rules:\n  \
                    - {record: 'x:sum', expr: sum(x)}\n  - alert: High\n    expr: x > 1\n    for: 1m\n    \
                    keep_firing_for: 2m\n    labels: {severity: warning}\n    annotations: {summary: '{{ $value }}'}\n  \
                    - {alert: Twice, expr: 'x / on () x'}\n";
        let file = RuleFile::read("x.yml", text).unwrap();
        let mut rules = RuleSet::new(vec![file], External::default());
        let every = Duration::from_secs(15);
        let before = groups(&rules, every);
        assert_eq!(before[1].last_evaluation, None);
        assert_eq!(before[1].rules[1].state, RuleState::Waiting);
        let mut memory = Memory::new(1 << 20);
        memory.set_reach(Duration::from_secs(600));
        for now_ms in [0, 60_000] {
            memory.sample(now_ms, |round| {
                for symbol in 0..=MOST_RULE_ALERTS {
                    let symbol = symbol.to_string();
                    let labels = Labels::new([("__name__", "x"), ("symbol", &symbol)]);
                    round.see(&labels, 2.0);
                }
            });
            rules.evaluate(&mut memory, now_ms, every);
        }
        let shown = groups(&rules, every);
        let [quiet, desk] = shown.as_slice() else {
            panic!("{shown:?}")
        };
        assert_eq!(
            (quiet.name.as_str(), quiet.interval_seconds),
            ("quiet", 3_600.0)
        );
        assert_eq!(quiet.rules[0].state, RuleState::Inactive);
        assert_eq!((desk.interval_seconds, desk.rules.len()), (15.0, 3));
        assert_eq!(desk.last_evaluation, moment(60_000));
        assert_eq!(desk.rules[0].kind, RuleKind::Record);
        let high = &desk.rules[1];
        assert_eq!((high.state, high.elements), (RuleState::Firing, 101));
        assert_eq!(
            (high.for_seconds, high.keep_firing_for_seconds),
            (60.0, 120.0)
        );
        assert_eq!((high.active.len(), high.omitted), (MOST_RULE_ALERTS, 1));
        assert_eq!(high.active[0].summary.as_deref(), Some("2"));
        assert_eq!(high.active[0].firing_since, moment(60_000));
        let error = desk.rules[2].error.as_deref().unwrap();
        assert!(error.contains("match"), "{error}");
    }
}
