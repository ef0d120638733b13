//! Where two crates meet: each file is mostly a pure function and one loop.

#[cfg(feature = "axum")]
pub(crate) mod admin;
#[cfg(all(feature = "alerts", any(feature = "health", feature = "resources")))]
pub(crate) mod alerts_follow;
#[cfg(all(feature = "alerts", feature = "metrics"))]
pub(crate) mod alerts_to_metrics;
#[cfg(feature = "console")]
pub(crate) mod console;
#[cfg(all(feature = "health", feature = "metrics"))]
pub(crate) mod health_to_metrics;
#[cfg(all(feature = "alerts", feature = "logging"))]
pub(crate) mod logs_to_alerts;
#[cfg(all(feature = "health", feature = "logging"))]
pub(crate) mod logs_to_health;
#[cfg(all(feature = "logging", feature = "metrics"))]
pub(crate) mod logs_to_metrics;
#[cfg(all(feature = "reports", any(feature = "health", feature = "logging")))]
pub(crate) mod memory;
#[cfg(all(feature = "alerts", feature = "axum"))]
pub(crate) mod panics;
#[cfg(feature = "reports")]
pub(crate) mod report_context;
#[cfg(all(feature = "alerts", feature = "reports"))]
pub(crate) mod report_sink;
#[cfg(all(feature = "resources", any(feature = "health", feature = "metrics")))]
pub(crate) mod resources_export;
