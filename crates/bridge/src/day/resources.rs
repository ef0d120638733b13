//! CPU, memory and disk on the day of a report.

use std::time::Duration;

use async_trait::async_trait;
use bongsu_reports::{Figure, Missing, ReportContext, summary::Range};
use bongsu_resources::{HistoryPoint, ResourceMonitor};

use super::{Window, Witness};

/// The samples of the day.
#[derive(Debug)]
pub struct Samples(ResourceMonitor);

impl Samples {
    /// Those of this monitor's history.
    #[must_use]
    pub const fn new(monitor: ResourceMonitor) -> Self {
        Self(monitor)
    }
}

#[async_trait]
impl Witness for Samples {
    async fn tell(&self, window: Window, context: &mut ReportContext) {
        if !window.seen() {
            return;
        }
        let age = window.now.duration_since(window.since);
        let mut points = self.0.history(Duration::try_from(age).unwrap_or_default());
        points.retain(|point: &HistoryPoint| {
            point.timestamp >= window.since && point.timestamp < window.until
        });
        let system = &mut context.system;
        system.cpu_percent = range(points.iter().map(|p| p.cpu_percent));
        system.memory_percent = range(points.iter().map(|p| p.memory_percent));
        system.disk_percent = range(points.iter().filter_map(|p| p.disk_percent));
    }
}

fn range(values: impl Iterator<Item = f64>) -> Figure<Range> {
    let (mut count, mut sum, mut min, mut max) = (0.0, 0.0, f64::INFINITY, f64::NEG_INFINITY);
    for value in values {
        count += 1.0;
        sum += value;
        min = value.min(min);
        max = value.max(max);
    }
    if count == 0.0 {
        return Missing::NotCollected.into();
    }
    Figure::Known(Range {
        min,
        avg: sum / count,
        max,
    })
}
