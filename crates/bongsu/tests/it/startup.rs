use std::net::TcpListener;

use crate::process::{Service, command, until};

#[test]
fn a_wrong_configuration_is_told_whole_and_ends_with_2() {
    let dir = tempfile::tempdir().unwrap();
    let output = command(
        "trading_engine",
        dir.path(),
        &[
            ("CPU_WARNING_THRESHOLD", "hot"),
            ("LOG_LEVEL", "loud=very"),
            ("SLACK_WEBHOOK_URL", "ftp://hooks/T0P-S3CRET"),
            ("ALERT_WEBHOOK_SECRET", "n0t-a-s1gning-key"),
            ("ALERT_WEBHOOK_URLS", "http://127.0.0.1:9/hook"),
        ],
    )
    .output()
    .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    for variable in [
        "SERVICE_NAME",
        "CPU_WARNING_THRESHOLD",
        "LOG_LEVEL",
        "SLACK_WEBHOOK_URL",
        "ALERT_WEBHOOK_SECRET",
    ] {
        assert!(told.contains(variable), "{variable} is not named:\n{told}");
    }
    for secret in ["T0P-S3CRET", "n0t-a-s1gning-key"] {
        assert!(!told.contains(secret), "{secret} is shown:\n{told}");
    }
}

#[test]
fn a_variable_that_nothing_reads_is_said_and_it_starts() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Service::start(
        "trading_engine",
        dir.path(),
        &[("SLACK_WEBHOK_URL", "https://hooks/T0P-S3CRET")],
    );
    assert_eq!(engine.ask("GET", "/liveness", "").0, 200);
    let read = || std::fs::read_to_string(dir.path().join("trading_engine.log")).unwrap();
    let warning = until("the log names it", || {
        let log = read();
        let line = log.lines().find(|line| line.contains("SLACK_WEBHOK_URL"));
        line.map(str::to_owned)
    });
    assert!(warning.contains(r#""level":"WARN""#), "{warning}");
    assert!(warning.contains("is SLACK_WEBHOOK_URL meant?"), "{warning}");
    assert!(!read().contains("T0P-S3CRET"));
}

#[test]
fn a_port_in_use_is_told_and_ends_with_1() {
    let dir = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = command(
        "trading_engine",
        dir.path(),
        &[("SERVICE_NAME", "engine"), ("BONGSU_BIND", &address)],
    )
    .output()
    .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains(&address) && told.contains("port"), "{told}");
}

#[test]
fn a_database_that_cannot_be_opened_makes_it_unready_and_it_lives_on() {
    let dir = tempfile::tempdir().unwrap();
    // A folder where the file should be.
    let path = dir.path().join("engine.db");
    std::fs::create_dir(&path).unwrap();
    let url = format!("sqlite:{}", path.display());
    let engine = Service::start("trading_engine", dir.path(), &[("DATABASE_URL", &url)]);
    let (_, body) = until("readiness is 503 for the database", || {
        let (status, body) = engine.ask("GET", "/ready", "");
        (status == 503 && body.contains("database")).then_some((status, body))
    });
    assert!(body.contains("\"ready\":false"), "{body}");
    assert_eq!(engine.ask("GET", "/liveness", "").0, 200);
    let order = r#"{"symbol":"005930","side":"buy","quantity":1}"#;
    assert_eq!(engine.ask("POST", "/trade", order).0, 503);
    let log = std::fs::read_to_string(dir.path().join("trading_engine.log")).unwrap();
    assert!(
        log.contains("unable to open database file"),
        "the log says why:\n{log}"
    );

    std::fs::remove_dir(&path).unwrap();
    until("ready once the database can be opened", || {
        (engine.ask("GET", "/ready", "").0 == 200).then_some(())
    });
    assert_eq!(engine.ask("POST", "/trade", order).0, 200);
    assert!(engine.stop().success());
}
