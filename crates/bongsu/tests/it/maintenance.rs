//! A maintenance: not ready and nobody told, until its end, across a crash.

use serde_json::{Value, json};

use crate::{
    process::{Service, until},
    receiver::Receiver,
};

const TOKEN: &str = "authorization: Bearer 0ps-t0ken\r\ncontent-type: application/json\r\n";

fn ask(engine: &Service, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let body = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    let (status, answer) = engine.ask_with(method, path, TOKEN, &body);
    let answer = serde_json::from_str(&answer).unwrap_or(Value::String(answer));
    (status, answer)
}

#[track_caller]
fn done(engine: &Service, method: &str, path: &str, body: &Value) -> Value {
    let (status, answer) = ask(engine, method, path, body);
    assert_eq!(status, 200, "{method} {path}: {answer}");
    answer
}

/// The status of `/ready`, and its reason.
fn ready(engine: &Service) -> (u16, Value) {
    let (status, body) = engine.ask("GET", "/ready", "");
    let body: Value = serde_json::from_str(&body).unwrap();
    (status, body["reason"].clone())
}

fn is_in_maintenance(engine: &Service) -> bool {
    let (status, reason) = ready(engine);
    let reason = reason.as_str().unwrap_or_default();
    status == 503 && reason.starts_with("maintenance until 20") && reason.ends_with("+09:00")
}

const MAINTENANCE: &str = "/admin/maintenance";

#[test]
fn nobody_is_told_and_nothing_is_sent_here_until_it_ends() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(|_| "204 No Content");
    let hook = format!("http://{}/hook", receiver.address);
    let beat = format!("http://{}/beat", receiver.address);
    let start = || {
        let vars = [
            ("BONGSU_OPS_TOKEN", "0ps-t0ken"),
            ("ALERT_WEBHOOK_URLS", &*hook),
            ("BONGSU_HEARTBEAT_URL", &*beat),
        ];
        Service::start("trading_engine", dir.path(), &vars)
    };
    let told = |title: &str| {
        let received = receiver.received("POST");
        received.iter().any(|it| it.body.contains(title))
    };
    let beats = || {
        let received = ["GET", "POST"].map(|method| receiver.received(method));
        received
            .iter()
            .flatten()
            .filter(|it| it.path == "/beat")
            .count()
    };
    let engine = start();
    until("readiness", || (ready(&engine).0 == 200).then_some(()));
    let none = done(&engine, "GET", MAINTENANCE, &Value::Null);
    assert_eq!(none, json!({ "maintenance": null }));

    // It begins for an hour, as nothing else is said, and holds at once.
    let asked = json!({ "by": "kim", "comment": "new disk" });
    done(&engine, "POST", "/admin/maintenance/preview", &asked);
    assert_eq!(ready(&engine).0, 200, "a preview begins nothing");
    let begun = done(&engine, "POST", MAINTENANCE, &asked);
    assert!(is_in_maintenance(&engine), "{:?}", ready(&engine));
    assert!(!ready(&engine).1.to_string().contains("disk"));
    for alive in ["/liveness", "/health"] {
        assert_eq!(engine.ask("GET", alive, "").0, 200, "{alive}");
    }
    let alert = json!({
        "level": "critical", "title": "Held back", "source": "s", "key": "held|back",
    });
    done(&engine, "POST", "/admin/alerts", &alert);
    let now = done(&engine, "GET", MAINTENANCE, &Value::Null);
    let held = now["maintenance"]["holds"].as_array().unwrap();
    assert!(held.contains(&json!("held|back")), "{now}");
    // Another span takes its place: there is one.
    let asked = json!({ "by": "lee", "for_seconds": 600 });
    let longer = done(&engine, "POST", MAINTENANCE, &asked);
    assert_eq!(longer["id"], begun["id"]);
    let silences = done(&engine, "GET", "/admin/silences", &Value::Null);
    assert_eq!(silences["silences"].as_array().unwrap().len(), 1);
    assert!(!told("Held back"));

    // It outlives a crash, and is there before the first answer; the dead man's switch goes on.
    let before = beats();
    let engine = engine.crash(start);
    assert!(is_in_maintenance(&engine), "{:?}", ready(&engine));
    until("a beat", || (beats() > before).then_some(()));
    assert!(!told("Held back"));

    // It is taken back by somebody: ready again, and what fires is told.
    assert_eq!(ask(&engine, "DELETE", MAINTENANCE, &Value::Null).0, 400);
    let end = format!("{MAINTENANCE}?by=kim");
    done(&engine, "DELETE", &end, &Value::Null);
    until("readiness", || (ready(&engine).0 == 200).then_some(()));
    until("the alert", || told("Held back").then_some(()));
    assert_eq!(ask(&engine, "DELETE", &end, &Value::Null).0, 404);

    // One that is ended as the silence that it is, is over too; and one ends by itself.
    let asked = json!({ "by": "kim", "for_seconds": 600 });
    let silence = done(&engine, "POST", MAINTENANCE, &asked);
    let path = format!("/admin/silences/{}?by=kim", silence["id"].as_str().unwrap());
    done(&engine, "DELETE", &path, &Value::Null);
    assert!(!is_in_maintenance(&engine));
    let asked = json!({ "by": "kim", "for_seconds": 1 });
    done(&engine, "POST", MAINTENANCE, &asked);
    until("its end", || (ready(&engine).0 == 200).then_some(()));
    assert!(engine.stop().success());
    let log = std::fs::read_to_string(dir.path().join("trading_engine.log")).unwrap();
    for line in ["\"about\":\"maintenance until 20", "end maintenance by kim"] {
        assert!(log.contains(line), "{line}: {log}");
    }
}
