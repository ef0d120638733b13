//! What is unhealthy, and what stands over its threshold, fires; and ends when it is so no more.
//!
//! The parts hand over what is so now, whatever changed: at the start, with each change, after changes
//! were missed, and every minute. So what ended while nobody looked (a restart, a check that was taken
//! out of the configuration) ends here as well.

use std::time::Duration;

use bongsu_alerts::{AlertManager, Conditions, Holding};
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// What is so is handed over this often, also when nothing seems to have changed.
const SWEEP: Duration = Duration::from_secs(60);

async fn follow<T: Clone>(
    conditions: Conditions,
    mut changes: Receiver<T>,
    holding: impl Fn() -> Option<Holding>,
) {
    let mut sweep = tokio::time::interval(SWEEP);
    sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        if let Some(holding) = holding()
            && let Err(error) = conditions.sync(holding).await
        {
            tracing::error!(%error, "an alert could not be accepted");
        }
        tokio::select! {
            change = changes.recv() => match change {
                // However many were missed: what counts is what is so now.
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
            _ = sweep.tick() => {}
        }
    }
}

/// Nothing of these watchers fires any more: somebody else tells of it, and what is left of an earlier run ends.
pub async fn left_to_others(alerts: AlertManager, scopes: &'static [&'static str]) {
    for scope in scopes {
        if let Err(error) = alerts.conditions(*scope).sync(Holding::new()).await {
            tracing::error!(%error, "an end could not be accepted");
        }
    }
}

/// Whatever is unhealthy or degraded fires, and ends when it is so no more.
#[cfg(feature = "health")]
pub async fn health(alerts: AlertManager, health: bongsu_health::HealthCheck, service: String) {
    let changes = health.subscribe();
    follow(alerts.conditions("health"), changes, || {
        Some(unhealthy(&health.snapshot(), &service))
    })
    .await;
}

/// Unhealthy is an error, degraded a warning; what has not run yet is not known. The whole service
/// follows from its parts.
#[cfg(feature = "health")]
fn unhealthy(snapshot: &bongsu_health::Snapshot, service: &str) -> Holding {
    use bongsu_alerts::{Alert, AlertLevel};
    use bongsu_health::HealthStatus;

    let mut holding = Holding::new();
    for (dependency, part) in snapshot.dependencies() {
        let name = part.name.as_str();
        let key = format!("health|{name}");
        let level = match part.status {
            HealthStatus::Healthy => AlertLevel::Info,
            HealthStatus::Degraded => AlertLevel::Warning,
            HealthStatus::Unhealthy => AlertLevel::Error,
            _ => {
                holding = holding.unsure(key);
                continue;
            }
        };
        let said = dependency.message.as_deref();
        let alert = Alert::new(
            level,
            format!("{name} is {}", part.status),
            said.unwrap_or("the check says no more"),
            service,
        )
        .kind("health")
        .key(key)
        .tag("health")
        .tag(name)
        .metadata("dependency", name);
        let alert = match dependency.metadata.get("slow_above_ms") {
            Some(limit) => alert.metadata("threshold_ms", limit.clone()),
            None => alert,
        };
        holding = if level == AlertLevel::Info {
            holding.over(alert)
        } else {
            holding.holds(alert)
        };
    }
    holding
}

/// Whatever stands over a threshold fires, and ends when it is so no more.
#[cfg(feature = "resources")]
pub async fn resources(alerts: AlertManager, monitor: bongsu_resources::ResourceMonitor) {
    let changes = monitor.subscribe();
    // Nothing is known before the first sample; what fires from before the start may end with it, without a change.
    let first = monitor
        .subscribe_samples()
        .wait_for(Option::is_some)
        .await
        .is_ok();
    if !first {
        return;
    }
    follow(alerts.conditions("resource"), changes, || {
        let sample = monitor.get_resources()?;
        let over = monitor.check_thresholds();
        Some(over_threshold(&over, &monitor.thresholds(), &sample))
    })
    .await;
}

/// What fires by the monitor's own timers. A value over a threshold that they have not called out yet
/// leaves what fires from before the start as it is.
#[cfg(feature = "resources")]
fn over_threshold(
    over: &[bongsu_resources::ThresholdAlert],
    thresholds: &bongsu_resources::ResourceThresholds,
    sample: &bongsu_resources::SystemResources,
) -> Holding {
    use bongsu_alerts::{AlertLevel, templates};
    use bongsu_resources::{Level, Resource};

    let mut holding = Holding::new();
    for resource in [Resource::Cpu, Resource::Memory, Resource::Disk] {
        let name = resource.to_string();
        let limits = thresholds.of(resource);
        let value = match resource {
            Resource::Cpu => Some(sample.worst_cpu_percent()),
            Resource::Memory => Some(sample.worst_memory_percent()),
            Resource::Disk => sample.disk_percent(),
        };
        let mut of_it = over.iter().filter(|it| it.resource == resource);
        // Of several file systems the fullest speaks for all.
        let Some(worst) = of_it.next().map(|first| {
            of_it.fold(first, |worst, it| {
                if (it.firing, it.level) > (worst.firing, worst.level) {
                    it
                } else {
                    worst
                }
            })
        }) else {
            match value {
                Some(value) => {
                    let limit = limits.limit(Level::Warning);
                    let resolved = templates::resource_resolved(&name, value, limit);
                    holding = holding.over(resolved);
                }
                None => {
                    let key = templates::resource(&name, AlertLevel::Info, 0.0, 0.0).dedup_key();
                    holding = holding.unsure(key);
                }
            }
            continue;
        };
        let level = match worst.firing {
            Level::Normal => None,
            Level::Warning => Some(AlertLevel::Warning),
            Level::Critical => Some(AlertLevel::Critical),
        };
        let alert = templates::resource(
            &name,
            level.unwrap_or(AlertLevel::Warning),
            worst.value,
            limits.limit(worst.firing.max(Level::Warning)),
        );
        if worst.level > worst.firing {
            holding = holding.unsure(alert.dedup_key());
        }
        if level.is_some() {
            holding = holding.holds(alert);
        }
    }
    holding
}
