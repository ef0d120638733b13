//! What happens to alerts, counted.

use bongsu_alerts::AlertEvent;
use bongsu_metrics::ServiceMetrics;
use tokio::sync::broadcast::error::RecvError;

use crate::{Config, parts::Parts, tasks::Tasks};

pub(super) fn connect(parts: &mut Parts, _: &Config, tasks: &Tasks) {
    let (alerts, metrics) = (&parts.alerts, &parts.metrics);
    let manager = tasks.hold(alerts.clone());
    metrics.on_scrape(Box::new(move |metrics| {
        let Some(manager) = manager.upgrade() else {
            return;
        };
        let statistics = manager.get_statistics();
        metrics.update_alert_queue(statistics.pending as u64, statistics.oldest_pending);
    }));
    let mut events = alerts.subscribe();
    let metrics = metrics.clone();
    tasks.spawn("alert-metrics", async move {
        loop {
            match events.recv().await {
                Ok(event) => count(&metrics, &event),
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(
                        missed,
                        "alert events came faster than they could be counted"
                    );
                }
                Err(RecvError::Closed) => return,
            }
        }
    });
}

fn count(metrics: &ServiceMetrics, event: &AlertEvent) {
    match event {
        AlertEvent::Delivered { channel, kind, .. } => {
            metrics.record_alert(kind, channel);
            metrics.record_alert_delivery(channel, "delivered");
        }
        AlertEvent::Retrying { channel, .. } => metrics.record_alert_delivery(channel, "retried"),
        AlertEvent::Dead { channel, .. } => metrics.record_alert_delivery(channel, "dead"),
        AlertEvent::Suppressed { reason, .. } => metrics.record_alert_suppressed(reason.as_str()),
        AlertEvent::Digested { channel, .. } => metrics.record_alert_delivery(channel, "digested"),
        _ => {}
    }
}
