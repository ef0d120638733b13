//! **bongsu** (봉수): monitoring and alerting for Rust trading services.
//!
//! A few lines give an axum service health endpoints, JSON logs with request context,
//! Prometheus metrics, resource monitoring, alerts that survive a dead channel, and a daily
//! report.
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use axum::{Router, routing::get};
//! use bongsu::Bongsu;
//!
//! #[tokio::main]
//! async fn main() -> ExitCode {
//!     bongsu::exit_code(run().await)
//! }
//!
//! async fn run() -> Result<(), bongsu::Error> {
//!     let bongsu = Bongsu::from_env().await?;
//!     let app = Router::new().route("/", get(|| async { "봉수" }));
//!     bongsu.serve(app).await
//! }
//! ```
//!
//! With `SERVICE_NAME=demo` set, `/health`, `/ready`, `/liveness`, `/startup`, `/metrics`, `/admin`
//! and `/console` are there, each request is measured, all but probes and scrapes are logged, and
//! SIGTERM drains. [`config`] lists every variable.
//!
//! | feature | gives | default |
//! |---|---|---|
//! | `health` | checks, probes, heartbeats | ✓ |
//! | `logging` | the JSON log | ✓ |
//! | `metrics` | `ServiceMetrics` and `/metrics` | ✓ |
//! | `resources` | CPU, memory, disk, network, processes, containers | ✓ |
//! | `alerts` | rules, cooldown, outbox, the log channel | ✓ |
//! | `email`, `slack`, `webhook` | one channel each | ✓ |
//! | `alertmanager`, `discord`, `pagerduty`, `teams`, `telegram` | one channel each | |
//! | `heartbeat` | a dead-man's switch | |
//! | `otlp` | spans, metrics and log lines to an OpenTelemetry receiver | |
//! | `outgoing` | calls, queries and cache look-ups of the service: ids passed on, counted, timed; `reqwest` sends them | ✓ |
//! | `reports` | the daily report; `charts` adds pictures to its mail | ✓ |
//! | `axum` | request middleware, routers, `serve` | ✓ |
//! | `console` | the ops console at `/console` | ✓ |
//! | `sqlite` | durable alerts, check and report source | ✓ |
//! | `postgres`, `redis` | checks, report source, shared cooldown | |
//! | `tls` | TLS in `serve`, with a certificate that may change | |
//! | `full` | everything | |
//!
//! Each crate is also there alone: `bongsu-alerts` knows nothing of axum, and so on.
//!
//! The examples of this crate are run by its tests: `minimal`, `custom_check` (a health check of
//! one's own, a heartbeat with session hours), `custom_channel` (an alert channel of one's own),
//! `worker_without_http` (no port) and `trading_engine` (everything). [`doctor`] says what
//! of an environment will not work before a service meets it.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod bridge;
mod builder;
pub mod config;
pub mod doctor;
mod error;
mod handle;
#[cfg(feature = "axum")]
mod http;
mod parts;
#[cfg(feature = "alerts")]
mod reload;
mod stop;
mod tasks;

#[cfg(feature = "reports")]
pub use bongsu_bridge::market_hours::MarketHours;
pub use bongsu_config::features;
pub use builder::Builder;
pub use config::Config;
pub use error::{Error, exit_code};
pub use handle::Bongsu;
#[cfg(feature = "alerts")]
pub use parts::alerts::TestedTarget;
#[cfg(feature = "reports")]
pub use parts::reports::ReportFiles;
#[cfg(feature = "alerts")]
pub use reload::Reloaded;
pub use stop::{StopToken, stop_signal};

#[cfg(feature = "alerts")]
#[doc(inline)]
pub use bongsu_alerts as alerts;
#[cfg(feature = "axum")]
#[doc(inline)]
pub use bongsu_axum_glue as axum_glue;
#[cfg(feature = "console")]
#[doc(inline)]
pub use bongsu_console as console;
#[cfg(feature = "health")]
#[doc(inline)]
pub use bongsu_health as health;
#[cfg(feature = "logging")]
#[doc(inline)]
pub use bongsu_logging as logging;
#[cfg(feature = "logging")]
#[doc(inline)]
pub use bongsu_logging::{log_alert, log_business_event, log_error, log_performance};
#[cfg(feature = "metrics")]
#[doc(inline)]
pub use bongsu_metrics as metrics;
#[doc(inline)]
pub use bongsu_ops as ops;
#[cfg(feature = "otlp")]
#[doc(inline)]
pub use bongsu_otlp as otlp;
#[cfg(feature = "outgoing")]
#[doc(inline)]
pub use bongsu_outgoing as outgoing;
#[cfg(feature = "reports")]
#[doc(inline)]
pub use bongsu_reports as reports;
#[cfg(feature = "resources")]
#[doc(inline)]
pub use bongsu_resources as resources;
#[cfg(feature = "rules")]
#[doc(inline)]
pub use bongsu_rules as rules;

/// The examples of the README and of the guides, compiled with the documentation's.
#[cfg(all(
    doctest,
    feature = "alerts",
    feature = "axum",
    feature = "health",
    feature = "logging",
    feature = "metrics",
    feature = "reports"
))]
#[doc = include_str!("../../../README.md")]
#[doc = include_str!("../../../docs/adopting.md")]
#[doc = include_str!("../../../docs/from-python.md")]
#[doc = include_str!("../../../docs/reports.md")]
struct Guides;
