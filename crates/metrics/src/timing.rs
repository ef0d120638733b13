//! Timing an operation, as a guard or around a future.

use std::time::{Duration, Instant};

use crate::catalog::Id;
use crate::service_metrics::{ServiceMetrics, nanos};

/// An operation being timed. It ends as `success` when dropped, as `error` when the thread panics or
/// [`fail`](Self::fail) was called, in `operation_duration_seconds{operation,status}`.
#[derive(Debug)]
#[must_use = "dropped at once, it measures nothing"]
pub struct Timer {
    metrics: ServiceMetrics,
    operation: String,
    started: Instant,
    status: &'static str,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place of this crate that reads the monotonic clock"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

impl Timer {
    fn start(metrics: &ServiceMetrics, operation: &str, status: &'static str) -> Self {
        Self {
            metrics: metrics.clone(),
            operation: operation.to_owned(),
            started: now(),
            status,
        }
    }

    /// Ends the operation as failed, unless something else follows.
    pub fn fail(&mut self) {
        self.status = "error";
    }

    /// The time so far.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        now().duration_since(self.started)
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let status = if std::thread::panicking() {
            "error"
        } else {
            self.status
        };
        self.metrics
            .record_operation(&self.operation, status, self.elapsed());
    }
}

impl ServiceMetrics {
    /// Times an operation until the guard is dropped.
    ///
    /// ```
    /// # fn main() -> Result<(), bongsu_metrics::MetricsError> {
    /// let metrics = bongsu_metrics::ServiceMetrics::new("trading_engine")?;
    /// {
    ///     let _timer = metrics.measure_time("rebalance");
    /// }
    /// let page = metrics.export_metrics();
    /// assert!(page.contains("operation_duration_seconds_count{operation=\"rebalance\",status=\"success\"} 1"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn measure_time(&self, operation: &str) -> Timer {
        Timer::start(self, operation, "success")
    }

    /// Times a future that may fail: `success`, `error` for an `Err` or a panic, `cancelled` when it
    /// is dropped before its end.
    ///
    /// # Errors
    ///
    /// Those of the future.
    pub fn measure_time_async<F, T, E>(
        &self,
        operation: &str,
        future: F,
    ) -> impl Future<Output = Result<T, E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        let metrics = self.clone();
        let operation = operation.to_owned();
        async move {
            let mut timer = Timer::start(&metrics, &operation, "cancelled");
            let result = future.await;
            timer.status = if result.is_ok() { "success" } else { "error" };
            result
        }
    }

    /// Records an operation that was timed elsewhere.
    pub fn record_operation(&self, operation: &str, status: &str, duration: Duration) {
        let family = self.registry.family(Id::OperationDurationSeconds);
        family.observe(&self.registry.cells, &[operation, status], nanos(duration));
    }
}
