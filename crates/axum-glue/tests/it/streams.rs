//! Bodies that go on: who is told what of them, and what they count as.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Request, header},
    response::Response,
    routing::get,
};
use bongsu_axum_glue::{Failure, MonitorLayer, PanicEvent};
use bongsu_logging::{Capture, LoggingConfig};
use bongsu_metrics::ServiceMetrics;
use futures_util::{StreamExt, stream};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use serde_json::Value;
use tower::ServiceExt;

use crate::support::{callsites_stay_on, sample};

fn body(
    kind: &str,
    frames: usize,
    last: impl Fn() -> std::io::Result<Bytes> + Send + 'static,
) -> Response {
    // Mapped when it is asked for.
    let pieces = stream::iter(0..=frames).map(move |i| {
        tracing::info!("in the body");
        if i < frames {
            Ok(Bytes::from_static(b"piece"))
        } else {
            last()
        }
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let kind = HeaderValue::from_str(kind).unwrap();
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn grpc(head: Option<&'static str>, trailer: Option<&'static str>) -> Response {
    let mut frames = Vec::new();
    if let Some(status) = trailer {
        let trailers = HeaderMap::from_iter([(
            "grpc-status".parse().unwrap(),
            HeaderValue::from_static(status),
        )]);
        frames.push(Ok::<_, Infallible>(Frame::data(Bytes::from_static(
            b"message",
        ))));
        frames.push(Ok(Frame::trailers(trailers)));
    }
    let mut response = Response::new(Body::new(StreamBody::new(stream::iter(frames))));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/grpc"),
    );
    if let Some(status) = head {
        headers.insert("grpc-status", HeaderValue::from_static(status));
    }
    response
}

struct Seen {
    lines: Vec<Value>,
    metrics: ServiceMetrics,
    told: Vec<PanicEvent>,
}

/// Asks for the path, reads so many frames of the answer, and leaves.
fn seen(path: &str, read: usize) -> Seen {
    callsites_stay_on();
    let metrics = ServiceMetrics::new("test").unwrap();
    let told = Arc::<Mutex<Vec<PanicEvent>>>::default();
    let noted = told.clone();
    let app: Router = Router::new()
        .route(
            "/file",
            get(|| async { body("text/csv", 2, || Ok(Bytes::new())) }),
        )
        .route(
            "/panics",
            get(|| async { body("text/csv", 2, || panic!("frame 3 is bad")) }),
        )
        .route(
            "/fails",
            get(|| async {
                body("text/csv", 2, || {
                    Err(std::io::Error::other("the disk is gone"))
                })
            }),
        )
        .route(
            "/events",
            get(|| async { body("text/event-stream", 1_000, || Ok(Bytes::new())) }),
        )
        .route(
            "/events-panic",
            get(|| async { body("text/event-stream; charset=utf-8", 2, || panic!("no event")) }),
        )
        .route("/grpc/ok", get(|| async { grpc(None, Some("0")) }))
        .route("/grpc/internal", get(|| async { grpc(None, Some("13")) }))
        .route("/grpc/missing", get(|| async { grpc(Some("5"), None) }))
        .route("/grpc/away", get(|| async { grpc(Some("14"), None) }))
        .layer(
            MonitorLayer::new()
                .metrics(metrics.clone())
                .on_panic(move |event| noted.lock().unwrap().push(event.clone())),
        );
    let capture = Capture::new();
    let config = LoggingConfig::new("svc", "test").level("info");
    let logging = config.capture(&capture).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    logging.with_default(|| {
        runtime.block_on(async {
            let request = Request::get(path).header("x-request-id", "req-1");
            let response = app
                .oneshot(request.body(Body::empty()).unwrap())
                .await
                .unwrap();
            let mut body = response.into_body();
            for _ in 0..read {
                if !matches!(body.frame().await, Some(Ok(_))) {
                    break;
                }
            }
        });
    });
    let told = told.lock().unwrap().clone();
    Seen {
        lines: serde_json::from_str(&capture.json()).unwrap(),
        metrics,
        told,
    }
}

impl Seen {
    fn access(&self) -> &Value {
        self.lines
            .iter()
            .find(|line| line["logger"] == "access")
            .unwrap()
    }

    fn count(&self, series: &str) -> f64 {
        sample(&self.metrics, series).unwrap_or(0.0)
    }
}

#[test]
fn every_line_of_a_body_has_the_requests_id() {
    for path in ["/file", "/events", "/panics"] {
        let seen = seen(path, 10);
        let inside: Vec<_> = seen
            .lines
            .iter()
            .filter(|line| line["message"] == "in the body")
            .collect();
        assert!(inside.len() >= 3, "{path}");
        for line in inside {
            assert_eq!(line["request_id"], "req-1", "{path}");
            assert_eq!(line["trace_id"], seen.access()["trace_id"], "{path}");
        }
    }
}

#[test]
fn a_panic_in_a_body_is_one_of_the_services() {
    for (path, message) in [("/panics", "frame 3 is bad"), ("/events-panic", "no event")] {
        let seen = seen(path, 10);
        assert_eq!(seen.count("http_panics_total"), 1.0, "{path}");
        assert_eq!(seen.count("http_requests_aborted_total"), 0.0, "{path}");
        assert_eq!(seen.told.len(), 1, "{path}");
        assert_eq!(seen.told[0].failure, Failure::Body);
        assert_eq!(
            (&*seen.told[0].message, &*seen.told[0].request_id),
            (message, "req-1")
        );
        let line = seen
            .lines
            .iter()
            .find(|line| line["message"] == "response body panicked");
        let line = line.unwrap_or_else(|| panic!("{path}: {:#?}", seen.lines));
        assert_eq!(
            (&line["level"], &line["panic"]),
            (&"ERROR".into(), &message.into())
        );
        assert_eq!(line["request_id"], "req-1");
    }
    let seen = seen("/panics", 10);
    assert_eq!(
        (&seen.access()["level"], &seen.access()["aborted"]),
        (&"WARN".into(), &false.into())
    );
}

#[test]
fn an_error_of_a_body_is_said_with_its_text() {
    let seen = seen("/fails", 10);
    assert_eq!(seen.count("http_panics_total"), 0.0);
    assert_eq!(seen.count("http_requests_aborted_total"), 0.0);
    assert_eq!(
        seen.count("errors_total{error_type=\"response_body\",severity=\"error\"}"),
        1.0
    );
    assert_eq!(seen.told[0].failure, Failure::BodyError);
    let line = seen
        .lines
        .iter()
        .find(|line| line["message"] == "response body failed")
        .unwrap();
    assert!(line.to_string().contains("the disk is gone"), "{line}");
    assert_eq!(seen.access()["level"], "WARN");
}

#[test]
fn who_leaves_a_stream_of_events_has_seen_enough() {
    let seen = seen("/events", 3);
    assert_eq!(seen.count("http_requests_aborted_total"), 0.0);
    assert_eq!(
        (&seen.access()["level"], &seen.access()["aborted"]),
        (&"INFO".into(), &false.into())
    );
    let count = "http_request_duration_seconds_count{endpoint=\"/events\",method=\"GET\"}";
    assert_eq!(seen.count(count), 1.0);
    assert_eq!(seen.count("http_requests_in_flight"), 0.0);
    // A download that is left is another matter.
    let left = self::seen("/file", 1);
    assert_eq!(left.count("http_requests_aborted_total"), 1.0);
    assert_eq!(left.access()["level"], "WARN");
}

#[test]
fn grpcs_status_counts_as_what_it_stands_for() {
    for (path, status, level) in [
        ("/grpc/ok", "200", "INFO"),
        ("/grpc/internal", "500", "WARN"),
        ("/grpc/missing", "404", "INFO"),
        ("/grpc/away", "503", "WARN"),
    ] {
        let seen = seen(path, 10);
        let series = format!(
            "http_requests_total{{endpoint=\"{path}\",method=\"GET\",status=\"{status}\"}}"
        );
        assert_eq!(
            seen.count(&series),
            1.0,
            "{path}: {}",
            seen.metrics.export_metrics()
        );
        assert_eq!(seen.access()["level"], level, "{path}");
        assert!(seen.access()["grpc_status"].is_number(), "{path}");
    }
}
