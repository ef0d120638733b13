//! What a scrape shows of requests that went through the middleware.

use std::{
    sync::{Arc, Mutex},
    thread::ThreadId,
};

use axum::{Router, body::Body, http::Request, routing::get};
use bongsu_axum_glue::{MonitorLayer, OpsPolicy, metrics_router};
use bongsu_metrics::ServiceMetrics;
use http_body_util::BodyExt;
use tower::ServiceExt;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

async fn scrape(app: &Router, accept: &str) -> String {
    let request = Request::get("/metrics").header("accept", accept);
    let request = request.body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

/// Requests go on meanwhile, on a runtime of one thread too.
#[tokio::test]
async fn a_large_page_is_not_written_on_a_thread_that_polls() {
    let metrics = ServiceMetrics::new("test").unwrap();
    let writers: Arc<Mutex<Vec<ThreadId>>> = Arc::default();
    let wrote = Arc::clone(&writers);
    metrics.on_scrape(Box::new(move |_| {
        wrote.lock().unwrap().push(std::thread::current().id());
    }));
    let app = metrics_router::<()>(metrics.clone(), OpsPolicy::open()).with_state(());
    scrape(&app, "text/plain").await;
    for number in 0..2_000 {
        let symbol = format!("symbol-{number:04}");
        metrics.record_signal("momentum", &symbol);
    }
    let (before, after) = (
        scrape(&app, "text/plain").await,
        scrape(&app, "text/plain").await,
    );
    assert!(before.len() > 64 * 1024, "{} bytes", before.len());
    assert_eq!(before.lines().count(), after.lines().count());
    let here = std::thread::current().id();
    let writers = writers.lock().unwrap();
    let elsewhere: Vec<bool> = writers.iter().map(|writer| *writer != here).collect();
    assert_eq!(
        elsewhere,
        [false, false, true],
        "it was small until the third"
    );
}

#[tokio::test]
async fn the_trace_of_a_request_is_its_durations_exemplar() {
    let metrics = ServiceMetrics::new("test").unwrap();
    let app = Router::new()
        .route("/orders/{id}", get(|| async { "order" }))
        .merge(metrics_router(metrics.clone(), OpsPolicy::open()))
        .layer(MonitorLayer::new().metrics(metrics));
    let request = Request::get("/orders/7")
        .header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"))
        .body(Body::empty())
        .unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    response.into_body().collect().await.unwrap();

    let page = scrape(&app, "application/openmetrics-text; version=1.0.0").await;
    let exemplar = format!("# {{trace_id=\"{TRACE}\"}} ");
    let shown: Vec<&str> = page
        .lines()
        .filter(|line| line.contains(&exemplar))
        .collect();
    assert_eq!(shown.len(), 1, "in the bucket it fell into: {page}");
    let series = "http_request_duration_seconds_bucket{endpoint=\"/orders/{id}\",method=\"GET\"";
    assert!(shown[0].starts_with(series), "{}", shown[0]);

    let plain = scrape(&app, "text/plain").await;
    assert!(!plain.contains(TRACE), "the text format has no exemplars");
}

#[tokio::test]
async fn a_trace_that_nobody_records_is_no_exemplar() {
    // The last is no trace of the caller's: it begins here, where nobody exports it.
    for (flags, shown) in [("01", 1), ("03", 1), ("00", 0), ("02", 0), ("none", 0)] {
        let metrics = ServiceMetrics::new("test").unwrap();
        let app = Router::new()
            .route("/orders", get(|| async { "order" }))
            .merge(metrics_router(metrics.clone(), OpsPolicy::open()))
            .layer(MonitorLayer::new().metrics(metrics));
        let request = Request::get("/orders")
            .header(
                "traceparent",
                format!("00-{TRACE}-00f067aa0ba902b7-{flags}"),
            )
            .body(Body::empty())
            .unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        response.into_body().collect().await.unwrap();
        let page = scrape(&app, "application/openmetrics-text; version=1.0.0").await;
        assert_eq!(page.matches("trace_id=").count(), shown, "{flags}: {page}");
        assert!(page.contains(
            "http_requests_total{endpoint=\"/orders\",method=\"GET\",status=\"200\"} 1\n"
        ));
    }
}

/// Where traces are kept, the one that keeps them says which are.
#[tokio::test]
async fn a_kept_trace_is_an_exemplar_whoever_began_it() {
    for (caller, keeps, shown) in [
        (true, true, 1),
        (false, true, 1),
        (true, false, 0),
        (false, false, 0),
    ] {
        let metrics = ServiceMetrics::new("test").unwrap();
        let ends = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&ends);
        let layer = MonitorLayer::new()
            .metrics(metrics.clone())
            .on_end(move |end| {
                let said = format!(
                    "{} {} {} {}",
                    end.method, end.endpoint, end.path, end.status
                );
                seen.lock().unwrap().push(said);
                keeps && !end.operations
            });
        let app = Router::new()
            .route("/orders/{id}", get(|| async { "order" }))
            .merge(metrics_router(metrics.clone(), OpsPolicy::open()))
            .layer(layer);
        let mut request = Request::get("/orders/7?secret=1");
        if caller {
            request = request.header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-00"));
        }
        let response = app
            .clone()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        response.into_body().collect().await.unwrap();
        let page = scrape(&app, "application/openmetrics-text; version=1.0.0").await;
        assert_eq!(
            page.matches("trace_id=").count(),
            shown,
            "{caller} {keeps}: {page}"
        );
        assert_eq!(ends.lock().unwrap()[0], "GET /orders/{id} /orders/7 200");
    }
}
