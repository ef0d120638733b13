//! A service as its operator meets it: asked and told through `/admin` and `/console`. Each part answers for
//! itself, in a file behind one attribute; for one that is not compiled in, `absent.rs` stands.
#![allow(
    clippy::duplicate_mod,
    reason = "one file stands for every part that is not there"
)]
#![cfg_attr(
    not(feature = "console"),
    allow(
        dead_code,
        reason = "what is remembered between two looks is the console's"
    )
)]

#[cfg_attr(not(feature = "alerts"), path = "absent.rs")]
mod alerts;
#[cfg_attr(not(feature = "health"), path = "absent.rs")]
mod health;
#[cfg_attr(not(feature = "logging"), path = "absent.rs")]
mod logging;
#[cfg_attr(not(feature = "metrics"), path = "absent.rs")]
mod metrics;
#[cfg_attr(not(feature = "reports"), path = "absent.rs")]
mod reports;
#[cfg_attr(not(feature = "resources"), path = "absent.rs")]
mod resources;
#[cfg_attr(not(feature = "rules"), path = "absent.rs")]
mod rules;
mod settings;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bongsu_ops::{Missing, Operator, OpsResult, Service, ServiceDesk, Setting, Snapshot};
use jiff::Timestamp;

use crate::{Config, parts::Parts};

/// The parts of one service, as its operator asks them. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    config: Arc<Config>,
    started: Timestamp,
    alerts: alerts::Desk,
    health: health::Desk,
    logging: logging::Desk,
    metrics: metrics::Desk,
    reports: reports::Desk,
    resources: resources::Desk,
    rules: rules::Desk,
}

impl Desk {
    pub(crate) fn new(config: &Config, parts: &Parts) -> Self {
        Self {
            config: Arc::new(config.clone()),
            started: Timestamp::now(),
            alerts: alerts::Desk::new(config, parts),
            health: health::Desk::new(config, parts),
            logging: logging::Desk::new(config, parts),
            metrics: metrics::Desk::new(config, parts),
            reports: reports::Desk::new(config, parts),
            resources: resources::Desk::new(config, parts),
            rules: rules::Desk::new(config, parts),
        }
    }

    pub(crate) fn operator(&self) -> Operator {
        let operator = Operator::new(Arc::new(self.clone()));
        let operator = self.alerts.join(operator);
        let operator = self.health.join(operator);
        let operator = self.logging.join(operator);
        let operator = self.metrics.join(operator);
        let operator = self.reports.join(operator);
        self.rules.join(operator)
    }

    fn figures(&self, now: Timestamp) -> Snapshot {
        let mut snapshot = self.without_firing(now);
        self.alerts.fill_firing(&mut snapshot);
        snapshot
    }

    /// Everything but what fires.
    fn without_firing(&self, now: Timestamp) -> Snapshot {
        let service = &self.config.service;
        let uptime = Duration::try_from(now.duration_since(self.started));
        let service = Service {
            name: service.name.clone(),
            version: service.version.clone(),
            environment: service.environment.clone(),
            uptime: uptime.unwrap_or_default(),
        };
        let mut snapshot = Snapshot::new(now, service);
        snapshot.dependencies = Missing::NotConfigured.into();
        snapshot.alerts = Missing::NotConfigured.into();
        snapshot.channels = Missing::NotConfigured.into();
        snapshot.session = Missing::NotConfigured.into();
        snapshot.log_level = Missing::NotConfigured.into();
        self.metrics.fill(&mut snapshot);
        self.health.fill(&mut snapshot);
        self.alerts.fill(&mut snapshot);
        self.resources.fill(&mut snapshot);
        self.reports.fill(&mut snapshot);
        self.logging.fill(&mut snapshot);
        snapshot
    }
}

/// What the console keeps for itself.
#[cfg(feature = "console")]
impl Desk {
    /// Reads the figures that are not at hand, and takes those that the history keeps: of what fires only how
    /// many, so that none of it is copied. Takes a while where there is much.
    pub(super) fn sample(
        &self,
        now: Timestamp,
        recorder: &mut bongsu_console::Recorder,
    ) -> bongsu_console::history::Sample {
        use bongsu_console::history::Series;

        self.metrics.read(now);
        self.logging.read(now);
        let mut sample = recorder.sample(&self.without_firing(now));
        sample.set(Series::Firing, self.alerts.firing_count());
        sample
    }

    /// Keeps what is remembered between two looks.
    pub(super) fn follow(&self, tasks: &crate::tasks::Tasks) {
        self.alerts.follow(tasks);
        self.reports.follow(tasks);
    }
}

#[async_trait]
impl ServiceDesk for Desk {
    async fn snapshot(&self) -> Snapshot {
        off(self, |desk| desk.figures(Timestamp::now())).await
    }

    async fn settings(&self) -> OpsResult<Vec<Setting>> {
        Ok(settings::settings(&self.config))
    }
}

/// Does what goes through much, as there is in an incident, on the runtime's threads for blocking calls.
async fn off<D, T>(desk: &D, work: impl Fn(&D) -> T + Clone + Send + 'static) -> T
where
    D: Clone + Send + 'static,
    T: Send + 'static,
{
    let (other, task) = (desk.clone(), work.clone());
    match tokio::task::spawn_blocking(move || task(&other)).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The runtime is stopping and takes no more of them.
        Err(_) => work(desk),
    }
}
