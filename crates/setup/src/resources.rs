//! CPU, memory, disk, network and processes: thresholds, interval, history.

use std::{path::Path, time::Duration};

use bongsu_config::{ResourceConfig, ThresholdTuning};
use bongsu_resources::{
    ResourceMonitor, ResourceMonitorBuilder, ResourceThresholds, Threshold,
    disk::{DiskProbe as _, SystemProbe},
};

/// The monitor in the making.
pub fn builder(config: &ResourceConfig) -> ResourceMonitorBuilder {
    ResourceMonitor::builder()
        .thresholds(thresholds(config))
        .interval(config.interval)
        .disk_path(&config.disk_path)
        .history(samples_a_day(config.interval))
}

/// The thresholds that the configuration asks for.
#[must_use]
pub fn thresholds(config: &ResourceConfig) -> ResourceThresholds {
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
