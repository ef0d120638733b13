//! The monitor: what a service holds.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{broadcast, watch};

use crate::board::Board;
use crate::clock;
use crate::disk::{DiskProbe, SystemProbe};
use crate::driver::{self, Stop};
use crate::error::ResourceError;
use crate::history::{History, HistoryPoint, Statistics};
use crate::query::Queries;
use crate::sample::SystemResources;
use crate::source::Source;
use crate::threshold::{ResourceThresholds, ThresholdAlert, ThresholdEvent};

/// One thread is kept for every path.
const MAX_DISKS: usize = 16;
/// A week of 10-second samples is 60,480.
const MAX_HISTORY: usize = 1_000_000;
/// Transitions that a slow subscriber may fall behind.
const EVENT_BACKLOG: usize = 256;

/// Samples the machine on a thread of its own; cheap to clone.
///
/// ```
/// use bongsu_resources::{ResourceMonitor, ResourceThresholds};
/// use std::time::Duration;
///
/// let monitor = ResourceMonitor::builder()
///     .interval(Duration::from_secs(10))
///     .thresholds(ResourceThresholds::default().cpu_warning(60.0))
///     .build()?;
/// let guard = monitor.start();
/// assert!(monitor.get_resources().is_none(), "the first sample needs two readings");
/// drop(guard); // stops sampling
/// # Ok::<(), bongsu_resources::ResourceError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ResourceMonitor {
    pub(crate) shared: Arc<Shared>,
}

/// Collects the settings of a [`ResourceMonitor`].
#[derive(Debug)]
#[must_use]
pub struct ResourceMonitorBuilder {
    thresholds: ResourceThresholds,
    interval: Duration,
    disks: Vec<PathBuf>,
    history: usize,
    source: Option<Box<dyn Source>>,
    probe: Arc<dyn DiskProbe>,
}

/// What the handle, the thread and the queries share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) interval: Duration,
    pub(crate) disks: Vec<Arc<Path>>,
    pub(crate) probe: Arc<dyn DiskProbe>,
    /// Locked by the running thread for as long as it runs; `None`: open the native one.
    pub(crate) source: Mutex<Option<Box<dyn Source>>>,
    pub(crate) latest: watch::Sender<Option<Arc<SystemResources>>>,
    pub(crate) events: broadcast::Sender<ThresholdEvent>,
    pub(crate) counters: Counters,
    pub(crate) queries: Arc<Queries>,
    state: Mutex<State>,
    run: Mutex<Weak<Run>>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) history: History,
    pub(crate) board: Board,
    pub(crate) sampled_at: Option<Instant>,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) samples: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) disk_timeouts: AtomicU64,
    pub(crate) events: AtomicU64,
}

/// How the monitor itself is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MonitorStats {
    /// Samples published.
    pub samples_total: u64,
    /// Rounds without a sample because the system could not be read.
    pub failures_total: u64,
    /// Questions to a file system that were not answered in time.
    pub disk_timeouts_total: u64,
    /// Threshold events sent.
    pub events_total: u64,
    /// Queries refused because too many were running.
    pub queries_refused_total: u64,
    /// Age of the latest sample; `None` before the first. Far over the interval: the thread is stuck.
    pub last_sample_age: Option<Duration>,
    /// A thread is sampling.
    pub running: bool,
}

impl Shared {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResourceMonitorBuilder {
    /// Sets the thresholds (default: see [`ResourceThresholds`]).
    pub fn thresholds(mut self, thresholds: ResourceThresholds) -> Self {
        self.thresholds = thresholds;
        self
    }

    /// Sets the time between samples (default 10 s).
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Watches the file system of a path (default `/`). Call it again for more, up to 16; the
    /// first is the main one. Each has a thread of its own.
    pub fn disk_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.disks.push(path.into());
        self
    }

    /// Sets how many samples are remembered (default 1,000; about 64 bytes each).
    pub fn history(mut self, samples: usize) -> Self {
        self.history = samples;
        self
    }

    /// Reads from this source (default: the system's own, see [`source::native`](crate::source::native)).
    pub fn source(mut self, source: impl Source) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// Asks this probe about disks (default: the operating system).
    pub fn disk_probe(mut self, probe: impl DiskProbe) -> Self {
        self.probe = Arc::new(probe);
        self
    }

    /// Checks the settings. Nothing is read or started yet.
    ///
    /// # Errors
    ///
    /// [`ResourceError`]; several mistakes come as one [`ResourceError::Several`].
    pub fn build(mut self) -> Result<ResourceMonitor, ResourceError> {
        if self.disks.is_empty() {
            self.disks.push(PathBuf::from("/"));
        }
        self.check()?;
        let disks: Vec<Arc<Path>> = self.disks.into_iter().map(Arc::from).collect();
        let state = State {
            history: History::new(self.history),
            board: Board::new(self.thresholds, disks.len()),
            sampled_at: None,
        };
        let shared = Shared {
            interval: self.interval,
            disks,
            probe: self.probe,
            source: Mutex::new(self.source),
            latest: watch::Sender::new(None),
            events: broadcast::Sender::new(EVENT_BACKLOG),
            counters: Counters::default(),
            queries: Arc::default(),
            state: Mutex::new(state),
            run: Mutex::new(Weak::new()),
        };
        Ok(ResourceMonitor {
            shared: Arc::new(shared),
        })
    }

    fn check(&self) -> Result<(), ResourceError> {
        let mut errors = Vec::new();
        self.thresholds.check(&mut errors);
        if self.interval.is_zero() {
            errors.push(ResourceError::ZeroInterval);
        }
        if !(1..=MAX_HISTORY).contains(&self.history) {
            errors.push(ResourceError::HistoryCapacity {
                capacity: self.history,
                max: MAX_HISTORY,
            });
        }
        if self.disks.len() > MAX_DISKS {
            errors.push(ResourceError::TooManyDisks {
                count: self.disks.len(),
                max: MAX_DISKS,
            });
        }
        for (at, path) in self.disks.iter().enumerate() {
            if self.disks.iter().take(at).any(|earlier| earlier == path) {
                errors.push(ResourceError::DuplicateDisk { path: path.clone() });
            }
        }
        ResourceError::of(errors)
    }
}

impl ResourceMonitor {
    /// Starts with the defaults: every 10 s, `/`, 1,000 samples of history.
    pub fn builder() -> ResourceMonitorBuilder {
        ResourceMonitorBuilder {
            thresholds: ResourceThresholds::default(),
            interval: Duration::from_secs(10),
            disks: Vec::new(),
            history: 1000,
            source: None,
            probe: Arc::new(SystemProbe),
        }
    }

    /// Starts sampling on a named thread until the last guard is dropped. A monitor that
    /// already runs gives another guard of the same run.
    pub fn start(&self) -> MonitorGuard {
        let mut current = self
            .shared
            .run
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(run) = current.upgrade() {
            return MonitorGuard { run };
        }
        let stop = Arc::new(Stop::default());
        let thread = std::thread::Builder::new().name("bongsu-sampler".to_owned());
        let (shared, stopped) = (Arc::clone(&self.shared), Arc::clone(&stop));
        let spawned = thread.spawn(move || driver::run(&shared, &stopped));
        if let Err(error) = &spawned {
            tracing::error!(%error, "resource thread cannot be started");
        }
        let run = Arc::new(Run {
            stop,
            thread: spawned.ok(),
        });
        *current = Arc::downgrade(&run);
        MonitorGuard { run }
    }

    /// The latest sample; `None` until the first real one, at most 250 ms after the start.
    #[must_use]
    pub fn get_resources(&self) -> Option<Arc<SystemResources>> {
        self.shared.latest.borrow().clone()
    }

    /// What stands at or over a threshold in the latest sample, or still fires. Empty before
    /// the first sample.
    #[must_use]
    pub fn check_thresholds(&self) -> Vec<ThresholdAlert> {
        let Some(sample) = self.get_resources() else {
            return Vec::new();
        };
        self.shared.state().board.alerts(&sample)
    }

    /// The thresholds in force.
    #[must_use]
    pub fn thresholds(&self) -> ResourceThresholds {
        self.shared.state().board.thresholds()
    }

    /// Other thresholds hold from the next sample on. What fires goes on firing until it is over by the new ones.
    ///
    /// # Errors
    ///
    /// [`ResourceError`], as the builder has it; the thresholds before hold on.
    pub fn set_thresholds(&self, thresholds: ResourceThresholds) -> Result<(), ResourceError> {
        thresholds.validate()?;
        self.shared.state().board.set_thresholds(thresholds);
        Ok(())
    }

    /// Figures over the samples of the last `window`; `None` when there are none.
    #[must_use]
    pub fn get_statistics(&self, window: Duration) -> Option<Statistics> {
        let now = clock::monotonic();
        self.shared.state().history.statistics(window, now)
    }

    /// The samples of the last `window`, oldest first.
    #[must_use]
    pub fn history(&self, window: Duration) -> Vec<HistoryPoint> {
        let now = clock::monotonic();
        self.shared.state().history.points(window, now)
    }

    /// Threshold events from now on. A subscriber that falls 256 events behind loses the
    /// oldest and is told how many.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<ThresholdEvent> {
        self.shared.events.subscribe()
    }

    /// The latest sample, and a wake-up with every new one.
    #[must_use]
    pub fn subscribe_samples(&self) -> watch::Receiver<Option<Arc<SystemResources>>> {
        self.shared.latest.subscribe()
    }

    /// How the monitor itself is doing.
    #[must_use]
    pub fn stats(&self) -> MonitorStats {
        let counters = &self.shared.counters;
        let sampled_at = self.shared.state().sampled_at;
        let run = self
            .shared
            .run
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .upgrade();
        MonitorStats {
            samples_total: counters.samples.load(Relaxed),
            failures_total: counters.failures.load(Relaxed),
            disk_timeouts_total: counters.disk_timeouts.load(Relaxed),
            events_total: counters.events.load(Relaxed),
            queries_refused_total: self.shared.queries.refused(),
            last_sample_age: sampled_at.map(|at| clock::monotonic().saturating_duration_since(at)),
            running: run.is_some_and(|run| run.alive()),
        }
    }
}

/// One thread's life.
#[derive(Debug)]
struct Run {
    stop: Arc<Stop>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Run {
    fn alive(&self) -> bool {
        self.thread
            .as_ref()
            .is_some_and(|thread| !thread.is_finished())
    }
}

impl Drop for Run {
    /// Does not wait for the thread: it may hang in a system call.
    fn drop(&mut self) {
        self.stop.stop();
    }
}

/// Keeps a monitor sampling; stops it when dropped, without waiting.
#[derive(Debug)]
#[must_use = "sampling stops when the guard is dropped"]
pub struct MonitorGuard {
    run: Arc<Run>,
}

impl MonitorGuard {
    /// Whether the thread is there: `false` when it could not be started.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.run.alive()
    }
}

#[cfg(test)]
mod tests;
