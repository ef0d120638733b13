//! The arrows of ARCHITECTURE.md: a leaf knows no other leaf, the crates below know no leaf, a lean
//! service stays lean.

use crate::run::{Failure, cargo, output};

const LEAVES: [&str; 10] = [
    "console",
    "health",
    "logging",
    "metrics",
    "otlp",
    "outgoing",
    "resources",
    "alerts",
    "reports",
    "rules",
];

/// One idea each, for whoever needs it.
const BELOW: [&str; 11] = [
    "catch", "connect", "figure", "lang", "ops", "redis", "secret", "severity", "sqlite", "text",
    "trace",
];

/// Crate, features, and what must not be compiled for them.
const LEAN: [(&str, &str, &[&str]); 5] = [
    (
        "bongsu-alerts",
        "",
        &["axum", "sqlx", "reqwest", "lettre", "rusqlite"],
    ),
    (
        "bongsu-metrics",
        "",
        &["axum", "hyper", "reqwest", "rustls"],
    ),
    ("bongsu-logging", "", &["axum", "serde", "reqwest"]),
    (
        "bongsu-health",
        "tcp",
        &["axum", "sqlx", "reqwest", "rusqlite"],
    ),
    // The worker of the examples.
    (
        "bongsu",
        "alerts,email,health,logging,reports,resources,slack,sqlite",
        &["axum", "bongsu-axum-glue", "sqlx"],
    ),
];

/// The facade's, between the leaves and itself.
const ABOVE: [&str; 2] = ["bongsu", "bongsu-axum-glue"];

pub(crate) fn check() -> Result<(), Failure> {
    let mut wrong = Vec::new();
    for dependency in dependencies("bongsu-config", "--all-features", "")? {
        if ABOVE.contains(&dependency.as_str()) {
            wrong.push(format!(
                "bongsu-config depends on {dependency}: it is below"
            ));
        }
    }
    for name in LEAVES.iter().chain(&BELOW) {
        let package = format!("bongsu-{name}");
        for dependency in dependencies(&package, "--all-features", "")? {
            let below = |name: &str| BELOW.contains(&name);
            let allowed = match dependency.strip_prefix("bongsu-") {
                Some(name) => dependency == package || below(name),
                None => dependency != "bongsu",
            };
            if !allowed {
                wrong.push(format!(
                    "{package} depends on {dependency}: only {} may be below a leaf",
                    BELOW.join(", ")
                ));
            }
        }
    }
    for (package, features, banned) in LEAN {
        let compiled = dependencies(package, "--no-default-features", features)?;
        for name in banned
            .iter()
            .filter(|name| compiled.iter().any(|dependency| dependency == *name))
        {
            wrong.push(format!(
                "{package} with features [{features}] compiles {name}"
            ));
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Failure(wrong.join("\n")))
    }
}

/// Names of all packages that a normal build of `package` compiles.
fn dependencies(package: &str, mode: &str, features: &str) -> Result<Vec<String>, Failure> {
    let tree = tree(package, mode, features)?;
    Ok(tree
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect())
}

/// The packages themselves, one a line; one that several ask for has a line for each.
pub(crate) fn tree(package: &str, mode: &str, features: &str) -> Result<String, Failure> {
    let args = [
        "tree",
        "--package",
        package,
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
        mode,
        "--features",
        features,
    ];
    output(&mut cargo(args))
}
