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
        read(&body)
            .map(Input)
            .map_err(|reason| refuse(StatusCode::BAD_REQUEST, &reason))
    }
}

/// The fields, or what is wrong with which of them. Nothing at all is no field at all.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    if body.is_empty() {
        let none = serde_json::from_slice(b"{}");
        return none.map_err(|_| "the body is not JSON: EOF at its beginning, send {…}".to_owned());
    }
    // A list would be taken for the fields in their order.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err("the body is not a JSON object: send {\"field\": value, …}".to_owned());
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = error.path().to_string();
        let error = error.into_inner();
        let reason = error.to_string();
        if error.is_syntax() || error.is_eof() {
            return format!("the body is not JSON: {reason}");
        }
        // Where in the text it stands is of no use beside the name of the field.
        let reason = reason.split(" at line ").next().unwrap_or_default();
        match &*field {
            "." => reason.to_owned(),
            field => format!("{field}: {reason}"),
        }
    })?;
    let more = |error| format!("the body is not JSON: {error}");
    json.end().map_err(more).map(|()| read)
}

/// An error's answer: `{"error": reason}`.
pub(super) fn refuse(status: StatusCode, reason: &str) -> Response {
    (status, Json(json!({ "error": reason }))).into_response()
}

#[cfg(test)]
mod tests {
    use bongsu_ops::{NewAlert, NewSilence, RebuildReports};

    use super::*;

    #[track_caller]
    fn check<T: DeserializeOwned>(body: &str, want: &str) {
        let error = read::<T>(body.as_bytes()).err().unwrap_or_default();
        assert!(error.starts_with(want), "{body}: {error}");
        assert!(!want.is_empty() || error.is_empty(), "{body}: {error}");
    }

    #[test]
    fn the_field_and_the_remedy_are_named() {
        check::<RebuildReports>("", "");
        check::<RebuildReports>("{}", "");
        check::<RebuildReports>(
            r#"{"from":"may"}"#,
            r#"from: "may" is no date: write it as 2026-05-28"#,
        );
        check::<NewAlert>("", "the body is not JSON: EOF");
        check::<NewAlert>("{", "the body is not JSON: EOF");
        check::<NewAlert>("{} {}", "missing field `level`");
        check::<NewAlert>("[]", "the body is not a JSON object");
        check::<NewAlert>("level=info", "the body is not a JSON object");
        check::<NewAlert>(
            r#"{"level":"loud"}"#,
            r#"level: unknown level "loud", expected info"#,
        );
        check::<NewAlert>(
            r#"{"level":"info","title":3}"#,
            "title: invalid type: integer `3`, expected a string",
        );
        check::<NewAlert>(
            r#"{"level":"info","tags":["a",3]}"#,
            "tags[1]: invalid type",
        );
        check::<NewAlert>(
            r#"{"severity":"info"}"#,
            "severity: unknown field `severity`, expected one of `level`",
        );
        let weekly = r#"{"recurrence":{"weekly":{"from":"2 am","to":"04:00"}}}"#;
        check::<NewSilence>(
            weekly,
            r#"recurrence.weekly.from: "2 am" is no time of day: write it as 02:00"#,
        );
        check::<NewSilence>(r#"{"end":"tomorrow"}"#, r#"end: "tomorrow" is no moment"#);
        let at = read::<NewAlert>(br#"{"level":3}"#).err().unwrap();
        assert!(!at.contains("line"), "the field is enough: {at}");
        check::<RebuildReports>(
            r#"{"from":"2026-05-28"} x"#,
            "the body is not JSON: trailing",
        );
    }
}
