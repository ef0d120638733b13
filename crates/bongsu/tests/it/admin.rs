//! What an operator does to a running service, over HTTP.

use serde_json::{Value, json};

use crate::{
    process::{Service, until},
    receiver::Receiver,
};

const TOKEN: &str = "authorization: Bearer 0ps-t0ken\r\ncontent-type: application/json\r\n";

fn ask(engine: &Service, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let (status, answer) = engine.ask_with(method, path, TOKEN, &body);
    (
        status,
        serde_json::from_str(&answer).unwrap_or(Value::String(answer)),
    )
}

#[track_caller]
fn done(engine: &Service, method: &str, path: &str, body: &Value) -> Value {
    let (status, answer) = ask(engine, method, path, body);
    assert_eq!(status, 200, "{method} {path}: {answer}");
    answer
}

#[test]
fn an_operator_sees_and_acts_and_every_step_is_in_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(|_| "204 No Content");
    let hook = format!("http://{}/hook", receiver.address);
    let database = format!("sqlite:{}", dir.path().join("engine.db").display());
    let engine = Service::start(
        "trading_engine",
        dir.path(),
        &[
            ("BONGSU_OPS_TOKEN", "0ps-t0ken"),
            ("ALERT_WEBHOOK_URLS", &hook),
            ("DATABASE_URL", &database),
            // Crossed by any disk: an alert that fires.
            ("DISK_WARNING_THRESHOLD", "1"),
            ("BONGSU_RESOURCE_INTERVAL_SECONDS", "1"),
            ("BONGSU_HEALTH_DETAIL", "never"),
        ],
    );

    // Health with its dependencies, whatever the public page hides.
    let (_, public) = engine.ask("GET", "/health", "");
    assert!(!public.contains("database"), "{public}");
    until("the database in the detail", || {
        let health = done(&engine, "GET", "/admin/health", &Value::Null);
        let listed = health["dependencies"].as_array()?;
        listed.iter().any(|d| d["name"] == "database").then_some(())
    });

    // The log level, for a time.
    let level = done(&engine, "GET", "/admin/log-level", &Value::Null);
    assert_eq!(level["level"], "info");
    let asked = json!({ "level": "debug", "for_seconds": 600 });
    let level = done(&engine, "PUT", "/admin/log-level", &asked);
    assert_eq!(level["level"], "debug");
    assert!(level["lasts_seconds"].as_u64().unwrap() > 500, "{level}");
    let asked = json!({ "level": "loud=very" });
    assert_eq!(ask(&engine, "PUT", "/admin/log-level", &asked).0, 400);

    // What fires is seen, acknowledged, resolved.
    let disk = || {
        let firing = done(&engine, "GET", "/admin/alerts", &Value::Null);
        let mut all = firing["alerts"].as_array()?.iter();
        all.find(|alert| alert["key"] == "resource|disk").cloned()
    };
    let key = until("the disk's alert", disk)["key"].clone();
    let asked = json!({ "key": key, "by": "kim" });
    done(&engine, "POST", "/admin/alerts/acknowledge", &asked);
    assert_eq!(disk().unwrap()["acknowledged_by"], "kim");
    let unknown = json!({ "key": "no|such", "by": "kim" });
    let (status, answer) = ask(&engine, "POST", "/admin/alerts/acknowledge", &unknown);
    assert_eq!(status, 404, "{answer}");
    done(
        &engine,
        "POST",
        "/admin/alerts/resolve",
        &json!({ "key": key, "by": "kim" }),
    );

    // A silence begins and ends.
    let asked =
        json!({ "source": "risk_manager", "for_seconds": 60, "by": "kim", "comment": "drill" });
    let silence = done(&engine, "POST", "/admin/silences", &asked);
    let listed = done(&engine, "GET", "/admin/silences", &Value::Null);
    assert_eq!(listed["silences"][0]["id"], silence["id"]);
    assert_eq!(listed["silences"][0], silence, "the same words");
    let path = format!("/admin/silences/{}", silence["id"].as_str().unwrap());
    assert_eq!(ask(&engine, "DELETE", &path, &Value::Null).0, 400, "nobody");
    let path = format!("{path}?by=kim");
    done(&engine, "DELETE", &path, &Value::Null);
    assert_eq!(ask(&engine, "DELETE", &path, &Value::Null).0, 404);

    // A channel is tried, and the history tells what became of the alert.
    let before = receiver.received("POST").len();
    done(
        &engine,
        "POST",
        "/admin/channels/webhook/test",
        &Value::Null,
    );
    let received = receiver.received("POST");
    assert!(
        received[before..]
            .iter()
            .any(|r| r.body.contains("Test message")),
        "{received:?}"
    );
    assert_eq!(
        ask(&engine, "POST", "/admin/channels/fax/test", &Value::Null).0,
        404
    );
    let channels = done(&engine, "GET", "/admin/channels", &Value::Null);
    assert!(
        channels["channels"].as_array().unwrap().len() >= 2,
        "{channels}"
    );
    let history = done(
        &engine,
        "GET",
        "/admin/alerts/history?hours=1",
        &Value::Null,
    );
    assert!(
        history["alerts"]
            .as_array()
            .unwrap()
            .iter()
            .any(|a| a["key"] == key && a["deliveries"].as_array().is_some_and(|d| !d.is_empty())),
        "{history}"
    );
    let since = json!({ "since": "2026-01-01T00:00:00Z" });
    let replayed = done(&engine, "POST", "/admin/alerts/replay", &since);
    assert_eq!(replayed["replayed"], 0);

    // The report of a seeded session, in every form; nothing was sent for it.
    for (form, sign) in [
        ("html", "<html"),
        ("text", "2026-05-28"),
        ("json", "\"trading_stats\""),
        ("csv", "executed_at,order_id"),
    ] {
        let path = format!("/admin/reports/2026-05-28?form={form}");
        let (status, body) = engine.ask_with("GET", &path, TOKEN, "");
        assert_eq!(status, 200, "{body}");
        assert!(body.contains(sign), "{form}: {body:.300}");
    }
    let sent = done(
        &engine,
        "GET",
        "/admin/reports/2026-05-28/deliveries",
        &Value::Null,
    );
    assert_eq!(sent["deliveries"], json!([]));
    assert_eq!(
        ask(&engine, "GET", "/admin/reports/yesterday", &Value::Null).0,
        400
    );

    // Without the token: nothing, and it is counted.
    assert_eq!(engine.ask("GET", "/admin/alerts", "").0, 401);
    let (_, page) = engine.ask_with("GET", "/metrics", TOKEN, "");
    assert!(
        page.contains(
            "bongsu_http_requests_total{endpoint=\"/admin/alerts\",method=\"GET\",status=\"401\"} 1"
        ),
        "{page}"
    );

    assert!(engine.stop().success());
    let log = std::fs::read_to_string(dir.path().join("trading_engine.log")).unwrap();
    let audit: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["logger"] == "audit")
        .collect();
    for about in [
        "log level debug for 600 s",
        "acknowledge resource|disk by kim",
        "silence for 60 s by kim",
        "test webhook",
        "preview report 2026-05-28",
    ] {
        assert!(
            audit
                .iter()
                .any(|line| line["about"] == about && line["status"] == 200),
            "{about} is not in the audit: {audit:#?}"
        );
    }
    assert!(
        audit
            .iter()
            .any(|line| line["status"] == 401 && line["level"] == "WARN")
    );
    assert!(!log.contains("0ps-t0ken"), "the token is in the log");
}

#[test]
fn without_a_token_admin_is_for_the_machine_itself() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Service::start("trading_engine", dir.path(), &[]);
    assert_eq!(engine.ask("GET", "/admin/alerts", "").0, 200);
    let proxied = "x-forwarded-for: 203.0.113.7\r\n";
    assert_eq!(engine.ask_with("GET", "/admin/alerts", proxied, "").0, 403);
    let foreign = "origin: http://evil.example\r\n";
    let (status, _) = engine.ask_with("POST", "/admin/channels/log/test", foreign, "");
    assert_eq!(status, 403);
    // A report needs a source of figures: said, not made up.
    let (status, answer) = engine.ask("GET", "/admin/reports/2026-05-28", "");
    assert_eq!(status, 501, "{answer}");
    assert!(answer.contains("DATABASE_URL"), "{answer}");
}

#[test]
fn a_script_raises_an_alert_asks_about_it_silences_it_and_ends_it() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(|_| "204 No Content");
    let hook = format!("http://{}/hook", receiver.address);
    let vars = [
        ("BONGSU_OPS_TOKEN", "0ps-t0ken"),
        ("ALERT_WEBHOOK_URLS", hook.as_str()),
    ];
    let engine = Service::start("minimal", dir.path(), &vars);
    let post = |path: &str, body: Value| done(&engine, "POST", path, &body);
    let alert = json!({
        "level": "error", "title": "Nightly job", "message": "rc 3", "source": "cron",
        "key": "cron|nightly", "tags": ["batch"], "metadata": { "rc": 3 },
    });
    let listed = || {
        let firing = done(&engine, "GET", "/admin/alerts", &Value::Null);
        let mut all = firing["alerts"].as_array().unwrap().iter();
        all.find(|it| it["key"] == "cron|nightly").cloned()
    };

    // Before, nothing is held; asking changes nothing.
    let told = post("/admin/alerts/explain", alert.clone());
    assert_eq!(
        (&told["key"], &told["held"]),
        (&json!("cron|nightly"), &Value::Null)
    );
    assert!(listed().is_none());
    let sent = post("/admin/alerts", alert.clone());
    assert_eq!(
        (&sent["key"], &sent["deliveries"]),
        (&json!("cron|nightly"), &json!(2))
    );
    // The same once more is the same alert.
    let again = post("/admin/alerts", alert.clone());
    assert_eq!(
        (&again["key"], &again["deliveries"]),
        (&sent["key"], &json!(0))
    );
    assert_eq!(listed().unwrap()["count"], 2);
    let told = post("/admin/alerts/explain", alert.clone());
    let webhook = |told: &Value| {
        let mut all = told["channels"].as_array().unwrap().iter();
        all.find(|it| it["channel"] == "webhook").unwrap()["reason"].clone()
    };
    assert_eq!(webhook(&told), "cooldown", "{told}");

    // Somebody knows, and takes it back.
    let about = json!({ "key": "cron|nightly", "by": "kim" });
    post("/admin/alerts/acknowledge", about.clone());
    assert_eq!(listed().unwrap()["acknowledged_by"], "kim");
    post("/admin/alerts/unacknowledge", about);
    assert_eq!(listed().unwrap()["acknowledged_by"], Value::Null);

    // A silence says what it would hold, what it holds, and lets what is worse through.
    let silence = json!({
        "source": "cron", "max_level": "error", "metadata": { "rc": 3 }, "for_seconds": 600,
        "by": "kim", "comment": "drill",
    });
    let about = post("/admin/silences/preview", silence.clone());
    assert_eq!(about["holds"], json!(["cron|nightly"]), "{about}");
    let made = post("/admin/silences", silence.clone());
    assert_eq!(
        (&made["active"], &made["holds"]),
        (&json!(true), &about["holds"])
    );
    assert_eq!(made["matches"], "source cron, rc 3, level at most error");
    let told = post("/admin/alerts/explain", alert.clone());
    assert_eq!(
        (&told["held"], &told["silences"]),
        (&json!("silence"), &json!([made["id"]]))
    );
    assert!(listed().unwrap()["silenced_until"].is_string());
    let mut worse = alert;
    worse["level"] = json!("CRITICAL");
    let told = post("/admin/alerts/explain", worse);
    assert_eq!(told["held"], Value::Null, "{told}");

    // One that begins later, or holds at other hours, holds nothing now.
    let mut later = silence.clone();
    later["start"] = json!("2099-01-01T00:00:00Z");
    let (status, answer) = ask(&engine, "POST", "/admin/silences", &later);
    assert_eq!(
        (status, answer["error"].as_str()),
        (400, Some("start: at most 366 days from now"))
    );
    let tomorrow = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
    later["start"] = json!(tomorrow);
    let later = post("/admin/silences", later);
    assert_eq!(
        (&later["active"], &later["holds"]),
        (&json!(false), &json!([])),
        "{later}"
    );
    let mut weekly = silence.clone();
    weekly["recurrence"] = json!({ "weekly": { "from": "00:00", "to": "24:00", "zone": "UTC" } });
    weekly["for_seconds"] = json!(31_536_000);
    let weekly = post("/admin/silences", weekly);
    assert_eq!(weekly["recurrence"], "00:00 to 00:00 (UTC)", "{weekly}");
    assert_eq!(weekly["holds"], about["holds"], "{weekly}");
    for (wrong, want) in [
        (
            json!({ "weekly": { "from": "2", "to": "04:00" } }),
            "recurrence.weekly.from: ",
        ),
        (
            json!({ "weekly": { "from": "02:00", "to": "04:00", "zone": "Asia/Seol" } }),
            "recurrence.weekly.zone: ",
        ),
        (json!({ "session": "lunch" }), "recurrence.session: "),
    ] {
        let mut asked = silence.clone();
        asked["recurrence"] = wrong;
        let (status, answer) = ask(&engine, "POST", "/admin/silences", &asked);
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(
            status == 400 && error.starts_with(want),
            "{status} {answer}"
        );
    }

    // In a session of the exchange, or outside of it: one of the two is now.
    let in_session = |name: &str| {
        let mut asked = silence.clone();
        asked["recurrence"] = json!({ "session": name });
        let made = post("/admin/silences", asked);
        let holds = made["holds"] == about["holds"];
        assert_eq!(made["active"], holds, "{made}");
        (made["recurrence"].clone(), holds)
    };
    let (within, outside) = (in_session("krx regular"), in_session("outside KRX regular"));
    assert_eq!(
        (&within.0, &outside.0),
        (&json!("in KRX regular"), &json!("outside KRX regular"))
    );
    assert_ne!(within.1, outside.1);

    // A script says that it is over, and need not say who it is.
    post("/admin/alerts/resolve", json!({ "key": "cron|nightly" }));
    assert!(listed().is_none());
    assert_eq!(
        ask(
            &engine,
            "POST",
            "/admin/alerts/resolve",
            &json!({ "key": "cron|nightly" })
        )
        .0,
        404
    );
    assert!(engine.stop().success());
    let log = std::fs::read_to_string(dir.path().join("minimal.log")).unwrap();
    for about in [
        "send alert cron|nightly",
        "unacknowledge cron|nightly by kim",
        "by kim",
    ] {
        assert!(log.contains(about), "{about}:\n{log}");
    }
}
