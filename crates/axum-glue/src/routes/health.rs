use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::Response,
    routing::get,
};
use bongsu_health::{HealthCheck, ProbeResponse};

use crate::{Operations, OpsPolicy};

/// Who sees the dependencies in `/health`; everybody sees the status.
#[derive(Clone, Debug, Default)]
pub enum DetailPolicy {
    /// Nobody.
    Never,
    /// Everybody who reaches the port.
    #[default]
    Always,
    /// Those whom the policy lets pass.
    Only(OpsPolicy),
}

/// `GET /health`, `/ready`, `/liveness` and `/startup`, answered from the snapshot that the background
/// checks keep: a probe never runs a check.
///
/// `/health` answers `Accept: application/health+json` with the IETF draft's body.
pub fn health_router<S: Clone + Send + Sync + 'static>(
    health: HealthCheck,
    detail: DetailPolicy,
) -> Router<S> {
    Router::new()
        .route("/health", get(report))
        .route(
            "/ready",
            get(async |State(state): State<Probes>| response(state.health.ready_response())),
        )
        .route(
            "/liveness",
            get(async |State(state): State<Probes>| response(state.health.liveness_response())),
        )
        .route(
            "/startup",
            get(async |State(state): State<Probes>| response(state.health.startup_response())),
        )
        .route_layer(Operations)
        .with_state(Probes { health, detail })
}

#[derive(Clone)]
struct Probes {
    health: HealthCheck,
    detail: DetailPolicy,
}

async fn report(State(state): State<Probes>, request: Request) -> Response {
    let headers = request.headers();
    let detail = match &state.detail {
        DetailPolicy::Never => false,
        DetailPolicy::Always => true,
        DetailPolicy::Only(policy) => policy.check(headers, request.extensions()).is_ok(),
    };
    let health_json = headers
        .get_all(header::ACCEPT)
        .iter()
        .any(|accept| contains(accept, "application/health+json"));
    response(state.health.health_response(detail, health_json))
}

fn contains(accept: &HeaderValue, wanted: &str) -> bool {
    accept.to_str().is_ok_and(|accept| {
        accept.split(',').any(|range| {
            range
                .split(';')
                .next()
                .is_some_and(|r| r.trim().eq_ignore_ascii_case(wanted))
        })
    })
}

fn response(probe: ProbeResponse) -> Response {
    let mut response = Response::new(Body::from(probe.body));
    *response.status_mut() =
        StatusCode::from_u16(probe.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(probe.content_type),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
