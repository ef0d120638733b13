//! The log's counts of errors and warnings, as `/health` shows them.

use std::time::Duration;

use crate::{Config, parts::Parts, tasks::Tasks};

/// How old the counts in `/health` may be.
const EVERY: Duration = Duration::from_secs(1);

pub(super) fn connect(parts: &mut Parts, _: &Config, tasks: &Tasks) {
    let (logs, health) = (parts.logs.handle.clone(), parts.health.clone());
    tasks.spawn("log-health", async move {
        let mut ticks = tokio::time::interval(EVERY);
        loop {
            ticks.tick().await;
            let stats = logs.stats();
            health.set_counts(stats.events_at("error"), stats.events_at("warn"));
        }
    });
}
