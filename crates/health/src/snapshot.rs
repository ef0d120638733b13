//! What a reader sees: plain data, complete in itself.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::status::{DependencyType, HealthStatus, Importance};

/// The body of `/health`, with detail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceHealth {
    /// Who speaks.
    pub service_name: String,
    /// The status of the whole.
    pub status: HealthStatus,
    /// The service's version.
    pub version: String,
    /// Seconds since the health value was built.
    pub uptime_seconds: f64,
    /// When this was put together; at most a second before it was read.
    pub timestamp: Timestamp,
    /// Checks in the order in which they were added, then heartbeats.
    pub dependencies: Vec<DependencyHealth>,
    /// The host's figures, when somebody supplies them.
    pub system_resources: Option<SystemResources>,
    /// Errors so far, as told by [`HealthCheck::set_counts`](crate::HealthCheck::set_counts).
    pub error_count: u64,
    /// Warnings so far.
    pub warning_count: u64,
}

/// One dependency in the body of `/health`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DependencyHealth {
    /// The check's or heartbeat's name.
    pub name: String,
    /// What kind of thing it is.
    #[serde(rename = "type")]
    pub dependency_type: DependencyType,
    /// Its status.
    pub status: HealthStatus,
    /// How long the last run took, in milliseconds.
    pub response_time_ms: Option<f64>,
    /// What the last run said, or why there is none; cleaned of credentials.
    pub message: Option<String>,
    /// When the last run ended, or the last beat came.
    pub last_check: Option<Timestamp>,
    /// Figures from the last run.
    pub metadata: BTreeMap<String, Value>,
}

/// The host's figures in the body of `/health`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct SystemResources {
    /// CPU in use, 0–100.
    pub cpu_percent: f64,
    /// Memory in use, 0–100.
    pub memory_percent: f64,
    /// Memory in use, MiB.
    pub memory_used_mb: f64,
    /// Memory available, MiB.
    pub memory_available_mb: f64,
    /// Disk in use, 0–100, by df's rule.
    pub disk_percent: f64,
    /// Disk in use, GiB.
    pub disk_used_gb: f64,
    /// Disk free, GiB.
    pub disk_free_gb: f64,
}

/// What the wire format does not say about a dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartState {
    /// The check's or heartbeat's name.
    pub name: String,
    /// Its status, `Unknown` told apart.
    pub status: HealthStatus,
    /// When it came to this status; `None` when it has had no other.
    pub since: Option<Timestamp>,
    /// How much it may do to the whole.
    pub importance: Importance,
    /// Its last result is too old to be believed.
    pub stale: bool,
    /// Failures in a row.
    pub failures: u32,
    /// Runs so far, 0 for a heartbeat.
    pub runs: u64,
    /// A heartbeat rather than a check.
    pub heartbeat: bool,
    /// Gates `/ready`.
    pub gates_readiness: bool,
    /// Gates `/startup`, and `/ready` until its first success.
    pub gates_startup: bool,
    /// Gates `/liveness`: an internal heartbeat.
    pub gates_liveness: bool,
}

/// Everything about the service's health at one moment.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The body of `/health`.
    pub service: ServiceHealth,
    /// The status of the whole, `Unknown` (still starting) told apart.
    pub status: HealthStatus,
    /// One for each of `service.dependencies`, in the same order.
    pub parts: Vec<PartState>,
    /// Every check and gate of the startup group has succeeded once. Never goes back.
    pub started: bool,
    /// [`HealthCheck::drain`](crate::HealthCheck::drain) was called.
    pub draining: bool,
    /// Why `/ready` is 503; `None` when it is 200.
    pub not_ready: Option<String>,
    /// Why `/startup` is 503; `None` when it is 200.
    pub not_started: Option<String>,
    /// Why `/liveness` is 503; `None` when it is 200.
    pub not_alive: Option<String>,
}

impl Snapshot {
    /// Whether `/ready` is 200.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.not_ready.is_none()
    }

    /// Whether `/liveness` is 200.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.not_alive.is_none()
    }

    /// Each dependency with the state behind it.
    pub fn dependencies(&self) -> impl Iterator<Item = (&DependencyHealth, &PartState)> {
        self.service.dependencies.iter().zip(&self.parts)
    }

    /// The dependency of this name.
    #[must_use]
    pub fn dependency(&self, name: &str) -> Option<&DependencyHealth> {
        self.service.dependencies.iter().find(|d| d.name == name)
    }

    /// The state behind the dependency of this name.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&PartState> {
        self.parts.iter().find(|p| p.name == name)
    }
}

/// A change of status, of one dependency or (with an empty name) of the whole service.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transition {
    /// The check's or heartbeat's name; empty for the whole service.
    pub name: String,
    /// What it was.
    pub from: HealthStatus,
    /// What it is now.
    pub to: HealthStatus,
    /// What the last run said, or for the whole service which parts are not healthy.
    pub message: Option<String>,
    /// When it was noticed.
    pub at: Timestamp,
}
