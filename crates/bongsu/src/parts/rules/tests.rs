use std::{collections::BTreeMap, fs, path::Path};

use bongsu_rules::{Does, Rule};

use super::*;

/// A rule as it is compared: what it asks and what it says.
fn said(rule: &Rule) -> String {
    format!(
        "{:?} {:?} {:?}",
        rule.expression.text(),
        rule.labels,
        rule.does
    )
}

/// What runs within a service is what runs in Prometheus.
#[test]
fn each_own_rule_is_one_of_the_stack() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docker/prometheus/rules");
    let mut stack = BTreeMap::new();
    for path in bongsu_rules::find(&["*.yml".to_owned()], &folder).unwrap() {
        let file = RuleFile::read("stack", &fs::read_to_string(path).unwrap()).unwrap();
        for rule in file.groups.iter().flat_map(|it| &it.rules) {
            stack.insert(rule.name.clone(), said(rule));
        }
    }
    let own = own().unwrap();
    assert!(own.rules() >= 15);
    for rule in own.groups.iter().flat_map(|it| &it.rules) {
        assert!(matches!(rule.does, Does::Alert(_)));
        assert_eq!(stack.get(&rule.name), Some(&said(rule)), "{}", rule.name);
    }
}

fn config(folder: &Path, rules: &str) -> Config {
    let data = folder.join("data").display().to_string();
    let vars = [
        ("SERVICE_NAME", "desk"),
        ("BONGSU_DATA_DIR", &data),
        ("BONGSU_RULES", rules),
    ];
    Config::from_vars(vars).unwrap()
}

#[test]
fn what_is_asked_for_is_what_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("desk.yml");
    fs::write(
        &file,
        "groups:\n- name: g\n  rules:\n  - {alert: A, expr: x}\n",
    )
    .unwrap();
    let loaded = |rules: &str, prometheus: bool| {
        let mut config = config(folder.path(), rules);
        config.rules.prometheus = prometheus;
        let files = sources(&config).unwrap().load().unwrap();
        files
            .iter()
            .map(|it| it.name.rsplit('/').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(loaded("none", false), Vec::<String>::new());
    let both = format!("shipped, {}/*.yml", folder.path().display());
    assert_eq!(loaded(&both, false), ["shipped", "desk.yml"]);
    assert_eq!(loaded(&both, true), ["desk.yml"]);
}
