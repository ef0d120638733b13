//! Changes of health on the day of a report.

use std::sync::Arc;

use async_trait::async_trait;
use bongsu_health::{HealthCheck, HealthStatus, Transition};
use bongsu_reports::{Figure, ReportContext, summary::HealthTransition};
use jiff::Timestamp;
use tokio::sync::broadcast::error::RecvError;

use super::{Ring, Window, Witness};

/// Changes that are remembered.
const REMEMBERED: usize = 5_000;
/// Changes that a report shows.
const SHOWN: usize = 50;

/// The last changes of health, oldest first.
#[derive(Debug)]
pub struct Health {
    health: HealthCheck,
    changes: Arc<Ring<Transition>>,
}

impl Health {
    /// Changes from now on, and what remembers them.
    pub fn new(health: HealthCheck) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let changes = Arc::new(Ring::new(REMEMBERED));
        let (kept, mut seen) = (changes.clone(), health.subscribe());
        let remembering = async move {
            loop {
                match seen.recv().await {
                    Ok(change) => kept.push(change),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                }
            }
        };
        (Self { health, changes }, remembering)
    }
}

#[async_trait]
impl Witness for Health {
    async fn tell(&self, window: Window, context: &mut ReportContext) {
        if !window.seen() {
            return;
        }
        let system = &mut context.system;
        system.status = Figure::Known(self.health.snapshot().status.to_string());
        let since = window.since.max(window.started);
        let until = window.until.min(window.now);
        let all = self.changes.all();
        let whole = all.iter().filter(|change| change.name.is_empty());
        let share = availability(whole.map(|c| (c.at, c.to)), since, until);
        system.availability = Figure::Known(share);
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
        system.transitions = changes.collect();
        system.transitions_omitted = count.saturating_sub(SHOWN) as u64;
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
