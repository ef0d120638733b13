//! The request's id: taken from the caller when it is well-formed, made otherwise.

use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// Header that carries the id in and out.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id that is taken from a caller; anything longer is replaced.
const MAX_LEN: usize = 128;

/// The id of the request being served, in the request's extensions.
///
/// ```
/// use axum::{Extension, Router, routing::get};
/// use bongsu_axum_glue::RequestId;
///
/// async fn handler(Extension(id): Extension<RequestId>) -> String {
///     format!("your request was {id}")
/// }
/// # let _: Router = Router::new().route("/", get(handler));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The id in `headers` when it is well-formed: 1 to 128 characters of
    /// `A-Z a-z 0-9 . _ : - + / =`, given once. Otherwise a fresh UUID (v4).
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let mut given = headers.get_all(X_REQUEST_ID).iter();
        match (given.next(), given.next()) {
            (Some(id), None) if is_well_formed(id.as_bytes()) => Self(id.clone()),
            _ => Self::fresh(),
        }
    }

    /// A new random id.
    #[must_use]
    pub fn fresh() -> Self {
        let mut text = Uuid::encode_buffer();
        let text = Uuid::new_v4().hyphenated().encode_lower(&mut text);
        // A hyphenated UUID is always a valid header value; the fallback is unreachable.
        Self(HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("invalid")))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or("")
    }

    /// The id as a header value.
    #[must_use]
    pub fn as_header(&self) -> &HeaderValue {
        &self.0
    }
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether `id` may be trusted into a log line, a header and a message.
fn is_well_formed(id: &[u8]) -> bool {
    !id.is_empty()
        && id.len() <= MAX_LEN
        && id
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"._:-+/=".contains(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &[&[u8]], kept: bool) {
        let mut headers = HeaderMap::new();
        for id in given {
            if let Ok(value) = HeaderValue::from_bytes(id) {
                headers.append(X_REQUEST_ID, value);
            }
        }
        let id = RequestId::from_headers(&headers);
        if kept {
            assert_eq!(id.as_str().as_bytes(), given[0]);
        } else {
            assert!(Uuid::parse_str(id.as_str()).is_ok(), "made a UUID: {id}");
        }
    }

    #[test]
    fn keeps_what_is_well_formed_and_replaces_the_rest() {
        check(&[b"req-123"], true);
        check(&[b"a"], true);
        check(&[b"01HXYZ:retry/2+a=b.c_d"], true);
        check(&[&[b'x'; MAX_LEN]], true);
        check(&[], false);
        check(&[b""], false);
        check(&[&[b'x'; MAX_LEN + 1]], false);
        check(&[b"two words"], false);
        check(&[b"tab\there"], false);
        check(&[b"quote\"}"], false);
        check(&["봉수".as_bytes()], false);
        check(&[b"one", b"two"], false);
    }

    #[test]
    fn two_fresh_ids_differ() {
        assert_ne!(RequestId::fresh(), RequestId::fresh());
    }
}
