//! All metrics, pushed in an interval, and the export's own figures among them.

use std::sync::{Mutex, PoisonError, Weak};

use bongsu_metrics::{
    FamilyBuilder, MetricsError, ServiceMetrics,
    catalog::{Kind, Unit},
    visit::{Distribution, Family, Sample, Value, Visitor},
};
use bongsu_otlp::{Exemplar, MetricKind, Otlp, Points, Snapshot};
use jiff::Timestamp;

/// Shows what became of what was exported, for as long as somebody holds `otlp`.
///
/// # Errors
///
/// When the service has metrics of these names that are of another shape.
pub fn show(metrics: &ServiceMetrics, otlp: Weak<Otlp>) -> Result<(), MetricsError> {
    let family =
        |name: &str, help: &str, labels: &[&str]| FamilyBuilder::new(name, help).labels(labels);
    let sent = metrics.register_counter(family(
        "otlp_exported_total",
        "Spans, data points and log lines that the receiver has.",
        &["signal"],
    ))?;
    let lost = metrics.register_counter(family(
        "otlp_lost_total",
        "Those that it will never have, by reason.",
        &["signal", "reason"],
    ))?;
    let waiting = metrics.register_gauge(
        family(
            "otlp_waiting_bytes",
            "Bytes that wait to be exported.",
            &["signal"],
        )
        .unit(Unit::Bytes),
    )?;
    let before = Mutex::new([[0; 5]; 3]);
    metrics.on_scrape(Box::new(move |_| {
        let Some(otlp) = otlp.upgrade() else { return };
        let mut before = before.lock().unwrap_or_else(PoisonError::into_inner);
        for (said, before) in otlp.statistics().zip(before.iter_mut()) {
            let (signal, counts) = (said.signal.as_str(), said.counts);
            let now = [
                counts.sent,
                counts.rejected,
                counts.refused,
                counts.overflowed,
                counts.expired,
            ];
            let reasons = ["rejected", "refused", "overflow", "expired"];
            sent.increment(&[signal], now[0] - before[0]);
            for (place, reason) in reasons.into_iter().enumerate() {
                lost.increment(&[signal, reason], now[place + 1] - before[place + 1]);
            }
            waiting.with(&[signal]).set(said.waiting_bytes as f64);
            *before = now;
        }
    }));
    Ok(())
}

/// Every metric as it is now, of a service that began at `start`.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
pub fn snapshot(metrics: &ServiceMetrics, start: Timestamp) -> Snapshot {
    let mut families = Families(Vec::new());
    metrics.visit(&mut families);
    let mut snapshot = Snapshot::new(start, Timestamp::now());
    for family in &families.0 {
        let (kind, name) = match family.kind {
            // OpenTelemetry's names have no `_total`; a receiver that writes Prometheus' adds it.
            Kind::Counter => (MetricKind::Counter, family.name.trim_end_matches("_total")),
            Kind::Gauge => (MetricKind::Gauge, &*family.name),
            Kind::Histogram => (MetricKind::Histogram, &*family.name),
        };
        snapshot.family(name, &family.help, family.unit, kind, |points| {
            family.series.iter().for_each(|series| series.write(points));
        });
    }
    snapshot
}

/// The families as they are told, one series after the other.
struct Families(Vec<Collected>);

struct Collected {
    name: String,
    help: String,
    unit: &'static str,
    kind: Kind,
    series: Vec<Series>,
}

struct Series {
    labels: Vec<(String, String)>,
    figures: Figures,
}

enum Figures {
    Number(f64),
    Histogram {
        sum: f64,
        buckets: Vec<(f64, u64)>,
        exemplars: Vec<Exemplar>,
    },
}

impl Visitor for Families {
    fn family(&mut self, family: &Family<'_>) -> bool {
        self.0.push(Collected {
            name: family.name().to_owned(),
            help: family.help().to_owned(),
            unit: ucum(family.unit()),
            kind: family.kind(),
            series: Vec::new(),
        });
        true
    }

    fn sample(&mut self, _: &Family<'_>, sample: &Sample<'_>) {
        let Some(family) = self.0.last_mut() else {
            return;
        };
        let mut labels = Vec::new();
        sample.each_label(|name, value| labels.push((name.to_owned(), value.to_owned())));
        let figures = match sample.value() {
            Value::Number(number) => Figures::Number(number.as_f64()),
            Value::Histogram(histogram) => Figures::Histogram {
                sum: histogram.sum(),
                buckets: histogram.buckets().collect(),
                exemplars: exemplars(histogram),
            },
        };
        family.series.push(Series { labels, figures });
    }
}

fn exemplars(histogram: &Distribution<'_>) -> Vec<Exemplar> {
    let kept = histogram.exemplars().into_iter().flatten();
    kept.filter_map(|kept| {
        let trace_id = u128::from_str_radix(kept.trace_id(), 16).ok()?;
        let at = Timestamp::UNIX_EPOCH.checked_add(kept.at()).ok()?;
        Some(Exemplar::new(kept.seconds(), at, trace_id))
    })
    .collect()
}

impl Series {
    fn write(&self, points: &mut Points<'_>) {
        let labels: Vec<(&str, &str)> = self
            .labels
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        match &self.figures {
            Figures::Number(value) => points.number(&labels, *value),
            Figures::Histogram {
                sum,
                buckets,
                exemplars,
            } => points.histogram(&labels, *sum, buckets, exemplars),
        }
    }
}

/// A unit in the Unified Code for Units of Measure, as OpenTelemetry has them.
fn ucum(unit: Unit) -> &'static str {
    match unit {
        Unit::None => "",
        Unit::Seconds => "s",
        Unit::Bytes => "By",
        Unit::Percent => "%",
        Unit::Krw => "{KRW}",
    }
}
