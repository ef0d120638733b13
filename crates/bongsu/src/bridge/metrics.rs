//! The other parts' figures on `/metrics`.

use crate::{Config, parts::Parts, tasks::Tasks};

pub(super) fn connect(parts: &mut Parts, _: &Config, tasks: &Tasks) {
    let metrics = &parts.metrics;
    if let Err(error) = bongsu_bridge::runtime_to_metrics::show(metrics, parts.runtime.clone()) {
        tracing::warn!(%error, "the runtime has no metrics");
    }
    #[cfg(feature = "alerts")]
    {
        let queue = tasks.hold(parts.alerts.clone());
        let counting = bongsu_bridge::alerts_to_metrics::follow(&parts.alerts, queue, metrics);
        tasks.spawn("alert-metrics", counting);
    }
    #[cfg(feature = "health")]
    bongsu_bridge::health_to_metrics::show(tasks.hold(parts.health.clone()), metrics);
    #[cfg(feature = "logging")]
    bongsu_bridge::logs_to_metrics::show(tasks.hold(parts.logs.handle.clone()), metrics);
    #[cfg(feature = "outgoing")]
    {
        match bongsu_bridge::calls_to_metrics::recorder(metrics) {
            Ok(record) => parts.outgoing.tell(record),
            Err(error) => tracing::warn!(%error, "calls that the service makes are not counted"),
        }
        let pools = tasks.hold(parts.outgoing.pools.clone());
        metrics.on_scrape(Box::new(move |metrics| {
            let counts = pools.upgrade().and_then(|pools| pools.count());
            if let Some((active, idle)) = counts {
                metrics.update_db_connections("active", active);
                metrics.update_db_connections("idle", idle);
            }
        }));
    }
    #[cfg(feature = "resources")]
    {
        let (metrics, samples) = (metrics.clone(), parts.resources.subscribe_samples());
        tasks.follow("resource-metrics", samples, move |sample| {
            if let Some(sample) = sample {
                bongsu_bridge::resources_to_metrics::show(&metrics, sample);
            }
        });
    }
}
