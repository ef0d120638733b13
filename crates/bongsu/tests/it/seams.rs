//! What several parts must agree on: a restart in the middle of something, one URL for two of them, a
//! console that somebody looks at, a report to every channel that carries one.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Instant,
};

use bongsu_testkit::{
    PATIENCE,
    servers::{PgBouncer, Postgres},
};
use serde_json::Value;

use crate::{
    process::{Service, until},
    receiver::Receiver,
};

/// The statuses that a webhook was told about `key`, in order.
fn told(receiver: &Receiver, key: &str) -> Vec<String> {
    let alerts = receiver.received("POST");
    let bodies = alerts
        .iter()
        .filter_map(|request| serde_json::from_str::<Value>(&request.body).ok());
    let about = bodies.filter(|body| body["key"] == key);
    about
        .filter_map(|body| body["status"].as_str().map(str::to_owned))
        .collect()
}

#[test]
fn what_fired_before_a_restart_ends_when_it_is_so_no_longer() {
    // Ended in order, and not at all: what fires is in the store either way.
    for killed in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let receiver = Receiver::start(|_| "204 No Content");
        let hook = format!("http://{}/hook", receiver.address);
        let start = |warning: &str| {
            let vars = [
                ("ALERT_WEBHOOK_URLS", hook.as_str()),
                ("DISK_WARNING_THRESHOLD", warning),
                ("DISK_CRITICAL_THRESHOLD", "99.9"),
                ("BONGSU_RESOURCE_INTERVAL_SECONDS", "1"),
            ];
            Service::start("minimal", dir.path(), &vars)
        };
        let service = start("1");
        until("the disk's alert", || {
            told(&receiver, "resource|disk")
                .contains(&"firing".to_owned())
                .then_some(())
        });
        if killed {
            drop(service);
        } else {
            assert!(service.stop().success());
        }
        let service = start("99.8");
        until("its end, after the restart", || {
            told(&receiver, "resource|disk")
                .contains(&"resolved".to_owned())
                .then_some(())
        });
        let (_, fires) = service.ask("GET", "/admin/alerts", "");
        assert!(!fires.contains("resource|disk"), "{fires}");
        assert!(service.stop().success());
    }
}

#[cfg(feature = "redis")]
#[test]
fn one_redis_url_means_the_same_to_every_part() {
    use std::process::Command;

    use bongsu_testkit::servers::Redis;

    // A password that has to be percent-encoded in a URL.
    let (password, encoded) = ("p@ss/w:rd%", "p%40ss%2Fw%3Ard%25");
    let redis = Redis::start(&["--requirepass", password]);
    let url = format!("redis://:{encoded}@127.0.0.1:{}", redis.port());
    let dir = tempfile::tempdir().unwrap();
    let vars = [
        ("REDIS_URL", url.as_str()),
        ("DISK_WARNING_THRESHOLD", "1"),
        ("BONGSU_RESOURCE_INTERVAL_SECONDS", "1"),
    ];
    let service = Service::start("minimal", dir.path(), &vars);
    until("the health check signs in", || {
        let health: Value = serde_json::from_str(&service.ask("GET", "/health", "").1).ok()?;
        let all = health["dependencies"].as_array()?.clone();
        let redis = all
            .into_iter()
            .find(|dependency| dependency["name"] == "redis")?;
        (redis["status"] == "healthy").then_some(())
    });
    until("the alerts' shared state is there", || {
        let mut keys = Command::new("redis-cli");
        keys.args([
            "-p",
            &redis.port().to_string(),
            "--no-auth-warning",
            "-a",
            password,
        ]);
        let keys = keys
            .args(["--scan", "--pattern", "bongsu:*"])
            .output()
            .unwrap();
        (!keys.stdout.is_empty()).then_some(())
    });
    assert!(service.stop().success());
    let log = std::fs::read_to_string(dir.path().join("minimal.log")).unwrap();
    assert!(
        !log.contains("WRONGPASS") && !log.contains("out of reach"),
        "{log}"
    );
    assert!(!log.contains(password) && !log.contains(encoded), "{log}");
}

#[cfg(feature = "console")]
#[test]
fn a_console_that_is_held_open_is_nobodys_request_and_holds_nobody_up() {
    let dir = tempfile::tempdir().unwrap();
    let service = Service::start("minimal", dir.path(), &[("BONGSU_GRACE_SECONDS", "50")]);
    let mut console = TcpStream::connect(service.address).unwrap();
    console.set_read_timeout(Some(PATIENCE)).unwrap();
    console
        .write_all(b"GET /console/events HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .unwrap();
    let mut first = [0; 1024];
    let read = console.read(&mut first).unwrap();
    assert!(
        first[..read].starts_with(b"HTTP/1.1 200"),
        "{}",
        String::from_utf8_lossy(&first[..read])
    );

    let (_, page) = service.ask("GET", "/metrics", "");
    let users: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("http_request") && line.contains("/console"))
        .collect();
    assert!(
        users.is_empty(),
        "the console counts as a user's request: {users:?}"
    );
    let asked = Instant::now();
    assert!(service.stop().success());
    assert!(
        asked.elapsed().as_secs() < 25,
        "it waited for whoever looks: {:?}",
        asked.elapsed()
    );
    let log = std::fs::read_to_string(dir.path().join("minimal.log")).unwrap();
    let warned: Vec<&str> = log
        .lines()
        .filter(|line| line.contains(r#""level":"WARN""#) && line.contains("console"))
        .collect();
    assert!(warned.is_empty(), "{warned:?}");
}

#[test]
fn a_report_reaches_every_channel_that_carries_one() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(|_| "200 OK");
    let at = |path: &str| format!("http://{}/{path}", receiver.address);
    let (slack, webhook, teams, discord) = (at("slack"), at("webhook"), at("teams"), at("discord"));
    let mut vars = vec![
        ("DATABASE_URL", "sqlite:engine.db"),
        ("SLACK_WEBHOOK_URL", slack.as_str()),
        ("ALERT_WEBHOOK_URLS", webhook.as_str()),
    ];
    let mut paths = vec!["/slack", "/webhook"];
    if cfg!(feature = "teams") {
        vars.push(("TEAMS_WEBHOOK_URL", teams.as_str()));
        paths.push("/teams");
    }
    if cfg!(feature = "discord") {
        vars.push(("DISCORD_WEBHOOK_URL", discord.as_str()));
        paths.push("/discord");
    }
    // A webhook is read by programs: it carries a report where it is asked to.
    let asked = paths.join(",").replace('/', "");
    vars.push(("REPORT_CHANNELS", asked.as_str()));
    let engine = Service::start("trading_engine", dir.path(), &vars);
    let (status, body) = engine.ask("POST", "/market/close", "");
    assert_eq!(status, 200, "{body}");
    for path in paths {
        until(&format!("the report at {path}"), || {
            let all = receiver.received("POST");
            let reports = all
                .iter()
                .filter(|request| request.path.split('?').next() == Some(path));
            // The session's date is in every form of the report, and in no alert of this run.
            reports
                .filter(|request| request.body.contains("2026-06-01"))
                .count()
                .ge(&1)
                .then_some(())
        });
    }
    assert!(engine.stop().success());
}

#[test]
fn a_database_behind_a_pooler_is_healthy() {
    let server = Postgres::start();
    let pooler = PgBouncer::before(&server);
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start("minimal", folder.path(), &[("DATABASE_URL", &pooler.url())]);
    until("the database is healthy", || {
        let health: Value = serde_json::from_str(&service.ask("GET", "/health", "").1).ok()?;
        let dependencies = health["dependencies"].as_array()?.clone();
        let database = dependencies.iter().find(|it| it["name"] == "database")?;
        (database["status"] == "healthy").then_some(())
    });
    assert!(service.stop().success());
}
