//! Health as gauges, read at every scrape from the snapshot that the checks keep.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError, Weak},
    time::Duration,
};

use bongsu_health::{HealthCheck, HealthStatus, Snapshot};
use bongsu_metrics::ServiceMetrics;

/// Shows the service's status and each dependency's, for as long as somebody holds `health`.
pub fn show(health: Weak<HealthCheck>, metrics: &ServiceMetrics) {
    let known = Mutex::new(BTreeSet::new());
    metrics.on_scrape(Box::new(move |metrics| {
        let Some(health) = health.upgrade() else {
            return;
        };
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        export(metrics, &health.snapshot(), &mut known);
    }));
}

/// What is watched no more has no value: neither up nor down, for whoever compares it.
fn export(metrics: &ServiceMetrics, snapshot: &Snapshot, known: &mut BTreeSet<String>) {
    metrics.update_health_status(value(snapshot.status));
    let mut gone = std::mem::take(known);
    for dependency in &snapshot.service.dependencies {
        let response = dependency
            .response_time_ms
            .and_then(|ms| Duration::try_from_secs_f64(ms / 1e3).ok());
        metrics.update_dependency(&dependency.name, value(dependency.status), response);
        gone.remove(&dependency.name);
        known.insert(dependency.name.clone());
    }
    for name in gone {
        metrics.update_dependency(&name, f64::NAN, None);
    }
}

/// 1 healthy, 0.5 degraded, 0 anything else.
fn value(status: HealthStatus) -> f64 {
    match status {
        HealthStatus::Healthy => 1.0,
        HealthStatus::Degraded => 0.5,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use bongsu_health::{Check, CheckOutput, DependencyType};

    use super::*;

    #[test]
    fn what_is_taken_out_has_no_value() {
        let check = |name: &str| {
            Check::new(name, DependencyType::Service, || async {
                Ok(CheckOutput::ok())
            })
        };
        let health = HealthCheck::builder("svc").checks([check("a"), check("b")]);
        let health = health.build().unwrap();
        let metrics = ServiceMetrics::new("svc").unwrap();
        let mut known = BTreeSet::new();
        export(&metrics, &health.snapshot(), &mut known);
        drop(
            health
                .exchange(&["a".to_owned()], Vec::new(), Vec::new())
                .unwrap(),
        );
        let mut up = || {
            export(&metrics, &health.snapshot(), &mut known);
            let page = metrics.export_metrics();
            let of = |name: &str| {
                let label = format!("name=\"{name}\"");
                let line = page
                    .lines()
                    .find(|line| line.starts_with("health_dependency_up") && line.contains(&label));
                line.and_then(|line| line.split(' ').nth(1))
                    .map(str::to_owned)
            };
            (of("a"), of("b"))
        };
        for _ in 0..2 {
            assert_eq!(up(), (Some("NaN".to_owned()), Some("0".to_owned())));
        }
    }
}
