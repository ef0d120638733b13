//! W3C Trace Context, level 1: the `traceparent` header in, the service's own span out.
//!
//! <https://www.w3.org/TR/trace-context/#traceparent-header>

use std::convert::Infallible;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use bongsu_trace::{Hex, TraceParent, random};
use http::{Extensions, HeaderMap, HeaderName, request::Parts};

use crate::ids::{Ids, NotMonitored, given_once};

/// The header that carries the trace.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The trace that a request belongs to. An extractor in routes behind
/// [`MonitorLayer`](crate::MonitorLayer).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TraceContext {
    /// 16 bytes, never all zero.
    pub trace_id: u128,
    /// 8 bytes, this service's span, never zero.
    pub span_id: u64,
    /// The caller's span, when the caller sent one.
    pub parent_id: Option<u64>,
    /// Whether the caller records this trace.
    pub sampled: bool,
}

impl TraceContext {
    /// Continues the caller's trace when `traceparent` is valid and given once,
    /// otherwise starts one. The span id is always new.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let parsed = given_once(headers, &TRACEPARENT)
            .and_then(|value| TraceParent::parse(value.as_bytes()).ok());
        let [span_id, high, low] = random::words();
        match parsed {
            Some(caller) => Self {
                trace_id: caller.trace_id,
                span_id,
                parent_id: Some(caller.span_id),
                sampled: caller.sampled,
            },
            None => Self {
                trace_id: u128::from(high) << 64 | u128::from(low),
                span_id,
                parent_id: None,
                sampled: false,
            },
        }
    }

    /// The trace among a request's extensions, where [`MonitorLayer`](crate::MonitorLayer) puts it.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Option<&Self> {
        Some(&extensions.get::<Ids>()?.trace)
    }

    /// The header for a call that this service makes on behalf of the request.
    #[must_use]
    pub fn traceparent(&self) -> String {
        TraceParent::new(self.trace_id, self.span_id, self.sampled).to_string()
    }

    /// The trace id as 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id_hex(&self) -> Hex<32> {
        Hex::of(self.trace_id)
    }

    /// The span id as 16 hexadecimal digits.
    #[must_use]
    pub fn span_id_hex(&self) -> Hex<16> {
        Hex::of(u128::from(self.span_id))
    }
}

impl<S: Sync> FromRequestParts<S> for TraceContext {
    type Rejection = NotMonitored;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, NotMonitored> {
        Self::of(&parts.extensions).copied().ok_or(NotMonitored)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for TraceContext {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(Self::of(&parts.extensions).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn context(header: &str) -> TraceContext {
        let mut headers = HeaderMap::new();
        if let Ok(value) = header.parse() {
            headers.insert(TRACEPARENT, value);
        }
        TraceContext::from_headers(&headers)
    }

    #[test]
    fn continues_a_valid_trace() {
        let context = context(VALID);
        assert_eq!(&*context.trace_id_hex(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(context.parent_id, Some(0x00f0_67aa_0ba9_02b7));
        assert!(context.sampled);
        assert_ne!(context.span_id, 0x00f0_67aa_0ba9_02b7);
        assert_eq!(
            context.traceparent(),
            format!(
                "00-4bf92f3577b34da6a3ce929d0e0e4736-{}-01",
                context.span_id_hex()
            )
        );
        assert_eq!(&*context.span_id_hex(), format!("{:016x}", context.span_id));
    }

    #[test]
    fn starts_its_own_on_anything_else() {
        for bad in [
            "",
            "garbage",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
            "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            let context = context(bad);
            assert_eq!(context.parent_id, None, "{bad}");
            assert_ne!(context.trace_id, 0);
            assert_ne!(context.span_id, 0);
        }
    }

    #[test]
    fn a_later_version_may_append_fields() {
        let later = VALID.replacen("00", "01", 1) + "-more";
        assert!(context(&later).parent_id.is_some());
    }
}
