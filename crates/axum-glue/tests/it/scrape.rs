//! What a scrape shows of requests that went through the middleware.

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
