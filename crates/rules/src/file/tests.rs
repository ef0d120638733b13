use std::{fs, path::Path};

use super::*;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docker/prometheus/rules")
}

#[test]
fn every_shipped_rule_is_read() {
    let mut rules = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let text = fs::read_to_string(&path).unwrap();
            let file = RuleFile::read(&path.display().to_string(), &text);
            rules += file.unwrap_or_else(|problems| panic!("{problems}")).rules();
        }
    }
    assert!(rules >= 30, "{rules}");
}

/// What is wrong, with the line, the column and the beginning of what is said of it.
#[track_caller]
fn refused(text: &str, line: usize, column: usize, what: &str) {
    let problems = RuleFile::read("x.yml", text).expect_err(text);
    let first = problems.iter().next().unwrap();
    assert_eq!(
        (first.line, first.column),
        (line, column),
        "{problems}\n{text}"
    );
    assert!(first.what.contains(what), "{problems}");
    assert!(!first.remedy.is_empty());
}

#[test]
fn what_prometheus_refuses_is_refused_where_it_stands() {
    let rule = |more: &str| {
        format!("groups:\n- name: a\n  rules:\n  - alert: A\n    expr: up == 0\n    {more}\n")
    };
    refused("groups: [", 2, 1, "is no YAML");
    refused("rules: []\n", 1, 1, "no field \"rules\"");
    refused("groups:\n- rules: []\n", 2, 3, "no name");
    refused("groups:\n- name: a\n- name: a\n", 3, 3, "second group");
    refused(
        "groups:\n- name: a\n  intervall: 1m\n",
        3,
        3,
        "no field \"intervall\"",
    );
    refused(
        "groups:\n- name: a\n  interval: 1 minute\n",
        3,
        13,
        "no duration",
    );
    refused(
        "groups:\n- name: a\n  limit: many\n",
        3,
        10,
        "no whole number",
    );
    refused("groups: {}\n", 1, 9, "groups is a mapping");
    refused(&rule("for: 5"), 6, 10, "no duration");
    refused(&rule("for: [1m]"), 6, 10, "a list");
    refused(&rule("expr: up"), 6, 5, "written twice");
    refused(&rule("severity: page"), 6, 5, "no field \"severity\"");
    refused(&rule("record: a:b"), 4, 5, "both record and alert");
    refused(&rule("labels: {__name__: x}"), 6, 24, "no name of a label");
    refused(&rule("labels: {'a-b': x}"), 6, 21, "no name of a label");
    refused(&rule("annotations: {a: [x]}"), 6, 22, "a list");
    refused(
        &rule("annotations: {a: '{{ $labels.x'}"),
        6,
        23,
        "not closed",
    );
    refused(
        &rule("annotations: {a: 'to {{ $lables.x }}'}"),
        6,
        29,
        "no variable $lables",
    );
    refused(
        &rule("annotations: {a: '{{ shout 1 }}'}"),
        6,
        26,
        "no function",
    );
    refused(
        &rule("annotations:\n      a: |\n        one\n        two {{ shout 1 }}"),
        9,
        16,
        "no function",
    );
    refused(
        "groups:\n- name: a\n  rules:\n  - expr: up\n",
        4,
        5,
        "neither record nor alert",
    );
    refused(
        "groups:\n- name: a\n  rules:\n  - alert: A\n",
        4,
        5,
        "no expr",
    );
    refused(
        "groups:\n- name: a\n  rules:\n  - record: a-b\n    expr: up\n",
        4,
        13,
        "no name of a metric",
    );
    refused(
        "groups:\n- name: a\n  rules:\n  - record: b\n    expr: up\n    for: 1m\n",
        6,
        10,
        "has \"for\"",
    );
    refused(
        "groups:\n- name: a\n  rules:\n  - record: b\n    expr: up\n    annotations: {a: b}\n",
        6,
        18,
        "has \"annotations\"",
    );
    refused(
        "groups:\n- name: a\n  rules:\n  - alert: b\n    expr: 'sum(('\n",
        5,
        12,
        "cannot be used",
    );
    refused("---\ngroups:\n---\ngroups:\n", 3, 1, "second document");
}

#[test]
fn everything_wrong_is_named_at_once() {
    let text =
        "groups:\n- name: a\n  rules:\n  - alert: A\n    expr: sum((\n    for: x\n    label: {}\n";
    let problems = RuleFile::read("x.yml", text).unwrap_err();
    assert_eq!(
        problems.iter().map(|it| it.line).collect::<Vec<_>>(),
        [5, 6, 7]
    );
    assert!(
        problems.to_string().starts_with("x.yml:5:11: "),
        "{problems}"
    );
}

#[test]
fn what_is_left_out_is_prometheus_default() {
    assert!(
        RuleFile::read("x.yml", "# nothing\n")
            .unwrap()
            .groups
            .is_empty()
    );
    assert!(
        RuleFile::read("x.yml", "groups:\n")
            .unwrap()
            .groups
            .is_empty()
    );
    let text = "groups:\n- name: a\n  limit: 3\n  interval: 30s\n  labels: {desk: x, team: y}\n  rules:\n  \
                - {record: 'a:b', expr: 1, labels: {team: '{{ z }}'}, for: 0s}\n  - {alert: A, expr: up}\n";
    let file = RuleFile::read("x.yml", text).unwrap();
    let group = &file.groups[0];
    assert_eq!(
        (group.limit, group.interval),
        (3, Some(Duration::from_secs(30)))
    );
    let labels: Vec<_> = group.rules[0]
        .labels
        .iter()
        .map(|(name, it)| (name.as_str(), it.text()))
        .collect();
    assert_eq!(labels, [("desk", "x"), ("team", "{{ z }}")]);
    assert!(
        matches!(&group.rules[1].does, Does::Alert(it) if it.hold.is_zero() && it.keep.is_zero())
    );
}

#[test]
fn a_merge_takes_in_what_is_not_said() {
    let text = "groups:\n- name: a\n  rules:\n  - &a\n    alert: A\n    expr: up == 0\n    for: 5m\n    \
                labels: {team: x}\n  - <<: *a\n    alert: B\n    for: 1m\n  \
                - <<: [*a]\n    expr: up == 1\n";
    let file = RuleFile::read("x.yml", text).unwrap();
    let [_, second, third] = file.groups[0].rules.as_slice() else {
        panic!("{file:?}");
    };
    assert_eq!((second.name.as_str(), third.name.as_str()), ("B", "A"));
    assert_eq!(second.expression.text(), "up == 0");
    assert_eq!(third.expression.text(), "up == 1");
    assert_eq!(second.labels[0].1.text(), "x");
    let Does::Alert(alert) = &second.does else {
        panic!("{second:?}");
    };
    assert_eq!(alert.hold, Duration::from_secs(60));
    refused(
        "groups:\n- name: a\n  rules:\n  - <<: x\n    alert: A\n    expr: up\n",
        4,
        5,
        "a merge (<<) takes a mapping",
    );
}

#[test]
fn an_anchor_is_followed_but_not_without_end() {
    let text = "groups:\n- name: a\n  rules:\n  - alert: A\n    expr: up\n    labels: &l {team: x}\n  \
                - alert: B\n    expr: up\n    labels: *l\n";
    let file = RuleFile::read("x.yml", text).unwrap();
    assert_eq!(file.groups[0].rules[1].labels[0].1.text(), "x");
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for depth in 1..9 {
        let below = format!("*a{}, ", depth - 1).repeat(10);
        bomb += &format!("a{depth}: &a{depth} [{below}]\n");
    }
    assert!(
        RuleFile::read("x.yml", &bomb)
            .unwrap_err()
            .to_string()
            .contains("too large")
    );
}
