//! Where two parts of a service meet: what is so in one, handed to the other.
//!
//! Each module takes the handles of two leaves and gives a future for the caller to drive, or shows something at each
//! scrape for as long as somebody holds what it looks at. It hands over what *is so*, never what changed, so that
//! what was missed is made up for.
//!
//! ```
//! # #[cfg(all(feature = "alerts", feature = "health"))]
//! # async fn run(alerts: bongsu_alerts::AlertManager, health: bongsu_health::HealthCheck) {
//! // Whatever is unhealthy fires, and ends when it is so no more.
//! tokio::spawn(bongsu_bridge::conditions::health(alerts, health, "risk".to_owned()));
//! # }
//! ```
//!
//! | features | gives |
//! |---|---|
//! | `alerts`, `health` | what is unhealthy as alerts; the alert store as a check; a maintenance as readiness |
//! | `alerts`, `resources` | what stands over a threshold as alerts |
//! | `alerts`, `logging` | lines at ERROR as alerts |
//! | `alerts`, `reports` | reports over alert channels |
//! | `health`, `logging` / `resources` / `outgoing` | the log's counts, resources and calls in `/health` |
//! | `metrics` and each other | its figures on `/metrics` |
//! | `outgoing` | a line a call, made in the context of `logging` and `otlp` |
//! | `otlp`, `metrics` / `outgoing` / `axum` | metrics, calls and requests to a receiver |
//! | `alerts`, `axum` | panics of handlers as alerts |
//! | `console` | the console's history, from what the desks answer |
//! | `rules` | the service's metrics into its rules, what fires by them as alerts |
//! | `reports` and each other | what the day saw as part of its report |

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(all(feature = "alerts", feature = "metrics"))]
pub mod alerts_to_metrics;
#[cfg(feature = "outgoing")]
pub mod calls;
#[cfg(all(feature = "health", feature = "outgoing"))]
pub mod calls_to_health;
#[cfg(all(feature = "metrics", feature = "outgoing"))]
pub mod calls_to_metrics;
#[cfg(all(feature = "otlp", feature = "outgoing"))]
pub mod calls_to_otlp;
#[cfg(all(feature = "alerts", any(feature = "health", feature = "resources")))]
pub mod conditions;
#[cfg(feature = "reports")]
pub mod day;
#[cfg(all(feature = "health", feature = "metrics"))]
pub mod health_to_metrics;
#[cfg(feature = "console")]
pub mod history;
#[cfg(all(feature = "alerts", feature = "logging"))]
pub mod logs_to_alerts;
#[cfg(all(feature = "health", feature = "logging"))]
pub mod logs_to_health;
#[cfg(all(feature = "logging", feature = "metrics"))]
pub mod logs_to_metrics;
#[cfg(all(feature = "alerts", feature = "health"))]
pub mod maintenance;
#[cfg(feature = "reports")]
pub mod market_hours;
#[cfg(all(feature = "metrics", feature = "otlp"))]
pub mod metrics_to_otlp;
#[cfg(all(feature = "alerts", feature = "axum"))]
pub mod panics_to_alerts;
#[cfg(all(feature = "alerts", feature = "reports"))]
pub mod report_sink;
#[cfg(all(feature = "axum", feature = "otlp"))]
pub mod requests_to_otlp;
#[cfg(all(feature = "health", feature = "resources"))]
pub mod resources_to_health;
#[cfg(all(feature = "metrics", feature = "resources"))]
pub mod resources_to_metrics;
#[cfg(feature = "rules")]
pub mod rules;
pub mod runtime;
#[cfg(feature = "health")]
pub mod runtime_to_health;
#[cfg(feature = "metrics")]
pub mod runtime_to_metrics;
#[cfg(all(feature = "alerts", feature = "health"))]
pub mod store_watch;
