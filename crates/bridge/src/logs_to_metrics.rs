//! The log's own counts, read at every scrape.

use std::sync::Weak;

use bongsu_logging::LogHandle;
use bongsu_metrics::ServiceMetrics;

/// Shows lines by level and what was dropped, for as long as somebody holds `logs`.
pub fn show(logs: Weak<LogHandle>, metrics: &ServiceMetrics) {
    metrics.on_scrape(Box::new(move |metrics| {
        let Some(logs) = logs.upgrade() else {
            return;
        };
        let stats = logs.stats();
        for (level, count) in &stats.events {
            metrics.set_log_events(level.as_ref(), *count);
        }
        for (reason, count) in &stats.dropped {
            metrics.set_log_dropped(reason.as_ref(), *count);
        }
    }));
}
