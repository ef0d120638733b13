use super::Config;

type Pairs<'a> = &'a [(&'a str, &'a str)];

fn read(pairs: Pairs<'_>) -> Result<Config, super::ConfigError> {
    Config::from_vars(
        [("SERVICE_NAME", "trading_engine")]
            .iter()
            .chain(pairs)
            .copied(),
    )
}

fn names(problems: &[super::Problem]) -> Vec<&str> {
    problems.iter().map(|p| p.variable.as_str()).collect()
}

/// Refused for these variables.
#[track_caller]
fn check(pairs: Pairs<'_>, wrong: &[&str]) {
    let found = read(pairs);
    let problems = found
        .as_ref()
        .err()
        .map_or(&[][..], |error| error.problems());
    assert_eq!(names(problems), wrong, "{pairs:?}: {problems:?}");
}

/// Taken, with a warning for these variables, each with these words.
#[track_caller]
fn warned(pairs: Pairs<'_>, wanted: &[(&str, &str)]) -> Config {
    let config = read(pairs).unwrap();
    let wanted_names: Vec<&str> = wanted.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names(&config.warnings),
        wanted_names,
        "{pairs:?}: {:?}",
        config.warnings
    );
    for (warning, (_, words)) in config.warnings.iter().zip(wanted) {
        assert!(
            warning.message.contains(words),
            "{words:?} is not in {warning}"
        );
    }
    config
}

#[test]
fn each_bad_value_is_named() {
    check(&[], &[]);
    check(&[("BONGSU_BIND", "nowhere")], &["BONGSU_BIND"]);
    check(&[("METRICS_PORT", "70000")], &["METRICS_PORT"]);
    check(&[("METRICS_PORT", "0")], &["METRICS_PORT"]);
    check(&[("BONGSU_DRAIN_SECONDS", "-1")], &["BONGSU_DRAIN_SECONDS"]);
    check(
        &[("BONGSU_DRAIN_SECONDS", "99999999999")],
        &["BONGSU_DRAIN_SECONDS"],
    );
    check(
        &[("BONGSU_GRACE_SECONDS", "40d")],
        &["BONGSU_GRACE_SECONDS"],
    );
    check(&[("BONGSU_HEALTH_DETAIL", "token")], &["BONGSU_OPS_TOKEN"]);
    check(&[("BONGSU_OPS_TOKEN", "x")], &["BONGSU_OPS_TOKEN"]);
    check(&[("SERVICE_NAME", &"x".repeat(300))], &["SERVICE_NAME"]);
    check(
        &[("BONGSU_DATABASE_URL", "mysql://h/d")],
        &["BONGSU_DATABASE_URL"],
    );
    let nameless = Config::from_vars([("ENVIRONMENT", "x")]).unwrap_err();
    assert_eq!(names(nameless.problems()), ["SERVICE_NAME"]);
    if crate::has_feature("metrics") {
        check(
            &[("PROMETHEUS_ENABLED", "perhaps")],
            &["PROMETHEUS_ENABLED"],
        );
    }
    if crate::has_feature("reports") {
        check(&[("BONGSU_REPORT_TIME", "25:00")], &["BONGSU_REPORT_TIME"]);
    }
}

#[test]
fn lengths_of_time_have_units() {
    let config = read(&[
        ("BONGSU_DRAIN_SECONDS", "2m"),
        ("BONGSU_GRACE_SECONDS", "7"),
    ])
    .unwrap();
    assert_eq!(
        (config.http.drain.as_secs(), config.http.grace.as_secs()),
        (120, 7)
    );
}

/// Nobody's load balancer waits for a developer.
#[test]
fn development_does_not_drain_unless_it_is_told_to() {
    let drain = |pairs: Pairs<'_>| read(pairs).unwrap().http.drain.as_secs();
    assert_eq!(drain(&[]), 0);
    assert_eq!(drain(&[("ENVIRONMENT", "production")]), 5);
    assert_eq!(drain(&[("BONGSU_DRAIN_SECONDS", "3")]), 3);
}

/// Variables that a service has for itself are no reason not to start.
#[test]
fn what_belongs_to_the_service_is_left_to_it() {
    warned(
        &[("DATABASE_URL", "mysql://u:p@h/d")],
        &[("DATABASE_URL", "mysql:")],
    );
    warned(
        &[("DATABASE_URL", "hunter2")],
        &[("DATABASE_URL", "no URL")],
    );
    warned(
        &[("DATABASE_URL", "sqlite::memory:")],
        &[("DATABASE_URL", "memory")],
    );
    for url in ["postgres://h/d", "postgresql+asyncpg://h/d", "sqlite:x"] {
        let feature = if url.starts_with('s') {
            "sqlite"
        } else {
            "postgres"
        };
        if crate::has_feature(feature) {
            warned(&[("DATABASE_URL", url)], &[]);
        } else {
            warned(&[("DATABASE_URL", url)], &[("DATABASE_URL", feature)]);
        }
    }
    if crate::has_feature("redis") {
        for url in [
            "redis://:hunter2@cache:6379",
            "rediss://:p%40ss@cache/0?timeout=5",
            "redis-sentinel://a,b:26380/main",
            "unix:///run/redis.sock",
        ] {
            warned(&[("REDIS_URL", url)], &[]);
        }
        warned(&[("REDIS_URL", "redis://cache:port")], &[("REDIS_URL", "")]);
        check(
            &[("BONGSU_REDIS_URL", "redis://cache:port")],
            &["BONGSU_REDIS_URL"],
        );
    } else {
        warned(&[("REDIS_URL", "redis://h")], &[("REDIS_URL", "`redis`")]);
    }
    warned(&[("PORT", "tcp://10.0.0.1:80")], &[("PORT", "not used")]);
    if crate::has_feature("slack") {
        let alone = ("SLACK_CHANNEL", "without SLACK_WEBHOOK_URL");
        warned(&[("SLACK_CHANNEL", "#x")], &[alone]);
    }
    if crate::has_feature("telegram") {
        let alone = ("TELEGRAM_BOT_TOKEN", "without TELEGRAM_CHAT_ID");
        warned(&[("TELEGRAM_BOT_TOKEN", "1:x")], &[alone]);
    }
}

#[test]
fn bongsus_own_form_of_a_shared_variable_wins() {
    let bind = |pairs: Pairs<'_>| read(pairs).unwrap().http.bind.to_string();
    assert_eq!(bind(&[("PORT", "9000")]), "0.0.0.0:9000");
    assert_eq!(
        bind(&[("PORT", "9000"), ("BONGSU_BIND", "127.0.0.1:1")]),
        "127.0.0.1:1"
    );
    let config = warned(
        &[
            ("DATABASE_URL", "mysql://h/d"),
            ("BONGSU_DATABASE_URL", "none"),
        ],
        &[],
    );
    assert!(config.database_url.is_none());
    let name = read(&[("BONGSU_SERVICE_NAME", "other")])
        .unwrap()
        .service
        .name;
    assert_eq!(name, "other");
    if crate::has_feature("logging") {
        let level = |pairs: Pairs<'_>| read(pairs).unwrap().log.level;
        assert_eq!(level(&[("RUST_LOG", "debug")]), "debug");
        assert_eq!(
            level(&[("RUST_LOG", "debug"), ("LOG_LEVEL", "warn")]),
            "warn"
        );
        warned(&[("RUST_LOG", "loud=very")], &[("RUST_LOG", "not used")]);
    }
    if crate::has_feature("sqlite") {
        let both = [
            ("DATABASE_URL", "sqlite:a.db"),
            ("BONGSU_DATABASE_URL", "sqlite:b.db"),
        ];
        assert_eq!(
            read(&both).unwrap().sqlite_path().unwrap().to_str(),
            Some("b.db")
        );
    }
}

#[test]
fn what_will_not_do_what_it_seems_to_is_told() {
    warned(
        &[("BONGSU_OPS_TOKEN", "ten-letters")],
        &[("BONGSU_OPS_TOKEN", "openssl rand")],
    );
    if crate::has_feature("resources") {
        let gone = ("BONGSU_DISK_PATH", "/nonexistent");
        warned(&[gone], &[("BONGSU_DISK_PATH", "does not exist")]);
    }
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
    let share = ("CPU_WARNING_THRESHOLD", "write 70");
    warned(&[("CPU_WARNING_THRESHOLD", "0.7")], &[share]);
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
    check(&[("LOG_LEVEL", "info,my crate=debug")], &["LOG_LEVEL"]);
    check(&[("LOG_LEVEL", "INFO"), ("LOG_FORMAT", "JSON")], &[]);
    check(&[("LOG_LEVEL", "info, my_crate=debug")], &[]);
}

#[cfg(feature = "email")]
#[test]
fn mail_is_all_or_nothing() {
    const FROM: (&str, &str) = ("ALERT_EMAIL_FROM", "a@b.c");
    const TO: (&str, &str) = ("ALERT_EMAIL_TO", "d@e.f, g@h.i");
    let host = ("SMTP_HOST", "mail.example.com");
    // The service's own mail.
    warned(
        &[host, ("SMTP_USERNAME", "u")],
        &[("SMTP_HOST", "no alert goes by mail")],
    );
    check(
        &[("BONGSU_SMTP_HOST", "h")],
        &["ALERT_EMAIL_FROM", "ALERT_EMAIL_TO"],
    );
    check(&[host, FROM], &["ALERT_EMAIL_TO"]);
    check(&[host, TO], &["ALERT_EMAIL_FROM"]);
    check(
        &[("SMTP_HOST", "mail.example.com:587"), FROM, TO],
        &["SMTP_HOST"],
    );
    check(
        &[("SMTP_HOST", "smtp://mail.example.com"), FROM, TO],
        &["SMTP_HOST"],
    );
    let port = ("SMTP_PORT", "465");
    warned(&[host, FROM, TO, port], &[("SMTP_PORT", "implicit")]);
    let explicit = ("BONGSU_SMTP_TLS", "starttls");
    check(&[host, FROM, TO, port, explicit], &["BONGSU_SMTP_TLS"]);
    check(&[host, FROM, TO, ("SMTP_PORT", "0")], &["SMTP_PORT"]);
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

#[cfg(all(feature = "alerts", not(feature = "webhook")))]
#[test]
fn a_channel_that_is_not_compiled_in_says_so() {
    let error = read(&[("ALERT_WEBHOOK_URLS", "https://h/t0k3n")]);
    let text = error.unwrap_err().to_string();
    assert!(text.contains("feature `webhook`"), "{text}");
    assert!(!text.contains("t0k3n"), "{text}");
}

#[test]
fn everything_at_once_and_no_secret_shown() {
    let error = Config::from_vars([
        ("BONGSU_BIND", "x"),
        ("BONGSU_DATABASE_URL", "hunter2"),
        ("BONGSU_OPS_TOKEN", "hunter3hunter3"),
        ("BONGSU_OPS_TOKEN_FILE", "/nonexistent"),
    ])
    .unwrap_err();
    assert_eq!(error.problems().len(), 4, "{error}");
    assert!(!error.to_string().contains("hunter"), "{error}");
}

#[test]
fn a_secret_may_come_from_a_file() {
    let file = std::env::temp_dir().join(format!("bongsu-secret-{}", std::process::id()));
    std::fs::write(&file, "s3cret-of-a-file\n").unwrap();
    let path = file.display().to_string();
    let config = read(&[("BONGSU_OPS_TOKEN_FILE", &path)]).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(
        config.http.ops_token.as_ref().unwrap().expose(),
        "s3cret-of-a-file"
    );
    assert!(!format!("{config:?}").contains("s3cret"));
}

/// What the guide from the Python module prints is the old file, word by word.
#[cfg(all(feature = "email", feature = "slack"))]
#[test]
fn the_env_file_of_the_python_module_is_read_as_it_is() {
    let guide = include_str!("../../../docs/from-python.md");
    let file = guide.split("```bash\n").nth(1).unwrap();
    let file = file.split("```").next().unwrap();
    let vars = file.lines().filter_map(|line| line.split_once('='));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    // Whether this machine lets the tests write there is not the question.
    let vars = vars.map(|(name, value)| match name {
        "LOG_DIR" => (name, path.as_str()),
        _ => (name, value),
    });
    let config = Config::from_vars(vars).unwrap();
    assert_eq!(config.service.name, "trading_engine");
    for (name, _) in file.lines().filter_map(|line| line.split_once('=')) {
        let read = config
            .settings()
            .any(|one| one.given.as_deref() == Some(name));
        let told = config.warnings.iter().any(|it| it.variable == name);
        assert!(read || told, "{name}");
    }
    let unusable = |problem: &super::Problem| !problem.message.contains("built without feature");
    let warnings: Vec<_> = config.warnings.iter().filter(|it| unusable(it)).collect();
    assert!(
        warnings.is_empty() && config.unread.is_empty(),
        "{warnings:?}"
    );
}
