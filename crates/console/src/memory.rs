//! The history, for those who keep it and those who look at it at the same time.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use crate::history::{History, Sample, Trend};

/// The last 24 hours, shared.
#[derive(Debug)]
pub struct Memory(Mutex<History>);

impl Default for Memory {
    fn default() -> Self {
        Self(Mutex::new(History::new()))
    }
}

impl Memory {
    /// Keeps what was so at a moment.
    pub fn keep(&self, at: Timestamp, sample: &Sample) {
        self.history().push(at, sample);
    }

    /// How long ago the oldest sample was; see [`History::known`].
    #[must_use]
    pub fn known(&self, now: Timestamp) -> Duration {
        self.history().known(now)
    }

    /// The last `span` in `columns` columns; see [`History::trend`].
    #[must_use]
    pub fn trend(&self, now: Timestamp, span: Duration, columns: usize) -> Trend {
        self.history().trend(now, span, columns)
    }

    fn history(&self) -> MutexGuard<'_, History> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
