//! `cargo xtask dashboards --check` on files that somebody edited by hand.

use std::{fs, path::Path, process::Command};

use bongsu_dashboards::{check, documents};

use crate::support::{Folder, read, root};

/// A checkout with the generated files and the configurations.
fn checkout() -> Folder {
    let folder = Folder::new();
    for document in documents() {
        folder.write(&document.path, &document.text);
    }
    for file in [
        "docker/prometheus/prometheus.yml",
        "docker/alertmanager/alertmanager.yml",
    ] {
        folder.write(file, &read(file));
    }
    folder
}

fn said(folder: &Folder) -> Vec<String> {
    check::findings(&folder.0)
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn the_repository_is_as_the_code_writes_it() {
    let findings = check::findings(root());
    assert_eq!(findings, [], "run `cargo xtask dashboards`");
}

#[test]
fn an_edit_is_named_by_file_place_and_reason() {
    let check = |file: &str, from: &str, to: &str, expected: &[&str]| {
        let folder = checkout();
        let text = fs::read_to_string(folder.0.join(file)).unwrap();
        assert!(text.contains(from), "{file} has no {from:?}");
        folder.write(file, &text.replacen(from, to, 1));
        let said = said(&folder);
        let found = said
            .iter()
            .any(|line| expected.iter().all(|part| line.contains(part)));
        assert!(found, "{expected:?} is not in {said:#?}");
        assert!(
            said.iter().all(|line| line.contains(file)),
            "others are fine: {said:#?}"
        );
    };
    let system = "docker/grafana/dashboards/system-overview.json";
    let rules = "docker/prometheus/rules/trading.yml";
    check(system, "\"uid\"", "\"uid", &["not JSON", "line 2"]);
    check(
        system,
        "max by (job, instance) (system_cpu_percent",
        "max by (job, instance) (system_cpu",
        &[": CPU: ", "targets[0].expr is", "the code writes"],
    );
    check(
        system,
        "\"unit\": \"percent\"",
        "\"unit\": \"\"",
        &[": CPU: ", "no unit"],
    );
    check(
        system,
        "\"type\": \"timeseries\"",
        "\"type\": \"graph\"",
        &["Requests by route", "\"graph\" is not one of ours"],
    );
    check(
        rules,
        "> portfolio_halt_drawdown_percent",
        "> 82",
        &["TradingHalt", "line 6", "> 82", "> portfolio_halt"],
    );
    check(rules, "groups:", "groups: [", &["line 2", "groups: ["]);
    check("docs/runbooks.md", "20 %", "21 %", &["DrawdownHigh"]);
    check(
        "docker/prometheus/prometheus.yml",
        "scrape_interval: 15s",
        "scrape_interval: often",
        &["promtool", "not a valid duration"],
    );
    check(
        "docker/prometheus/prometheus.yml",
        "job_name: prometheus",
        "job_name: trading-engine",
        &["promtool", "multiple scrape configs"],
    );
    check(
        "docker/alertmanager/alertmanager.yml",
        "receiver: desk",
        "receiver: dusk",
        &["amtool", "dusk"],
    );
}

#[test]
fn a_missing_file_and_a_stranger_are_named() {
    let folder = checkout();
    fs::remove_file(folder.0.join("docs/runbooks.md")).unwrap();
    folder.write("docker/prometheus/rules/mine.yml", "groups: []\n");
    let said = said(&folder);
    assert_eq!(said.len(), 2, "{said:#?}");
    assert!(
        said[0].starts_with("docs/runbooks.md: cannot be read: "),
        "{said:#?}"
    );
    assert!(
        said[1].starts_with("docker/prometheus/rules/mine.yml: no code writes this"),
        "{said:#?}"
    );
}

#[test]
fn the_program_writes_what_it_then_finds_right() {
    let folder = Folder::new();
    for file in [
        "docker/prometheus/prometheus.yml",
        "docker/alertmanager/alertmanager.yml",
    ] {
        folder.write(file, &read(file));
    }
    let run = |args: &[&str], root: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu-dashboards"));
        command.args(args).arg("--root").arg(root).output().unwrap()
    };
    assert_eq!(run(&["--check"], &folder.0).status.code(), Some(1));
    assert_eq!(run(&[], &folder.0).status.code(), Some(0));
    assert_eq!(run(&["--check"], &folder.0).status.code(), Some(0));
    assert_eq!(run(&["--chekc"], &folder.0).status.code(), Some(2));
}
