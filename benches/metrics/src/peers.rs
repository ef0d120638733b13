//! The other libraries, each in the way its documentation recommends.

use crate::work::{DURATIONS, Request, SIZES};
use measured::label::StaticLabelSet;
use measured::metric::histogram::Thresholds;
use measured_derive::{FixedCardinalityLabel, LabelGroup};
use paracord::ParaCord;

pub mod prom {
    use super::*;
    use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry};

    pub struct Prom {
        pub registry: Registry,
        pub count: IntCounterVec,
        duration: HistogramVec,
        request: HistogramVec,
        response: HistogramVec,
        trades: IntCounterVec,
        volume: IntCounterVec,
        profit: IntCounterVec,
        loss: IntCounterVec,
        pnl: IntGaugeVec,
    }

    impl Prom {
        pub fn new() -> Self {
            let count = |name: &str, labels: &[&str]| {
                IntCounterVec::new(Opts::new(name, "h"), labels).unwrap()
            };
            let hist = |name: &str, buckets: &[f64]| {
                HistogramVec::new(
                    HistogramOpts::new(name, "h").buckets(buckets.to_vec()),
                    &["endpoint", "method"],
                )
                .unwrap()
            };
            let this = Self {
                registry: Registry::new(),
                count: count("http_requests_total", &["endpoint", "method", "status"]),
                duration: hist("http_request_duration_seconds", &DURATIONS),
                request: hist("http_request_size_bytes", &SIZES),
                response: hist("http_response_size_bytes", &SIZES),
                trades: count("trades_executed_total", &["side", "status", "symbol"]),
                volume: count("trade_volume_krw_total", &["side", "symbol"]),
                profit: count("trade_profit_krw_total", &["symbol"]),
                loss: count("trade_loss_krw_total", &["symbol"]),
                pnl: IntGaugeVec::new(Opts::new("trade_pnl_krw", "h"), &["symbol"]).unwrap(),
            };
            this.registry
                .register(Box::new(this.count.clone()))
                .unwrap();
            this
        }

        pub fn http(&self, r: &Request) {
            self.count
                .with_label_values(&[r.endpoint, r.method, r.status_text])
                .inc();
            let labels = [r.endpoint, r.method];
            self.duration
                .with_label_values(&labels)
                .observe(r.duration.as_secs_f64());
            self.request
                .with_label_values(&labels)
                .observe(r.request as f64);
            self.response
                .with_label_values(&labels)
                .observe(r.response as f64);
        }

        pub fn trade(&self, (symbol, side, volume, pnl): (&str, &str, u64, i64)) {
            self.trades
                .with_label_values(&[side, "filled", symbol])
                .inc();
            self.volume
                .with_label_values(&[side, symbol])
                .inc_by(volume);
            let moved = if pnl > 0 { &self.profit } else { &self.loss };
            moved
                .with_label_values(&[symbol])
                .inc_by(pnl.unsigned_abs());
            self.pnl.with_label_values(&[symbol]).add(pnl);
        }
    }
}

pub mod client {
    use super::*;
    use prometheus_client::encoding::EncodeLabelSet;
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::family::{Family, MetricConstructor};
    use prometheus_client::metrics::histogram::Histogram;
    use prometheus_client::registry::Registry;

    #[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
    pub struct Count {
        pub endpoint: String,
        pub method: String,
        pub status: u16,
    }

    #[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
    struct Route {
        endpoint: String,
        method: String,
    }

    #[derive(Clone)]
    struct Buckets(&'static [f64]);
    impl MetricConstructor<Histogram> for Buckets {
        fn new_metric(&self) -> Histogram {
            Histogram::new(self.0.iter().copied())
        }
    }

    pub struct Client {
        pub registry: Registry,
        pub count: Family<Count, Counter>,
        hists: [Family<Route, Histogram, Buckets>; 3],
    }

    impl Client {
        pub fn new() -> Self {
            let mut registry = Registry::default();
            let count = Family::<Count, Counter>::default();
            registry.register("http_requests", "h", count.clone());
            Self {
                registry,
                count,
                hists: [&DURATIONS[..], &SIZES[..], &SIZES[..]]
                    .map(|b| Family::new_with_constructor(Buckets(b))),
            }
        }

        pub fn http(&self, r: &Request) {
            self.count
                .get_or_create(&Count {
                    endpoint: r.endpoint.to_owned(),
                    method: r.method.to_owned(),
                    status: r.status,
                })
                .inc();
            let route = Route {
                endpoint: r.endpoint.to_owned(),
                method: r.method.to_owned(),
            };
            self.hists[0]
                .get_or_create(&route)
                .observe(r.duration.as_secs_f64());
            self.hists[1]
                .get_or_create(&route)
                .observe(r.request as f64);
            self.hists[2]
                .get_or_create(&route)
                .observe(r.response as f64);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Debug, FixedCardinalityLabel)]
pub enum Status {
    Ok = 200,
    Created = 201,
    NotFound = 404,
    Error = 500,
}

#[derive(Clone, Copy, PartialEq, Debug, FixedCardinalityLabel)]
#[label(rename_all = "SHOUTY_SNAKE_CASE")]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
}

#[derive(Clone, Copy, PartialEq, Debug, LabelGroup)]
#[label(set = CountSet)]
pub struct MCount<'a> {
    #[label(dynamic_with = ParaCord)]
    pub endpoint: &'a str,
    pub method: Method,
    pub status: Status,
}

#[derive(Clone, Copy, PartialEq, Debug, LabelGroup)]
#[label(set = RouteSet)]
struct MRoute<'a> {
    #[label(dynamic_with = ParaCord)]
    endpoint: &'a str,
    method: Method,
}

#[derive(measured::MetricGroup)]
#[metric(new())]
pub struct MGroup {
    #[metric(init = measured::CounterVec::with_label_set(CountSet { endpoint: ParaCord::default(), method: StaticLabelSet::new(), status: StaticLabelSet::new() }))]
    pub count: measured::CounterVec<CountSet>,
}

pub struct Measured {
    pub group: MGroup,
    duration: measured::HistogramVec<RouteSet, 11>,
    request: measured::HistogramVec<RouteSet, 9>,
    response: measured::HistogramVec<RouteSet, 9>,
}

pub fn method(text: &str) -> Method {
    match text {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        _ => Method::Delete,
    }
}

/// Its place among the statuses of the work.
pub fn status_place(status: u16) -> usize {
    match status {
        200 => 0,
        201 => 1,
        404 => 2,
        _ => 3,
    }
}

pub fn status(status: u16) -> Status {
    match status {
        200 => Status::Ok,
        201 => Status::Created,
        404 => Status::NotFound,
        _ => Status::Error,
    }
}

impl Measured {
    pub fn new() -> Self {
        let set = || RouteSet {
            endpoint: ParaCord::default(),
            method: StaticLabelSet::new(),
        };
        Self {
            group: MGroup::new(),
            duration: measured::HistogramVec::with_label_set_and_metadata(
                set(),
                Thresholds::with_buckets(DURATIONS),
            ),
            request: measured::HistogramVec::with_label_set_and_metadata(
                set(),
                Thresholds::with_buckets(SIZES),
            ),
            response: measured::HistogramVec::with_label_set_and_metadata(
                set(),
                Thresholds::with_buckets(SIZES),
            ),
        }
    }

    pub fn http(&self, r: &Request) {
        let method = method(r.method);
        self.group.count.inc(MCount {
            endpoint: r.endpoint,
            method,
            status: status(r.status),
        });
        let route = MRoute {
            endpoint: r.endpoint,
            method,
        };
        self.duration.observe(route, r.duration.as_secs_f64());
        self.request.observe(route, r.request as f64);
        self.response.observe(route, r.response as f64);
    }
}

pub mod otel {
    use super::*;
    use opentelemetry::KeyValue;
    use opentelemetry::metrics::{
        BoundCounter, BoundHistogram, Counter, Histogram, MeterProvider as _,
    };
    use opentelemetry_sdk::metrics::{ManualReader, SdkMeterProvider};

    pub struct Otel {
        _provider: SdkMeterProvider,
        pub count: Counter<u64>,
        pub hists: [Histogram<f64>; 3],
    }

    /// Instruments bound to one route: a counter a status, as ours has.
    pub struct Route {
        statuses: [BoundCounter<u64>; 4],
        hists: [BoundHistogram<f64>; 3],
    }

    impl Route {
        pub fn http(&self, r: &Request) {
            self.statuses[super::status_place(r.status)].add(1);
            self.hists[0].record(r.duration.as_secs_f64());
            self.hists[1].record(r.request as f64);
            self.hists[2].record(r.response as f64);
        }
    }

    impl Otel {
        pub fn route(&self, r: &Request) -> Route {
            let labels = |status: u16| {
                [
                    KeyValue::new("endpoint", r.endpoint),
                    KeyValue::new("method", r.method),
                    KeyValue::new("status", i64::from(status)),
                ]
            };
            Route {
                statuses: crate::work::STATUSES.map(|status| self.count.bind(&labels(status))),
                hists: [0, 1, 2].map(|i| self.hists[i].bind(&labels(200)[..2])),
            }
        }

        pub fn new() -> Self {
            let provider = SdkMeterProvider::builder()
                .with_reader(ManualReader::builder().build())
                .build();
            let meter = provider.meter("bench");
            let hist = |name: &'static str, b: &[f64]| {
                meter
                    .f64_histogram(name)
                    .with_boundaries(b.to_vec())
                    .build()
            };
            Self {
                count: meter.u64_counter("http_requests").build(),
                hists: [
                    hist("duration", &DURATIONS),
                    hist("request", &SIZES),
                    hist("response", &SIZES),
                ],
                _provider: provider,
            }
        }

        pub fn http(&self, r: &Request) {
            let labels = [
                KeyValue::new("endpoint", r.endpoint),
                KeyValue::new("method", r.method),
                KeyValue::new("status", i64::from(r.status)),
            ];
            self.count.add(1, &labels);
            self.hists[0].record(r.duration.as_secs_f64(), &labels[..2]);
            self.hists[1].record(r.request as f64, &labels[..2]);
            self.hists[2].record(r.response as f64, &labels[..2]);
        }
    }
}

pub mod exporter {
    use super::*;
    use metrics::{counter, histogram};
    use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusRecorder};

    pub fn new() -> PrometheusRecorder {
        PrometheusBuilder::new()
            .set_buckets_for_metric(
                Matcher::Full("req_request_duration_seconds".into()),
                &DURATIONS,
            )
            .unwrap()
            .set_buckets(&SIZES)
            .unwrap()
            .build_recorder()
    }

    /// By the macros, as services write it. The labels are owned strings: they come from the request.
    pub fn http(r: &Request) {
        let (endpoint, method) = (r.endpoint.to_owned(), r.method.to_owned());
        counter!("req_total", "endpoint" => endpoint.clone(), "method" => method.clone(), "status" => r.status.to_string())
            .increment(1);
        histogram!("req_request_duration_seconds", "endpoint" => endpoint.clone(), "method" => method.clone())
            .record(r.duration.as_secs_f64());
        histogram!("req_request_size_bytes", "endpoint" => endpoint.clone(), "method" => method.clone())
            .record(r.request as f64);
        histogram!("req_response_size_bytes", "endpoint" => endpoint, "method" => method)
            .record(r.response as f64);
    }
}
