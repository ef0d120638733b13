//! Health: what is watched, and the tasks that do it.

use bongsu_desks::Part;
use bongsu_health::{Check, HealthCheck};
use bongsu_setup::health;

use super::{Parts, Start};
use crate::{Bongsu, Builder, Config, Error, doctor::Finding};

pub(crate) type Offer = HealthCheck;

#[derive(Debug, Default)]
pub(crate) struct Settings {
    checks: Vec<Check>,
}

impl Settings {
    /// One more check.
    #[allow(dead_code, reason = "which parts there are depends on the features")]
    pub(crate) fn and(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }
}

pub(crate) async fn start(cx: &mut Start<'_>, settings: Settings) -> Result<Offer, Error> {
    let health = health::build(cx.config, settings.checks)?;
    for check in health.tasks() {
        cx.tasks.spawn("health", check);
    }
    Ok(health)
}

/// What an operator meets of it.
pub(crate) fn desk(_: &Config, parts: &Parts) -> Option<Box<dyn Part>> {
    Some(Box::new(bongsu_desks::Health::new(parts.health.clone())))
}

/// The service is about to end.
pub(crate) fn drain(health: &Offer) {
    health.drain();
}

/// A real ping of everything that health watches.
pub(crate) async fn doctor(config: &Config, settings: Settings) -> Vec<Finding> {
    health::doctor(config, settings.checks).await
}

impl Bongsu {
    /// The service's health: read it, refresh it, add heartbeats.
    #[must_use]
    pub fn health(&self) -> &HealthCheck {
        &self.0.parts.health
    }
}

impl Builder {
    /// Watches a dependency beside those that the configuration names.
    pub fn check(mut self, check: Check) -> Self {
        self.settings.health.checks.push(check);
        self
    }
}
