//! A data folder that an earlier version left, with something firing in it.

use serde_json::Value;

use crate::{
    process::{Service, until},
    receiver::Receiver,
};

/// What fires there, by its keys.
fn firing(service: &Service) -> Vec<String> {
    let (status, body) = service.ask("GET", "/admin/alerts", "");
    assert_eq!(status, 200, "{body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    let mut keys: Vec<String> = body["alerts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|alert| alert["key"].as_str().unwrap().to_owned())
        .collect();
    keys.sort();
    keys
}

/// Whoever was told then hears that the disk is fine, that a check is configured no more, and that an
/// error was not repeated; a condition of the service's own fires on, with who knows of it.
#[test]
fn what_an_earlier_version_left_firing_is_reconciled() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("bongsu-data");
    std::fs::create_dir(&data).unwrap();
    let file = rusqlite::Connection::open(data.join("alerts.db")).unwrap();
    let older = include_str!("../fixtures/alerts-before-states.sql");
    file.execute_batch(older).unwrap();
    drop(file);
    let receiver = Receiver::start(|_| "204 No Content");
    let hook = format!("http://{}/hook", receiver.address);
    let vars = [
        ("ALERT_WEBHOOK_URLS", hook.as_str()),
        ("DISK_WARNING_THRESHOLD", "99.8"),
        ("DISK_CRITICAL_THRESHOLD", "99.9"),
        ("BONGSU_RESOURCE_INTERVAL_SECONDS", "1"),
    ];
    let service = Service::start("minimal", dir.path(), &vars);
    let told = || {
        let told = receiver.received("POST");
        let told = told
            .iter()
            .filter_map(|request| serde_json::from_str::<Value>(&request.body).ok());
        let mut told: Vec<(String, String)> = told
            .map(|body| (body["key"].to_string(), body["status"].to_string()))
            .collect();
        told.sort();
        told
    };
    let ended = |key: &str| (format!("{key:?}"), "\"resolved\"".to_owned());
    let want: Vec<_> = ["error|router|timeout", "health|ledger", "resource|disk"]
        .map(ended)
        .into();
    until("the ends of what is so no longer", || {
        (told().len() >= want.len()).then_some(())
    });
    assert_eq!(told(), want);
    assert_eq!(firing(&service), ["desk|limit"]);
    let (_, fires) = service.ask("GET", "/admin/alerts", "");
    assert!(fires.contains("\"kim\""), "{fires}");
    let (_, silences) = service.ask("GET", "/admin/silences", "");
    assert!(silences.contains("nightly run"), "{silences}");
    assert!(service.stop().success());
}
