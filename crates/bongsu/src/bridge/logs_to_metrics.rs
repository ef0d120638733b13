//! The log's own counts, read at every scrape.

use bongsu_logging::LogHandle;
use bongsu_metrics::ServiceMetrics;

pub(crate) fn export(logs: LogHandle, metrics: &ServiceMetrics) {
    metrics.on_scrape(Box::new(move |metrics| {
        let stats = logs.stats();
        for (level, count) in &stats.events {
            metrics.set_log_events(level.as_ref(), *count);
        }
        for (reason, count) in &stats.dropped {
            metrics.set_log_dropped(reason.as_ref(), *count);
        }
    }));
}
