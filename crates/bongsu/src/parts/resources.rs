//! CPU, memory, disk, network and processes.

use std::{path::Path, time::Duration};

use bongsu_desks::Part;
use bongsu_ops::UsageLimits;
use bongsu_resources::{
    ResourceMonitor, ResourceMonitorBuilder, ResourceThresholds, Threshold,
    disk::{DiskProbe as _, SystemProbe},
};

use super::{Parts, Start, adjust::Adjust};
use crate::{
    Bongsu, Builder, Config, Error,
    config::{ResourceConfig, ThresholdTuning},
};

pub(crate) type Offer = ResourceMonitor;

#[derive(Debug, Default)]
pub(crate) struct Settings {
    builder: Adjust<ResourceMonitorBuilder>,
}

pub(crate) async fn start(cx: &mut Start<'_>, settings: Settings) -> Result<Offer, Error> {
    let config = &cx.config.resources;
    let builder = ResourceMonitor::builder()
        .thresholds(thresholds(config))
        .interval(config.interval)
        .disk_path(&config.disk_path)
        .history(samples_a_day(config.interval));
    let monitor = settings.builder.apply(builder).build();
    let monitor = monitor.map_err(|error| Error::setup("resources", error))?;
    let running = monitor.start();
    cx.ends.push(async move { drop(running) });
    Ok(monitor)
}

/// The thresholds that the configuration asks for.
pub(crate) fn thresholds(config: &ResourceConfig) -> ResourceThresholds {
    // The timers stay as they are; a margin has to leave room below a low threshold.
    let at = |threshold: Threshold, (warning, critical): (f64, f64), tuning: ThresholdTuning| {
        let threshold = match tuning.hold.or(config.hold) {
            Some(hold) => threshold.hold(hold),
            None => threshold,
        };
        Threshold {
            warning,
            critical,
            margin: tuning.margin.unwrap_or(threshold.margin).min(warning / 2.0),
            ..threshold
        }
    };
    let default = ResourceThresholds::default();
    default
        .cpu(at(default.cpu, config.cpu, config.tuning.0))
        .memory(at(default.memory, config.memory, config.tuning.1))
        .disk(at(default.disk, config.disk, config.tuning.2))
}

/// Enough of a history for the daily report, within bounds.
fn samples_a_day(interval: Duration) -> usize {
    let samples = Duration::from_secs(24 * 3600).as_secs_f64() / interval.as_secs_f64();
    (samples.ceil() as usize).clamp(1_000, 20_000)
}

/// Bytes that an ordinary user may still write to the file system of `path`.
pub(crate) fn free_bytes(path: &Path) -> Option<u64> {
    let usage = SystemProbe.usage(path).ok()?;
    Some(usage.free_bytes)
}

/// What an operator meets of it.
pub(crate) fn desk(config: &Config, parts: &Parts) -> Option<Box<dyn Part>> {
    let settings = &config.resources;
    let limits = UsageLimits {
        cpu: settings.cpu,
        memory: settings.memory,
        disk: settings.disk,
    };
    Some(Box::new(bongsu_desks::Resources::new(
        parts.resources.clone(),
        limits,
    )))
}

impl Bongsu {
    /// CPU, memory, disk, network and processes.
    #[must_use]
    pub fn resources(&self) -> &ResourceMonitor {
        &self.0.parts.resources
    }
}

impl Builder {
    /// Changes how resources are watched: how long a threshold must be passed, further disks.
    pub fn resources(
        mut self,
        change: impl FnOnce(ResourceMonitorBuilder) -> ResourceMonitorBuilder + Send + Sync + 'static,
    ) -> Self {
        self.settings.resources.builder.push(change);
        self
    }
}
