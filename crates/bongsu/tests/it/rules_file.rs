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

    write(
        dir.path(),
        &format!("{}[thresholds.disk]\nmargin = 2\n", rule("second", "log")),
    );
    let (status, body) = service.ask("POST", "/admin/config/reload", "");
    assert_eq!(status, 200, "{body}");
    let done: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&done["rules"], &done["silences"]), (&json!(1), &json!(0)));
    assert_eq!(done["needs_restart"], json!(["thresholds"]));
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
