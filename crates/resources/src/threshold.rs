//! Thresholds as data: levels, timers and their checks.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::error::ResourceError;
use crate::sample::optional_path_text;

/// What a threshold watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Resource {
    /// Busy share of the CPUs.
    Cpu,
    /// Used share of the memory.
    Memory,
    /// Used share of a file system.
    Disk,
}

impl Resource {
    /// `cpu`, `memory` or `disk`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Disk => "disk",
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Below every threshold.
    #[default]
    Normal,
    /// At or over the warning threshold.
    Warning,
    /// At or over the critical threshold.
    Critical,
}

impl Level {
    /// `normal`, `warning` or `critical`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The two thresholds of one resource and the timers that keep them from flapping.
///
/// ```
/// use bongsu_resources::Threshold;
/// use std::time::Duration;
///
/// let cpu = Threshold::new(60.0, 80.0).hold(Duration::from_secs(30)).margin(5.0);
/// assert_eq!(cpu.critical, 80.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// Warning from this percentage on (`>=`).
    pub warning: f64,
    /// Critical from this percentage on (`>=`).
    pub critical: f64,
    /// How long the value has to stay at or over `warning` before it fires.
    pub hold: Duration,
    /// The same for `critical`, on a timer of its own.
    pub critical_hold: Duration,
    /// How far below its threshold the value has to fall to count as over, percentage points.
    pub margin: f64,
    /// How long a level keeps firing after the value fell below threshold − margin.
    pub keep: Duration,
}

impl Threshold {
    /// Thresholds without timers: fires and clears with a single sample.
    #[must_use]
    pub const fn new(warning: f64, critical: f64) -> Self {
        Self {
            warning,
            critical,
            hold: Duration::ZERO,
            critical_hold: Duration::ZERO,
            margin: 0.0,
            keep: Duration::ZERO,
        }
    }

    /// Sets the time to hold before either level fires.
    #[must_use]
    pub const fn hold(mut self, hold: Duration) -> Self {
        self.hold = hold;
        self.critical_hold = hold;
        self
    }

    /// Sets the time to hold before critical fires; after [`hold`](Self::hold), which sets both.
    #[must_use]
    pub const fn critical_hold(mut self, hold: Duration) -> Self {
        self.critical_hold = hold;
        self
    }

    /// Sets how far below its threshold the value has to fall, percentage points.
    #[must_use]
    pub const fn margin(mut self, margin: f64) -> Self {
        self.margin = margin;
        self
    }

    /// Sets how long a level keeps firing after the value fell.
    #[must_use]
    pub const fn keep(mut self, keep: Duration) -> Self {
        self.keep = keep;
        self
    }

    /// The level that the value alone would give, without any timer.
    #[must_use]
    pub fn level_of(&self, value: f64) -> Level {
        if value >= self.critical {
            Level::Critical
        } else if value >= self.warning {
            Level::Warning
        } else {
            Level::Normal
        }
    }

    /// The percentage of a level; of `Normal`, the one to fall below.
    #[must_use]
    pub const fn limit(&self, level: Level) -> f64 {
        match level {
            Level::Critical => self.critical,
            Level::Warning | Level::Normal => self.warning,
        }
    }

    pub(crate) fn check(&self, resource: Resource, errors: &mut Vec<ResourceError>) {
        let before = errors.len();
        let fields = [
            ("warning", self.warning),
            ("critical", self.critical),
            ("margin", self.margin),
        ];
        for (field, value) in fields {
            if !(0.0..=100.0).contains(&value) {
                errors.push(ResourceError::NotAPercentage {
                    resource,
                    field,
                    value,
                });
            }
        }
        if errors.len() > before {
            return; // a comparison of wrong numbers says nothing more
        }
        let (warning, critical, margin) = (self.warning, self.critical, self.margin);
        if warning >= critical {
            errors.push(ResourceError::ThresholdsCross {
                resource,
                warning,
                critical,
            });
        }
        if margin > 0.0 && margin >= warning {
            errors.push(ResourceError::MarginTooWide {
                resource,
                margin,
                warning,
            });
        }
    }
}

/// The thresholds of all resources.
///
/// | default | warning | critical | hold | margin | keep |
/// | --- | --- | --- | --- | --- | --- |
/// | CPU | 70 % | 90 % | 2 min | 10 | 5 min |
/// | memory | 80 % | 95 % | 30 s | 5 | 5 min |
/// | disk | 85 % | 95 % | 1 sample | 2 | 5 min |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ResourceThresholds {
    /// CPU, percent of all CPUs or of the container's quota.
    pub cpu: Threshold,
    /// Memory, percent of the machine's or of the container's limit.
    pub memory: Threshold,
    /// Disk, percent as `df` counts it.
    pub disk: Threshold,
    /// While a level stays up, says so again after this time; `None` (default): never.
    pub repeat: Option<Duration>,
    /// Which figures are compared.
    pub scope: ThresholdScope,
}

/// Whose figures the CPU and memory thresholds are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ThresholdScope {
    /// The higher of host and container: whichever limit comes first (default).
    #[default]
    Worst,
    /// The host alone.
    Host,
    /// The container where it has a limit, else the host.
    Container,
}

impl Default for ResourceThresholds {
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        let keep = minutes(5);
        Self {
            cpu: Threshold::new(70.0, 90.0)
                .hold(minutes(2))
                .margin(10.0)
                .keep(keep),
            memory: Threshold::new(80.0, 95.0)
                .hold(Duration::from_secs(30))
                .margin(5.0)
                .keep(keep),
            disk: Threshold::new(85.0, 95.0).margin(2.0).keep(keep),
            repeat: None,
            scope: ThresholdScope::Worst,
        }
    }
}

macro_rules! percent_setters {
    ($($name:ident => $resource:ident . $field:ident, $doc:literal;)*) => {$(
        #[doc = $doc]
        #[must_use]
        pub const fn $name(mut self, percent: f64) -> Self {
            self.$resource.$field = percent;
            self
        }
    )*};
}

impl ResourceThresholds {
    percent_setters! {
        cpu_warning => cpu.warning, "Sets the CPU warning threshold, percent (default 70).";
        cpu_critical => cpu.critical, "Sets the CPU critical threshold, percent (default 90).";
        memory_warning => memory.warning, "Sets the memory warning threshold, percent (default 80).";
        memory_critical => memory.critical, "Sets the memory critical threshold, percent (default 95).";
        disk_warning => disk.warning, "Sets the disk warning threshold, percent (default 85).";
        disk_critical => disk.critical, "Sets the disk critical threshold, percent (default 95).";
    }

    /// Sets everything about the CPU.
    #[must_use]
    pub const fn cpu(mut self, threshold: Threshold) -> Self {
        self.cpu = threshold;
        self
    }

    /// Sets everything about the memory.
    #[must_use]
    pub const fn memory(mut self, threshold: Threshold) -> Self {
        self.memory = threshold;
        self
    }

    /// Sets everything about the disks.
    #[must_use]
    pub const fn disk(mut self, threshold: Threshold) -> Self {
        self.disk = threshold;
        self
    }

    /// Sets after what time a lasting level is said again (default: never).
    #[must_use]
    pub const fn repeat(mut self, repeat: Option<Duration>) -> Self {
        self.repeat = repeat;
        self
    }

    /// Sets whose figures are compared (default: the higher of host and container).
    #[must_use]
    pub const fn scope(mut self, scope: ThresholdScope) -> Self {
        self.scope = scope;
        self
    }

    /// The threshold of a resource.
    #[must_use]
    pub const fn of(&self, resource: Resource) -> &Threshold {
        match resource {
            Resource::Cpu => &self.cpu,
            Resource::Memory => &self.memory,
            Resource::Disk => &self.disk,
        }
    }

    /// Whether they can be used.
    ///
    /// # Errors
    ///
    /// [`ResourceError`]; several mistakes come as one [`ResourceError::Several`].
    pub fn validate(&self) -> Result<(), ResourceError> {
        let mut errors = Vec::new();
        self.check(&mut errors);
        ResourceError::of(errors)
    }

    pub(crate) fn check(&self, errors: &mut Vec<ResourceError>) {
        for resource in [Resource::Cpu, Resource::Memory, Resource::Disk] {
            self.of(resource).check(resource, errors);
        }
        if self.repeat == Some(Duration::ZERO) {
            errors.push(ResourceError::ZeroRepeat);
        }
    }
}

/// A level changed (or, with [`repeat`](Self::repeat), still holds).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ThresholdEvent {
    /// What changed.
    pub resource: Resource,
    /// The level now.
    pub level: Level,
    /// The level before; equal to `level` in a repeat.
    pub previous: Level,
    /// The value now, percent.
    pub value: f64,
    /// The threshold of `level`; on the way down to normal, the warning threshold.
    pub threshold: f64,
    /// One sentence for people.
    pub message: String,
    /// The file system, for disks.
    #[serde(serialize_with = "optional_path_text")]
    pub path: Option<Arc<Path>>,
    /// Says again what is already known.
    pub repeat: bool,
}

/// What stands at or over a threshold, or is still firing, at this moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ThresholdAlert {
    /// What is over its threshold.
    pub resource: Resource,
    /// The level that the latest value alone gives.
    pub level: Level,
    /// The level that has been announced (timers counted).
    pub firing: Level,
    /// The latest value, percent.
    pub value: f64,
    /// The threshold of the higher of the two levels.
    pub threshold: f64,
    /// One sentence for people.
    pub message: String,
    /// The file system, for disks.
    #[serde(serialize_with = "optional_path_text")]
    pub path: Option<Arc<Path>>,
}

/// `CPU usage is 93.4%, at or over the critical threshold of 90%`.
pub(crate) fn sentence(
    resource: Resource,
    path: Option<&Path>,
    value: f64,
    level: Level,
    threshold: f64,
) -> String {
    let subject = match resource {
        Resource::Cpu => "CPU usage".to_owned(),
        Resource::Memory => "memory usage".to_owned(),
        Resource::Disk => match path {
            Some(path) => format!("disk usage of {}", path.display()),
            None => "disk usage".to_owned(),
        },
    };
    match level {
        Level::Normal => {
            format!("{subject} is back to normal at {value:.1}% (warning threshold {threshold}%)")
        }
        _ if value >= threshold => {
            format!("{subject} is {value:.1}%, at or over the {level} threshold of {threshold}%")
        }
        _ => format!(
            "{subject} is {value:.1}%, not long enough below the {level} threshold of {threshold}%"
        ),
    }
}
