//! Reports, counted.

use std::time::Duration;

use bongsu_reports::{ReportEvent, ReportGeneratorBuilder};
use tokio::sync::broadcast::error::RecvError;

use super::Wiring;

pub(super) fn wire(
    builder: ReportGeneratorBuilder,
    wiring: &mut Wiring<'_>,
) -> ReportGeneratorBuilder {
    let metrics = wiring.parts.metrics.clone();
    let mut events = wiring.events.subscribe();
    wiring.tasks.spawn("report-metrics", async move {
        let mut last = Duration::ZERO;
        loop {
            match events.recv().await {
                Ok(ReportEvent::Generated { took, .. }) => {
                    last = took;
                    metrics.record_report(None, took);
                }
                Ok(ReportEvent::Completed { at, .. }) => {
                    metrics.record_report(Some(at.as_second() as f64), last);
                }
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    });
    builder
}
