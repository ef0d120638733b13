//! What can go wrong, by who has to act on it.

use std::path::PathBuf;

use crate::threshold::Resource;

/// A configuration that cannot be monitored with; returned by
/// [`ResourceMonitorBuilder::build`](crate::ResourceMonitorBuilder::build).
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ResourceError {
    /// A warning threshold has to lie below its critical one.
    #[error(
        "{resource} warning threshold {warning} is not below the critical threshold {critical}"
    )]
    ThresholdsCross {
        /// The resource whose thresholds cross.
        resource: Resource,
        /// The warning threshold, percent.
        warning: f64,
        /// The critical threshold, percent.
        critical: f64,
    },
    /// A percentage outside 0–100, or not a number.
    #[error("{resource} {field} is {value}, not a percentage between 0 and 100")]
    NotAPercentage {
        /// The resource whose setting is wrong.
        resource: Resource,
        /// `warning`, `critical` or `margin`.
        field: &'static str,
        /// The value that was given.
        value: f64,
    },
    /// The margin reaches below zero, so the level could never clear.
    #[error(
        "{resource} margin {margin} is not below the warning threshold {warning}, so it could never clear"
    )]
    MarginTooWide {
        /// The resource whose setting is wrong.
        resource: Resource,
        /// The margin, percentage points.
        margin: f64,
        /// The warning threshold, percent.
        warning: f64,
    },
    /// A sampling interval of zero would spin.
    #[error("interval is zero")]
    ZeroInterval,
    /// A repeat of zero would send an event with every sample.
    #[error("repeat is zero")]
    ZeroRepeat,
    /// A history that keeps nothing has no statistics.
    #[error("history capacity is {capacity}, not between 1 and {max}")]
    HistoryCapacity {
        /// The capacity that was given.
        capacity: usize,
        /// The largest capacity.
        max: usize,
    },
    /// More disk paths than the monitor keeps threads for.
    #[error("{count} disk paths are more than the {max} that one monitor watches")]
    TooManyDisks {
        /// How many were given.
        count: usize,
        /// How many are allowed.
        max: usize,
    },
    /// The same disk path twice.
    #[error("disk path {} is given twice", path.display())]
    DuplicateDisk {
        /// The path.
        path: PathBuf,
    },
    /// Several of the above at once.
    #[error("{}", list(.0))]
    Several(Vec<ResourceError>),
}

impl ResourceError {
    /// Nothing, the one mistake, or all of them.
    pub(crate) fn of(mut errors: Vec<Self>) -> Result<(), Self> {
        match errors.len() {
            0 => Ok(()),
            1 => Err(errors.remove(0)),
            _ => Err(Self::Several(errors)),
        }
    }
}

fn list(errors: &[ResourceError]) -> String {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

/// Why a [`Source`](crate::source::Source) could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// A file of the kernel could not be opened or read.
    #[error("{what} cannot be read")]
    Read {
        /// The file or call.
        what: &'static str,
        /// The operating system's answer.
        #[source]
        source: std::io::Error,
    },
    /// A file of the kernel has a form that is not understood.
    #[error("{what} has an unexpected form")]
    Parse {
        /// The file.
        what: &'static str,
    },
    /// The source does not work on this system.
    #[error("{what} is not available on this system")]
    Unsupported {
        /// What is missing.
        what: &'static str,
    },
    /// The source panicked; it is asked again with the next sample.
    #[error("source panicked")]
    Panicked,
}

/// Why the free space of a path is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DiskError {
    /// The path does not exist.
    #[error("no such path")]
    NotFound,
    /// The path may not be looked at.
    #[error("permission denied")]
    Denied,
    /// The file system did not answer in time.
    #[error("file system did not answer in time")]
    TimedOut,
    /// Too many earlier calls are still stuck, so this one was not made.
    #[error("too many disk queries are still waiting for an answer")]
    Busy,
    /// Any other failure, in the operating system's words.
    #[error("{0}")]
    Other(String),
}

impl From<std::io::Error> for DiskError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::NotFound,
            std::io::ErrorKind::PermissionDenied => Self::Denied,
            _ => Self::Other(error.to_string()),
        }
    }
}

/// Why a query of the monitor has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// Too many earlier queries are still running.
    #[error("too many resource queries are running")]
    Busy,
    /// No thread could be started for the query.
    #[error("query thread cannot be started")]
    Thread(#[source] std::io::Error),
    /// The query's thread ended without an answer.
    #[error("query ended without an answer")]
    Lost,
    /// The system could not be read.
    #[error("system cannot be read")]
    Source(#[from] SourceError),
}
