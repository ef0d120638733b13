use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    Builder, Config, Error,
    parts::{Ends, Parts},
    tasks::Tasks,
};

/// The one handle of a monitored service; cheap to clone.
#[derive(Clone, Debug)]
pub struct Bongsu(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: Config,
    #[allow(
        dead_code,
        reason = "without any part's feature there is nothing to hand out"
    )]
    pub(crate) parts: Parts,
    ends: Mutex<Option<Ends>>,
    tasks: Tasks,
}

impl Inner {
    pub(crate) fn new(config: Config, parts: Parts, ends: Ends, tasks: Tasks) -> Self {
        Self {
            config,
            parts,
            ends: Mutex::new(Some(ends)),
            tasks,
        }
    }
}

impl Bongsu {
    /// Everything from the environment: the common case.
    ///
    /// # Errors
    ///
    /// Every problem of the configuration at once, or the part that could not be set up.
    pub async fn from_env() -> Result<Self, Error> {
        Self::builder(Config::from_env()?).start().await
    }

    /// Starts from a configuration, to add checks, channels and rules.
    pub fn builder(config: Config) -> Builder {
        Builder::new(config)
    }

    /// The configuration as it was resolved.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Where the service records what it does.
    #[cfg(feature = "metrics")]
    #[must_use]
    pub fn metrics(&self) -> &bongsu_metrics::ServiceMetrics {
        &self.0.parts.metrics
    }

    /// The service's health: read it, refresh it, add heartbeats.
    #[cfg(feature = "health")]
    #[must_use]
    pub fn health(&self) -> &bongsu_health::HealthCheck {
        &self.0.parts.health
    }

    /// CPU, memory, disk, network and processes.
    #[cfg(feature = "resources")]
    #[must_use]
    pub fn resources(&self) -> &bongsu_resources::ResourceMonitor {
        &self.0.parts.resources
    }

    /// Where alerts are sent from.
    #[cfg(feature = "alerts")]
    #[must_use]
    pub fn alerts(&self) -> &bongsu_alerts::AlertManager {
        &self.0.parts.alerts
    }

    /// The log: level at run time, counts, flush.
    #[cfg(feature = "logging")]
    #[must_use]
    pub fn logs(&self) -> &bongsu_logging::LogHandle {
        &self.0.parts.logs
    }

    /// The daily report; none without `DATABASE_URL`.
    #[cfg(feature = "reports")]
    #[must_use]
    pub fn reports(&self) -> Option<&bongsu_reports::ReportGenerator> {
        self.0.parts.reports.as_ref()
    }

    /// Runs a background task of the service until it ends or [`Bongsu::shutdown`] ends it.
    /// A panic in it is logged under `name`.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.0.tasks.spawn(name, task);
    }

    /// The orderly end, in the order in which things still need each other: background tasks,
    /// resources, alerts (what is accepted gets its chance to be delivered), the log last.
    /// [`Bongsu::serve`] calls it; calling it twice does nothing.
    pub async fn shutdown(&self) {
        #[cfg(feature = "health")]
        self.0.parts.health.drain();
        let ends = self
            .0
            .ends
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(ends) = ends else { return };
        self.0.tasks.stop().await;
        ends.finish().await;
    }
}
