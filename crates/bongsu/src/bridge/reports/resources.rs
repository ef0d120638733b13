//! CPU, memory and disk on the day of a report.

use std::time::Duration;

use async_trait::async_trait;
use bongsu_reports::{Figure, Missing, ReportContext, ReportGeneratorBuilder, summary::Range};
use bongsu_resources::{HistoryPoint, ResourceMonitor};
use jiff::Timestamp;

use super::{Window, Wiring, Witness};

pub(super) fn wire(
    builder: ReportGeneratorBuilder,
    wiring: &mut Wiring<'_>,
) -> ReportGeneratorBuilder {
    let resources = wiring.parts.resources.clone();
    wiring.witnesses.push(Box::new(Samples(resources)));
    builder
}

#[derive(Debug)]
struct Samples(ResourceMonitor);

#[async_trait]
impl Witness for Samples {
    async fn tell(&self, window: Window, context: &mut ReportContext) {
        if !window.seen() {
            return;
        }
        let age = window.now.duration_since(window.since);
        let mut points = self.0.history(Duration::try_from(age).unwrap_or_default());
        points.retain(|point: &HistoryPoint| {
            Timestamp::try_from(point.timestamp)
                .is_ok_and(|at| at >= window.since && at < window.until)
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
