//! Health of a service: checks that run in the background, and bodies that cost nothing to read.
//!
//! A [`Check`] asks one dependency on an interval, with a timeout. Its results go through a small
//! state machine (one failure is degraded, two in a row unhealthy, two successes healthy again), and all
//! checks and heartbeats together make the status of the whole. Readers get a finished snapshot: a
//! storm of probes runs no check at all.
//!
//! ```
//! use bongsu_health::{Check, CheckOutput, DependencyType, HealthCheck, HealthStatus};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), bongsu_health::HealthError> {
//! let health = HealthCheck::builder("trading-engine")
//!     .version("1.4.0")
//!     .check(Check::new("database", DependencyType::Database, || async {
//!         // SELECT 1 …
//!         Ok(CheckOutput::ok())
//!     }))
//!     .build()?;
//!
//! // Spawn `health.run()`; this is one round of it.
//! health.refresh("database").await?;
//!
//! assert_eq!(health.snapshot().status, HealthStatus::Healthy);
//! assert_eq!(health.health_response(true, false).status, 200);
//! assert_eq!(health.ready_response().body, r#"{"ready":true,"status":"healthy"}"#);
//! # Ok(()) }
//! ```
//!
//! | endpoint | 503 when |
//! | --- | --- |
//! | [`/health`](HealthCheck::health_response) | the whole is unhealthy (or has not run yet) |
//! | [`/ready`](HealthCheck::ready_response) | starting, draining, or a critical part is unhealthy or stale |
//! | [`/liveness`](HealthCheck::liveness_response) | an internal [`Heartbeat`] is dead |
//! | [`/startup`](HealthCheck::startup_response) | something in the startup group has not succeeded yet |
//!
//! A result older than three intervals and a timeout is not believed any more. Readers look at the
//! clock, so this holds even when [`HealthCheck::run`] is stuck or gone.
//!
//! # What counts how much
//!
//! [`Importance`] caps what a check can do to the whole: a `Critical` one takes the service down and
//! gates readiness and startup, a `Degrading` one makes it degraded at worst, an `Informational` one is only
//! shown. A check that gates something else says so: [`Check::gates_readiness`],
//! [`Check::gates_startup`]. Nothing outside the process can fail liveness, since a restart does not
//! mend it.
//!
//! # Heartbeats
//!
//! What cannot be asked must be heard of. A feed beats on every message and is expected only while its
//! session is open; this crate knows no calendar, the caller brings it as a closure.
//!
//! ```
//! use std::time::Duration;
//! use bongsu_health::{DependencyType, HealthCheck, Session};
//!
//! # fn main() -> Result<(), bongsu_health::HealthError> {
//! # let health = HealthCheck::builder("trading-engine").build()?;
//! let feed = health
//!     .heartbeat("market-data")
//!     .kind(DependencyType::ExternalApi)
//!     .degraded_after(Duration::from_secs(5))
//!     .unhealthy_after(Duration::from_secs(30))
//!     .grace(Duration::from_secs(60))
//!     .schedule(|_now| Session::Closed)
//!     .start()?;
//! feed.beat();
//!
//! // The service's own loop: when it hangs, only a restart helps.
//! let matching = health.heartbeat("matching-loop").max_age(Duration::from_secs(20)).internal().start()?;
//! matching.beat();
//! # Ok(()) }
//! ```
//!
//! # Changes
//!
//! [`HealthCheck::subscribe`] gives every change of status, for alerts; they are also logged with
//! `tracing`. On SIGTERM call [`HealthCheck::drain`], wait until traffic has gone elsewhere, then stop.
//!
//! # Built-in checks
//!
//! See [`checks`]; each is behind the feature of its name: `postgres`, `sqlite`, `redis`, `http`, `tcp`,
//! `disk`. Errors are cleaned of credentials before they are kept.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod aggregate;
mod assemble;
mod builder;
mod check;
pub mod checks;
mod error;
mod gate;
mod health;
mod heartbeat;
mod ietf;
mod inner;
mod published;
mod response;
mod runner;
mod sanitize;
mod snapshot;
mod state;
mod status;

pub use builder::HealthCheckBuilder;
pub use check::{Check, CheckError, CheckOutput, DEFAULT_INTERVAL, DEFAULT_TIMEOUT, Probe};
pub use error::{HealthError, Problem};
pub use gate::StartupGate;
pub use health::HealthCheck;
pub use heartbeat::{Heartbeat, HeartbeatBuilder, Session, SessionSchedule};
pub use response::ProbeResponse;
pub use snapshot::{
    DependencyHealth, PartState, ServiceHealth, Snapshot, SystemResources, Transition,
};
pub use status::{DependencyType, HealthStatus, Importance};
