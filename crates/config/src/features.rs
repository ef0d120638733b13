//! Which features this build has, as values.

/// Every feature that a user may ask for, and whether it is compiled in.
pub(super) const ALL_FEATURES: &[(&str, bool)] = &[
    ("alertmanager", cfg!(feature = "alertmanager")),
    ("alerts", cfg!(feature = "alerts")),
    ("axum", cfg!(feature = "axum")),
    ("charts", cfg!(feature = "charts")),
    ("console", cfg!(feature = "console")),
    ("discord", cfg!(feature = "discord")),
    ("email", cfg!(feature = "email")),
    ("health", cfg!(feature = "health")),
    ("heartbeat", cfg!(feature = "heartbeat")),
    ("logging", cfg!(feature = "logging")),
    ("metrics", cfg!(feature = "metrics")),
    ("otlp", cfg!(feature = "otlp")),
    ("outgoing", cfg!(feature = "outgoing")),
    ("pagerduty", cfg!(feature = "pagerduty")),
    ("postgres", cfg!(feature = "postgres")),
    ("redis", cfg!(feature = "redis")),
    ("reports", cfg!(feature = "reports")),
    ("reqwest", cfg!(feature = "reqwest")),
    ("resources", cfg!(feature = "resources")),
    ("rules", cfg!(feature = "rules")),
    ("slack", cfg!(feature = "slack")),
    ("sqlite", cfg!(feature = "sqlite")),
    ("teams", cfg!(feature = "teams")),
    ("telegram", cfg!(feature = "telegram")),
    ("tls", cfg!(feature = "tls")),
    ("webhook", cfg!(feature = "webhook")),
];

/// The features that this build has.
pub fn features() -> impl Iterator<Item = &'static str> {
    let compiled = ALL_FEATURES.iter().filter(|(_, compiled)| *compiled);
    compiled.map(|(name, _)| *name)
}

/// Whether this build has a feature.
#[must_use]
pub fn has_feature(name: &str) -> bool {
    features().any(|feature| feature == name)
}
