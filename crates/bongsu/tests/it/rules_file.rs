//! `bongsu.toml` under a running service: taken up when an operator asks, on SIGHUP and when it changes; all
//! of it, or nothing.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{
    process::{Service, command, until},
    receiver::Receiver,
};

/// A rule that sends everything to one channel.
fn rule(id: &str, channel: &str) -> String {
    format!("[[rules]]\nid = {id:?}\nchannels = [{channel:?}]\n")
}

fn write(dir: &Path, text: &str) {
    fs::write(dir.join("bongsu.toml"), text).unwrap();
}

/// The rule by which an alert would go to a channel.
fn decides(service: &Service) -> Value {
    let alert = json!({ "level": "error", "title": "t", "source": "s" });
    let (status, body) = service.ask("POST", "/admin/alerts/explain", &alert.to_string());
    assert_eq!(status, 200, "{body}");
    let explained: Value = serde_json::from_str(&body).unwrap();
    explained["channels"][0]["rule"].clone()
}

fn start(dir: &Path, hook: &str) -> Service {
    let vars = [("ALERT_WEBHOOK_URLS", hook)];
    Service::start("minimal", dir, &vars)
}

#[test]
fn the_rules_are_taken_up_by_request_signal_and_change() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(|_| "204 No Content");
    let hook = format!("http://{}/hook", receiver.address);
    write(dir.path(), &rule("first", "log"));
    let service = start(dir.path(), &hook);
    assert_eq!(decides(&service), "first");

    write(dir.path(), &rule("second", "log"));
    let (status, body) = service.ask("POST", "/admin/config/reload", "");
    assert_eq!(status, 200, "{body}");
    let done: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&done["rules"], &done["silences"]), (&json!(1), &json!(0)));
    assert_eq!(decides(&service), "second");

    // Wrong: it says where, and the rules hold as they were.
    for wrong in [rule("third", "webhok"), "[[rules]]\nidd = 1\n".to_owned()] {
        write(dir.path(), &wrong);
        let (status, body) = service.ask("POST", "/admin/config/reload", "");
        assert!((400..500).contains(&status), "{status} {body}");
        assert!(
            body.contains("bongsu.toml:") && body.contains("meant?"),
            "{body}"
        );
        assert_eq!(decides(&service), "second");
    }
    fs::remove_file(dir.path().join("bongsu.toml")).unwrap();
    let (status, body) = service.ask("POST", "/admin/config/reload", "");
    assert!((400..500).contains(&status), "{status} {body}");
    assert_eq!(decides(&service), "second");

    write(dir.path(), &rule("by change", "log"));
    until("the change is taken up", || {
        (decides(&service) == "by change").then_some(())
    });
    // What still fires goes where the new rules say.
    let alert = json!({ "level": "error", "title": "t", "source": "s", "key": "k" });
    let (status, _) = service.ask("POST", "/admin/alerts", &alert.to_string());
    assert_eq!(status, 200);
    write(dir.path(), &rule("by signal", "webhook"));
    service.hang_up();
    until("the signal is taken up", || {
        (decides(&service) == "by signal").then_some(())
    });
    until("the hook hears what fires", || {
        let told = receiver.received("POST");
        told.iter()
            .any(|it| it.body.contains("\"k\""))
            .then_some(())
    });
    assert!(service.stop().success());
}

#[test]
fn a_wrong_file_keeps_the_service_from_starting_and_the_command_says_the_same() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &rule("a", "slakc"));
    for mut command in [
        command("minimal", dir.path(), &[("SERVICE_NAME", "desk")]),
        {
            let mut check = command("bongsu", dir.path(), &[("SERVICE_NAME", "desk")]);
            check.args(["config", "check"]);
            check
        },
    ] {
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("bongsu.toml:3:13"), "{said}");
        assert!(said.contains("is \"slack\" meant?"), "{said}");
    }
}

#[test]
fn each_value_says_where_it_comes_from() {
    let dir = tempfile::tempdir().unwrap();
    let text = format!("[alerts]\ncooldown = \"5m\"\n{}", rule("a", "log"));
    write(dir.path(), &text);
    let vars = [("SERVICE_NAME", "desk"), ("BONGSU_LANGUAGE", "ko")];
    let mut command = command("bongsu", dir.path(), &vars);
    let output = command
        .args(["config", "show", "--origin"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<&str> = said.lines().collect();
    for want in [
        "BONGSU_ALERT_COOLDOWN_SECONDS=300  # bongsu.toml:2:12",
        "BONGSU_LANGUAGE=ko  # environment, BONGSU_LANGUAGE",
        "BONGSU_TIME_ZONE=Asia/Seoul  # default",
        "BONGSU_CONFIG=bongsu.toml  # default",
        "rules.a=log  # bongsu.toml:3:1",
    ] {
        assert!(lines.contains(&want), "{want}\n{said}");
    }
}

/// The rule files of Prometheus: what each rule sees, and another file by request.
#[test]
fn rule_files_are_seen_and_read_anew_by_an_operator() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("desk.yml");
    let rules = |name: &str| {
        format!("groups:\n- name: desk\n  rules:\n  - {{alert: {name}, expr: 'up > 0', for: 1h}}\n")
    };
    fs::write(&file, rules("First")).unwrap();
    let path = file.display().to_string();
    let vars = [
        ("BONGSU_RULES", path.as_str()),
        ("BONGSU_RULES_INTERVAL_SECONDS", "1"),
        ("BONGSU_RULES_STEP_SECONDS", "1"),
    ];
    let service = Service::start("minimal", dir.path(), &vars);
    let seen = || -> Value {
        let (status, body) = service.ask("GET", "/admin/rules", "");
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    };
    let evaluated = until("the rule is evaluated", || {
        let seen = seen();
        let rule = &seen["groups"][0]["rules"][0];
        (rule["state"] == "pending").then(|| seen.clone())
    });
    let group = &evaluated["groups"][0];
    assert_eq!(
        (&group["file"], &group["name"]),
        (&json!(path), &json!("desk"))
    );
    assert_eq!(
        group["rules"][0]["active"][0]["labels"]["alertname"],
        "First"
    );
    assert!(evaluated["memory"]["series"].as_u64() > Some(10));

    fs::write(&file, rules("Second")).unwrap();
    let (status, body) = service.ask("POST", "/admin/rules/reload", "");
    assert_eq!(status, 200, "{body}");
    let done: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&done["file"], &done["rules"]), (&json!(path), &json!(1)));
    assert_eq!(seen()["groups"][0]["rules"][0]["name"], "Second");

    fs::write(&file, "groups:\n- nam: desk\n").unwrap();
    let (status, body) = service.ask("POST", "/admin/rules/reload", "");
    assert_eq!(status, 400, "{body}");
    assert!(body.contains("desk.yml:2:3"), "{body}");
    assert_eq!(seen()["groups"][0]["rules"][0]["name"], "Second");
    assert!(service.stop().success());
}

/// Checks, thresholds, cooldown and repetition of the file: all of it, or nothing, while the service runs.
#[test]
fn what_else_the_file_says_is_taken_up_as_a_whole() {
    let dir = tempfile::tempdir().unwrap();
    let heartbeat = "[[checks]]\nname = \"feed\"\nkind = \"heartbeat\"\nunhealthy_after = \"1s\"\n";
    let disk = "[[checks]]\nname = \"kept\"\nkind = \"disk\"\npath = \"/\"\n";
    write(dir.path(), disk);
    let service = Service::start("minimal", dir.path(), &[]);
    let reload = |text: &str| -> (u16, String) {
        write(dir.path(), text);
        service.ask("POST", "/admin/config/reload", "")
    };
    let shown = |name: &str| -> Option<Value> {
        let (_, body) = service.ask("GET", "/health?detailed=true", "");
        let health: Value = serde_json::from_str(&body).unwrap();
        let all = health["dependencies"].as_array()?.clone();
        all.into_iter().find(|it| it["name"] == name)
    };
    until("the check of the start", || shown("kept"));
    assert_eq!(shown("feed"), None);
    let alert = json!({ "level": "error", "title": "t", "source": "s", "key": "k" });
    let explain = || -> Value {
        let (_, body) = service.ask("POST", "/admin/alerts/explain", &alert.to_string());
        serde_json::from_str(&body).unwrap()
    };
    let pace = "[alerts]\ncooldown = \"77s\"\nrepeat = \"never\"\nfallback = \"log\"\n[thresholds.cpu]\nwarning = 41\nmargin = 1\n";
    let (status, body) = reload(&format!("{pace}{disk}{heartbeat}"));
    assert_eq!(status, 200, "{body}");
    let done: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (&done["needs_restart"], &done["warnings"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(explain()["cooldown_seconds"], 77, "{}", explain());
    until("nobody beats, and that is seen", || {
        (shown("feed")?["status"] == "unhealthy").then_some(())
    });

    // Wrong in one place: nothing of it is taken up.
    for wrong in [
        "[[checks]]\nname = \"feed\"\nkind = \"heartbeat\"\nunhealthy_after = \"1s\"\nduring = \"KRXX\"\n",
        "[[checks]]\nname = \"x\"\nkind = \"tcp\"\naddress = \"nowhere\"\n",
        "[alerts]\ncooldown = \"5m\"\nfallback = \"lgo\"\n",
        "[alerts]\ncooldown = \"5m\"\n[thresholds.cpu]\nwarning = 99\n",
    ] {
        let (status, body) = reload(wrong);
        assert!((400..500).contains(&status), "{status} {body}");
        assert!(body.contains("bongsu.toml:"), "{body}");
        assert!(
            shown("kept").is_some() && shown("feed").is_some(),
            "{wrong}"
        );
        assert_eq!(explain()["cooldown_seconds"], 77);
    }
    let (status, body) = reload(disk);
    assert_eq!(status, 200, "{body}");
    assert_eq!(shown("feed"), None);
    assert_eq!(
        explain()["cooldown_seconds"],
        900,
        "what the file says no more is the default"
    );
    assert!(service.stop().success());
}

/// The file changes again and again while alerts come in: each is told, and told once.
#[test]
fn a_reload_under_a_storm_loses_nothing_and_doubles_nothing() {
    const ALERTS: usize = 30;
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(|_| "204 No Content");
    let hook = format!("http://{}/hook", receiver.address);
    let text = |n: usize| {
        format!(
            "[alerts]\ncooldown = \"{}m\"\nrepeat = \"{}h\"\n{}{}",
            5 + n,
            1 + n,
            rule(&format!("r{n}"), "webhook"),
            if n.is_multiple_of(2) {
                ""
            } else {
                "[[checks]]\nname = \"d\"\nkind = \"disk\"\npath = \"/\"\n"
            }
        )
    };
    write(dir.path(), &text(0));
    let service = start(dir.path(), &hook);
    for n in 0..ALERTS {
        let key = format!("storm-{n:03}");
        let alert = json!({ "level": "critical", "title": key, "source": "s", "key": key });
        let (status, body) = service.ask("POST", "/admin/alerts", &alert.to_string());
        assert_eq!(status, 200, "{body}");
        if n.is_multiple_of(5) {
            write(dir.path(), &text(n));
            service.hang_up();
        }
        if n.is_multiple_of(12) {
            let (status, body) = service.ask("POST", "/admin/config/reload", "");
            assert_eq!(status, 200, "{body}");
        }
    }
    let told = || {
        let bodies = receiver.received("POST");
        (0..ALERTS)
            .map(|n| {
                let key = format!("storm-{n:03}");
                bodies.iter().filter(|it| it.body.contains(&key)).count()
            })
            .collect::<Vec<_>>()
    };
    until("each is told", || {
        told().iter().all(|times| *times > 0).then_some(())
    });
    // Orderly: what was still on its way arrives before it ends.
    assert!(service.stop().success());
    assert_eq!(told(), vec![1; ALERTS]);
}

/// A wrong rule file under SIGHUP: the log says where, and what was in force stays.
#[test]
fn a_wrong_rule_file_keeps_the_old_one_on_sighup() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("desk.yml");
    let rule = |name: &str| {
        format!("groups:\n- name: desk\n  rules:\n  - {{alert: {name}, expr: up > 0}}\n")
    };
    fs::write(&file, rule("First")).unwrap();
    let path = file.display().to_string();
    let service = Service::start("minimal", dir.path(), &[("BONGSU_RULES", path.as_str())]);
    let name = || -> Value {
        let (_, body) = service.ask("GET", "/admin/rules", "");
        let seen: Value = serde_json::from_str(&body).unwrap();
        seen["groups"][0]["rules"][0]["name"].clone()
    };
    fs::write(&file, rule("Second").replace("up > 0", "up >")).unwrap();
    service.hang_up();
    until("the log says where", || {
        let log = fs::read_to_string(dir.path().join("minimal.log")).unwrap();
        log.contains("desk.yml:4:").then_some(())
    });
    assert_eq!(name(), "First");
    fs::write(&file, rule("Third")).unwrap();
    service.hang_up();
    until("the next one is taken up", || {
        (name() == "Third").then_some(())
    });
    assert!(service.stop().success());
}

/// What the command says of routes: tables, the past, and what another file would change.
#[test]
fn routes_are_tested_played_back_and_compared_by_the_command() {
    let dir = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| -> (Option<i32>, String) {
        let mut command = command("bongsu", dir.path(), &[("SERVICE_NAME", "minimal")]);
        let output = command.args(words).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    };
    write(dir.path(), &rule("first", "log"));
    let (code, said) = run(&["rules", "backtest"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("no history"), "{said}");

    // However full the machine's disk is, nothing else is told meanwhile.
    let vars = [("BONGSU_RESOURCE_HOLD_SECONDS", "86400")];
    let service = Service::start("minimal", dir.path(), &vars);
    for key in ["a", "b", "c", "a"] {
        let alert = json!({ "level": "error", "title": key, "source": "s", "key": key });
        let (status, body) = service.ask("POST", "/admin/alerts", &alert.to_string());
        assert_eq!(status, 200, "{body}");
    }
    // Beside the running service, which owns the file.
    let (code, said) = run(&["rules", "backtest", "--since", "1d"]);
    assert_eq!(code, Some(0), "{said}");
    for want in [
        ": 4 alerts\n",
        "rule first: 4 alerts\n",
        "log: 3 at once, 1 held back by cooldown",
    ] {
        assert!(said.contains(want), "{said}\nlacks {want:?}");
    }
    let other = format!(
        "[[rules]]\nid = \"some\"\nmatch = {{ key = \"b\" }}\nchannels = [\"slack\"]\n{}cooldown = \"1h\"\n",
        rule("first", "log")
    );
    fs::write(dir.path().join("new.toml"), other).unwrap();
    let (code, said) = run(&["rules", "diff", "bongsu.toml", "new.toml"]);
    assert_eq!(code, Some(0), "{said}");
    for want in [
        "rules.first.cooldown: new, \"1h\"\n",
        "rules.order: first becomes some, first\n",
        "rules.some.match.key: new, \"b\"\n",
        "of 4 alerts since ",
        "b: 1 times to slack instead of log\n",
    ] {
        assert!(said.contains(want), "{said}\nlacks {want:?}");
    }
    assert!(service.stop().success());

    let table = |to: &str| {
        format!(
            "[[tests]]\nname = \"t\"\nat = \"2026-11-30T09:00\"\nalert = {{ level = \"info\" }}\ngoes_to = [{to}]\nrule = \"first\"\n"
        )
    };
    fs::write(dir.path().join("routes.toml"), table("\"log\"")).unwrap();
    let (code, said) = run(&["rules", "test", "routes.toml"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("routes.toml: 1 tests, 0 do not hold"),
        "{said}"
    );
    fs::write(dir.path().join("routes.toml"), table("")).unwrap();
    let (code, said) = run(&["rules", "test", "routes.toml"]);
    assert_eq!(code, Some(1), "{said}");
    let why =
        "routes.toml:5:11: test \"t\": it goes to log, not to nobody (log: first, rule \"first\")";
    assert!(said.contains(why), "{said}");
}
