use std::time::Duration;

use super::*;
use crate::{RuleFile, Series, unit::Table};

const MINUTE: i64 = 60_000;

fn file(rules: &str) -> RuleFile {
    let text = format!("groups:\n- name: g\n  rules:\n{rules}");
    RuleFile::read("x.yml", &text).unwrap_or_else(|problems| panic!("{problems}"))
}

fn put(table: &mut Table, name: &str, minute: i64, value: f64) {
    let labels = Labels::new([("__name__", name), ("venue", "KRX")]);
    table.append(
        &labels,
        Sample {
            time_ms: minute * MINUTE,
            value,
        },
    );
}

/// The states of the alerts after each minute's value; none: no series.
fn walk(rule: &str, values: &[Option<f64>]) -> Vec<Option<State>> {
    let mut rules = RuleSet::new(vec![file(rule)], External::default());
    let mut table = Table::default();
    let mut states = Vec::new();
    for (minute, value) in (0..).zip(values) {
        put(&mut table, "x", minute, value.unwrap_or(stale()));
        assert!(rules.evaluate(&mut table, minute * MINUTE, Duration::from_secs(60)));
        // Whatever is known outlives the process after each evaluation.
        let kept = rules.to_json().unwrap();
        rules = RuleSet::new(vec![file(rule)], External::default());
        rules.restore(&kept, minute * MINUTE).unwrap();
        states.push(
            rules
                .seen()
                .flat_map(|it| it.active)
                .next()
                .map(|it| it.state),
        );
    }
    states
}

const P: Option<State> = Some(State::Pending);
const F: Option<State> = Some(State::Firing);

#[test]
fn pending_firing_over() {
    let (yes, no) = (Some(1.0), Some(0.0));
    let plain = "  - {alert: A, expr: x > 0}\n";
    assert_eq!(walk(plain, &[no, yes, no, None]), [None, F, None, None]);
    let hold = "  - {alert: A, expr: x > 0, for: 2m}\n";
    assert_eq!(walk(hold, &[yes, yes, yes, no]), [P, P, F, None]);
    assert_eq!(walk(hold, &[yes, yes, no, yes, yes]), [P, P, None, P, P]);
    let keep = "  - {alert: A, expr: x > 0, keep_firing_for: 2m}\n";
    assert_eq!(walk(keep, &[yes, no, no, no, no]), [F, F, F, None, None]);
    // It held again in between: the time it is kept for begins anew.
    assert_eq!(
        walk(keep, &[yes, no, yes, no, no, no]),
        [F, F, F, F, F, None]
    );
    assert_eq!(walk(keep, &[yes, None, None, None]), [F, F, F, None]);
}

#[test]
fn a_rule_sees_what_those_before_it_recorded() {
    let text = "  - {record: 'desk:x', expr: x * 2, labels: {desk: a}}\n  \
                - {alert: A, expr: 'desk:x > 2', annotations: {said: '{{ $labels.desk }} {{ $value }}'}}\n";
    let mut rules = RuleSet::new(vec![file(text)], External::default());
    let mut table = Table::default();
    put(&mut table, "x", 0, 2.0);
    rules.evaluate(&mut table, 0, Duration::from_secs(60));
    let (_, active) = rules.firing().next().unwrap();
    assert_eq!(active.annotations["said"], "a 4");
    let named = |table: &Table, name: &str| -> Vec<Series> {
        let all = table.series().iter();
        all.filter(|it| it.labels.get("__name__") == name)
            .cloned()
            .collect()
    };
    let [state] = named(&table, "ALERTS_FOR_STATE").try_into().unwrap();
    assert_eq!(
        (state.labels.get("alertname"), state.samples[0].value),
        ("A", 0.0)
    );
    // What is no more has a mark at its end.
    put(&mut table, "x", 1, stale());
    rules.evaluate(&mut table, MINUTE, Duration::from_secs(60));
    assert_eq!(rules.firing().count(), 0);
    for name in ["desk:x", "ALERTS", "ALERTS_FOR_STATE"] {
        let [series] = named(&table, name).try_into().unwrap();
        assert!(crate::is_stale(series.samples[1].value), "{name}");
    }
}

#[test]
fn two_series_of_the_same_labels_are_an_error_and_leave_all_as_it_is() {
    let text = "  - {alert: A, expr: '{__name__=~\"x|y\"} > 0'}\n  - {record: r, expr: '{__name__=~\"x|y\"}'}\n";
    let mut rules = RuleSet::new(vec![file(text)], External::default());
    let mut table = Table::default();
    for minute in 0..2 {
        put(&mut table, "x", minute, 1.0);
        if minute == 1 {
            put(&mut table, "y", minute, 1.0);
        }
        rules.evaluate(&mut table, minute * MINUTE, Duration::from_secs(60));
    }
    assert_eq!(rules.firing().count(), 1);
    let errors: Vec<_> = rules.seen().filter_map(|it| it.error).collect();
    assert_eq!(errors.len(), 2);
    assert!(
        errors.iter().all(|it| it.contains("same labelset")),
        "{errors:?}"
    );
}

#[test]
fn more_than_the_limit_is_none_at_all() {
    let text = "groups:\n- name: g\n  limit: 1\n  rules:\n  - {alert: A, expr: x}\n";
    let mut rules = RuleSet::new(
        vec![RuleFile::read("x.yml", text).unwrap()],
        External::default(),
    );
    let mut table = Table::default();
    for venue in ["KRX", "NXT"] {
        let labels = Labels::new([("__name__", "x"), ("venue", venue)]);
        table.append(
            &labels,
            Sample {
                time_ms: 0,
                value: 1.0,
            },
        );
    }
    rules.evaluate(&mut table, 0, Duration::from_secs(60));
    assert_eq!(rules.firing().count(), 0);
    assert!(
        rules
            .seen()
            .next()
            .unwrap()
            .error
            .unwrap()
            .contains("limit of 1 with 2")
    );
}

#[test]
fn other_rules_leave_what_stays_as_it_is() {
    let keeps = "  - {alert: A, expr: x > 0, for: 1m}\n";
    let mut rules = RuleSet::new(
        vec![file(&format!("{keeps}  - {{alert: B, expr: x}}\n"))],
        External::default(),
    );
    let mut table = Table::default();
    put(&mut table, "x", 0, 1.0);
    rules.evaluate(&mut table, 0, Duration::from_secs(60));
    // The expression may change: the alert is the same.
    let changed = file(&keeps.replace("> 0", ">= 1"));
    rules.replace(vec![changed], &mut table, 1_000);
    put(&mut table, "x", 1, 1.0);
    rules.evaluate(&mut table, MINUTE, Duration::from_secs(60));
    let firing: Vec<_> = rules
        .firing()
        .map(|(seen, it)| (seen.rule.name.clone(), it.since_ms))
        .collect();
    assert_eq!(firing, [("A".to_owned(), 0)]);
    let ended = table
        .series()
        .iter()
        .filter(|it| it.labels.get("alertname") == "B");
    assert!(
        ended
            .map(|it| it.samples.last().unwrap().value)
            .all(crate::is_stale)
    );
}

#[test]
fn a_group_is_evaluated_at_its_own_pace_and_time_away_does_not_count() {
    let text = "groups:\n- name: g\n  interval: 5m\n  rules:\n  - {alert: A, expr: x, for: 10m}\n";
    let read = || vec![RuleFile::read("x.yml", text).unwrap()];
    let mut rules = RuleSet::new(read(), External::default());
    let mut table = Table::default();
    put(&mut table, "x", 0, 1.0);
    assert!(rules.evaluate(&mut table, 0, Duration::from_secs(60)));
    assert!(!rules.evaluate(&mut table, 4 * MINUTE, Duration::from_secs(60)));
    assert!(rules.evaluate(&mut table, 5 * MINUTE, Duration::from_secs(60)));
    let kept = rules.to_json().unwrap();
    for (away, since) in [(30, Some(30 * MINUTE)), (61, None)] {
        let mut rules = RuleSet::new(read(), External::default());
        rules.restore(&kept, (5 + away) * MINUTE).unwrap();
        let pending = rules.seen().flat_map(|it| it.active).next();
        assert_eq!(pending.map(|it| it.since_ms), since, "{away}");
    }
    assert!(RuleSet::default().restore(b"{", 0).is_err());
}
