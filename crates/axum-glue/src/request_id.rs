//! The request's id: taken from the caller when it is well-formed, made otherwise.

use std::cell::RefCell;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use bytes::Bytes;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, request::Parts};
use uuid::{Builder, fmt::Hyphenated};

use crate::ids::{Ids, NotMonitored, given_once};

/// Header that carries the id in and out.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id that is taken from a caller; anything longer is replaced.
const MAX_LEN: usize = 128;

/// Length of a UUID's text.
const LEN: usize = Hyphenated::LENGTH;

/// Ids are made so many at a time, side by side in one allocation, which they keep alive.
const MADE_AT_ONCE: usize = 28;

thread_local! {
    static MADE: RefCell<Bytes> = const { RefCell::new(Bytes::new()) };
}

/// The id of the request being served. An extractor in routes behind
/// [`MonitorLayer`](crate::MonitorLayer).
///
/// ```
/// use axum::{Router, routing::get};
/// use bongsu_axum_glue::RequestId;
///
/// async fn handler(id: RequestId) -> String {
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
        match given_once(headers, &X_REQUEST_ID) {
            Some(id) if is_well_formed(id.as_bytes()) => Self(id.clone()),
            _ => Self::fresh(),
        }
    }

    /// A new random id, a UUID (v4).
    #[must_use]
    pub fn fresh() -> Self {
        let made = MADE.try_with(|made| {
            let mut made = made.borrow_mut();
            if made.is_empty() {
                *made = make();
            }
            made.split_to(LEN)
        });
        // The thread is ending.
        let text = made.unwrap_or_else(|_| Bytes::copy_from_slice(&uuid()));
        let header = HeaderValue::from_maybe_shared(text);
        // A UUID is always a header value.
        Self(header.unwrap_or(HeaderValue::from_static("invalid")))
    }

    /// The id among a request's extensions, where [`MonitorLayer`](crate::MonitorLayer) puts it.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Option<&Self> {
        Some(&extensions.get::<Ids>()?.request)
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Taken and made ids are of ASCII characters only.
        str::from_utf8(self.0.as_bytes()).unwrap_or("")
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

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = NotMonitored;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, NotMonitored> {
        Self::of(&parts.extensions).cloned().ok_or(NotMonitored)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for RequestId {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(Self::of(&parts.extensions).cloned())
    }
}

/// Ids for the next requests of this thread.
#[cold]
fn make() -> Bytes {
    let mut texts = Vec::with_capacity(MADE_AT_ONCE * LEN);
    for _ in 0..MADE_AT_ONCE {
        texts.extend_from_slice(&uuid());
    }
    texts.into()
}

/// The text of a UUID (v4).
fn uuid() -> [u8; LEN] {
    let [high, low] = bongsu_trace::random::words();
    let random = u128::from(high) << 64 | u128::from(low);
    let uuid = Builder::from_random_bytes(random.to_be_bytes()).into_uuid();
    let mut text = [0; LEN];
    uuid.hyphenated().encode_lower(&mut text);
    text
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
    use uuid::Uuid;

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
    fn fresh_ids_are_uuids_and_differ() {
        let ids: Vec<RequestId> = (0..100).map(|_| RequestId::fresh()).collect();
        for (i, id) in ids.iter().enumerate() {
            let uuid = Uuid::parse_str(id.as_str()).unwrap();
            assert_eq!(uuid.get_version(), Some(uuid::Version::Random));
            assert_eq!(uuid.get_variant(), uuid::Variant::RFC4122);
            assert_eq!(uuid.to_string(), id.as_str());
            assert!(!ids[..i].contains(id));
        }
    }
}
