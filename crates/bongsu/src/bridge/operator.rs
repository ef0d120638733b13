//! A service as its operator meets it: asked and told through `/admin` and `/console`.

use bongsu_bridge::runtime::Runtime;
use bongsu_desks::{Desks, Part};
use bongsu_lang::Lang;
use bongsu_ops::{Figure, Missing, Operator, Service, Setting, Snapshot, Words};

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
    Desks::new(service, settings(config))
}

/// The variables as they are in force.
pub(crate) fn settings(config: &Config) -> Vec<Setting> {
    let settings = config.settings().map(|setting| Setting {
        name: setting.variable.name.to_owned(),
        set: setting.given.is_some(),
        value: setting.value,
        help: words(|l| setting.variable.meaning(l)),
        group: words(|l| setting.variable.group(l)),
    });
    settings.collect()
}

fn words(of: impl Fn(Lang) -> &'static str) -> Words {
    let [en, ko] = Lang::ALL.map(|l| of(l).to_owned());
    Words { en, ko }
}

/// The service with the parts that there are.
pub(crate) fn desks(config: &Config, parts: &Parts) -> Desks {
    let all = [
        Some(Box::new(Lag(parts.runtime.clone())) as Box<dyn Part>),
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

/// How late the runtime runs what is due.
#[derive(Debug)]
struct Lag(Runtime);

impl Part for Lag {
    fn fill(&self, snapshot: &mut Snapshot) {
        let lag = self.0.worst_lately();
        let lag = lag.map(|lag| lag.as_secs_f64() * 1_000.0);
        snapshot.lag_ms = Figure::from_option(lag, Missing::NotYet);
    }
}

impl Bongsu {
    /// What `/admin` and `/console` ask and tell, for a service that does it by another way.
    #[must_use]
    pub fn operator(&self) -> Operator {
        self.0.parts.desks.operator()
    }
}
