//! One add to a counter and one observation, by a handle that is held and by label values.

use std::hint::black_box;
use std::time::Duration;

use bongsu_metrics::{FamilyBuilder, ServiceMetrics, Unit};
use opentelemetry::KeyValue;

use crate::meter::{self, Contender};
use crate::{figure, peers, work::DURATIONS};

const PEERS: [&str; 5] = [
    "prometheus",
    "prometheus_client",
    "measured",
    "exporter",
    "opentelemetry",
];

/// A contender that does one thing over and over.
fn over<'a>(name: &'a str, one: impl Fn(usize) + 'a) -> Contender<'a> {
    (name, Box::new(move |n| (0..n).for_each(&one)))
}

pub fn figures() {
    counters();
    by_labels();
    histograms();
}

/// Nanoseconds of each, and the peers' over ours.
fn told(what: &str, contenders: &mut [Contender<'_>]) {
    let times = meter::race(contenders, 41, 50_000);
    for (name, time) in &times {
        match name.as_str() {
            "bongsu" => figure(&format!("{what}_ns"), *time),
            peer => figure(&format!("{peer}_{what}_ns"), *time),
        }
    }
    for (name, time) in times
        .iter()
        .filter(|(name, _)| PEERS.contains(&name.as_str()))
    {
        figure(&format!("{what}_vs_{name}"), time / times[0].1);
    }
}

fn counters() {
    let metrics = ServiceMetrics::new("bench").unwrap();
    let family = FamilyBuilder::new("held_total", "H.").labels(&["a", "b", "c"]);
    let ours = metrics
        .register_counter(family)
        .unwrap()
        .with(&["one", "two", "three"]);
    let prom = prometheus::IntCounterVec::new(prometheus::Opts::new("c", "h"), &["a", "b", "c"])
        .unwrap()
        .with_label_values(&["one", "two", "three"]);
    let client = peers::client::Client::new();
    let client = client.count.get_or_create_owned(&count());
    let measured = peers::Measured::new();
    let id = measured.group.count.with_labels(MCOUNT);
    let exporter = peers::exporter::new();
    let exporter = metrics::with_local_recorder(
        &exporter,
        || metrics::counter!("held_total", "a" => "one", "b" => "two", "c" => "three"),
    );
    let otel = peers::otel::Otel::new();
    let otel = otel.count.bind(&labels());
    let floor = std::cell::Cell::new(0_u64);
    told(
        "counter_held",
        &mut [
            over("bongsu", |_| black_box(&ours).increment(1)),
            // A number in memory that nobody shares, added to by a load, an add and a store.
            over("plain", |_| {
                let floor = black_box(&floor);
                floor.set(floor.get() + 1);
            }),
            over("prometheus", |_| black_box(&prom).inc()),
            over("prometheus_client", |_| {
                black_box(&client).inc();
            }),
            over("measured", |_| {
                measured.group.count.get_metric(*black_box(&id)).inc();
            }),
            over("exporter", |_| black_box(&exporter).increment(1)),
            over("opentelemetry", |_| black_box(&otel).add(1)),
        ],
    );
}

const MCOUNT: peers::MCount<'_> = peers::MCount {
    endpoint: "three",
    method: peers::Method::Get,
    status: peers::Status::Ok,
};

fn count() -> peers::client::Count {
    peers::client::Count {
        endpoint: "one".to_owned(),
        method: "two".to_owned(),
        status: 200,
    }
}

fn labels() -> [KeyValue; 3] {
    [
        KeyValue::new("a", "one"),
        KeyValue::new("b", "two"),
        KeyValue::new("c", "three"),
    ]
}

fn by_labels() {
    let metrics = ServiceMetrics::new("bench").unwrap();
    let family = FamilyBuilder::new("held_total", "H.").labels(&["a", "b", "c"]);
    let ours = metrics.register_counter(family).unwrap();
    let prom =
        prometheus::IntCounterVec::new(prometheus::Opts::new("c", "h"), &["a", "b", "c"]).unwrap();
    let client = peers::client::Client::new();
    let client_labels = count();
    let measured = peers::Measured::new();
    let exporter = peers::exporter::new();
    let otel = peers::otel::Otel::new();
    told(
        "counter_3_labels",
        &mut [
            over("bongsu", |_| {
                ours.increment(black_box(&["one", "two", "three"]), 1)
            }),
            over("prometheus", |_| {
                prom.with_label_values(black_box(&["one", "two", "three"]))
                    .inc();
            }),
            // Its labels made beforehand: to make them is to allocate.
            over("prometheus_client", |_| {
                client.count.get_or_create(black_box(&client_labels)).inc();
            }),
            // One text and two numbers: its way to have labels of few values.
            over("measured", |_| measured.group.count.inc(black_box(MCOUNT))),
            (
                "exporter",
                Box::new(|n| {
                    metrics::with_local_recorder(&exporter, || {
                        for _ in 0..n {
                            metrics::counter!("held_total", "a" => "one", "b" => "two", "c" => "three")
                                .increment(1);
                        }
                    });
                }),
            ),
            over("opentelemetry", |_| otel.count.add(1, black_box(&labels()))),
        ],
    );
}

fn histograms() {
    let metrics = ServiceMetrics::new("bench").unwrap();
    let family = FamilyBuilder::new("h_seconds", "H.").unit(Unit::Seconds);
    let ours = metrics
        .register_histogram(family.buckets(&DURATIONS))
        .unwrap()
        .with(&[]);
    let options = prometheus::HistogramOpts::new("h", "h").buckets(DURATIONS.to_vec());
    let prom = prometheus::Histogram::with_opts(options).unwrap();
    let client = prometheus_client::metrics::histogram::Histogram::new(DURATIONS);
    let otel = peers::otel::Otel::new();
    let otel = otel.hists[0].bind(&[]);
    let took = |i: usize| Duration::from_micros(i as u64 * 7_919 & 0xF_FFFF);
    told(
        "histogram_held",
        &mut [
            over("bongsu", |i| black_box(&ours).record_duration(took(i))),
            over("prometheus", |i| {
                black_box(&prom).observe(took(i).as_secs_f64())
            }),
            over("prometheus_client", |i| {
                black_box(&client).observe(took(i).as_secs_f64())
            }),
            over("opentelemetry", |i| {
                black_box(&otel).record(took(i).as_secs_f64())
            }),
        ],
    );
}
