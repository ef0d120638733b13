//! Health as gauges, read at every scrape from the snapshot that the checks keep.

use std::{sync::Weak, time::Duration};

use bongsu_health::{HealthCheck, HealthStatus};
use bongsu_metrics::ServiceMetrics;

/// Shows the service's status and each dependency's, for as long as somebody holds `health`.
pub fn show(health: Weak<HealthCheck>, metrics: &ServiceMetrics) {
    metrics.on_scrape(Box::new(move |metrics| {
        let Some(health) = health.upgrade() else {
            return;
        };
        let snapshot = health.snapshot();
        metrics.update_health_status(value(snapshot.status));
        for dependency in &snapshot.service.dependencies {
            let response = dependency
                .response_time_ms
                .and_then(|ms| Duration::try_from_secs_f64(ms / 1e3).ok());
            metrics.update_dependency(&dependency.name, value(dependency.status), response);
        }
    }));
}

/// 1 healthy, 0.5 degraded, 0 anything else.
fn value(status: HealthStatus) -> f64 {
    match status {
        HealthStatus::Healthy => 1.0,
        HealthStatus::Degraded => 0.5,
        _ => 0.0,
    }
}
