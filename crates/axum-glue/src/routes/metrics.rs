use axum::{
    Router,
    extract::State,
    http::{Extensions, HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use bongsu_metrics::{Page, ServiceMetrics};

use crate::{Operations, OpsPolicy};

/// `GET /metrics` in the Prometheus text format, or OpenMetrics when `Accept` asks for it;
/// gzip when `Accept-Encoding` asks for it.
pub fn metrics_router<S: Clone + Send + Sync + 'static>(
    metrics: ServiceMetrics,
    policy: OpsPolicy,
) -> Router<S> {
    Router::new()
        .route("/metrics", get(page))
        .route_layer(Operations)
        .with_state(Scrape { metrics, policy })
}

/// The page; one that takes long on the runtime's threads for blocking calls.
async fn render(
    metrics: ServiceMetrics,
    accept: Option<&str>,
    accept_encoding: Option<&str>,
) -> Page {
    if !metrics.page_takes_long() {
        return metrics.render(accept, accept_encoding);
    }
    let off = {
        let (accept, accept_encoding) = (
            accept.map(str::to_owned),
            accept_encoding.map(str::to_owned),
        );
        let metrics = metrics.clone();
        tokio::task::spawn_blocking(move || {
            metrics.render(accept.as_deref(), accept_encoding.as_deref())
        })
    };
    match off.await {
        Ok(page) => page,
        // The runtime is stopping and takes no more of them.
        Err(_) => metrics.render(accept, accept_encoding),
    }
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
    let page = render(
        state.metrics,
        text(header::ACCEPT),
        text(header::ACCEPT_ENCODING),
    )
    .await;
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
