//! The service's own metrics into the rules, and what fires by them into alerts.

use bongsu_bridge::rules::{Shared, Telling, follow};

use crate::{Config, parts::Parts, tasks::Tasks};

pub(super) fn connect(parts: &mut Parts, config: &Config, tasks: &Tasks) {
    let Some(watch) = parts.rules.clone() else {
        return;
    };
    let there = |part: &str| crate::features().any(|feature| feature == part);
    let telling = Telling {
        service: config.service.name.clone(),
        instance: bongsu_setup::alerts::host().unwrap_or_else(|| "localhost".to_owned()),
        step: config.rules.step,
        shared: Shared::with(there),
    };
    let (metrics, alerts) = (parts.metrics.clone(), parts.alerts.clone());
    #[cfg(feature = "reports")]
    let before = {
        let calendar = &config.report.calendar;
        let sessions = bongsu_bridge::rules::Sessions::new(&metrics, calendar);
        move |now| sessions.set(now)
    };
    #[cfg(not(feature = "reports"))]
    let before = |_| {};
    tasks.spawn("rules", follow(watch, metrics, alerts, telling, before));
}
