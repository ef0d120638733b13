//! Every field that is sent arrives as what it is.

use std::time::Duration;

use bongsu_otlp::{
    Attributes, Exemplar, LogRecord, MetricKind, Options, Otlp, Propagation, Receiver as To,
    Redact, Signal, Snapshot, Span, SpanKind, TraceParent,
};
use bongsu_secret::Secret;
use jiff::Timestamp;
use tracing::{error, info, info_span};
use tracing_subscriber::layer::SubscriberExt as _;

use crate::receiver::{Receiver, Request};
use crate::schema::value;

const PATIENCE: Duration = Duration::from_secs(30);

/// Everything that `work` hands over, sent in the order of traces, metrics, logs.
pub(crate) async fn exported(gzip: bool, work: impl FnOnce(&Otlp)) -> Vec<Request> {
    let receiver = Receiver::start().await;
    let base = Secret::new(receiver.url("/otlp/"));
    let to = |signal| {
        let mut to = To::at_base(&base, signal);
        to.gzip = gzip;
        to.headers = vec![("x-key".to_owned(), Secret::new("opensesame"))];
        Some(to)
    };
    let resource = Attributes::new()
        .with("service.name", "desk")
        .with("process.pid", 7_i64);
    let mut options = Options::new(resource);
    (options.traces, options.metrics, options.logs) =
        (to(Signal::Traces), to(Signal::Metrics), to(Signal::Logs));
    let (otlp, driver) = Otlp::new(options).unwrap();
    work(&otlp);
    driver.run(async {}, PATIENCE).await;
    let lost: u64 = otlp.statistics().map(|signal| signal.counts.lost()).sum();
    assert_eq!(lost, 0);
    let mut seen = receiver.seen();
    seen.sort_by_key(|request| {
        ["/otlp/v1/traces", "/otlp/v1/metrics", "/otlp/v1/logs"]
            .iter()
            .position(|path| *path == request.path())
    });
    seen
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_span_with_all_that_it_can_have() {
    for gzip in [false, true] {
        let seen = exported(gzip, |otlp| {
            let ids = TraceParent::new(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c, 0xb7ad, true);
            let end = at("2026-03-02T00:00:01.5Z");
            let mut span = Span::new(ids, "GET /orders/{id}", end, Duration::from_millis(1_250));
            span.parent = Some(0xf067);
            span.remote_parent = true;
            span.kind = SpanKind::Server;
            span.attributes = Attributes::new()
                .with("url.path", "/orders/한")
                .with("http.response.status_code", 503_i64)
                .with("ratio", -0.25)
                .with("empty", "")
                .with("no", false)
                .with("negative", -1_i64)
                .with("huge", u64::MAX);
            let names = ["r-1", "r-2"];
            span.attributes
                .set("list", bongsu_otlp::Value::Texts(&names));
            span.attributes.set("empty", "said again");
            span.error = Some("the book is torn".to_owned());
            assert!(otlp.record_root(&span));
        })
        .await;
        let [request] = &seen[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(
            request.header("content-type"),
            Some("application/x-protobuf")
        );
        assert_eq!(request.header("content-encoding"), gzip.then_some("gzip"));
        assert_eq!(request.header("x-key"), Some("opensesame"));
        let around = request.around();
        assert_eq!(
            value(&around.resource, "service.name").as_deref(),
            Some("desk")
        );
        assert_eq!(value(&around.resource, "process.pid").as_deref(), Some("7"));
        assert!(around.schema_url.ends_with("/1.37.0"));
        let (scope, version) = &around.scope;
        assert_eq!(
            (&**scope, &**version),
            ("bongsu", env!("CARGO_PKG_VERSION"))
        );
        let span = &request.spans()[0];
        assert_eq!(
            span.trace_id,
            0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes()
        );
        assert_eq!(span.span_id, 0xb7ad_u64.to_be_bytes());
        assert_eq!(span.parent_span_id, 0xf067_u64.to_be_bytes());
        assert_eq!(
            (&*span.name, span.kind, span.flags),
            ("GET /orders/{id}", 2, 0x301)
        );
        assert_eq!(
            span.end_time_unix_nano - span.start_time_unix_nano,
            1_250_000_000
        );
        assert_eq!(
            i128::from(span.end_time_unix_nano),
            at("2026-03-02T00:00:01.5Z").as_nanosecond()
        );
        for (name, want) in [
            ("url.path", "/orders/한"),
            ("http.response.status_code", "503"),
            ("ratio", "-0.25"),
            ("empty", "said again"),
            ("no", "false"),
            ("negative", "-1"),
            ("huge", "18446744073709552000"),
            ("list", "r-1|r-2"),
        ] {
            assert_eq!(
                value(&span.attributes, name).as_deref(),
                Some(want),
                "{name}"
            );
        }
        assert_eq!(span.attributes.len(), 8);
        assert_eq!(span.status, Some((2, "the book is torn".to_owned())));
    }
}

#[tokio::test]
async fn what_is_too_much_is_cut_and_counted() {
    let seen = exported(false, |otlp| {
        let mut span = Span::new(
            TraceParent::new(1, 2, true),
            "n",
            at("2026-03-02T00:00:00Z"),
            Duration::ZERO,
        );
        for i in 0..200 {
            span.attributes.set(format!("k{i}"), "한".repeat(2_000));
        }
        otlp.record_root(&span);
    })
    .await;
    let span = &seen[0].spans()[0];
    assert_eq!(
        (span.attributes.len(), span.dropped_attributes_count),
        (128, 72)
    );
    assert_eq!(value(&span.attributes, "k0").unwrap(), "한".repeat(1_365));
    assert_eq!((span.status.clone(), span.kind), (None, 1));
}

#[tokio::test]
async fn metrics_of_each_kind() {
    let (start, now) = (at("2026-03-02T00:00:00Z"), at("2026-03-02T00:01:00Z"));
    let seen = exported(true, |otlp| {
        // Superseded by the next.
        let mut old = Snapshot::new(start, start);
        old.family("old", "", "", MetricKind::Gauge, |points| {
            points.number(&[], 1.0)
        });
        otlp.record_metrics(old);
        let mut snapshot = Snapshot::new(start, now);
        snapshot.family("orders", "Orders.", "", MetricKind::Counter, |points| {
            points.number(&[("side", "buy"), ("symbol", "005930")], 17.0);
            points.number(&[("side", "sell"), ("symbol", "")], 0.0);
        });
        snapshot.family("temperature", "", "%", MetricKind::Gauge, |points| {
            points.number(&[], f64::NAN);
        });
        snapshot.family("took", "", "s", MetricKind::Histogram, |points| {
            let buckets = [(0.1, 2), (0.5, 2), (1.0, 7), (f64::INFINITY, 8)];
            points.histogram(
                &[("route", "/")],
                4.5,
                &buckets,
                &[Exemplar::new(0.75, now, 0xaf)],
            );
        });
        snapshot.family("nothing", "", "", MetricKind::Gauge, |_| {});
        otlp.record_metrics(snapshot);
        assert_eq!(otlp.statistics().nth(1).unwrap().counts.lost(), 0);
    })
    .await;
    let [request] = &seen[..] else {
        panic!("{seen:?}")
    };
    let metrics = request.metrics();
    let names: Vec<&str> = metrics.iter().map(|metric| &*metric.name).collect();
    assert_eq!(names, ["orders", "temperature", "took"]);
    let nanos = |at: Timestamp| u64::try_from(at.as_nanosecond()).unwrap();
    let kinds: Vec<_> = metrics
        .iter()
        .map(|m| (m.kind, m.temporality, m.monotonic))
        .collect();
    assert_eq!(
        kinds,
        [
            ("sum", 2, true),
            ("gauge", 0, false),
            ("histogram", 2, false)
        ]
    );
    let point = &metrics[0].points[0];
    assert_eq!((point.start, point.time), (nanos(start), nanos(now)));
    assert_eq!(point.value, Some(17.0));
    assert_eq!(
        value(&point.attributes, "symbol").as_deref(),
        Some("005930")
    );
    assert_eq!(metrics[0].points[1].value, Some(0.0), "a zero is a value");
    assert!(metrics[1].points[0].value.unwrap().is_nan());
    let point = &metrics[2].points[0];
    assert_eq!((point.count, point.sum), (8, Some(4.5)));
    assert_eq!(point.bucket_counts, [2, 0, 5, 1]);
    assert_eq!(point.bounds, [0.1, 0.5, 1.0]);
    assert_eq!(point.exemplars, [(0.75, 0xaf_u128.to_be_bytes().to_vec())]);
    assert_eq!(metrics[2].unit, "s");
}

struct Secrets;

impl Redact for Secrets {
    fn hides(&self, key: &str) -> bool {
        key.contains("password")
    }

    fn mask(&self, text: &str) -> Option<String> {
        text.contains("Bearer").then(|| "[REDACTED]".to_owned())
    }
}

const REQUEST: TraceParent = TraceParent::new(0xaf, 0xb7, true);

fn within() -> Option<Propagation> {
    Some(REQUEST.into())
}

#[tokio::test]
async fn the_services_own_spans_and_lines() {
    let seen = exported(false, |otlp| {
        let layer = otlp.layer(within);
        let subscriber = tracing_subscriber::registry().with(layer.clone());
        tracing::subscriber::with_default(subscriber, || {
            info!("before anybody said what is secret");
            layer.redact(Secrets);
            let outer = info_span!(
                "book",
                symbol = "005930",
                password = "hunter2",
                late = tracing::field::Empty
            );
            let inside = outer.enter();
            outer.record("late", 3);
            let inner = info_span!("query", otel.kind = "client", otel.name = "SELECT orders");
            inner.in_scope(|| {
                let current = bongsu_otlp::TraceLayer::current().unwrap();
                assert_eq!((current.trace_id, current.sampled), (0xaf, true));
                error!(token = "Bearer abc", depth = 5, "no order book");
            });
            drop(inner);
            assert!(bongsu_otlp::TraceLayer::current().is_some());
            drop(inside);
            assert_eq!(bongsu_otlp::TraceLayer::current(), None);
            info!("outside");
            tracing::warn!(target: "bongsu_otlp::export", "never exported: it would go round");
        });
    })
    .await;
    let [traces, logs] = &seen[..] else {
        panic!("{seen:?}")
    };
    let spans = traces.spans();
    let [query, book] = &spans[..] else {
        panic!("{spans:?}")
    };
    assert_eq!((&*query.name, query.kind), ("SELECT orders", 3));
    assert_eq!((&*book.name, book.kind), ("book", 1));
    assert_eq!(query.parent_span_id, book.span_id);
    assert_eq!(book.parent_span_id, 0xb7_u64.to_be_bytes());
    assert_eq!(
        (&query.trace_id, &book.trace_id[..]),
        (&book.trace_id, &0xaf_u128.to_be_bytes()[..])
    );
    assert_eq!(query.status.as_ref().unwrap().1, "no order book");
    assert_eq!(book.status, None);
    assert_eq!(
        value(&book.attributes, "password").as_deref(),
        Some("[REDACTED]")
    );
    assert_eq!(value(&book.attributes, "late").as_deref(), Some("3"));
    let records = logs.logs();
    let [error, outside] = &records[..] else {
        panic!("{records:?}")
    };
    assert_eq!(
        (error.severity_number, &*error.severity_text),
        (17, "ERROR")
    );
    assert_eq!(error.body, "no order book");
    assert_eq!(
        value(&error.attributes, "token").as_deref(),
        Some("[REDACTED]")
    );
    assert_eq!(value(&error.attributes, "depth").as_deref(), Some("5"));
    assert_eq!(
        (&error.span_id, &error.trace_id),
        (&query.span_id, &query.trace_id)
    );
    assert_eq!(
        (&outside.span_id[..], outside.flags),
        (&0xb7_u64.to_be_bytes()[..], 1)
    );
}

#[tokio::test]
async fn a_line_by_hand() {
    let seen = exported(false, |otlp| {
        let mut record = LogRecord::new(at("2026-03-02T00:00:00Z"), (9, "INFO"), "");
        record.attributes.set("k", "v");
        otlp.record_log(&record);
    })
    .await;
    let record = &seen[0].logs()[0];
    assert_eq!(record.body, "", "an empty text is a text");
    assert!(record.trace_id.is_empty() && record.observed_time_unix_nano > 0);
}
