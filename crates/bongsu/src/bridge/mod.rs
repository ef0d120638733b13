//! Where two parts meet: each file is mostly a pure function and one loop, and is there when both
//! parts are. Where they are not, `none.rs` stands in its place.
#![allow(
    clippy::duplicate_mod,
    reason = "one file stands for every connection that is not there"
)]

#[cfg(all(feature = "alerts", any(feature = "health", feature = "resources")))]
mod alerts_follow;
#[cfg(all(feature = "health", feature = "outgoing"))]
pub(crate) mod calls_to_health;
#[cfg(feature = "console")]
pub(crate) mod console;
#[cfg(feature = "reports")]
pub(crate) mod market_hours;
pub(crate) mod operator;
#[cfg(all(feature = "alerts", feature = "reports"))]
pub(crate) mod report_sink;
#[cfg(feature = "reports")]
pub(crate) mod reports;

#[cfg_attr(not(all(feature = "alerts", feature = "metrics")), path = "none.rs")]
mod alerts_to_metrics;
#[cfg_attr(not(all(feature = "metrics", feature = "outgoing")), path = "none.rs")]
mod calls_to_metrics;
#[cfg_attr(not(all(feature = "otlp", feature = "outgoing")), path = "none.rs")]
mod calls_to_otlp;
#[cfg_attr(not(all(feature = "health", feature = "metrics")), path = "none.rs")]
mod health_to_metrics;
#[cfg_attr(not(all(feature = "alerts", feature = "logging")), path = "none.rs")]
mod logs_to_alerts;
#[cfg_attr(not(all(feature = "health", feature = "logging")), path = "none.rs")]
mod logs_to_health;
#[cfg_attr(not(all(feature = "logging", feature = "metrics")), path = "none.rs")]
mod logs_to_metrics;
#[cfg(all(feature = "logging", feature = "otlp"))]
pub(crate) mod logs_to_otlp;
#[cfg_attr(not(all(feature = "metrics", feature = "otlp")), path = "none.rs")]
mod metrics_to_otlp;
#[cfg_attr(not(all(feature = "alerts", feature = "axum")), path = "none.rs")]
mod panics;
#[cfg_attr(not(all(feature = "axum", feature = "otlp")), path = "none.rs")]
mod requests_to_otlp;
#[cfg_attr(not(all(feature = "health", feature = "resources")), path = "none.rs")]
mod resources_to_health;
#[cfg_attr(not(all(feature = "metrics", feature = "resources")), path = "none.rs")]
mod resources_to_metrics;
#[cfg_attr(not(feature = "rules"), path = "none.rs")]
mod rules;
#[cfg(feature = "health")]
pub(crate) mod runtime_to_health;
#[cfg_attr(not(feature = "metrics"), path = "none.rs")]
mod runtime_to_metrics;
#[cfg(all(feature = "alerts", feature = "health"))]
pub(crate) mod store_watch;

use crate::{Config, parts::Parts, tasks::Tasks};

/// Connects two parts that are there.
type Connect = fn(&mut Parts, &Config, &Tasks);

/// Every connection.
pub(crate) const ALL: &[Connect] = &[
    #[cfg(all(feature = "alerts", feature = "health"))]
    alerts_follow::connect_health,
    #[cfg(all(feature = "alerts", feature = "resources"))]
    alerts_follow::connect_resources,
    alerts_to_metrics::connect,
    calls_to_metrics::connect,
    calls_to_otlp::connect,
    health_to_metrics::connect,
    logs_to_alerts::connect,
    logs_to_health::connect,
    logs_to_metrics::connect,
    metrics_to_otlp::connect,
    panics::connect,
    requests_to_otlp::connect,
    resources_to_health::connect,
    resources_to_metrics::connect,
    rules::connect,
    runtime_to_metrics::connect,
    #[cfg(all(feature = "alerts", feature = "health"))]
    store_watch::connect,
];
