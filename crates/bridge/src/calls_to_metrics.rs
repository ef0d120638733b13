//! Calls that the service makes, by whom they went to.

use bongsu_metrics::{FamilyBuilder, MetricsError, ServiceMetrics, catalog::Unit};
use bongsu_outgoing::{CallEnd, Target};

/// Series: hosts come from the service's code, and a crawler's from the world.
const MOST: usize = 1_000;
const BUCKETS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
const LABELS: [&str; 3] = ["host", "method", "status"];

/// What records a call.
///
/// # Errors
///
/// When the service has metrics of these names that are of another shape.
pub fn recorder(
    metrics: &ServiceMetrics,
) -> Result<impl Fn(&CallEnd<'_>) + Send + Sync + use<>, MetricsError> {
    let family = |name: &str, help: &str| {
        let family = FamilyBuilder::new(name, help);
        family.labels(&LABELS).budget(MOST)
    };
    let count = metrics.register_counter(family(
        "http_client_requests_total",
        "Calls that the service made, by host, method and status or what there was instead of one.",
    ))?;
    let times = family(
        "http_client_request_duration_seconds",
        "Time to the head of the answer, or until it was clear that there is none.",
    );
    let times = metrics.register_histogram(times.unit(Unit::Seconds).buckets(&BUCKETS))?;
    let metrics = metrics.clone();
    Ok(move |end: &CallEnd<'_>| {
        let status = end.status.to_string();
        match end.target {
            Target::Http { label, method, .. } => {
                let labels = [&**label, *method, &*status];
                count.increment(&labels, 1);
                times.with(&labels).record_duration(end.waited);
            }
            Target::Database {
                operation, table, ..
            } => metrics.record_db_query(operation, table, end.elapsed, &status),
            Target::Cache {
                name,
                hit: Some(hit),
                ..
            } => metrics.record_cache_operation(name, *hit),
            _ => {}
        }
    })
}
