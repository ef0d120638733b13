use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{Request, StatusCode},
    routing::{get, post},
};
use bongsu_axum_glue::{MonitorLayer, PanicEvent, RequestId, TraceContext};
use bongsu_metrics::ServiceMetrics;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tower::ServiceExt;

use crate::support::sample;

struct Rig {
    app: Router,
    metrics: ServiceMetrics,
    panics: Arc<Mutex<Vec<PanicEvent>>>,
}

impl Rig {
    fn new() -> Self {
        let metrics = ServiceMetrics::new("test").unwrap();
        let panics = Arc::<Mutex<Vec<PanicEvent>>>::default();
        let seen = panics.clone();
        let nested = Router::new().route("/{id}", get(|| async { "nested" }));
        let app = Router::new()
            .route("/id", get(|id: RequestId| async move { id.to_string() }))
            .route(
                "/trace",
                get(|t: TraceContext| async move { t.traceparent() }),
            )
            .route("/echo", post(|body: Bytes| async move { body }))
            .route("/panic", get(panics_always))
            .route("/stream", get(stream))
            .route("/empty", get(|| async { StatusCode::NO_CONTENT }))
            .route("/hang", get(std::future::pending::<()>))
            .nest("/orders", nested)
            .nest_service("/static", get(|| async { "file" }))
            .layer(
                MonitorLayer::new()
                    .metrics(metrics.clone())
                    .on_panic(move |event| seen.lock().unwrap().push(event.clone())),
            );
        Self {
            app,
            metrics,
            panics,
        }
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, Option<String>, Bytes) {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let id = response
            .headers()
            .get("x-request-id")
            .map(|id| id.to_str().unwrap().to_owned());
        (
            status,
            id,
            response.into_body().collect().await.unwrap().to_bytes(),
        )
    }

    /// The value of the series that begins with `series`.
    fn sample(&self, series: &str) -> Option<f64> {
        sample(&self.metrics, series)
    }
}

async fn panics_always() -> &'static str {
    panic!("no such account 1234")
}

async fn stream() -> Body {
    let frames =
        ["one", "two", "three"].map(|text| Ok::<_, Infallible>(Frame::data(Bytes::from(text))));
    Body::new(StreamBody::new(tokio_stream(frames)))
}

/// The frames one after the other.
fn tokio_stream<T, const N: usize>(items: [T; N]) -> impl futures_util::Stream<Item = T> {
    futures_util::stream::iter(items)
}

fn get_request(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn the_id_is_taken_or_made_and_returned() {
    let rig = Rig::new();
    let given = Request::get("/id")
        .header("x-request-id", "req-7")
        .body(Body::empty())
        .unwrap();
    let (_, id, body) = rig.send(given).await;
    assert_eq!((id.as_deref(), &body[..]), (Some("req-7"), &b"req-7"[..]));

    let hostile = Request::get("/id")
        .header("x-request-id", "a b")
        .body(Body::empty())
        .unwrap();
    let (_, id, body) = rig.send(hostile).await;
    let id = id.unwrap();
    assert_eq!(id.len(), 36);
    assert_eq!(id.as_bytes(), &body[..]);
}

#[tokio::test]
async fn the_callers_trace_goes_on() {
    let rig = Rig::new();
    let request = Request::get("/trace")
        .header(
            "traceparent",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        )
        .body(Body::empty())
        .unwrap();
    let (_, _, body) = rig.send(request).await;
    let body = std::str::from_utf8(&body).unwrap();
    assert!(
        body.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"),
        "{body}"
    );
    assert!(
        !body.contains("00f067aa0ba902b7"),
        "a span of its own: {body}"
    );
}

#[tokio::test]
async fn routes_and_never_paths_are_labels() {
    let rig = Rig::new();
    for path in ["/orders/1", "/orders/2", "/nowhere/1", "/nowhere/2"] {
        rig.send(get_request(path)).await;
    }
    let matched = "http_requests_total{endpoint=\"/orders/{id}\",method=\"GET\",status=\"200\"}";
    assert_eq!(rig.sample(matched), Some(2.0));
    let unmatched = "http_requests_total{endpoint=\"unmatched\",method=\"GET\",status=\"404\"}";
    assert_eq!(rig.sample(unmatched), Some(2.0));
    assert!(!rig.metrics.export_metrics().contains("nowhere"));
}

#[tokio::test]
async fn a_nested_service_is_counted_as_unmatched() {
    let rig = Rig::new();
    for path in ["/static/a.css", "/static/deep/b.css"] {
        rig.send(get_request(path)).await;
    }
    let series = "http_requests_total{endpoint=\"unmatched\",method=\"GET\",status=\"200\"}";
    assert_eq!(rig.sample(series), Some(2.0));
}

#[tokio::test]
async fn unknown_methods_share_a_label() {
    let rig = Rig::new();
    for method in ["BREW", "WHEN"] {
        rig.send(
            Request::builder()
                .method(method)
                .uri("/id")
                .body(Body::empty())
                .unwrap(),
        )
        .await;
    }
    let page = rig.metrics.export_metrics();
    assert!(page.contains("method=\"other\""), "{page}");
    assert!(!page.contains("BREW") && !page.contains("WHEN"));
}

#[tokio::test]
async fn sizes_are_what_went_through() {
    let rig = Rig::new();
    rig.send(Request::post("/echo").body(Body::from("12345")).unwrap())
        .await;
    let labels = "{endpoint=\"/echo\",method=\"POST\"}";
    assert_eq!(
        rig.sample(&format!("http_request_size_bytes_sum{labels}")),
        Some(5.0)
    );
    assert_eq!(
        rig.sample(&format!("http_response_size_bytes_sum{labels}")),
        Some(5.0)
    );

    rig.send(get_request("/stream")).await;
    let labels = "{endpoint=\"/stream\",method=\"GET\"}";
    assert_eq!(
        rig.sample(&format!("http_response_size_bytes_sum{labels}")),
        Some(11.0)
    );
    assert_eq!(rig.sample("http_requests_aborted_total"), Some(0.0));
}

#[tokio::test]
async fn an_empty_body_ends_its_request() {
    let rig = Rig::new();
    rig.send(get_request("/empty")).await;
    let series = "http_requests_total{endpoint=\"/empty\",method=\"GET\",status=\"204\"}";
    assert_eq!(rig.sample(series), Some(1.0));
    assert_eq!(rig.sample("http_requests_in_flight"), Some(0.0));
}

#[tokio::test]
async fn a_panic_is_answered_counted_and_told() {
    let rig = Rig::new();
    let request = Request::get("/panic")
        .header("x-request-id", "req-9")
        .body(Body::empty())
        .unwrap();
    let (status, id, body) = rig.send(request).await;
    assert_eq!(
        (status, id.as_deref()),
        (StatusCode::INTERNAL_SERVER_ERROR, Some("req-9"))
    );
    let body = std::str::from_utf8(&body).unwrap();
    assert!(body.contains("req-9") && !body.contains("1234"), "{body}");
    assert_eq!(rig.sample("http_panics_total"), Some(1.0));
    let panics = rig.panics.lock().unwrap();
    assert_eq!(panics.len(), 1);
    assert_eq!(panics[0].message, "no such account 1234");
    assert_eq!(panics[0].endpoint, "/panic");
}

#[tokio::test]
async fn a_client_that_leaves_is_counted_as_499() {
    let rig = Rig::new();
    let request = rig.app.clone().oneshot(get_request("/hang"));
    assert!(
        tokio::time::timeout(Duration::from_millis(50), request)
            .await
            .is_err()
    );
    let series = "http_requests_total{endpoint=\"/hang\",method=\"GET\",status=\"499\"}";
    assert_eq!(rig.sample(series), Some(1.0));
    assert_eq!(rig.sample("http_requests_aborted_total"), Some(1.0));
    assert_eq!(rig.sample("http_requests_in_flight"), Some(0.0));
}

#[tokio::test]
async fn a_body_that_is_dropped_halfway_is_aborted() {
    let rig = Rig::new();
    let response = rig
        .app
        .clone()
        .oneshot(get_request("/stream"))
        .await
        .unwrap();
    let mut body = response.into_body();
    body.frame().await.unwrap().unwrap();
    assert_eq!(rig.sample("http_requests_in_flight"), Some(1.0));
    drop(body);
    assert_eq!(rig.sample("http_requests_aborted_total"), Some(1.0));
    let labels = "{endpoint=\"/stream\",method=\"GET\"}";
    assert_eq!(
        rig.sample(&format!("http_response_size_bytes_sum{labels}")),
        Some(3.0)
    );
}

#[tokio::test]
async fn a_head_request_and_an_unchanged_file_are_not_aborted() {
    let metrics = ServiceMetrics::new("test").unwrap();
    let app = Router::new()
        .route("/page", get(|| async { "a page" }))
        .route(
            "/file",
            get(|| async { (StatusCode::NOT_MODIFIED, "never sent") }),
        )
        .layer(MonitorLayer::new().metrics(metrics.clone()));
    for (method, path) in [("HEAD", "/page"), ("GET", "/file")] {
        let request = Request::builder().method(method).uri(path);
        let request = request.body(Body::empty()).unwrap();
        // Dropped with its body unread, as hyper does.
        drop(app.clone().oneshot(request).await.unwrap());
    }
    let head = "http_requests_total{endpoint=\"/page\",method=\"HEAD\",status=\"200\"}";
    assert_eq!(sample(&metrics, head), Some(1.0));
    let file = "http_requests_total{endpoint=\"/file\",method=\"GET\",status=\"304\"}";
    assert_eq!(sample(&metrics, file), Some(1.0));
    assert_eq!(sample(&metrics, "http_requests_aborted_total"), Some(0.0));
}

#[tokio::test]
async fn nested_routers_and_fallbacks_are_seen_once() {
    let metrics = ServiceMetrics::new("test").unwrap();
    let leaf = Router::new().route("/{id}", get(|| async { "leaf" }));
    let middle = Router::new().nest("/orders", leaf);
    let files = Router::new()
        .route("/{name}", get(|| async { "file" }))
        .fallback(|| async { (StatusCode::NOT_FOUND, "no such file") });
    let app = Router::new()
        .nest("/api/{version}", middle)
        .nest("/files", files)
        .fallback(|| async { (StatusCode::IM_A_TEAPOT, "nothing here") })
        .method_not_allowed_fallback(|| async { StatusCode::METHOD_NOT_ALLOWED })
        .layer(MonitorLayer::new().metrics(metrics.clone()));
    for (method, path, endpoint, status) in [
        ("GET", "/api/v1/orders/7", "/api/{version}/orders/{id}", 200),
        ("GET", "/files/a", "/files/{name}", 200),
        ("GET", "/files/a/b", "unmatched", 404),
        ("GET", "/else", "unmatched", 418),
        (
            "POST",
            "/api/v1/orders/7",
            "/api/{version}/orders/{id}",
            405,
        ),
    ] {
        let request = Request::builder().method(method).uri(path);
        let request = request.body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        assert!(response.headers().contains_key("x-request-id"), "{path}");
        response.into_body().collect().await.unwrap();
        let series = format!(
            "http_requests_total{{endpoint=\"{endpoint}\",method=\"{method}\",status=\"{status}\"}}"
        );
        assert_eq!(sample(&metrics, &series), Some(1.0), "{path}");
    }
}

#[tokio::test]
async fn a_route_without_the_layer_says_so() {
    let app = Router::new()
        .route("/id", get(|id: RequestId| async move { id.to_string() }))
        .route(
            "/maybe",
            get(|trace: Option<TraceContext>| async move { format!("{}", trace.is_some()) }),
        );
    let response = app.clone().oneshot(get_request("/id")).await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let response = app.oneshot(get_request("/maybe")).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(&body[..], b"false");
}
