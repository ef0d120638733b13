//! What a generator tells whoever watches it.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::deliver::{DeliveryKey, DeliveryState};

/// Something happened to a report.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ReportEvent {
    /// A report was computed.
    Generated {
        /// The session.
        session: Date,
        /// When.
        at: Timestamp,
        /// How long it took.
        took: Duration,
    },
    /// A delivery arrived.
    Delivered {
        /// Which.
        key: DeliveryKey,
        /// At which attempt.
        attempt: u32,
    },
    /// A delivery will be tried again.
    Retrying {
        /// Which.
        key: DeliveryKey,
        /// The attempt that failed.
        attempt: u32,
        /// When the next one is due.
        at: Timestamp,
        /// Why.
        reason: String,
    },
    /// A delivery was given up, or may or may not have arrived. Worth an alert on another channel.
    Undelivered {
        /// Which.
        key: DeliveryKey,
        /// `Failed` or `Unknown`.
        state: DeliveryState,
        /// Why.
        reason: String,
    },
    /// Every delivery of a session's report has arrived.
    Completed {
        /// The session.
        session: Date,
        /// When.
        at: Timestamp,
    },
    /// A report could not be made, kept or scheduled. Worth an alert.
    Failed {
        /// What was being done.
        stage: Stage,
        /// The session, if it was about one.
        session: Option<Date>,
        /// Why, with its causes, without secrets.
        reason: String,
    },
    /// Owed sessions lie beyond the bound of the catch-up and are not reported.
    Skipped {
        /// The sessions.
        sessions: Vec<Date>,
    },
}

/// What was being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Reading the source and computing.
    Generate,
    /// Using the store.
    Store,
    /// Writing the archive.
    Archive,
    /// Asking the calendar.
    Calendar,
}

impl Stage {
    /// A short name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Generate => "generate",
            Self::Store => "store",
            Self::Archive => "archive",
            Self::Calendar => "calendar",
        }
    }
}

/// Is told what happens; must not block.
pub trait ReportObserver: Send + Sync + 'static {
    /// Something happened.
    fn event(&self, event: ReportEvent);
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoObserver;

impl ReportObserver for NoObserver {
    fn event(&self, _event: ReportEvent) {}
}

impl<F: Fn(ReportEvent) + Send + Sync + 'static> ReportObserver for F {
    fn event(&self, event: ReportEvent) {
        self(event);
    }
}
