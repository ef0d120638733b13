//! A level change that falls back by itself.

use crate::LoggingError;
use crate::clock;
use crate::filter::Directives;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

type Restore = Box<dyn Fn(Arc<Directives>) + Send>;

/// A change with a time limit.
struct Pending {
    until: Instant,
    /// What comes back.
    before: Arc<Directives>,
    restore: Restore,
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending")
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct State {
    pending: Option<Pending>,
    running: bool,
}

/// Keeps the lasting level while a timed one is in force.
#[derive(Debug, Default)]
pub(crate) struct Expiry {
    shared: Arc<(Mutex<State>, Condvar)>,
}

impl Expiry {
    /// Notes a change: a lasting one (`None`) cancels the timed one, a timed one is given a thread that
    /// sleeps until it ends.
    pub(crate) fn change(
        &self,
        before: Arc<Directives>,
        until: Option<Instant>,
        restore: impl Fn(Arc<Directives>) + Send + 'static,
    ) -> Result<(), LoggingError> {
        let (state, changed) = &*self.shared;
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let lasting = state.pending.take().map_or(before, |p| p.before);
        state.pending = until.map(|until| Pending {
            until,
            before: lasting,
            restore: Box::new(restore),
        });
        changed.notify_all();
        if state.pending.is_some() && !state.running {
            let shared = Arc::clone(&self.shared);
            let spawned = std::thread::Builder::new()
                .name("bongsu-log-level".to_owned())
                .spawn(move || wait(&shared));
            if let Err(e) = spawned {
                state.pending = None;
                return Err(LoggingError::Thread(e));
            }
            state.running = true;
        }
        Ok(())
    }

    /// How long the timed change is still in force.
    pub(crate) fn left(&self) -> Option<Duration> {
        let state = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pending = state.pending.as_ref()?;
        Some(pending.until.saturating_duration_since(clock::instant()))
    }
}

/// Ends with the change it waits for.
fn wait((state, changed): &(Mutex<State>, Condvar)) {
    let mut guard = state.lock().unwrap_or_else(PoisonError::into_inner);
    while let Some(pending) = &guard.pending {
        let left = pending.until.saturating_duration_since(clock::instant());
        if left.is_zero() {
            if let Some(over) = guard.pending.take() {
                (over.restore)(over.before);
            }
            break;
        }
        guard = changed
            .wait_timeout(guard, left)
            .unwrap_or_else(PoisonError::into_inner)
            .0;
    }
    guard.running = false;
}
