//! Metrics: where the service records what it does.

use std::sync::OnceLock;

use bongsu_desks::Part;
use bongsu_metrics::{ServiceMetrics, ServiceMetricsBuilder};

use super::{Parts, Start, adjust::Adjust};
use crate::{Bongsu, Builder, Config, Error};

pub(crate) type Offer = ServiceMetrics;

#[derive(Debug, Default)]
pub(crate) struct Settings {
    builder: Adjust<ServiceMetricsBuilder>,
}

/// Whether the recorder of the `metrics` macros, of which a process has one, is an earlier start's.
static OURS: OnceLock<()> = OnceLock::new();

pub(crate) async fn start(cx: &mut Start<'_>, settings: Settings) -> Result<Offer, Error> {
    let service = &cx.config.service;
    let builder =
        ServiceMetrics::builder(&service.name).service_info(&service.version, &service.environment);
    let metrics = settings.builder.apply(builder).build();
    let metrics = metrics.map_err(|error| Error::setup("metrics", error))?;
    if let Some(halt) = cx.config.halt_percent {
        metrics.update_halt_drawdown(halt);
    }
    match metrics.install_recorder() {
        Ok(()) => {
            let _ = OURS.set(());
        }
        Err(_) if OURS.get().is_some() => {
            tracing::debug!("metrics recorded through macros go to this process's first start");
        }
        Err(error) => {
            tracing::warn!(%error, "metrics recorded through macros go to the recorder that is there");
        }
    }
    Ok(metrics)
}

/// What an operator meets of it.
pub(crate) fn desk(_: &Config, parts: &Parts) -> Option<Box<dyn Part>> {
    Some(Box::new(bongsu_desks::Metrics::new(parts.metrics.clone())))
}

impl Bongsu {
    /// Where the service records what it does.
    #[must_use]
    pub fn metrics(&self) -> &ServiceMetrics {
        &self.0.parts.metrics
    }
}

impl Builder {
    /// Changes how metrics are built: budgets of series, buckets of the macros' histograms.
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), bongsu::Error> {
    /// let bongsu = bongsu::Bongsu::builder(bongsu::Config::from_env()?)
    ///     .metrics(|metrics| metrics.macro_series(5_000).macro_buckets(&[0.0005, 0.001, 0.01]))
    ///     .start()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn metrics(
        mut self,
        change: impl FnOnce(ServiceMetricsBuilder) -> ServiceMetricsBuilder + Send + Sync + 'static,
    ) -> Self {
        self.settings.metrics.builder.push(change);
        self
    }
}
