//! The service's own metrics into the rules, and what fires by them into alerts.

use bongsu_bridge::rules::{Telling, follow};

use crate::{Config, parts::Parts, tasks::Tasks};

/// Shipped rules of whose trouble a part tells by itself, with the part.
const TOLD_BY_PARTS: [(&str, &str); 8] = [
    ("DependencyDown", "health"),
    ("ServiceDegraded", "health"),
    ("ServiceUnhealthy", "health"),
    ("DiskAlmostFull", "resources"),
    ("HighCPUUsage", "resources"),
    ("HighMemoryUsage", "resources"),
    ("PanicsCaught", "axum"),
    ("ReportMissed", "reports"),
];

pub(super) fn connect(parts: &mut Parts, config: &Config, tasks: &Tasks) {
    let Some(watch) = parts.rules.clone() else {
        return;
    };
    let there = |part: &str| crate::features().any(|feature| feature == part);
    let told = TOLD_BY_PARTS.iter().filter(|(_, part)| there(part));
    let telling = Telling {
        service: config.service.name.clone(),
        instance: bongsu_setup::alerts::host().unwrap_or_else(|| "localhost".to_owned()),
        step: config.rules.step,
        korean: config.delivery.language == bongsu_lang::Lang::Ko,
        told_elsewhere: told.map(|(rule, _)| *rule).collect(),
    };
    let (metrics, conditions) = (parts.metrics.clone(), parts.alerts.conditions("rules"));
    #[cfg(feature = "reports")]
    let before = {
        let calendar = &config.report.calendar;
        let sessions = bongsu_bridge::rules::Sessions::new(&metrics, calendar);
        move |now| sessions.set(now)
    };
    #[cfg(not(feature = "reports"))]
    let before = |_| {};
    tasks.spawn("rules", follow(watch, metrics, conditions, telling, before));
}
