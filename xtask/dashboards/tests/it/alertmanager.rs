//! Alertmanager's configuration, by amtool.

use std::{collections::BTreeSet, process::Command};

use bongsu_dashboards::{groups, rule::Severity};

use crate::support::{output, root, said, yaml};

const CONFIG: &str = "docker/alertmanager/alertmanager.yml";

#[test]
fn the_configuration_is_valid() {
    let mut amtool = Command::new("amtool");
    let done = output(
        "prometheus-alertmanager",
        amtool.arg("check-config").arg(root().join(CONFIG)),
    );
    assert!(done.status.success(), "{}", said(&done));
}

#[test]
fn every_alert_reaches_its_receiver() {
    for alert in groups().into_iter().flat_map(|group| group.alerts) {
        let receiver = match alert.name {
            "Watchdog" => "watchdog",
            "TradingHalt" | "RiskViolation" | "MarketDataStale" => "desk",
            _ if alert.severity == Severity::Critical => "on-call",
            _ => "team",
        };
        let mut amtool = Command::new("amtool");
        amtool
            .args(["config", "routes", "test", "--config.file"])
            .arg(root().join(CONFIG));
        amtool.arg(format!("--verify.receivers={receiver}"));
        amtool.arg(format!("alertname={}", alert.name));
        amtool.arg(format!("severity={}", alert.severity.as_str()));
        let done = output("prometheus-alertmanager", &mut amtool);
        assert!(done.status.success(), "{}: {}", alert.name, said(&done));
    }
}

#[test]
fn routes_and_inhibitions_name_alerts_that_exist() {
    let names: BTreeSet<&str> = groups()
        .iter()
        .flat_map(|g| &g.alerts)
        .map(|a| a.name)
        .collect();
    let config = yaml(CONFIG);
    let mut matchers = Vec::new();
    for route in config["route"]["routes"].as_vec().unwrap() {
        matchers.extend(route["matchers"].as_vec().unwrap().clone());
    }
    for rule in config["inhibit_rules"].as_vec().unwrap() {
        matchers.extend(rule["source_matchers"].as_vec().unwrap().clone());
        matchers.extend(rule["target_matchers"].as_vec().unwrap().clone());
    }
    let mut seen = 0;
    for matcher in &matchers {
        let Some(wanted) = matcher.as_str().unwrap().strip_prefix("alertname =") else {
            continue;
        };
        for name in wanted.trim_matches(['~', ' ', '"']).split('|') {
            assert!(names.contains(name), "no rule is called {name:?}");
            seen += 1;
        }
    }
    assert!(seen > 10, "only {seen} names seen");
}
