//! The log's own counts, read at every scrape.

use crate::{Config, parts::Parts, tasks::Tasks};

pub(super) fn connect(parts: &mut Parts, _: &Config, tasks: &Tasks) {
    let logs = tasks.hold(parts.logs.handle.clone());
    parts.metrics.on_scrape(Box::new(move |metrics| {
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
