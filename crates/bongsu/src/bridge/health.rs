//! What the other parts have to say in `/health`.

use bongsu_bridge::runtime::Runtime;

use crate::{
    Config,
    parts::{Parts, alerts, health::Settings, outgoing},
    tasks::Tasks,
};

/// With the checks of the other parts.
pub(crate) fn checks(
    settings: Settings,
    alerts: &alerts::Offer,
    outgoing: &mut outgoing::Offer,
    runtime: &Runtime,
) -> Settings {
    let settings = settings.and(bongsu_bridge::runtime_to_health::check(runtime.clone()));
    #[cfg(feature = "alerts")]
    let settings = settings.and(bongsu_bridge::store_watch::check(alerts));
    #[cfg(feature = "outgoing")]
    let settings = {
        let (check, tell) = bongsu_bridge::calls_to_health::check();
        outgoing.tell(tell);
        settings.and(check)
    };
    settings
}

pub(super) fn connect(parts: &mut Parts, _: &Config, tasks: &Tasks) {
    #[cfg(feature = "logging")]
    {
        let logs = parts.logs.handle.clone();
        let counting = bongsu_bridge::logs_to_health::follow(logs, parts.health.clone());
        tasks.spawn("log-health", counting);
    }
    #[cfg(feature = "resources")]
    {
        let (health, samples) = (parts.health.clone(), parts.resources.subscribe_samples());
        tasks.follow("resource-health", samples, move |sample| {
            if let Some(sample) = sample {
                bongsu_bridge::resources_to_health::show(&health, sample);
            }
        });
    }
}
