//! What happens to alerts, counted.

use std::sync::Weak;

use bongsu_alerts::{AlertEvent, AlertManager};
use bongsu_metrics::ServiceMetrics;
use tokio::sync::broadcast::error::RecvError;

/// Counts what happens to alerts, and shows at each scrape how many wait and whether there is a maintenance, for as long as somebody holds `queue`.
pub fn follow(
    alerts: &AlertManager,
    queue: Weak<AlertManager>,
    metrics: &ServiceMetrics,
) -> impl Future<Output = ()> + Send + use<> {
    metrics.on_scrape(Box::new(move |metrics| {
        let Some(manager) = queue.upgrade() else {
            return;
        };
        let statistics = manager.get_statistics();
        metrics.update_alert_queue(statistics.pending as u64, statistics.oldest_pending);
        let maintenance = manager.maintenance();
        metrics.update_maintenance(maintenance.is_some_and(|(_, holds)| holds));
    }));
    let mut events = alerts.subscribe();
    let metrics = metrics.clone();
    async move {
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
    }
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
