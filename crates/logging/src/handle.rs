//! Logging in force: level changes, figures, flush, and the end.

use crate::LoggingError;
use crate::clock;
use crate::filter::Directives;
use crate::layer::Core;
use crate::level::Expiry;
use crate::sink::Sink;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tracing_log::AsLog;

/// How long dropping a guard that took logging up again waits.
const RESUMED: Duration = Duration::from_secs(5);

/// What logging did so far. Counters only grow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogStats {
    /// Lines by level (`error`, `warn`, `info`, `debug`, `trace`): `log_events_total{level}`.
    pub events: Vec<(&'static str, u64)>,
    /// Lines lost or suppressed by reason (`queue_full`, `timeout`, `stdout_error`, `file_error`,
    /// `file_unavailable`, `writer_error`, `daemon_error`, `rate_limited`): `log_dropped_total{reason}`.
    pub dropped: Vec<(&'static str, u64)>,
    /// Panics seen by the hook.
    pub panics: u64,
    /// Files rotated.
    pub rotations: u64,
    /// Rotations, compressions and deletions that failed.
    pub rotation_errors: u64,
}

impl LogStats {
    /// The count under a level.
    #[must_use]
    pub fn events_at(&self, level: &str) -> u64 {
        find(&self.events, level)
    }

    /// The count under a reason.
    #[must_use]
    pub fn dropped_by(&self, reason: &str) -> u64 {
        find(&self.dropped, reason)
    }
}

fn find(counts: &[(&'static str, u64)], name: &str) -> u64 {
    counts
        .iter()
        .find(|(n, _)| *n == name)
        .map_or(0, |(_, count)| *count)
}

impl Core {
    /// Lets the `log` crate's macros skip what the filter would refuse.
    pub(crate) fn follow_log_level(&self) {
        use tracing_log::log;
        let most =
            self.filter
                .current()
                .env
                .max_level_hint()
                .map_or(log::LevelFilter::Trace, |hint| match hint.into_level() {
                    Some(level) => level.as_log().to_level_filter(),
                    None => log::LevelFilter::Off,
                });
        log::set_max_level(most);
    }
}

/// A cheap handle on logging in force.
#[derive(Clone, Debug)]
pub struct LogHandle {
    core: Arc<Core>,
    expiry: Arc<Expiry>,
}

impl LogHandle {
    pub(crate) fn new(core: Arc<Core>) -> LogHandle {
        LogHandle {
            core,
            expiry: Arc::default(),
        }
    }

    /// Changes what is logged, for good or for a time after which the level before comes back.
    /// A change while a timed one runs is on top of it: what comes back is the last lasting level.
    ///
    /// # Errors
    ///
    /// The filter does not parse; nothing changes then.
    pub fn set_level(&self, level: &str, for_: Option<Duration>) -> Result<(), LoggingError> {
        let directives = Arc::new(Directives::parse(level)?);
        let core = Arc::downgrade(&self.core);
        let before = self.core.filter.current();
        self.expiry
            .change(before, for_.map(|d| clock::instant() + d), move |old| {
                if let Some(core) = core.upgrade() {
                    core.filter.set(old);
                    core.follow_log_level();
                }
            })?;
        self.core.filter.set(directives);
        self.core.follow_log_level();
        Ok(())
    }

    /// The filter in force.
    #[must_use]
    pub fn level(&self) -> String {
        self.core.filter.current().spec.clone()
    }

    /// How long a level that was set for a time still lasts; `None` for a lasting one.
    #[must_use]
    pub fn level_lasts(&self) -> Option<Duration> {
        self.expiry.left()
    }

    /// The newest lines as they were written, the oldest first; none unless
    /// [`LoggingConfig::recent`](crate::LoggingConfig::recent) gives them room.
    #[must_use]
    pub fn recent(&self) -> Vec<String> {
        let recent = self.core.recent.as_deref();
        recent.map(crate::recent::Recent::lines).unwrap_or_default()
    }

    /// Whether the log hides the value of a field of this name: for whoever sends fields elsewhere.
    #[must_use]
    pub fn hides(&self, key: &str) -> bool {
        self.core.scheme.redactor.hides(key)
    }

    /// The text without what the log would take out of it; none when that is nothing.
    #[must_use]
    pub fn mask(&self, text: &str) -> Option<String> {
        self.core.scheme.redactor.mask(text)
    }

    /// The figures.
    #[must_use]
    pub fn stats(&self) -> LogStats {
        let counts = self.core.sink.counts();
        let mut dropped = counts.dropped();
        dropped.push(("rate_limited", self.core.rate_limited.load(Relaxed)));
        if let Some(daemon) = &self.core.daemon {
            dropped.push(("daemon_error", daemon.lost()));
        }
        let (mut rotations, mut rotation_errors) = (0, 0);
        if let Sink::Buffered(shared) = &self.core.sink {
            rotations = shared.file.rotations.load(Relaxed);
            rotation_errors = shared.file.errors.load(Relaxed);
        }
        LogStats {
            rotations,
            rotation_errors,
            events: counts.events(),
            dropped,
            panics: self.core.panics.load(Relaxed),
        }
    }

    /// Waits until everything logged so far is written; false when time ran out.
    #[must_use = "false means that lines are still waiting"]
    pub fn flush(&self, within: Duration) -> bool {
        self.core.flush(within)
    }

    /// Takes up buffered logging again after its guard is gone; gives another guard. The same as a new
    /// guard where it goes on still.
    pub fn resume(&self) -> LogGuard {
        if let Sink::Buffered(shared) = &self.core.sink {
            crate::install::resume(shared);
        }
        LogGuard::new(self.clone(), RESUMED)
    }

    /// Opens the file anew, after it was moved away; for SIGHUP.
    pub fn reopen(&self) {
        if let Sink::Buffered(shared) = &self.core.sink {
            shared.request_reopen();
        }
    }
}

/// Keeps logging buffered; dropping it writes what is left. Later lines are written one by one by whoever
/// logs them, so that nothing is lost at the end of a program.
#[derive(Debug)]
#[must_use = "dropping the guard ends buffered logging; bind it to a variable in main"]
pub struct LogGuard {
    handle: LogHandle,
    shutdown: Duration,
}

impl LogGuard {
    pub(crate) fn new(handle: LogHandle, shutdown: Duration) -> LogGuard {
        LogGuard { handle, shutdown }
    }

    /// A handle.
    #[must_use]
    pub fn handle(&self) -> LogHandle {
        self.handle.clone()
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        if let Some(daemon) = &self.handle.core.daemon {
            daemon.flush(self.shutdown);
        }
        match &self.handle.core.sink {
            Sink::Buffered(shared) => {
                shared.request_close();
                let waiting = shared.wait_closed(clock::instant() + self.shutdown);
                if waiting > 0 {
                    // The outputs hang: this is the last place where it can be said.
                    let _stderr_may_be_closed = writeln!(
                        io::stderr(),
                        "warning: {waiting} log lines were not written in time"
                    );
                }
            }
            direct @ Sink::Direct(_) => {
                direct.flush(self.shutdown);
            }
        }
    }
}
