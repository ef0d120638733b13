//! A service as its operator meets it: asked and told through `/admin` and `/console`.

use bongsu_desks::Desks;
use bongsu_ops::{Operator, Service, Setting};

use crate::{
    Bongsu, Config,
    parts::{Parts, alerts, health, logging, metrics, reports, resources, rules},
};

/// The service itself, with its variables as they are in force, secrets masked.
pub(crate) fn service(config: &Config) -> Desks {
    let service = &config.service;
    let service = Service {
        name: service.name.clone(),
        version: service.version.clone(),
        environment: service.environment.clone(),
        uptime: std::time::Duration::ZERO,
    };
    let settings = config.settings().map(|setting| Setting {
        name: setting.variable.name.to_owned(),
        set: setting.given.is_some(),
        value: setting.value,
        help: setting.variable.help.to_owned(),
    });
    Desks::new(service, settings.collect())
}

/// The service with the parts that there are.
pub(crate) fn desks(config: &Config, parts: &Parts) -> Desks {
    let all = [
        metrics::desk(config, parts),
        health::desk(config, parts),
        alerts::desk(config, parts),
        resources::desk(config, parts),
        // The day's gain is of the portfolio's value, which is the metrics'.
        reports::desk(config, parts),
        logging::desk(config, parts),
        rules::desk(config, parts),
    ];
    let desks = parts.desks.clone();
    desks.with_parts(all.into_iter().flatten())
}

impl Bongsu {
    /// What `/admin` and `/console` ask and tell, for a service that does it by another way.
    #[must_use]
    pub fn operator(&self) -> Operator {
        self.0.parts.desks.operator()
    }
}
