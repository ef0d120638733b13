use std::{collections::BTreeMap, fs, path::Path};

use bongsu_rules::{Does, Labels, Rule};

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
        let files = wanted(&config).load().unwrap();
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

/// Each run lives three seconds, as one that crashes while it works: that is seen, and fires.
#[test]
fn a_crash_loop_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("desk.yml");
    let rule = "groups:\n- name: g\n  rules:\n  - {alert: Loop, expr: 'changes(process_start_time_seconds[15m]) > 2'}\n";
    fs::write(&file, rule).unwrap();
    let config = config(folder.path(), &file.display().to_string());
    let started = Labels::new([("__name__", "process_start_time_seconds")]);
    let begun = watch::now_ms() - 60_000;
    let firing = (0..8_i64).map(|run| {
        let wanted = wanted(&config);
        let files = wanted.load().unwrap();
        let watch = Watch::open(&config, wanted, files);
        let now_ms = begun + run * 3_000;
        watch.step(now_ms, |round| round.see(&started, now_ms as f64 / 1_000.0));
        watch.look(|rules| rules.firing().count())
    });
    let firing: Vec<usize> = firing.collect();
    assert_eq!(firing.first(), Some(&0));
    assert_eq!(firing.last(), Some(&1), "{firing:?}");
}

/// State and samples outlive the process; a file that changes is read anew, a wrong one is not.
#[test]
fn rules_go_on_over_restarts_and_changes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("desk.yml");
    let rule =
        "groups:\n- name: g\n  rules:\n  - {alert: A, expr: 'increase(x[5m]) > 0', for: 1m}\n";
    fs::write(&file, rule).unwrap();
    let config = config(folder.path(), &file.display().to_string());
    let open = || {
        let wanted = wanted(&config);
        let files = wanted.load().unwrap();
        Watch::open(&config, wanted, files)
    };
    let x = Labels::new([("__name__", "x")]);
    let begun = watch::now_ms();
    let states = |watch: &Watch| -> Vec<String> {
        watch.look(|rules| {
            rules
                .seen()
                .flat_map(|it| it.active)
                .map(|it| it.state.to_string())
                .collect()
        })
    };
    let walk = |watch: &Watch, steps: std::ops::Range<i64>| {
        for step in steps {
            watch.step(begun + step * 5_000, |round| round.see(&x, step as f64));
        }
    };
    let watch = open();
    walk(&watch, 0..14);
    assert_eq!(states(&watch), ["pending"]);
    drop(watch);
    let watch = open();
    assert_eq!(states(&watch), ["pending"]);
    walk(&watch, 14..30);
    assert_eq!(states(&watch), ["firing"]);
    // Not all of the new file can be used: what was in force stays.
    fs::write(&file, format!("{rule}  - {{alert: B, expr: 'sum((' }}\n")).unwrap();
    watch.follow(false, begun + 150_000);
    assert_eq!(states(&watch), ["firing"]);
    fs::write(&file, rule.replace("alert: A", "alert: C")).unwrap();
    watch.follow(false, begun + 155_000);
    assert_eq!(states(&watch), Vec::<String>::new());
    assert_eq!(watch.look(|rules| rules.count()), (1, 0));
}
