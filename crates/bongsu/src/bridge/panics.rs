//! A handler that panicked becomes an alert.

use std::sync::Arc;

use crate::{Config, parts::Parts, tasks::Tasks};

pub(super) fn connect(parts: &mut Parts, config: &Config, tasks: &Tasks) {
    let (alerts, service) = (parts.alerts.clone(), config.service.name.clone());
    let (call, telling) = bongsu_bridge::panics_to_alerts::alert(alerts, service);
    tasks.spawn("panic-alerts", telling);
    parts.http.on_panic = Some(Arc::new(call));
}
