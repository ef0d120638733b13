//! Health transitions and crossed thresholds become alerts, and their end resolves them.

use bongsu_alerts::{Alert, AlertManager};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::{Config, parts::Parts, tasks::Tasks};

/// What is unhealthy is told, and its end.
#[cfg(feature = "health")]
pub(super) fn connect_health(parts: &mut Parts, config: &Config, tasks: &Tasks) {
    let service = config.service.name.clone();
    let follow = health(parts.alerts.clone(), parts.health.subscribe(), service);
    tasks.spawn("health-alerts", follow);
}

/// What crosses a threshold is told, and its end.
#[cfg(feature = "resources")]
pub(super) fn connect_resources(parts: &mut Parts, _: &Config, tasks: &Tasks) {
    let follow = resources(parts.alerts.clone(), parts.resources.subscribe());
    tasks.spawn("resource-alerts", follow);
}

/// What a change asks of the alerts.
#[derive(Debug)]
enum Change {
    Raise(Alert),
    Resolve(Alert),
}

async fn follow<T: Clone>(
    alerts: AlertManager,
    mut changes: Receiver<T>,
    read: impl Fn(&T) -> Option<Change>,
) {
    loop {
        let change = match changes.recv().await {
            Ok(change) => change,
            Err(RecvError::Lagged(missed)) => {
                tracing::warn!(
                    missed,
                    "changes came faster than alerts could be made of them"
                );
                continue;
            }
            Err(RecvError::Closed) => return,
        };
        let done = match read(&change) {
            Some(Change::Raise(alert)) => alerts.send_alert(alert).await.map(drop),
            Some(Change::Resolve(alert)) if is_firing(&alerts, &alert) => {
                alerts.send_resolved(alert).await.map(drop)
            }
            Some(Change::Resolve(_)) => Ok(()),
            None => Ok(()),
        };
        if let Err(error) = done {
            tracing::error!(%error, "an alert could not be accepted");
        }
    }
}

/// Whether there is anything to end: the first healthy result after the start ends nothing.
fn is_firing(alerts: &AlertManager, resolved: &Alert) -> bool {
    resolved
        .key
        .as_deref()
        .is_some_and(|key| alerts.is_firing(key))
}

#[cfg(feature = "health")]
async fn health(
    alerts: AlertManager,
    transitions: Receiver<bongsu_health::Transition>,
    service: String,
) {
    follow(alerts, transitions, |transition| {
        health_change(transition, &service)
    })
    .await;
}

/// Unhealthy is an error, degraded a warning; the first status after the start is no change for
/// the worse and healthy ends both. The whole service follows from its parts.
#[cfg(feature = "health")]
fn health_change(transition: &bongsu_health::Transition, service: &str) -> Option<Change> {
    use bongsu_alerts::AlertLevel;
    use bongsu_health::HealthStatus;

    if transition.name.is_empty() {
        return None;
    }
    let level = match transition.to {
        HealthStatus::Healthy => AlertLevel::Info,
        HealthStatus::Degraded => AlertLevel::Warning,
        HealthStatus::Unhealthy => AlertLevel::Error,
        _ => return None,
    };
    let message = transition
        .message
        .as_deref()
        .unwrap_or("the check says no more");
    let alert = Alert::new(
        level,
        format!("{} is {}", transition.name, transition.to),
        message,
        service,
    )
    .kind("health")
    .key(format!("health|{}", transition.name))
    .tag("health")
    .tag(transition.name.as_str())
    .metadata("dependency", transition.name.as_str())
    .metadata("previous", transition.from.to_string());
    Some(match level {
        AlertLevel::Info => Change::Resolve(alert),
        _ => Change::Raise(alert),
    })
}

#[cfg(feature = "resources")]
async fn resources(alerts: AlertManager, events: Receiver<bongsu_resources::ThresholdEvent>) {
    follow(alerts, events, |event| Some(resource_change(event))).await;
}

#[cfg(feature = "resources")]
fn resource_change(event: &bongsu_resources::ThresholdEvent) -> Change {
    use bongsu_alerts::{AlertLevel, templates};
    use bongsu_resources::Level;

    let resource = event.resource.to_string();
    let level = match event.level {
        Level::Normal => {
            let resolved = templates::resource_resolved(&resource, event.value, event.threshold);
            return Change::Resolve(resolved);
        }
        Level::Warning => AlertLevel::Warning,
        Level::Critical => AlertLevel::Critical,
    };
    Change::Raise(templates::resource(
        &resource,
        level,
        event.value,
        event.threshold,
    ))
}
