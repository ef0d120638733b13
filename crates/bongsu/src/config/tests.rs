use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use super::{Config, Vars, variables};

fn vars(pairs: &[(&'static str, &str)]) -> BTreeMap<&'static str, String> {
    let mut vars = BTreeMap::from([("SERVICE_NAME", "trading_engine".to_owned())]);
    vars.extend(pairs.iter().map(|(key, value)| (*key, (*value).to_owned())));
    vars
}

#[track_caller]
fn check(pairs: &[(&'static str, &str)], wrong: &[&str]) {
    let got: Vec<String> = match Config::from_vars(&vars(pairs)) {
        Ok(_) => Vec::new(),
        Err(error) => error
            .problems()
            .iter()
            .map(|p| p.variable.clone())
            .collect(),
    };
    assert_eq!(got, wrong);
}

#[test]
fn each_bad_value_is_named() {
    check(&[], &[]);
    check(&[("SERVICE_NAME", "")], &["SERVICE_NAME"]);
    check(&[("BONGSU_BIND", "nowhere")], &["BONGSU_BIND"]);
    check(&[("METRICS_PORT", "70000")], &["METRICS_PORT"]);
    check(
        &[("PROMETHEUS_ENABLED", "perhaps")],
        &["PROMETHEUS_ENABLED"],
    );
    check(&[("BONGSU_DRAIN_SECONDS", "-1")], &["BONGSU_DRAIN_SECONDS"]);
    check(&[("DATABASE_URL", "mysql://x")], &["DATABASE_URL"]);
    check(&[("BONGSU_HEALTH_DETAIL", "token")], &["BONGSU_OPS_TOKEN"]);
    check(&[("BONGSU_REPORT_TIME", "25:00")], &["BONGSU_REPORT_TIME"]);
}

#[cfg(feature = "resources")]
#[test]
fn thresholds_must_not_cross() {
    check(
        &[("CPU_WARNING_THRESHOLD", "95")],
        &["CPU_WARNING_THRESHOLD"],
    );
    check(
        &[("DISK_CRITICAL_THRESHOLD", "101")],
        &["DISK_CRITICAL_THRESHOLD"],
    );
    check(
        &[("MEMORY_WARNING_THRESHOLD", "NaN")],
        &["MEMORY_WARNING_THRESHOLD"],
    );
    check(
        &[("BONGSU_RESOURCE_INTERVAL_SECONDS", "0")],
        &["BONGSU_RESOURCE_INTERVAL_SECONDS"],
    );
}

#[cfg(feature = "logging")]
#[test]
fn log_settings_are_judged_at_start() {
    check(&[("LOG_FORMAT", "xml")], &["LOG_FORMAT"]);
    check(&[("LOG_LEVEL", "loud=very")], &["LOG_LEVEL"]);
    check(&[("LOG_LEVEL", "INFO"), ("LOG_FORMAT", "JSON")], &[]);
}

#[cfg(all(feature = "redis", feature = "health", feature = "alerts"))]
#[test]
fn servers_are_judged_by_their_urls() {
    check(&[("REDIS_URL", "redis://:hunter2@cache:6379")], &[]);
    check(&[("REDIS_URL", "rediss://cache")], &["REDIS_URL"]);
    check(&[("REDIS_URL", "redis://cache:port")], &["REDIS_URL"]);
    #[cfg(feature = "postgres")]
    {
        let url = ("DATABASE_URL", "postgres://bongsu:hunter2@[db/trades");
        check(&[url], &["DATABASE_URL"]);
        let error = Config::from_vars(&vars(&[url])).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[cfg(feature = "email")]
#[test]
fn mail_is_all_or_nothing() {
    check(
        &[("SMTP_HOST", "mail.example.com")],
        &["ALERT_EMAIL_FROM", "ALERT_EMAIL_TO"],
    );
    check(&[("ALERT_EMAIL_TO", "a@example.com")], &["SMTP_HOST"]);
    check(
        &[
            ("SMTP_HOST", "h"),
            ("SMTP_USERNAME", "u"),
            ("ALERT_EMAIL_FROM", "a@b.c"),
            ("ALERT_EMAIL_TO", "d@e.f, g@h.i"),
        ],
        &["SMTP_PASSWORD"],
    );
}

#[cfg(not(feature = "telegram"))]
#[test]
fn a_channel_that_is_not_compiled_in_says_so() {
    let error = Config::from_vars(&vars(&[
        ("TELEGRAM_BOT_TOKEN", "t0k3n"),
        ("TELEGRAM_CHAT_ID", "1"),
    ]));
    let text = error.unwrap_err().to_string();
    assert!(text.contains("feature `telegram`"), "{text}");
    assert!(!text.contains("t0k3n"), "{text}");
}

#[test]
fn everything_at_once_and_no_secret_shown() {
    let error = Config::from_vars(&BTreeMap::from([
        ("BONGSU_BIND", "x".to_owned()),
        ("DATABASE_URL", "hunter2".to_owned()),
        ("BONGSU_OPS_TOKEN", "hunter3".to_owned()),
        ("BONGSU_OPS_TOKEN_FILE", "/nonexistent".to_owned()),
    ]))
    .unwrap_err();
    assert_eq!(error.problems().len(), 4, "{error}");
    assert!(!error.to_string().contains("hunter"), "{error}");
}

#[test]
fn a_secret_may_come_from_a_file() {
    let file = std::env::temp_dir().join(format!("bongsu-secret-{}", std::process::id()));
    std::fs::write(&file, "s3cret\n").unwrap();
    let path = file.display().to_string();
    let config = Config::from_vars(&vars(&[("BONGSU_OPS_TOKEN_FILE", &path)])).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(config.http.ops_token.as_ref().unwrap().expose(), "s3cret");
    assert!(!format!("{config:?}").contains("s3cret"));
}

/// Notes which variables were asked for.
struct Asked(RefCell<BTreeSet<String>>, BTreeMap<&'static str, String>);

impl Vars for Asked {
    fn get(&self, key: &str) -> Option<String> {
        self.0.borrow_mut().insert(key.to_owned());
        Vars::get(&self.1, key)
    }
}

#[test]
fn the_table_lists_exactly_what_is_read() {
    let asked = Asked(
        RefCell::default(),
        vars(&[("SMTP_HOST", "h"), ("DATABASE_URL", "sqlite:x")]),
    );
    let _ = Config::from_vars(&asked);
    let asked = asked.0.into_inner();
    let mut listed = BTreeSet::new();
    for variable in variables::all() {
        listed.insert(variable.name.to_owned());
        if variable.secret {
            listed.insert(format!("{}_FILE", variable.name));
        }
    }
    assert_eq!(
        asked.difference(&listed).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "read, not listed"
    );
    assert_eq!(
        listed.difference(&asked).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "listed, not read"
    );
}
