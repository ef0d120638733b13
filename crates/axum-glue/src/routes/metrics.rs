use axum::{
    Router,
    extract::State,
    http::{Extensions, HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use bongsu_metrics::ServiceMetrics;

use crate::OpsPolicy;

/// `GET /metrics` in the Prometheus text format, or OpenMetrics when `Accept` asks for it;
/// gzip when `Accept-Encoding` asks for it.
pub fn metrics_router<S: Clone + Send + Sync + 'static>(
    metrics: ServiceMetrics,
    policy: OpsPolicy,
) -> Router<S> {
    Router::new()
        .route("/metrics", get(page))
        .with_state(Scrape { metrics, policy })
}

#[derive(Clone)]
struct Scrape {
    metrics: ServiceMetrics,
    policy: OpsPolicy,
}

async fn page(State(state): State<Scrape>, headers: HeaderMap, extensions: Extensions) -> Response {
    if let Err(refusal) = state.policy.check(&headers, &extensions) {
        return refusal.into_response();
    }
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let page = state
        .metrics
        .render(text(header::ACCEPT), text(header::ACCEPT_ENCODING));
    let mut response = page.body.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(page.content_type),
    );
    if let Some(encoding) = page.content_encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        headers.insert(
            header::VARY,
            HeaderValue::from_static("accept, accept-encoding"),
        );
    }
    response
}
