//! Reports, counted.

use std::time::Duration;

use bongsu_metrics::ServiceMetrics;
use bongsu_reports::ReportEvent;
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// Records each report that was made, and each that reached everybody.
pub async fn count(mut events: Receiver<ReportEvent>, metrics: ServiceMetrics) {
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
}
