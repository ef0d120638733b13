//! The driver: runs checks on time, one run at a time a check, and never lets one of them
//! take the others down.

use std::sync::Arc;
use std::time::Duration;

use bongsu_trace::random::SplitMix;
use futures_util::future::{BoxFuture, Shared};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use crate::check::{CheckError, CheckOutput, Probe};
use crate::inner::{Entry, Inner};
use crate::snapshot::Transition;
use crate::status::HealthStatus;

/// A run in progress; every interested caller polls the same one.
pub(crate) type Flight = Shared<BoxFuture<'static, ()>>;

/// How one run ended.
#[derive(Debug)]
pub(crate) enum Ended {
    Answered(Result<CheckOutput, CheckError>),
    /// With the probe's own explanation, if it has one.
    TimedOut(Option<String>),
    Panicked(String),
}

/// All checks and the evaluator, until dropped.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut all: FuturesUnordered<BoxFuture<'static, ()>> = inner
        .entries()
        .into_iter()
        .map(|entry| drive(Arc::clone(&inner), entry).boxed())
        .collect();
    all.push(watch(inner).boxed());
    while all.next().await.is_some() {}
}

/// One check's loop, until the check is taken out. A second driver of the same check waits until the first is gone.
pub(crate) async fn drive(inner: Arc<Inner>, entry: Arc<Entry>) {
    let gone = entry.gone();
    tokio::select! {
        () = drive_on(&inner, &entry) => {}
        () = gone => {}
    }
}

async fn drive_on(inner: &Arc<Inner>, entry: &Arc<Entry>) {
    let _only = entry.driver.lock().await;
    let mut jitter = Jitter::new();
    loop {
        let started = Instant::now();
        inner.flight(entry).await;
        let interval = inner.next_interval(entry);
        // A run that outlasts its interval must not be followed by the next without a pause.
        let earliest = Instant::now() + interval / 10;
        tokio::time::sleep_until((started + jitter.around(interval)).max(earliest)).await;
    }
}

/// Notices what changes by time alone: staleness, silent heartbeats, sessions. Logs every change.
pub(crate) async fn watch(inner: Arc<Inner>) {
    let mut changes = inner.claim_watch().await;
    loop {
        // What could make the next look due sooner, a new heartbeat, is itself a change and wakes this.
        let next = inner.evaluate();
        tokio::select! {
            change = changes.recv() => log(change),
            () = tokio::time::sleep_until(next) => {}
        }
    }
}

fn log(change: Result<Transition, RecvError>) {
    match change {
        Ok(Transition {
            name,
            from,
            to,
            message,
            ..
        }) => {
            let message = message.as_deref().unwrap_or_default();
            let what = if name.is_empty() {
                "service"
            } else {
                name.as_str()
            };
            match to {
                HealthStatus::Healthy => {
                    tracing::info!(dependency = what, %from, %to, detail = message, "health changed")
                }
                HealthStatus::Degraded => {
                    tracing::warn!(dependency = what, %from, %to, detail = message, "health changed")
                }
                HealthStatus::Unknown | HealthStatus::Unhealthy => {
                    tracing::error!(dependency = what, %from, %to, detail = message, "health changed");
                }
            }
        }
        Err(RecvError::Lagged(lost)) => {
            tracing::warn!(lost, "health changes were too quick to be logged")
        }
        // Cannot happen while `inner`, which holds the sender, is alive.
        Err(RecvError::Closed) => {}
    }
}

/// One run of one check: bounded in time, panics caught.
pub(crate) async fn attempt(probe: Arc<dyn Probe>, timeout: Duration) -> Ended {
    let asked = Arc::clone(&probe);
    let ask = async move { asked.check().await };
    // A statement of its own: the abandoned run is gone before the probe is asked why.
    let ended = tokio::time::timeout(timeout, bongsu_catch::future(ask)).await;
    match ended {
        Ok(Ok(answer)) => Ended::Answered(answer),
        Ok(Err(panic)) => Ended::Panicked(format!("the check panicked: {panic}")),
        Err(_) => {
            let why = bongsu_catch::call(|| probe.explain_timeout());
            Ended::TimedOut(why.ok().flatten())
        }
    }
}

/// Spreads runs, so that a fleet's checks do not march in step. Not for secrets.
struct Jitter(SplitMix);

impl Jitter {
    fn new() -> Self {
        Self(SplitMix::random())
    }

    /// `interval` ±10 %.
    fn around(&mut self, interval: Duration) -> Duration {
        interval.mul_f64(0.9 + 0.2 * self.0.unit())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn jitter_stays_within_a_tenth(seed in any::<u64>(), millis in 1_u64..86_400_000) {
            let interval = Duration::from_millis(millis);
            let mut jitter = Jitter(SplitMix::new(seed));
            for _ in 0..8 {
                let got = jitter.around(interval);
                prop_assert!(got >= interval.mul_f64(0.899_999) && got <= interval.mul_f64(1.100_001));
            }
        }
    }

    #[test]
    fn jitter_varies() {
        let mut jitter = Jitter(SplitMix::new(7));
        let first = jitter.around(Duration::from_secs(10));
        assert_ne!(first, jitter.around(Duration::from_secs(10)));
    }
}
