//! What [`MonitorLayer`](crate::MonitorLayer) leaves in a request's extensions: one entry for all of it.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::{RequestId, TraceContext};

#[derive(Clone, Debug)]
pub(crate) struct Ids {
    pub(crate) request: RequestId,
    pub(crate) trace: TraceContext,
}

/// The header's value, if the client gave it once: of two that differ neither is to be trusted.
pub(crate) fn given_once<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    let mut given = headers.get_all(name).iter();
    match (given.next(), given.next()) {
        (Some(value), None) => Some(value),
        _ => None,
    }
}

/// The request has no ids: no [`MonitorLayer`](crate::MonitorLayer) lies around its route. A mistake of the
/// service, so it is answered with 500.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the route is not behind a MonitorLayer")]
pub struct NotMonitored;

impl IntoResponse for NotMonitored {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.to_string()).into_response()
    }
}
