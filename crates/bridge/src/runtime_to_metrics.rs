//! The async runtime's own figures, at every scrape.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bongsu_metrics::{FamilyBuilder, MetricsError, ServiceMetrics, catalog::Unit};
use tokio::runtime::Handle;

use crate::runtime::Runtime;

/// Shows them, of the runtime that this is called in.
///
/// # Errors
///
/// When the service has metrics of these names that are of another shape.
pub fn show(metrics: &ServiceMetrics, watched: Runtime) -> Result<(), MetricsError> {
    let gauge = |name: &str, help: &str| metrics.register_gauge(FamilyBuilder::new(name, help));
    let workers = gauge("tokio_workers", "Threads that run tasks.")?;
    let alive = gauge("tokio_alive_tasks", "Tasks that are not over.")?;
    let queued = gauge(
        "tokio_global_queue_depth",
        "Tasks that wait for any worker.",
    )?;
    let lag = FamilyBuilder::new(
        "tokio_lag_seconds",
        "The longest that a timer ran late since the scrape before.",
    );
    let lag = metrics.register_gauge(lag.unit(Unit::Seconds))?;
    let busy = FamilyBuilder::new(
        "tokio_busy_seconds_total",
        "Time that workers spent running tasks.",
    );
    let busy = metrics.register_counter_f64(busy.unit(Unit::Seconds))?;
    let parks = metrics.register_counter(FamilyBuilder::new(
        "tokio_parks_total",
        "Times that workers had nothing to do.",
    ))?;
    let runtime = Handle::current();
    let before = Mutex::new((Duration::ZERO, 0));
    metrics.on_scrape(Box::new(move |_| {
        let now = runtime.metrics();
        let each = 0..now.num_workers();
        let time: Duration = each
            .clone()
            .map(|worker| now.worker_total_busy_duration(worker))
            .sum();
        let parked: u64 = each.map(|worker| now.worker_park_count(worker)).sum();
        workers.with(&[]).set(now.num_workers() as f64);
        alive.with(&[]).set(now.num_alive_tasks() as f64);
        queued.with(&[]).set(now.global_queue_depth() as f64);
        let latest = watched.take_latest();
        lag.with(&[]).set(latest.as_secs_f64());
        let mut before = before.lock().unwrap_or_else(PoisonError::into_inner);
        busy.with(&[])
            .increment(time.saturating_sub(before.0).as_secs_f64());
        parks.increment(&[], parked.saturating_sub(before.1));
        *before = (time, parked);
    }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_the_runtime_says_is_on_the_page() {
        let metrics = ServiceMetrics::new("test").unwrap();
        let (runtime, watching) = crate::runtime::watch();
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(watching);
        show(&metrics, runtime).unwrap();
        tokio::task::yield_now().await;
        let page = metrics.export_metrics();
        let value = |name: &str| -> f64 {
            let line = page
                .lines()
                .find(|line| line.starts_with(&format!("{name} ")));
            let line = line.unwrap_or_else(|| panic!("no {name} in {page}"));
            line.rsplit(' ').next().unwrap().parse().unwrap()
        };
        assert_eq!(value("tokio_workers"), 1.0);
        assert_eq!(value("tokio_alive_tasks"), 1.0, "the watch itself");
        for name in [
            "tokio_global_queue_depth",
            "tokio_lag_seconds",
            "tokio_busy_seconds_total",
            "tokio_parks_total",
        ] {
            assert!(value(name) >= 0.0, "{name}");
        }
    }
}
