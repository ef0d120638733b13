//! What a report asks about and nobody else remembers: changes of health, counts of the log.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

use crate::tasks::Tasks;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Adds to a ring of at most `most` items.
fn push<T>(ring: &mut VecDeque<T>, item: T, most: usize) {
    if ring.len() == most {
        ring.pop_front();
    }
    ring.push_back(item);
}

#[cfg(feature = "health")]
pub(crate) use transitions::Transitions;

#[cfg(feature = "health")]
mod transitions {
    use bongsu_health::{HealthCheck, HealthStatus, Transition};
    use bongsu_reports::summary::HealthTransition;
    use tokio::sync::broadcast::error::RecvError;

    use super::{Arc, Mutex, Tasks, Timestamp, VecDeque, lock, push};

    /// Changes that are remembered.
    const REMEMBERED: usize = 5_000;
    /// Changes that a report shows.
    const SHOWN: usize = 50;

    /// The last changes of health, oldest first.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Transitions(Arc<Mutex<VecDeque<Transition>>>);

    /// What was seen in a window.
    #[derive(Debug, PartialEq)]
    pub(crate) struct Seen {
        /// Share of the window in which the service was not unhealthy, 0 to 1.
        pub(crate) availability: f64,
        pub(crate) changes: Vec<HealthTransition>,
        pub(crate) omitted: u64,
    }

    impl Transitions {
        pub(crate) fn start(health: &HealthCheck, tasks: &Tasks) -> Self {
            let this = Self::default();
            let (kept, mut changes) = (this.clone(), health.subscribe());
            tasks.spawn("health-history", async move {
                loop {
                    match changes.recv().await {
                        Ok(change) => push(&mut lock(&kept.0), change, REMEMBERED),
                        Err(RecvError::Lagged(_)) => {}
                        Err(RecvError::Closed) => return,
                    }
                }
            });
            this
        }

        pub(crate) fn between(&self, since: Timestamp, until: Timestamp) -> Seen {
            let all = lock(&self.0);
            let whole = all.iter().filter(|change| change.name.is_empty());
            let availability = availability(whole.map(|c| (c.at, c.to)), since, until);
            let inside = all
                .iter()
                .filter(|change| change.at >= since && change.at < until);
            let count = inside.clone().count();
            let changes = inside.take(SHOWN).map(|change| HealthTransition {
                at: change.at,
                name: change.name.clone(),
                from: change.from.to_string(),
                to: change.to.to_string(),
                message: change.message.clone(),
            });
            Seen {
                availability,
                changes: changes.collect(),
                omitted: count.saturating_sub(SHOWN) as u64,
            }
        }
    }

    /// Share of `[since, until)` in which the last change was not to unhealthy; a service without
    /// any change so far was not unhealthy.
    fn availability(
        changes: impl Iterator<Item = (Timestamp, HealthStatus)>,
        since: Timestamp,
        until: Timestamp,
    ) -> f64 {
        let window = until.duration_since(since).as_secs_f64();
        if window <= 0.0 {
            return 1.0;
        }
        let (mut at, mut down, mut lost) = (since, false, 0.0);
        for (changed, to) in changes {
            let changed = changed.clamp(since, until);
            if down {
                lost += changed.duration_since(at).as_secs_f64();
            }
            at = changed;
            down = to == HealthStatus::Unhealthy;
        }
        if down {
            lost += until.duration_since(at).as_secs_f64();
        }
        1.0 - lost / window
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[track_caller]
        fn check(changes: &[(i64, HealthStatus)], want: f64) {
            let at = |second| Timestamp::from_second(second).unwrap();
            let changes = changes.iter().map(|(second, to)| (at(*second), *to));
            let got = availability(changes, at(1_000), at(2_000));
            assert!((got - want).abs() < 1e-9, "{got} is not {want}");
        }

        #[test]
        fn availability_table() {
            use HealthStatus::{Degraded, Healthy, Unhealthy};
            check(&[], 1.0);
            check(&[(1_500, Degraded)], 1.0);
            check(&[(1_500, Unhealthy)], 0.5);
            check(&[(1_500, Unhealthy), (1_600, Healthy)], 0.9);
            check(&[(500, Unhealthy)], 0.0);
            check(&[(500, Unhealthy), (1_250, Degraded)], 0.75);
            check(&[(500, Unhealthy), (600, Healthy)], 1.0);
            check(&[(2_500, Unhealthy)], 1.0);
        }
    }
}

#[cfg(feature = "logging")]
pub(crate) use counts::LogCounts;

#[cfg(feature = "logging")]
mod counts {
    use std::time::Duration;

    use bongsu_logging::LogHandle;

    use super::{Arc, Mutex, Tasks, Timestamp, VecDeque, lock, push};

    /// Three days at one reading a minute.
    const REMEMBERED: usize = 3 * 24 * 60;
    const EVERY: Duration = Duration::from_secs(60);

    /// Errors and warnings logged until an instant.
    type Reading = (Timestamp, u64, u64);

    /// Readings of the log's counts, oldest first.
    #[derive(Clone, Debug)]
    pub(crate) struct LogCounts {
        logs: LogHandle,
        readings: Arc<Mutex<VecDeque<Reading>>>,
    }

    impl LogCounts {
        pub(crate) fn start(logs: &LogHandle, tasks: &Tasks) -> Self {
            let this = Self {
                logs: logs.clone(),
                readings: Arc::default(),
            };
            let kept = this.clone();
            tasks.spawn("log-counts", async move {
                let mut ticks = tokio::time::interval(EVERY);
                loop {
                    ticks.tick().await;
                    let reading = kept.now();
                    push(&mut lock(&kept.readings), reading, REMEMBERED);
                }
            });
            this
        }

        fn now(&self) -> Reading {
            let stats = self.logs.stats();
            (
                Timestamp::now(),
                stats.events_at("error"),
                stats.events_at("warn"),
            )
        }

        /// Errors and warnings logged in the window, to the minute.
        pub(crate) fn between(&self, since: Timestamp, until: Timestamp) -> (u64, u64) {
            let now = self.now();
            let readings = lock(&self.readings);
            let at = |instant: Timestamp| {
                if instant >= now.0 {
                    return (now.1, now.2);
                }
                let before = readings.iter().rev().find(|reading| reading.0 <= instant);
                before.map_or((0, 0), |reading| (reading.1, reading.2))
            };
            let ((errors, warnings), (errors_before, warnings_before)) = (at(until), at(since));
            (
                errors.saturating_sub(errors_before),
                warnings.saturating_sub(warnings_before),
            )
        }
    }
}
