//! `cargo xtask ci`: what must hold before anything lands.

use std::time::Instant;

use crate::{
    dashboards, demo, deny, layers, packages, readme,
    run::{Failure, cargo, run, say},
    test,
};

/// Package and features that must build alone, warnings denied.
const MATRIX: &[(&str, &[&str])] = &[
    (
        "bongsu-health",
        &["", "disk", "http", "postgres", "redis", "sqlite", "tcp"],
    ),
    ("bongsu-console", &[""]),
    ("bongsu-logging", &[""]),
    ("bongsu-metrics", &[""]),
    ("bongsu-resources", &[""]),
    (
        "bongsu-alerts",
        &[
            "",
            "alertmanager",
            "discord",
            "email",
            "heartbeat",
            "pagerduty",
            "redis",
            "slack",
            "sqlite",
            "teams",
            "telegram",
            "testing",
            "webhook",
        ],
    ),
    ("bongsu-reports", &["", "charts", "postgres", "sqlite"]),
    (
        "bongsu-axum-glue",
        &["", "console", "health", "logging", "metrics"],
    ),
    (
        "bongsu",
        &[
            "",
            "alertmanager",
            "alerts",
            "axum",
            "charts",
            "console",
            "default",
            "discord",
            "email",
            "full",
            "health",
            "heartbeat",
            "logging",
            "metrics",
            "pagerduty",
            "postgres",
            "redis",
            "reports",
            "resources",
            "slack",
            "sqlite",
            "teams",
            "telegram",
            "webhook",
        ],
    ),
];

pub(crate) fn run_all() -> Result<(), Failure> {
    // First: what is missing then is said before anything is built.
    step("packages", packages::ensure)?;
    step("formatting", || {
        run(&mut cargo(["fmt", "--all", "--check"]))
    })?;
    step("layers", layers::check)?;
    step("licences and duplicates", deny::check)?;
    step("tables of the README", readme::check)?;
    step("lints", || {
        run(&mut cargo([
            "clippy",
            "--quiet",
            "--workspace",
            "--all-features",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]))
    })?;
    step("docs", || {
        let mut docs = cargo([
            "doc",
            "--quiet",
            "--workspace",
            "--all-features",
            "--no-deps",
        ]);
        run(docs.env("RUSTDOCFLAGS", "-D warnings"))
    })?;
    step("each feature alone", features)?;
    step("generated dashboards and rules", || {
        dashboards::generate(&["--check".to_owned()])
    })?;
    step("the main job", || demo::start(&["--once".to_owned()]))?;
    // Last, so that the run closes with the test runner's own summary.
    test::run_all(&[])
}

fn features() -> Result<(), Failure> {
    for (package, all) in MATRIX {
        for features in *all {
            say(&format!("  {package} [{features}]"));
            let args = [
                "clippy",
                "--quiet",
                "--package",
                package,
                "--no-default-features",
                "--features",
                features,
            ];
            run(cargo(args).args(["--", "-D", "warnings"]))?;
        }
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "shows how long each step took")]
fn step(name: &str, work: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    say(&format!("== {name}"));
    let start = Instant::now();
    work().map_err(|failure| Failure(format!("{name}: {}", failure.0)))?;
    say(&format!(
        "== {name}: fine, {:.0} s",
        start.elapsed().as_secs_f64()
    ));
    Ok(())
}
