use std::fs;

use super::*;
use crate::Labels;

/// Each run lives three seconds, as one that crashes while it works: that is seen, and fires.
#[test]
fn a_crash_loop_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("desk.yml");
    let rule = "groups:\n- name: g\n  rules:\n  - {alert: Loop, expr: 'changes(process_start_time_seconds[15m]) > 2'}\n";
    fs::write(&file, rule).unwrap();
    let sources = Sources::new(vec![file.display().to_string()]);
    let options = WatchOptions {
        folder: Some(folder.path().join("kept")),
        ..WatchOptions::default()
    };
    let started = Labels::new([("__name__", "process_start_time_seconds")]);
    let begun = now_ms() - 60_000;
    let firing = (0..8_i64).map(|run| {
        let files = sources.load().unwrap();
        let watch = Watch::open(sources.clone(), files, options.clone());
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
    let sources = Sources::new(vec![file.display().to_string()]);
    let options = WatchOptions {
        folder: Some(folder.path().join("kept")),
        ..WatchOptions::default()
    };
    let open = || {
        let files = sources.load().unwrap();
        Watch::open(sources.clone(), files, options.clone())
    };
    let x = Labels::new([("__name__", "x")]);
    let begun = now_ms();
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
