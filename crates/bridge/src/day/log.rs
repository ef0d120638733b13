//! Errors and warnings logged on the day of a report.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bongsu_logging::LogHandle;
use bongsu_reports::{Figure, ReportContext};
use jiff::Timestamp;

use super::{Ring, Window, Witness};

/// Three days at one reading a minute.
const REMEMBERED: usize = 3 * 24 * 60;
const EVERY: Duration = Duration::from_secs(60);

/// Errors and warnings logged until an instant.
type Reading = (Timestamp, u64, u64);

#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
fn now(logs: &LogHandle) -> Reading {
    let stats = logs.stats();
    (
        Timestamp::now(),
        stats.events_at("error"),
        stats.events_at("warn"),
    )
}

/// Readings of the log's counts, oldest first.
#[derive(Debug)]
pub struct Counts {
    logs: LogHandle,
    readings: Arc<Ring<Reading>>,
}

impl Counts {
    /// The log's counts from now on, and what reads them.
    pub fn new(logs: LogHandle) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let readings = Arc::new(Ring::new(REMEMBERED));
        let (from, kept) = (logs.clone(), readings.clone());
        let reading = async move {
            let mut ticks = tokio::time::interval(EVERY);
            loop {
                ticks.tick().await;
                kept.push(now(&from));
            }
        };
        (Self { logs, readings }, reading)
    }
}

#[async_trait]
impl Witness for Counts {
    async fn tell(&self, window: Window, context: &mut ReportContext) {
        if !window.seen() {
            return;
        }
        let latest = now(&self.logs);
        let readings = self.readings.all();
        // To the minute.
        let at = |instant: Timestamp| {
            if instant >= latest.0 {
                return (latest.1, latest.2);
            }
            let before = readings.iter().rev().find(|reading| reading.0 <= instant);
            before.map_or((0, 0), |reading| (reading.1, reading.2))
        };
        let ((errors, warnings), before) = (at(window.until), at(window.since));
        context.system.errors = Figure::Known(errors.saturating_sub(before.0));
        context.system.warnings = Figure::Known(warnings.saturating_sub(before.1));
    }
}
