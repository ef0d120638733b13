//! Each example does what it is there to show.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
};

use serde_json::Value;

use crate::{
    process::{Service, start, until},
    receiver::Receiver,
};

#[test]
fn minimal_is_short_and_serves_every_endpoint() {
    let source = include_str!("../../examples/minimal.rs");
    assert!(source.lines().count() < 30, "{source}");

    let dir = tempfile::tempdir().unwrap();
    let service = Service::start("minimal", dir.path(), &[]);
    assert_eq!(service.ask("GET", "/", ""), (200, "봉수".to_owned()));
    for path in ["/health", "/ready", "/liveness", "/metrics"] {
        until(&format!("{path} is 200"), || {
            (service.ask("GET", path, "").0 == 200).then_some(())
        });
    }
    assert!(service.stop().success());
}

fn page(receiver: &Receiver) -> (bool, String) {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("http://{}/page/T0P-S3CRET", receiver.address);
    let vars = [("SERVICE_NAME", "desk"), ("PAGER_URL", url.as_str())];
    let ended = start("custom_channel", dir.path(), &vars).wait();
    let log = std::fs::read_to_string(dir.path().join("custom_channel.log")).unwrap();
    assert!(!log.contains("T0P-S3CRET"), "the URL is shown:\n{log}");
    (ended.success(), log)
}

#[test]
fn custom_channel_pages_for_what_is_critical_alone() {
    let receiver = Receiver::start(|_| "202 Accepted");
    let (ended, log) = page(&receiver);
    assert!(ended, "{log}");
    assert!(log.contains(r#""outcome":"delivered""#), "probed:\n{log}");
    assert!(log.contains("Slow Performance"), "in the log:\n{log}");
    assert_eq!(receiver.received("HEAD").len(), 1);
    let pages = receiver.received("POST");
    assert_eq!(pages.len(), 1, "{pages:?}");
    let body: Value = serde_json::from_str(&pages[0].body).unwrap();
    assert_eq!(body["urgency"], "critical");
    assert_eq!(
        body["text"],
        "[desk] TRADING HALT: trading halted: drawdown limit (drawdown 8.20%)"
    );
    assert!(pages[0].header("idempotency-key").is_some(), "{pages:?}");
    assert_eq!(pages[0].path, "/page/T0P-S3CRET");
}

#[test]
fn custom_channel_says_that_a_pager_is_broken_and_stops_trying() {
    let receiver = Receiver::start(|_| "403 Forbidden");
    let (ended, log) = page(&receiver);
    assert!(ended, "a dead pager is not the service's end:\n{log}");
    assert!(log.contains(r#""outcome":"broken""#), "probed:\n{log}");
    assert_eq!(receiver.received("POST").len(), 1);
}

/// A broker's gateway with `line` to say.
fn gateway(line: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut asked = String::new();
            // Nothing is asked by a run that was given up.
            let _ = BufReader::new(&stream).read_line(&mut asked);
            if asked == "STATUS\n" {
                let _ = stream.write_all(line.as_bytes());
            }
        }
    });
    address
}

#[test]
fn custom_check_follows_the_gateway_and_the_feed() {
    // What the gateway says, the readiness that follows, and the check's status.
    for (line, ready, status) in [
        ("OPEN 3\n", 200, "healthy"),
        ("OPEN 4711\n", 200, "degraded"),
        ("CLOSED\n", 503, "unhealthy"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let broker = gateway(line);
        let service = Service::start("custom_check", dir.path(), &[("BROKER_ADDRESS", &broker)]);
        let body = until(&format!("{line:?} makes it {status}"), || {
            let body: Value = serde_json::from_str(&service.ask("GET", "/health", "").1).unwrap();
            let dependency = body["dependencies"].as_array()?.first()?;
            (dependency["status"] == status).then_some(body)
        });
        until(&format!("{line:?} makes readiness {ready}"), || {
            (service.ask("GET", "/ready", "").0 == ready).then_some(())
        });
        let all = body["dependencies"].as_array().unwrap();
        let feed = all.iter().find(|one| one["name"] == "market-data");
        let feed = feed.unwrap_or_else(|| panic!("no market-data in {body}"));
        assert_eq!(feed["status"], "healthy", "open or closed: {body}");
        assert!(service.stop().success());
    }
}

#[test]
fn worker_without_http_works_keeps_its_health_and_ends_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let vars = [
        ("SERVICE_NAME", "settlement"),
        ("DATABASE_URL", "sqlite:trades.db"),
        ("BONGSU_RESOURCE_INTERVAL_SECONDS", "1"),
    ];
    let worker = start("worker_without_http", dir.path(), &vars);
    let file = dir.path().join("bongsu-data/health.json");
    let health = until("a health file with resources", || {
        let text = std::fs::read_to_string(&file).ok()?;
        let health: Value = serde_json::from_str(&text).expect("never half a file");
        health["system_resources"].is_object().then_some(health)
    });
    let names: Vec<&Value> = health["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|dependency| &dependency["name"])
        .collect();
    assert_eq!(
        names,
        ["database", "alert-store", "settlement-loop"],
        "{health}"
    );

    assert!(worker.stop().success());
    let log = std::fs::read_to_string(dir.path().join("worker_without_http.log")).unwrap();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    let said = |message: &str| lines.iter().find(|line| line["message"] == message);
    assert_eq!(said("working").unwrap()["daily_report"], true, "{log}");
    assert_eq!(said("business event").unwrap()["trades"], 12, "{log}");
    assert_eq!(said("stopped"), lines.last(), "the log is last:\n{log}");
}
