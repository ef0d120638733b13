//! The README's table of features, with what each adds to the packages that are compiled.

use std::{collections::BTreeSet, fmt::Write as _, fs};

use crate::run::{Failure, cargo, output, root};

/// What each feature of the facade gives, in the table's order.
const GIVES: &[(&str, &str)] = &[
    ("health", "checks, probes, heartbeats"),
    ("logging", "the JSON log"),
    ("metrics", "`ServiceMetrics` and `/metrics`"),
    (
        "resources",
        "CPU, memory, disk, network, processes, containers",
    ),
    ("alerts", "rules, cooldown, outbox, the log channel"),
    (
        "rules",
        "Prometheus' rule files over the service's own metrics",
    ),
    ("reports", "the daily report"),
    ("charts", "pictures in the report's mail"),
    ("axum", "request middleware, routers, `serve`"),
    ("console", "the ops console at `/console`"),
    ("tls", "TLS in `serve`"),
    (
        "otlp",
        "spans, metrics and log lines to an OpenTelemetry receiver",
    ),
    (
        "outgoing",
        "calls, queries and look-ups of the service: ids passed on, counted, timed",
    ),
    ("reqwest", "`outgoing().send` for `reqwest`"),
    ("email", "channel"),
    ("slack", "channel"),
    ("webhook", "channel, signed"),
    ("alertmanager", "channel"),
    ("discord", "channel"),
    ("pagerduty", "channel"),
    ("teams", "channel"),
    ("telegram", "channel"),
    ("heartbeat", "dead-man's switch"),
    ("sqlite", "durable alerts, check, source of the report"),
    ("postgres", "check, source of the report"),
    ("redis", "check, cooldown shared by replicas"),
];

/// Features that do nothing alone: they are measured beside the crates that they are for.
const STORES: [&str; 3] = ["postgres", "redis", "sqlite"];
const STORED: &str = "alerts,health,reports";

/// The table, from the facade's manifest and the lock file.
pub(crate) fn table() -> Result<String, Failure> {
    let manifest = fs::read_to_string(root().join("crates/bongsu/Cargo.toml"))?;
    let default = list(&manifest, "default");
    let known: BTreeSet<&str> = GIVES.iter().map(|(name, _)| *name).collect();
    let full = list(&manifest, "full");
    let wrong: Vec<&str> = known.symmetric_difference(&full).copied().collect();
    if !wrong.is_empty() {
        return Err(Failure(format!(
            "xtask/src/features.rs and the feature `full` do not agree on {}",
            wrong.join(", ")
        )));
    }
    let (bare, stored) = (packages("")?, packages(STORED)?);
    let mut out = "| feature | gives | default | adds |\n|---|---|---|---|\n".to_owned();
    for (name, gives) in GIVES {
        let ticked = if default.contains(name) { "✓" } else { "" };
        let adds = if STORES.contains(name) {
            let with = packages(&format!("{STORED},{name}"))?;
            with.difference(&stored).count()
        } else {
            packages(name)?.difference(&bare).count()
        };
        let _ = writeln!(out, "| `{name}` | {gives} | {ticked} | {adds} |");
    }
    let _ = write!(
        out,
        "\n*Adds* counts the packages that a feature alone compiles beyond the {} of the facade without\n\
         any, a store beside `alerts`, `health` and `reports` (Linux on x86-64). Many are shared: the\n\
         default set compiles {} in all, `full` {}.\n",
        bare.len(),
        packages("default")?.len(),
        packages("full")?.len()
    );
    Ok(out)
}

/// The names in the one-line array `key = […]` of the manifest.
fn list<'a>(manifest: &'a str, key: &str) -> BTreeSet<&'a str> {
    let start = format!("{key} = [");
    let line = manifest.lines().find_map(|line| line.strip_prefix(&start));
    line.into_iter()
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .collect()
}

/// What an ordinary build of the facade with these features compiles, each version once, the facade
/// among it.
fn packages(features: &str) -> Result<BTreeSet<String>, Failure> {
    let tree = output(&mut cargo([
        "tree",
        "--package",
        "bongsu",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--format",
        "{p}",
        "--target",
        "x86_64-unknown-linux-gnu",
        "--no-default-features",
        "--features",
        features,
    ]))?;
    let lines = tree.lines().map(|line| line.trim_end_matches(" (*)"));
    let names = lines.map(|line| line.split(" (").next().unwrap_or(line));
    Ok(names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect())
}
