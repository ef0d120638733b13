//! What the parts of a service saw of a day, for its report, and who hears what became of one.

#[cfg(feature = "alerts")]
mod alerts;
#[cfg(feature = "health")]
mod health;
mod lines;
#[cfg(feature = "logging")]
mod log;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "resources")]
mod resources;

use std::fmt;
#[cfg(any(feature = "health", feature = "logging"))]
use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bongsu_reports::{ContextProvider, Figure, ReportContext};
use jiff::Timestamp;

#[cfg(feature = "alerts")]
pub use self::alerts::{Alerts, alert_of_failures};
#[cfg(feature = "health")]
pub use self::health::Health;
pub use self::lines::say;
#[cfg(feature = "logging")]
pub use self::log::Counts;
#[cfg(feature = "metrics")]
pub use self::metrics::count;
#[cfg(feature = "resources")]
pub use self::resources::Samples;

/// A part that says what it saw.
#[async_trait]
pub trait Witness: fmt::Debug + Send + Sync {
    /// Adds what was seen in the window to the context.
    async fn tell(&self, window: Window, context: &mut ReportContext);
}

/// What a report is about, and when the process began to see anything.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Its first instant.
    pub since: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
    /// When the process began to see.
    pub started: Timestamp,
    /// When this is asked.
    pub now: Timestamp,
}

impl Window {
    /// Whether the process ran at any time of it.
    #[must_use]
    pub fn seen(&self) -> bool {
        self.until > self.started && self.since <= self.now
    }
}

/// The running system's part of a report: what was seen between two instants, or that nothing was.
#[derive(Debug)]
pub struct Day {
    started: Timestamp,
    witnesses: Vec<Box<dyn Witness>>,
}

impl Day {
    /// Seen from now on by these.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
    pub fn new(witnesses: Vec<Box<dyn Witness>>) -> Self {
        Self {
            started: Timestamp::now(),
            witnesses,
        }
    }
}

#[async_trait]
impl ContextProvider for Day {
    #[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
    async fn context(&self, since: Timestamp, until: Timestamp) -> ReportContext {
        let window = Window {
            since,
            until,
            started: self.started,
            now: Timestamp::now(),
        };
        let mut context = ReportContext::default();
        if window.seen() {
            let uptime = window.now.duration_since(self.started).as_secs();
            let uptime = u64::try_from(uptime).unwrap_or(0);
            context.system.uptime_seconds = Figure::Known(uptime);
        }
        for witness in &self.witnesses {
            witness.tell(window, &mut context).await;
        }
        context
    }
}

/// What is remembered: at most so many, the oldest first.
#[cfg(any(feature = "health", feature = "logging"))]
#[derive(Debug)]
struct Ring<T> {
    items: Mutex<VecDeque<T>>,
    most: usize,
}

#[cfg(any(feature = "health", feature = "logging"))]
impl<T> Ring<T> {
    fn new(most: usize) -> Self {
        Self {
            items: Mutex::default(),
            most,
        }
    }

    fn push(&self, item: T) {
        let mut items = self.all();
        if items.len() == self.most {
            items.pop_front();
        }
        items.push_back(item);
    }

    fn all(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
