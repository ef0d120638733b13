//! The command `bongsu` as a person meets it: words and an exit code.

use std::{net::TcpListener, path::Path};

use crate::{
    process::{command, free_address},
    receiver::Receiver,
};

/// Runs to the end; gives the exit code and everything that was said.
pub(crate) fn run(words: &str, dir: &Path, vars: &[(&str, &str)], args: &[&str]) -> (i32, String) {
    let mut bongsu = command("bongsu", dir, vars);
    bongsu.args(words.split(' ')).args(args);
    let output = bongsu.output().unwrap();
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8(told).unwrap();
    (output.status.code().unwrap(), told)
}

#[track_caller]
pub(crate) fn check(told: &str, wanted: &[&str]) {
    for words in wanted {
        assert!(told.contains(words), "{words:?} is not said:\n{told}");
    }
}

#[test]
fn the_doctor_names_every_wrong_variable_and_ends_with_2() {
    let dir = tempfile::tempdir().unwrap();
    let vars = [
        ("METRICS_PORT", "many"),
        ("BONGSU_SMTP_HOST", "mail.example.com"),
        ("SLACK_WEBHOOK_URL", "ftp://hooks/T0P-S3CRET"),
    ];
    let (code, told) = run("doctor", dir.path(), &vars, &[]);
    assert_eq!(code, 2, "{told}");
    check(
        &told,
        &[
            "SERVICE_NAME",
            "METRICS_PORT",
            "ALERT_EMAIL_FROM",
            "ALERT_EMAIL_TO",
            "SLACK_WEBHOOK_URL",
        ],
    );
    assert!(!told.contains("T0P-S3CRET"), "{told}");
}

#[test]
fn the_doctor_is_content_with_an_environment_that_will_do() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(|_| "200 OK");
    let bind = free_address().to_string();
    let hook = format!("http://{}/hook/T0P-S3CRET", receiver.address);
    let database = rusqlite::Connection::open(dir.path().join("trades.db")).unwrap();
    database.execute_batch("CREATE TABLE trades (id)").unwrap();
    let vars = [
        ("SERVICE_NAME", "engine"),
        ("BONGSU_BIND", bind.as_str()),
        ("DATABASE_URL", "sqlite:trades.db"),
        ("LOG_DIR", "logs"),
        ("ALERT_WEBHOOK_URLS", hook.as_str()),
    ];
    let (code, told) = run("doctor", dir.path(), &vars, &[]);
    assert_eq!(code, 0, "{told}");
    check(
        &told,
        &[
            "every variable that is set is understood",
            "clock",
            "KRX calendar",
            "open files",
            "bongsu-data is not there yet and can be made",
            "logs is not there yet and can be made",
            &format!("{bind} is free"),
            "DATABASE_URL",
            "channel webhook",
            " 0 failed",
        ],
    );
    assert!(!told.contains("T0P-S3CRET"), "{told}");
    assert!(receiver.received("POST").is_empty(), "nothing is sent");
    let left: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["trades.db"], "nothing is left behind");
}

#[test]
fn the_doctor_asks_what_a_slip_of_the_pen_means() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(".env"), "SLACK_CHANEL='#T0P-S3CRET'\n").unwrap();
    let vars = [
        ("SERVICE_NAME", "engine"),
        ("BONGSU_BIND", &free_address().to_string()),
        ("SMTP_PASWORD", "T0P-S3CRET"),
    ];
    let (code, told) = run("doctor", dir.path(), &vars, &[]);
    assert_eq!(code, 0, "{told}");
    check(
        &told,
        &[
            "warning  SMTP_PASWORD",
            "is SMTP_PASSWORD meant?",
            "warning  SLACK_CHANEL",
            "is SLACK_CHANNEL meant?",
        ],
    );
    assert!(!told.contains("every variable that is set is understood"));
    assert!(!told.contains("T0P-S3CRET"), "{told}");
}

#[test]
fn the_doctor_says_each_failure_with_a_remedy_and_ends_with_1() {
    let dir = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let bind = taken.local_addr().unwrap().to_string();
    let dead = free_address().port().to_string();
    // A file where the folder should be, a folder where the database should be.
    std::fs::write(dir.path().join("data"), "").unwrap();
    std::fs::create_dir(dir.path().join("trades.db")).unwrap();
    let vars = [
        ("SERVICE_NAME", "engine"),
        ("BONGSU_BIND", bind.as_str()),
        ("BONGSU_DATA_DIR", "data"),
        ("DATABASE_URL", "sqlite:trades.db"),
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_PORT", dead.as_str()),
        ("BONGSU_SMTP_TLS", "none"),
        ("SMTP_USERNAME", "alerts"),
        ("SMTP_PASSWORD", "T0P-S3CRET"),
        ("ALERT_EMAIL_FROM", "alerts@example.com"),
        ("ALERT_EMAIL_TO", "desk@example.com"),
    ];
    let (code, told) = run("doctor", dir.path(), &vars, &[]);
    assert_eq!(code, 1, "{told}");
    let failed: Vec<&str> = told
        .lines()
        .filter_map(|line| line.strip_prefix("failed   "))
        .map(|line| line.split("  ").next().unwrap())
        .collect();
    assert_eq!(
        failed,
        [
            "BONGSU_DATA_DIR",
            "BONGSU_BIND",
            "DATABASE_URL",
            "channel email"
        ],
        "{told}"
    );
    check(
        &told,
        &[
            "ss -ltnp",
            "check SMTP_HOST, SMTP_PORT",
            "set BONGSU_DATA_DIR",
        ],
    );
    assert!(!told.contains("T0P-S3CRET"), "{told}");
}

#[test]
fn the_doctor_compares_the_clock_with_an_endpoints() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(|_| "200 OK\r\ndate: Tue, 24 Nov 2020 13:22:25 GMT");
    let (bind, hook) = (
        free_address().to_string(),
        format!("http://{}/hook/T0P-S3CRET", receiver.address),
    );
    let vars = [
        ("SERVICE_NAME", "engine"),
        ("BONGSU_BIND", bind.as_str()),
        ("ALERT_WEBHOOK_URLS", hook.as_str()),
    ];
    let (code, told) = run("doctor", dir.path(), &vars, &[]);
    assert_eq!(code, 1, "{told}");
    let clock = told.lines().find(|line| line.contains("clock")).unwrap();
    check(
        clock,
        &["failed", &format!("s ahead of {}", receiver.address)],
    );
    check(&told, &["synchronise the clock", "channel webhook"]);
    let asked = receiver.received("HEAD");
    assert_eq!(asked[0].path, "/", "the time is asked of the root alone");
}

#[test]
fn an_alert_test_goes_through_every_channel_or_the_one_named() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(|request| {
        if request.path.starts_with("/gone") {
            "410 Gone"
        } else {
            "200 OK"
        }
    });
    let base = format!("http://{}", receiver.address);
    let hooks = format!("{base}/hook, {base}/gone/T0P-S3CRET");
    let vars = [
        ("SERVICE_NAME", "engine"),
        ("ALERT_WEBHOOK_URLS", hooks.as_str()),
    ];

    let (code, told) = run("alert test", dir.path(), &vars, &["webhook"]);
    assert_eq!(code, 0, "{told}");
    check(&told, &["webhook: delivered"]);
    let sent = receiver.received("POST");
    assert_eq!(sent.len(), 1);
    let body: serde_json::Value = serde_json::from_str(&sent[0].body).unwrap();
    assert_eq!(body["status"], "test", "{body}");
    assert_eq!(body["title"], "Test message from engine", "{body}");

    let (code, told) = run("alert test", dir.path(), &vars, &[]);
    assert_eq!(code, 1, "{told}");
    check(
        &told,
        &[
            "webhook: delivered",
            "webhook-2: the channel has to be mended",
            "410",
            "1 of 2 channels failed",
        ],
    );
    assert!(!told.contains("T0P-S3CRET"), "{told}");
    assert_eq!(receiver.received("POST").len(), 3);

    let (code, told) = run("alert test", dir.path(), &vars, &["pigeon"]);
    assert_eq!(code, 1, "{told}");
    check(&told, &["pigeon", "known: webhook, webhook-2"]);

    let (code, told) = run("alert test", dir.path(), &vars[..1], &[]);
    assert_eq!(code, 1, "{told}");
    check(&told, &["no channel is configured", "SMTP_HOST"]);
    let left = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(left, 0, "nothing is stored");
}

#[cfg(feature = "redis")]
#[test]
fn the_doctor_really_pings_redis() {
    let dir = tempfile::tempdir().unwrap();
    let redis = bongsu_testkit::servers::Redis::start(&["--requirepass", "T0P-S3CRET"]);
    let bind = free_address().to_string();
    for (password, wanted, words) in [
        ("T0P-S3CRET", 0, "answers"),
        ("WR0NG-S3CRET", 1, "WRONGPASS"),
    ] {
        let url = format!("redis://:{password}@127.0.0.1:{}", redis.port());
        let vars = [
            ("SERVICE_NAME", "engine"),
            ("BONGSU_BIND", bind.as_str()),
            ("REDIS_URL", url.as_str()),
        ];
        let (code, told) = run("doctor", dir.path(), &vars, &[]);
        assert_eq!(code, wanted, "{told}");
        let line = told.lines().find(|line| line.contains("REDIS_URL"));
        check(line.unwrap(), &[words]);
        assert!(!told.contains(password), "{told}");
    }
}

#[cfg(feature = "postgres")]
#[test]
fn the_doctor_says_why_postgres_is_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let bind = free_address().to_string();
    let url = format!("postgres://desk:T0P-S3CRET@{}/trades", free_address());
    let vars = [
        ("SERVICE_NAME", "engine"),
        ("BONGSU_BIND", bind.as_str()),
        ("DATABASE_URL", url.as_str()),
    ];
    let (code, told) = run("doctor", dir.path(), &vars, &[]);
    assert_eq!(code, 1, "{told}");
    let line = told.lines().find(|line| line.contains("DATABASE_URL"));
    check(line.unwrap(), &["failed", "Connection refused"]);
    assert!(!told.contains("T0P-S3CRET"), "{told}");
}

#[test]
fn an_alert_is_explained_by_the_environment_and_nothing_is_sent_or_stored() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(|_| "200 OK");
    let hook = format!("http://{}/hook/T0P-S3CRET", receiver.address);
    // The service's own file.
    std::fs::write(
        dir.path().join(".env"),
        format!("SERVICE_NAME=engine\nALERT_WEBHOOK_URLS={hook}\nALERT_WEBHOOK_MIN_LEVEL=error\n"),
    )
    .unwrap();
    let explain = |level: &str, more: &[&str]| {
        let about = ["--level", level, "--title", "t", "--source", "risk_manager"];
        run("alert explain", dir.path(), &[], &[&about, more].concat())
    };
    let (code, told) = explain("CRITICAL", &["--key", "risk|var", "--tag=risk"]);
    assert_eq!(code, 0, "{told}");
    check(
        &told,
        &["risk|var", "log: told", "webhook: told", "cooldown"],
    );
    let (_, told) = explain("info", &[]);
    check(&told, &["log: told"]);
    assert!(!told.contains("webhook"), "below its level: {told}");
    assert!(receiver.received("POST").is_empty());
    let left = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(left, 1, "nothing is stored");

    for (words, args, want) in [
        (
            "alert explain",
            &["--level", "loud", "--title", "t", "--source", "s"][..],
            "--level: unknown level",
        ),
        (
            "alert explain",
            &["--level", "info", "--source", "s"],
            "--title is missing",
        ),
        ("alert", &[], "test or explain is missing"),
        ("doctor", &["now"], "\"now\" is not understood"),
        (
            "report preview",
            &["yesterday"],
            "DATE: \"yesterday\" is no date: write it as 2026-05-28",
        ),
        (
            "report rebuild",
            &["--from", "may"],
            "--from: \"may\" is no date",
        ),
        ("fly", &[], "there is no command \"fly\""),
        ("--dir", &["nowhere", "doctor"], "--dir nowhere"),
        ("new-service", &["Über"], "is not the name of a package"),
    ] {
        let (code, told) = run(words, dir.path(), &[], args);
        assert_eq!(code, 2, "{words} {args:?}: {told}");
        check(&told, &[want, "bongsu --help"]);
    }
}

#[test]
fn a_new_service_is_written_and_the_doctor_is_content_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let (code, told) = run("new-service", dir.path(), &[], &["order-router"]);
    assert_eq!(code, 0, "{told}");
    let bind = free_address().to_string();
    let vars = [("BONGSU_BIND", bind.as_str())];
    let (code, told) = run("--dir order-router doctor", dir.path(), &vars, &[]);
    assert_eq!(code, 0, "{told}");
    check(
        &told,
        &["every variable that is set is understood", " 0 failed"],
    );
    let (code, told) = run("new-service", dir.path(), &[], &["order-router"]);
    assert_eq!(code, 1, "{told}");
    check(&told, &["is there already"]);
    for shell in ["bash", "zsh", "fish"] {
        let (code, told) = run("completions", dir.path(), &[], &[shell]);
        assert_eq!(code, 0, "{told}");
        check(&told, &["rebuild", "explain"]);
    }
}
