//! The words of health: statuses, importance, kinds of dependency.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// How well a dependency, or the whole service, is.
///
/// Ordered by severity: `Healthy < Degraded < Unknown < Unhealthy`, so `max` is "the worst of".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HealthStatus {
    /// Works.
    Healthy,
    /// Works, but slowly, or it has just failed once.
    Degraded,
    /// Not yet run, or its last result is too old to be believed. On the wire this is
    /// `unhealthy`, since the three wire words have no other for "do not rely on it".
    Unknown,
    /// Does not work.
    Unhealthy,
}

impl HealthStatus {
    /// The word, with `unknown` told apart: for logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unknown => "unknown",
            Self::Unhealthy => "unhealthy",
        }
    }

    /// One of the three words that the HTTP bodies use.
    #[must_use]
    pub const fn wire(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unknown | Self::Unhealthy => "unhealthy",
        }
    }

    /// The value for a gauge: 1 healthy, 0.5 degraded, 0 otherwise.
    #[must_use]
    pub const fn gauge(self) -> f64 {
        match self {
            Self::Healthy => 1.0,
            Self::Degraded => 0.5,
            Self::Unknown | Self::Unhealthy => 0.0,
        }
    }

    /// Whether the thing may be relied on: healthy or degraded.
    #[must_use]
    pub const fn is_up(self) -> bool {
        matches!(self, Self::Healthy | Self::Degraded)
    }

    /// The word of the `application/health+json` draft: `pass`, `warn` or `fail`.
    #[must_use]
    pub const fn ietf(self) -> &'static str {
        match self {
            Self::Healthy => "pass",
            Self::Degraded => "warn",
            Self::Unknown | Self::Unhealthy => "fail",
        }
    }
}

impl fmt::Display for HealthStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for HealthStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.wire())
    }
}

impl<'de> Deserialize<'de> for HealthStatus {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Wire {
            Healthy,
            Degraded,
            Unhealthy,
        }
        Ok(match Wire::deserialize(deserializer)? {
            Wire::Healthy => Self::Healthy,
            Wire::Degraded => Self::Degraded,
            Wire::Unhealthy => Self::Unhealthy,
        })
    }
}

/// What kind of thing a check looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DependencyType {
    /// A database. Slow (degraded) over 1,000 ms unless said otherwise.
    Database,
    /// A cache. Slow (degraded) over 500 ms unless said otherwise.
    Cache,
    /// A service of one's own, or a part of this one.
    Service,
    /// Somebody else's API.
    ExternalApi,
}

impl DependencyType {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Cache => "cache",
            Self::Service => "service",
            Self::ExternalApi => "external_api",
        }
    }

    /// From which response time such a dependency counts as degraded by default.
    #[must_use]
    pub const fn default_degraded_above(self) -> Option<std::time::Duration> {
        match self {
            Self::Database => Some(std::time::Duration::from_millis(1_000)),
            Self::Cache => Some(std::time::Duration::from_millis(500)),
            Self::Service | Self::ExternalApi => None,
        }
    }
}

impl fmt::Display for DependencyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How much a check may do to the status of the whole service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Importance {
    /// Shown, but never changes the whole.
    Informational,
    /// Makes the whole degraded at worst.
    Degrading,
    /// Makes the whole as bad as itself, and gates `/ready`. The default.
    #[default]
    Critical,
}

impl Importance {
    /// The word: `informational`, `degrading`, `critical`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Degrading => "degrading",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Importance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
