//! The monitor's thread: reads, computes, publishes, waits.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::clock;
use crate::disk::DiskWorkers;
use crate::error::SourceError;
use crate::evaluate;
use crate::history::HistoryPoint;
use crate::monitor::Shared;
use crate::sample::SystemResources;
use crate::source::{self, Reading, Source};

/// Time between the first reading and the first sample, when the interval is longer.
const WARM_UP: Duration = Duration::from_millis(250);

/// How long a sample waits for the disks, once for each hang. An answer takes microseconds,
/// but on a machine out of CPU the thread that gives it may have to wait its turn.
const DISK_PATIENCE: Duration = Duration::from_millis(500);

/// Says "stop" to a thread that waits.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    stopped: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    pub(crate) fn stop(&self) {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    /// Waits; `true` when it is time to stop.
    fn wait(&self, span: Duration) -> bool {
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .changed
            .wait_timeout_while(stopped, span, |stopped| !*stopped);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Runs until stopped. The source is locked for the whole run, so a second run waits
/// for the end of the first.
pub(crate) fn run(shared: &Arc<Shared>, stop: &Stop) {
    let mut slot = shared.source.lock().unwrap_or_else(PoisonError::into_inner);
    let mut sampler = Sampler::new(shared);
    let mut due = clock::monotonic();
    loop {
        let outcome = match &mut *slot {
            Some(source) => sampler.sample(&mut **source),
            None => source::native().map(|source| {
                *slot = Some(source);
                Progress::Baseline
            }),
        };
        let pause = match outcome {
            Ok(Progress::Baseline) if sampler.before_at.is_none() => Duration::ZERO,
            Ok(Progress::Baseline) => WARM_UP.min(shared.interval),
            Ok(Progress::Published) => shared.interval,
            Err(error) => {
                sampler.failed(&error);
                shared.interval
            }
        };
        due += pause;
        let now = clock::monotonic();
        if due < now {
            due = now; // ticks that were missed are not made up for
        }
        if stop.wait(due.saturating_duration_since(now)) {
            return;
        }
    }
}

/// What a round came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// A first reading, to compare the next one with.
    Baseline,
    /// A sample was published.
    Published,
}

/// Everything that lives from one round to the next. After the second sample a round
/// allocates nothing: readings take turns, and the sample before is written over as
/// soon as no reader holds it.
#[derive(Debug)]
pub(crate) struct Sampler<'a> {
    shared: &'a Shared,
    disks: DiskWorkers,
    before: Reading,
    before_at: Option<Instant>,
    current: Reading,
    spare: Option<Arc<SystemResources>>,
    failing: bool,
}

impl<'a> Sampler<'a> {
    pub(crate) fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            disks: DiskWorkers::start(&shared.disks, &shared.probe),
            before: Reading::default(),
            before_at: None,
            current: Reading::default(),
            spare: None,
            failing: false,
        }
    }

    /// One round.
    pub(crate) fn sample(&mut self, source: &mut dyn Source) -> Result<Progress, SourceError> {
        self.disks.ask();
        let now = clock::monotonic();
        let timestamp = clock::wall();
        catch_unwind(AssertUnwindSafe(|| source.read(&mut self.current)))
            .unwrap_or(Err(SourceError::Panicked))?;
        if std::mem::take(&mut self.failing) {
            tracing::info!("resources can be read again");
        }

        let mut spare = self
            .spare
            .take()
            .unwrap_or_else(|| Arc::new(evaluate::blank()));
        if Arc::get_mut(&mut spare).is_none() {
            spare = Arc::new(evaluate::blank()); // a reader keeps that one
        }
        let mut real = false;
        if let (Some(sample), Some(before_at)) = (Arc::get_mut(&mut spare), self.before_at) {
            let period = now.saturating_duration_since(before_at);
            real = evaluate::fill(sample, &self.before, &self.current, period, timestamp);
            if real {
                let missing = self.disks.collect(&mut sample.disks, DISK_PATIENCE);
                self.shared
                    .counters
                    .disk_timeouts
                    .fetch_add(missing, Relaxed);
            }
        }
        if real {
            self.publish(spare, now);
        } else {
            self.spare = Some(spare);
        }
        if real || self.before_at.is_none() {
            std::mem::swap(&mut self.before, &mut self.current);
            self.before_at = Some(now);
        }
        Ok(if real {
            Progress::Published
        } else {
            Progress::Baseline
        })
    }

    fn publish(&mut self, sample: Arc<SystemResources>, now: Instant) {
        let shared = self.shared;
        let mut state = shared.state();
        state.history.push(now, HistoryPoint::of(&sample));
        // Before its events: whoever hears of one and asks what is so now gets the sample that it is of.
        self.spare = shared.latest.send_replace(Some(Arc::clone(&sample)));
        state.board.feed(&sample, now, |event| {
            shared.counters.events.fetch_add(1, Relaxed);
            // no receiver is no error: the level can be asked for
            let _ = shared.events.send(event);
        });
        state.sampled_at = Some(now);
        drop(state);
        shared.counters.samples.fetch_add(1, Relaxed);
    }

    /// Counts a failure and says so once a row.
    fn failed(&mut self, error: &SourceError) {
        self.shared.counters.failures.fetch_add(1, Relaxed);
        if !std::mem::replace(&mut self.failing, true) {
            let cause = std::error::Error::source(error)
                .map(ToString::to_string)
                .unwrap_or_default();
            tracing::warn!(%error, cause, "resources cannot be read");
        }
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
