//! The metrics of the source.

use async_trait::async_trait;
use bongsu_ops::MetricDesk;

use super::{FakeSource, figures::wave};
use crate::{Calls, Figure, Http, MetricFamily, MetricSample, OpsError, Route};

#[async_trait]
impl MetricDesk for FakeSource {
    async fn routes(&self) -> Result<Vec<Route>, OpsError> {
        let now = (self.clock)();
        let route = |method: &str, endpoint: &str, errors: f64, middle: f64| Route {
            method: method.to_owned(),
            endpoint: endpoint.to_owned(),
            http: Http {
                requests_per_second: Figure::Known(wave(now, 700.0, 40.0, 9.0)),
                error_ratio: Figure::Known(errors),
                p50_ms: Figure::Known(middle),
                p95_ms: Figure::Known(middle * 4.0),
                p99_ms: Figure::Known(middle * 9.0),
                in_flight: Figure::default(),
            },
        };
        Ok(vec![
            route("GET", "/quotes/{symbol}", 0.0, 2.1),
            route("POST", "/orders", 0.062, 18.0),
            route("DELETE", "/orders/{id}", 0.012, 4.0),
        ])
    }

    async fn calls(&self) -> Result<Vec<Calls>, OpsError> {
        let now = (self.clock)();
        let calls = |host: &str, errors: f64, middle: f64| Calls {
            host: host.to_owned(),
            method: "POST".to_owned(),
            http: Http {
                requests_per_second: Figure::Known(wave(now, 600.0, 12.0, 3.0)),
                error_ratio: Figure::Known(errors),
                p50_ms: Figure::Known(middle),
                p95_ms: Figure::Known(middle * 3.0),
                p99_ms: Figure::Known(middle * 6.0),
                in_flight: Figure::default(),
            },
        };
        Ok(vec![
            calls("openapi.koreainvestment.com:9443", 0.021, 180.0),
            calls("feed.example.com", 0.0, 9.0),
        ])
    }

    async fn families(&self, samples: usize) -> Result<Vec<MetricFamily>, OpsError> {
        let mut families = metrics();
        for family in &mut families {
            family.omitted = family.samples.len().saturating_sub(samples);
            family.samples.truncate(samples);
        }
        Ok(families)
    }
}

fn metrics() -> Vec<MetricFamily> {
    let family = |name: &str, kind: &str, help: &str, labels: &[&str], values: &[(&str, f64)]| {
        let samples = values.iter().map(|(label, value)| MetricSample {
            suffix: String::new(),
            labels: labels
                .iter()
                .map(|name| ((*name).to_owned(), (*label).to_owned()))
                .collect(),
            value: *value,
        });
        MetricFamily {
            name: name.to_owned(),
            kind: kind.to_owned(),
            help: help.to_owned(),
            labels: labels.iter().map(|name| (*name).to_owned()).collect(),
            samples: samples.collect(),
            omitted: 0,
        }
    };
    vec![
        family(
            "positions_active",
            "gauge",
            "Open positions",
            &[],
            &[("", 14.0)],
        ),
        family(
            "cache_hits_total",
            "counter",
            "Cache hits",
            &["cache_name"],
            &[("quotes", 120_431.0), ("orders", 8_112.0)],
        ),
        family(
            "value_at_risk_krw",
            "gauge",
            "Value at risk",
            &["confidence"],
            &[],
        ),
    ]
}
