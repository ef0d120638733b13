//! Where two parts meet: each file is mostly a pure function and one loop, and is there when both
//! parts are.

#[cfg(feature = "axum")]
pub(crate) mod admin;
#[cfg(all(feature = "alerts", any(feature = "health", feature = "resources")))]
mod alerts_follow;
#[cfg(all(feature = "alerts", feature = "metrics"))]
mod alerts_to_metrics;
#[cfg(feature = "console")]
pub(crate) mod console;
#[cfg(all(feature = "health", feature = "metrics"))]
mod health_to_metrics;
#[cfg(all(feature = "alerts", feature = "logging"))]
mod logs_to_alerts;
#[cfg(all(feature = "health", feature = "logging"))]
mod logs_to_health;
#[cfg(all(feature = "logging", feature = "metrics"))]
mod logs_to_metrics;
#[cfg(all(feature = "alerts", feature = "axum"))]
mod panics;
#[cfg(all(feature = "alerts", feature = "reports"))]
pub(crate) mod report_sink;
#[cfg(feature = "reports")]
pub(crate) mod reports;
#[cfg(all(feature = "health", feature = "resources"))]
mod resources_to_health;
#[cfg(all(feature = "metrics", feature = "resources"))]
mod resources_to_metrics;
#[cfg(all(feature = "alerts", feature = "health"))]
pub(crate) mod store_watch;

use crate::{Config, parts::Parts, tasks::Tasks};

/// Connects two parts that are there.
type Connect = fn(&mut Parts, &Config, &Tasks);

/// Every connection that this build has.
pub(crate) const ALL: &[Connect] = &[
    #[cfg(all(feature = "alerts", feature = "health"))]
    alerts_follow::connect_health,
    #[cfg(all(feature = "alerts", feature = "resources"))]
    alerts_follow::connect_resources,
    #[cfg(all(feature = "alerts", feature = "metrics"))]
    alerts_to_metrics::connect,
    #[cfg(all(feature = "health", feature = "metrics"))]
    health_to_metrics::connect,
    #[cfg(all(feature = "alerts", feature = "logging"))]
    logs_to_alerts::connect,
    #[cfg(all(feature = "health", feature = "logging"))]
    logs_to_health::connect,
    #[cfg(all(feature = "logging", feature = "metrics"))]
    logs_to_metrics::connect,
    #[cfg(all(feature = "alerts", feature = "axum"))]
    panics::connect,
    #[cfg(all(feature = "health", feature = "resources"))]
    resources_to_health::connect,
    #[cfg(all(feature = "metrics", feature = "resources"))]
    resources_to_metrics::connect,
    #[cfg(all(feature = "alerts", feature = "health"))]
    store_watch::connect,
];
