//! What is served for the service's operators and machines is kept apart from what its users ask for.

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
    response::IntoResponse,
    routing::get,
};
use bongsu_axum_glue::{
    DetailPolicy, MonitorLayer, Operations, OpsPolicy, health_router, metrics_router,
};
use bongsu_health::HealthCheck;
use bongsu_metrics::ServiceMetrics;
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::support::sample;

fn app(metrics: &ServiceMetrics) -> Router {
    let health = HealthCheck::builder("svc").build().unwrap();
    let users = Router::new()
        .route("/startups/{id}", get(|| async { "a company" }))
        .route("/metrics-daily", get(|| async { "a report" }))
        .route("/ready-orders", get(|| async { "orders" }))
        .route("/healthcheck", get(|| async { "the user's own" }))
        .route("/console-games", get(|| async { "games" }));
    let own = Router::new()
        .route("/internal/ping", get(|| async { "pong" }))
        .route("/internal/panic", get(panics))
        .route_layer(Operations);
    users
        .merge(own)
        .merge(health_router(health, DetailPolicy::Always))
        .merge(metrics_router(metrics.clone(), OpsPolicy::open()))
        .layer(MonitorLayer::new().metrics(metrics.clone()))
}

async fn panics() -> StatusCode {
    panic!("of an operation")
}

async fn ask(app: &Router, method: &str, path: &str) -> StatusCode {
    let request = Request::builder().method(method).uri(path);
    let request = request.body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap().into_response();
    let status = response.status();
    response.into_body().collect().await.unwrap();
    status
}

#[tokio::test]
async fn users_routes_are_the_users_whatever_their_names() {
    let metrics = ServiceMetrics::new("test").unwrap();
    let app = app(&metrics);
    for (method, path, endpoint, status) in [
        ("GET", "/startups/7", "/startups/{id}", 200),
        ("GET", "/metrics-daily", "/metrics-daily", 200),
        ("GET", "/ready-orders", "/ready-orders", 200),
        ("GET", "/healthcheck", "/healthcheck", 200),
        ("GET", "/console-games", "/console-games", 200),
        ("POST", "/healthcheck", "/healthcheck", 405),
        ("GET", "/nope", "unmatched", 404),
        ("GET", "/health/nope", "unmatched", 404),
    ] {
        assert_eq!(ask(&app, method, path).await.as_u16(), status, "{path}");
        let labels = format!("{{endpoint=\"{endpoint}\",method=\"{method}\",status=\"{status}\"}}");
        let counted = sample(&metrics, &format!("http_requests_total{labels}"));
        assert!(counted.is_some_and(|n| n >= 1.0), "{path}");
        let apart = sample(&metrics, &format!("bongsu_http_requests_total{labels}"));
        assert_eq!(apart, None, "{path}");
    }
}

#[tokio::test]
async fn operations_are_in_no_http_metric_not_even_with_zeros() {
    let metrics = ServiceMetrics::new("test").unwrap();
    let app = app(&metrics);
    for (method, path, status) in [
        ("GET", "/health", 200),
        ("GET", "/ready", 200),
        ("GET", "/liveness", 200),
        ("GET", "/startup", 200),
        ("GET", "/metrics", 200),
        ("POST", "/metrics", 405),
        ("HEAD", "/health", 200),
        ("GET", "/internal/ping", 200),
        ("GET", "/internal/panic", 500),
    ] {
        for _ in 0..2 {
            ask(&app, method, path).await;
        }
        let labels = format!("{{endpoint=\"{path}\",method=\"{method}\",status=");
        let page = metrics.export_metrics();
        let line = page
            .lines()
            .find(|line| line.starts_with(&format!("bongsu_http_requests_total{labels}")));
        let line = line.unwrap_or_else(|| panic!("{method} {path} is not counted: {page}"));
        assert!(line.ends_with(" 2"), "{line}");
        assert!(
            path != "/internal/panic" || line.contains(&status.to_string()),
            "{line}"
        );
        let users = page.lines().find(|line| {
            line.starts_with("http_") && line.contains(&format!("endpoint=\"{path}\""))
        });
        assert_eq!(users, None, "{method} {path}");
    }
    assert_eq!(sample(&metrics, "http_requests_in_flight"), Some(0.0));
    assert_eq!(
        sample(&metrics, "http_panics_total"),
        Some(2.0),
        "a panic is one all the same"
    );
}
