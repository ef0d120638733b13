//! What of `bongsu.toml` people read, and who gets the report: taken up under a running service.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{
    process::{Service, until},
    receiver::{Receiver, Request},
};

fn write(dir: &Path, text: &str) {
    fs::write(dir.join("bongsu.toml"), text).unwrap();
}

/// Takes up a text; everything of it holds, and nothing waits for a restart.
#[track_caller]
fn reload(service: &Service, dir: &Path, text: &str) {
    write(dir, text);
    let (status, body) = service.ask("POST", "/admin/config/reload", "");
    assert_eq!(status, 200, "{body}");
    let done: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (&done["needs_restart"], &done["warnings"]),
        (&json!([]), &json!([]))
    );
}

fn send(service: &Service, key: &str) {
    let alert = json!({ "level": "error", "title": key, "source": "s", "key": key });
    let (status, body) = service.ask("POST", "/admin/alerts", &alert.to_string());
    assert_eq!(status, 200, "{body}");
}

fn told(receiver: &Receiver, words: &str) -> Request {
    until(words, || {
        let all = receiver.received("POST");
        all.into_iter().find(|it| it.body.contains(words))
    })
}

#[test]
fn language_zone_and_links_are_those_of_the_file_as_it_is_now() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(|_| "200 OK");
    let slack = format!("http://{}/slack", receiver.address);
    write(dir.path(), "");
    let vars = [("SLACK_WEBHOOK_URL", slack.as_str())];
    let service = Service::start("minimal", dir.path(), &vars);
    send(&service, "the first");
    let first = told(&receiver, "the first").body;
    assert!(
        first.contains("KST") && !first.contains("console.example"),
        "{first}"
    );

    let text = "[alerts]\nlanguage = \"ko\"\ntime_zone = \"UTC\"\npublic_url = \"https://console.example.net\"\n";
    reload(&service, dir.path(), text);
    send(&service, "the second");
    let second = told(&receiver, "the second").body;
    assert!(second.contains("https://console.example.net/"), "{second}");
    assert!(
        second.contains("UTC") && !second.contains("KST"),
        "{second}"
    );
    assert!(second.contains("오류"), "{second}");
    // The values in force are the ones that are shown, and a silence by hand is of the same zone.
    let (_, page) = service.ask("GET", "/console/config", "");
    assert!(page.contains("https://console.example.net"), "{page}");
    let weekly = json!({ "kind": "none", "by": "kim", "for_seconds": 36_000,
        "recurrence": { "weekly": { "from": "02:00", "to": "04:00" } } });
    let (status, body) = service.ask("POST", "/admin/silences", &weekly.to_string());
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("UTC"), "{body}");

    // Wrong in one place: the language stays as it is.
    write(
        dir.path(),
        "[alerts]\nlanguage = \"en\"\ntime_zone = \"Asia/Seol\"\n",
    );
    let (status, body) = service.ask("POST", "/admin/config/reload", "");
    assert!((400..500).contains(&status), "{status} {body}");
    assert!(body.contains("bongsu.toml:3:13"), "{body}");
    send(&service, "the third");
    assert!(told(&receiver, "the third").body.contains("오류"));
    write(dir.path(), "");
    service.hang_up();
    let shown = || service.ask("GET", "/console/config", "").1;
    until("the signal is taken up", || {
        (!shown().contains("console.example")).then_some(())
    });
    send(&service, "the fourth");
    let fourth = told(&receiver, "the fourth").body;
    assert!(
        fourth.contains("KST") && !fourth.contains("오류"),
        "{fourth}"
    );
    assert!(service.stop().success());
}

#[test]
fn the_access_log_follows_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let one_in = |n: u32| format!("[access_log]\none_in = {{ \"/\" = {n} }}\n");
    write(dir.path(), &one_in(1_000));
    let service = Service::start("minimal", dir.path(), &[("LOG_FORMAT", "json")]);
    let lines = |id: &str| {
        let log = fs::read_to_string(dir.path().join("minimal.log")).unwrap();
        log.lines()
            .filter(|line| line.contains(id) && line.contains("\"access\""))
            .count()
    };
    let ask = |id: &str| {
        let header = format!("x-request-id: {id}\r\n");
        assert_eq!(service.ask_with("GET", "/", &header, "").0, 200);
    };
    ask("first-0001");
    until("the first of a thousand", || {
        (lines("first-0001") == 1).then_some(())
    });
    ask("second-0001");
    reload(&service, dir.path(), "");
    ask("third-00001");
    until("each has a line now", || {
        (lines("third-00001") == 1).then_some(())
    });
    // The log is written in order: the second had none.
    assert_eq!(lines("second-0001"), 0);
    reload(&service, dir.path(), "[access_log]\nquiet = [\"/\"]\n");
    ask("fourth-0001");
    reload(&service, dir.path(), "[access_log]\nothers_one_in = 2\n");
    ask("fifth-00001");
    until("another policy", || {
        (lines("fifth-00001") == 1).then_some(())
    });
    assert_eq!(lines("fourth-0001"), 0);
    assert!(service.stop().success());
}

#[test]
fn the_report_goes_to_whom_the_file_names_now() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(|_| "200 OK");
    let at = |path: &str| format!("http://{}/{path}", receiver.address);
    let (slack, webhook) = (at("slack"), at("webhook"));
    write(dir.path(), "[report]\nchannels = [\"slack\"]\n");
    let vars = [
        ("DATABASE_URL", "sqlite:engine.db"),
        ("SLACK_WEBHOOK_URL", slack.as_str()),
        ("ALERT_WEBHOOK_URLS", webhook.as_str()),
    ];
    let engine = Service::start("trading_engine", dir.path(), &vars);
    write(dir.path(), "[report]\nchannels = [\"paper\"]\n");
    let (status, body) = engine.ask("POST", "/admin/config/reload", "");
    assert!((400..500).contains(&status), "{status} {body}");
    assert!(body.contains("bongsu.toml:2:12"), "{body}");
    let text = "[recipients]\npapers = [\"webhook\"]\n[report]\nchannels = [\"papers\"]\n";
    write(dir.path(), text);
    let (status, body) = engine.ask("POST", "/admin/config/reload", "");
    assert_eq!(status, 200, "{body}");
    let (status, body) = engine.ask("POST", "/market/close", "");
    assert_eq!(status, 200, "{body}");
    let of = |path: &str| {
        let all = receiver.received("POST").into_iter();
        // The session's date is in every form of the report, and in no alert of this run.
        all.filter(|it| it.path == path && it.body.contains("2026-06-01"))
            .count()
    };
    until("the report", || (of("/webhook") > 0).then_some(()));
    // Orderly: what was on its way is there.
    assert!(engine.stop().success());
    assert_eq!(of("/slack"), 0);
}

/// Hours, names of recipients, and a line that is drawn and taken away.
#[test]
fn silences_recipients_and_the_halt_line_come_and_go() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "");
    let service = Service::start("minimal", dir.path(), &[]);
    let line = || {
        let (_, page) = service.ask("GET", "/metrics", "");
        let line = page
            .lines()
            .find(|line| line.starts_with("portfolio_halt_drawdown_percent"));
        line.map(|line| line.rsplit(' ').next().unwrap().to_owned())
    };
    let explain = || -> Value {
        let alert = json!({ "level": "error", "title": "t", "source": "s", "key": "k" });
        let (status, body) = service.ask("POST", "/admin/alerts/explain", &alert.to_string());
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    };
    assert_eq!(line(), None);
    let text = "[portfolio]\nhalt_drawdown_percent = 20\n[recipients]\ndesk = [\"log\"]\n\
        [[rules]]\nid = \"by name\"\nchannels = [\"desk\"]\n\
        [[silences]]\nid = \"always\"\nmatch = { key = \"k\" }\nhours = { from = \"00:00\", to = \"24:00\" }\n";
    reload(&service, dir.path(), text);
    assert_eq!(line().as_deref(), Some("20"));
    let explained = explain();
    assert_eq!(explained["channels"][0]["rule"], "by name");
    assert_eq!(explained["held"], "silence", "{explained}");
    reload(&service, dir.path(), "");
    assert_eq!(line().as_deref(), Some("NaN"), "no line any more");
    assert_eq!(explain()["held"], Value::Null);
    let (_, admin) = service.ask("GET", "/admin", "");
    assert!(!admin.contains("\"halt_percent\":20"), "{admin}");
    assert!(service.stop().success());
}
