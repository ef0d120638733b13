//! The log's counts of errors and warnings, as `/health` shows them.

use std::time::Duration;

use bongsu_health::HealthCheck;
use bongsu_logging::LogHandle;

/// How old the counts in `/health` may be.
const EVERY: Duration = Duration::from_secs(1);

/// Keeps them up to date.
pub async fn follow(logs: LogHandle, health: HealthCheck) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        let stats = logs.stats();
        health.set_counts(stats.events_at("error"), stats.events_at("warn"));
    }
}
