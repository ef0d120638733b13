//! What the other parts see, out to a receiver.

use crate::{Config, parts::Parts, tasks::Tasks};

#[cfg_attr(not(feature = "metrics"), allow(unused_variables))]
#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
pub(super) fn connect(parts: &mut Parts, config: &Config, tasks: &Tasks) {
    #[cfg(feature = "axum")]
    if let Some(export) = &parts.otlp {
        let otlp = export.otlp.clone();
        let layer = std::mem::take(&mut parts.http.layer);
        parts.http.layer = layer.on_end(move |end| {
            let span = || bongsu_bridge::requests_to_otlp::span(end, jiff::Timestamp::now());
            // Probes and scrapes are nobody's journey.
            !end.operations && otlp.record_root(&span())
        });
    }
    #[cfg(feature = "outgoing")]
    if let Some(export) = &parts.otlp {
        let otlp = export.otlp.clone();
        parts.outgoing.tell(move |end| {
            if let Some(span) = bongsu_bridge::calls_to_otlp::span(end, jiff::Timestamp::now()) {
                otlp.record(&span);
            }
        });
    }
    #[cfg(feature = "metrics")]
    metrics(parts, config, tasks);
}

/// All metrics, pushed in an interval, and the export's own figures among them.
#[cfg(feature = "metrics")]
#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
fn metrics(parts: &Parts, config: &Config, tasks: &Tasks) {
    use bongsu_bridge::metrics_to_otlp::{show, snapshot};

    let Some(export) = &parts.otlp else { return };
    if let Err(error) = show(&parts.metrics, tasks.hold(export.otlp.clone())) {
        tracing::warn!(%error, "the export has no metrics of its own");
    }
    if !export.otlp.exports(bongsu_otlp::Signal::Metrics) {
        return;
    }
    let (metrics, start) = (parts.metrics.clone(), jiff::Timestamp::now());
    let (last, otlp) = (metrics.clone(), export.otlp.clone());
    let _ = export.metrics.set(Box::new(move || snapshot(&last, start)));
    let interval = config.traces.metric_interval;
    tasks.spawn("otlp-metrics", async move {
        loop {
            tokio::time::sleep(interval).await;
            otlp.record_metrics(snapshot(&metrics, start));
        }
    });
}
