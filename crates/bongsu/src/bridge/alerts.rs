//! What the other parts have to tell becomes alerts.

use crate::{Config, parts::Parts, tasks::Tasks};

pub(super) fn connect(parts: &mut Parts, config: &Config, tasks: &Tasks) {
    let (alerts, service) = (&parts.alerts, &config.service.name);
    #[cfg(any(feature = "health", feature = "resources"))]
    if config.rules.prometheus {
        // Its rules tell of both: DependencyDown, DiskAlmostFull and their kin.
        let ended =
            bongsu_bridge::conditions::left_to_others(alerts.clone(), &["health", "resource"]);
        tasks.spawn("left-alerts", ended);
    }
    #[cfg(feature = "health")]
    {
        use bongsu_bridge::{conditions, store_watch};

        if !config.rules.prometheus {
            let health = parts.health.clone();
            let unhealthy = conditions::health(alerts.clone(), health, service.clone());
            tasks.spawn("health-alerts", unhealthy);
        }
        let lost = store_watch::follow(alerts.clone(), service.clone());
        tasks.spawn("alert-store", lost);
        bongsu_bridge::maintenance::tell(alerts, &parts.health);
        let maintenance = bongsu_bridge::maintenance::follow(alerts.clone(), parts.health.clone());
        tasks.spawn("maintenance", maintenance);
    }
    #[cfg(feature = "resources")]
    if !config.rules.prometheus {
        let monitor = parts.resources.clone();
        let over = bongsu_bridge::conditions::resources(alerts.clone(), monitor);
        tasks.spawn("resource-alerts", over);
    }
    #[cfg(feature = "logging")]
    {
        let (call, telling) = bongsu_bridge::logs_to_alerts::follow(
            alerts.clone(),
            service.clone(),
            parts.on_errors.clone(),
        );
        parts.logs.errors.call(&call);
        tasks.spawn("log-alerts", telling);
    }
    #[cfg(feature = "axum")]
    super::panics::connect(parts, config, tasks);
}
