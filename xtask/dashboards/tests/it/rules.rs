//! Rules, by promtool.

use std::{collections::BTreeSet, process::Command};

use bongsu_dashboards::{Language, dashboards, groups, rule::emphasised};

use crate::support::{output, read, root, said};

#[test]
fn the_rules_are_valid() {
    for group in groups() {
        let mut promtool = Command::new("promtool");
        let done = output(
            "prometheus",
            promtool
                .args(["check", "rules", "--lint-fatal"])
                .arg(root().join(group.path())),
        );
        assert!(done.status.success(), "{}", said(&done));
    }
}

#[test]
fn the_configurations_are_valid() {
    for file in ["prometheus.yml", "remote-write.yml"] {
        let mut promtool = Command::new("promtool");
        let path = root().join("docker/prometheus").join(file);
        let done = output("prometheus", promtool.args(["check", "config"]).arg(path));
        assert!(done.status.success(), "{}", said(&done));
        for group in groups() {
            assert!(
                said(&done).contains(&format!("{}.yml", group.name)),
                "{file} loads {}",
                group.name
            );
        }
    }
}

#[test]
fn every_alert_fires_and_is_silent_in_its_cases() {
    for group in groups() {
        for alert in &group.alerts {
            assert!(
                !alert.fires.is_empty(),
                "{} has no case in which it fires",
                alert.name
            );
            assert!(
                !alert.silent.is_empty(),
                "{} has no case in which it is silent",
                alert.name
            );
        }
        let mut promtool = Command::new("promtool");
        let folder = root().join("docker/prometheus/rules/tests");
        let done = output(
            "prometheus",
            promtool
                .args(["test", "rules"])
                .arg(format!("{}.yml", group.name))
                .current_dir(folder),
        );
        assert!(done.status.success(), "{}", said(&done));
    }
}

#[test]
fn the_rules_of_the_original_are_kept() {
    let groups = groups();
    let all: Vec<_> = groups.iter().flat_map(|group| &group.alerts).collect();
    let check = |name: &str, limit: &str, pending: &str, severity: &str| {
        let alert = all.iter().find(|alert| alert.name == name).unwrap();
        assert!(alert.expr.ends_with(limit), "{}", alert.expr);
        assert_eq!(
            (alert.pending, alert.severity.as_str()),
            (pending, severity),
            "{name}"
        );
    };
    check(
        "HighErrorRate",
        "(rate(errors_total[5m])) > 10",
        "5m",
        "critical",
    );
    check("HighCPUUsage", "system_cpu_percent > 90", "10m", "warning");
    check(
        "TradingHalt",
        "portfolio_drawdown_percent > portfolio_halt_drawdown_percent",
        "1m",
        "critical",
    );
}

#[test]
fn every_alert_has_a_name_a_summary_and_a_runbook() {
    let page = read("docs/runbooks.md");
    let mut names = BTreeSet::new();
    for alert in groups().into_iter().flat_map(|group| group.alerts) {
        assert!(names.insert(alert.name), "{} twice", alert.name);
        assert!(
            page.contains(&format!("\n### {}\n", alert.name)),
            "{}",
            alert.name
        );
        assert!(
            !alert.summary.en.is_empty() && !alert.summary.ko.is_empty(),
            "{}",
            alert.name
        );
        assert!(
            alert.runbook.iter().all(|part| !part.is_empty()),
            "{}",
            alert.name
        );
    }
}

/// People route by the labels of a target: a sum must not drop them.
#[test]
fn every_rule_keeps_the_labels_of_its_target() {
    for group in groups() {
        let alerts = group.alerts.iter().map(|alert| &alert.expr);
        let recorded = group.recorded.iter().map(|(_, expr)| expr);
        for expr in alerts.chain(recorded) {
            assert!(!expr.contains(" by ("), "{expr}");
        }
        let tests = group.tests_to_yaml();
        for alert in group.alerts.iter().filter(|a| a.name != "Watchdog") {
            let told = |line: &&str| {
                line.contains("ALERTS{") && line.contains(alert.name) && line.contains("team=")
            };
            assert!(tests.lines().any(|line| told(&line)), "{}", alert.name);
        }
    }
}

#[test]
fn every_panel_that_a_runbook_names_is_there() {
    let dashboards = dashboards(Language::English);
    let panels = dashboards.iter().flat_map(|dashboard| &dashboard.panels);
    let titles: BTreeSet<&str> = panels.map(|panel| panel.title.as_str()).collect();
    let mut seen = 0;
    for alert in groups().into_iter().flat_map(|group| group.alerts) {
        for name in alert.runbook.into_iter().flat_map(emphasised) {
            assert!(
                titles.contains(name),
                "{}: no panel {name:?}, there are {titles:#?}",
                alert.name
            );
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} names seen");
}
