//! Bodies of requests: bounded, JSON, and refused with a reason.

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest, Request},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;
use serde_json::json;

/// The longest body of a request: its fields are words, not documents.
pub(super) const MAX_BODY: usize = 16 * 1024;

/// A request's JSON body. `Content-Type: application/json` is needed, which a form in a page of
/// another origin cannot send.
pub(super) struct Input<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Input<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok()?.split(';').next())
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
        if !json {
            return Err(refuse(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "send Content-Type: application/json",
            ));
        }
        let body =
            Bytes::from_request(request, state)
                .await
                .map_err(|rejection| match rejection.status() {
                    StatusCode::PAYLOAD_TOO_LARGE => refuse(
                        StatusCode::PAYLOAD_TOO_LARGE,
                        &format!("the body is longer than {MAX_BODY} bytes"),
                    ),
                    status => refuse(status, "the body could not be read"),
                })?;
        serde_json::from_slice(&body)
            .map(Input)
            .map_err(|error| refuse(StatusCode::BAD_REQUEST, &error.to_string()))
    }
}

/// An error's answer: `{"error": reason}`.
pub(super) fn refuse(status: StatusCode, reason: &str) -> Response {
    (status, Json(json!({ "error": reason }))).into_response()
}
