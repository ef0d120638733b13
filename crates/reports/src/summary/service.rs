//! The running system: its health and its alerts.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::figure::Figure;

/// The running system over the report's day; from a [`crate::ContextProvider`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SystemHealth {
    /// `healthy`, `degraded` or `unhealthy` when the report was made.
    pub status: Figure<String>,
    /// Seconds since the process started.
    pub uptime_seconds: Figure<u64>,
    /// Share of the day in which the service was not unhealthy, 0–1.
    pub availability: Figure<f64>,
    /// Errors logged on the day.
    pub errors: Figure<u64>,
    /// Warnings logged on the day.
    pub warnings: Figure<u64>,
    /// CPU use in percent.
    pub cpu_percent: Figure<Range>,
    /// Memory use in percent.
    pub memory_percent: Figure<Range>,
    /// Disk use in percent.
    pub disk_percent: Figure<Range>,
    /// Changes of health on the day, oldest first.
    pub transitions: Vec<HealthTransition>,
    /// How many more changes there were than `transitions` holds.
    pub transitions_omitted: u64,
}

impl Default for SystemHealth {
    /// Nothing collected.
    fn default() -> Self {
        use crate::Missing::NotCollected;
        Self {
            status: NotCollected.into(),
            uptime_seconds: NotCollected.into(),
            availability: NotCollected.into(),
            errors: NotCollected.into(),
            warnings: NotCollected.into(),
            cpu_percent: NotCollected.into(),
            memory_percent: NotCollected.into(),
            disk_percent: NotCollected.into(),
            transitions: Vec::new(),
            transitions_omitted: 0,
        }
    }
}

/// Lowest, mean and highest of a sampled quantity.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// Lowest sample.
    pub min: f64,
    /// Mean of the samples.
    pub avg: f64,
    /// Highest sample.
    pub max: f64,
}

/// A change of health.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthTransition {
    /// When.
    pub at: Timestamp,
    /// The dependency; empty for the whole service.
    pub name: String,
    /// The status before.
    pub from: String,
    /// The status after.
    pub to: String,
    /// What was said about it.
    pub message: Option<String>,
}

/// The day's alerts; from a [`crate::ContextProvider`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertsSummary {
    /// Alerts raised on the day.
    pub total: Figure<u64>,
    /// Count by level.
    pub by_level: Figure<AlertCounts>,
    /// Alerts held back by cooldown, silence or grouping.
    pub suppressed: Figure<u64>,
    /// Deliveries that were given up.
    pub undelivered: Figure<u64>,
    /// Alerts still active when the report was made.
    pub active: Figure<u64>,
    /// The worst five, worst first.
    pub worst: Vec<AlertLine>,
}

impl Default for AlertsSummary {
    /// Nothing collected.
    fn default() -> Self {
        use crate::Missing::NotCollected;
        Self {
            total: NotCollected.into(),
            by_level: NotCollected.into(),
            suppressed: NotCollected.into(),
            undelivered: NotCollected.into(),
            active: NotCollected.into(),
            worst: Vec::new(),
        }
    }
}

/// Alerts by level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertCounts {
    /// Level critical.
    pub critical: u64,
    /// Level error.
    pub error: u64,
    /// Level warning.
    pub warning: u64,
    /// Level info.
    pub info: u64,
}

/// One alert in a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertLine {
    /// When it was raised.
    pub at: Timestamp,
    /// `critical`, `error`, `warning` or `info`.
    pub level: String,
    /// Its title.
    pub title: String,
    /// Where it came from.
    pub source: String,
    /// How often it was raised on the day.
    pub count: u64,
    /// When it was resolved, if it was.
    pub resolved_at: Option<Timestamp>,
}
