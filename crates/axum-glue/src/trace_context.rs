//! W3C Trace Context, level 1: the `traceparent` header in, the service's own span out.
//!
//! <https://www.w3.org/TR/trace-context/#traceparent-header>

use std::{convert::Infallible, fmt, ops::Deref};

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::{Extensions, HeaderMap, HeaderName, request::Parts};

use crate::{
    ids::{Ids, NotMonitored, given_once},
    random,
};

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
        let parsed = given_once(headers, &TRACEPARENT).and_then(|value| parse(value.as_bytes()));
        let [span_id, high, low] = random::words();
        match parsed {
            Some((trace_id, parent, sampled)) => Self {
                trace_id,
                span_id,
                parent_id: Some(parent),
                sampled,
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
        format!(
            "00-{:032x}-{:016x}-{:02x}",
            self.trace_id,
            self.span_id,
            u8::from(self.sampled)
        )
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

/// An id's last `N` hexadecimal digits; text that needs no allocation.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Hex<const N: usize>([u8; N]);

impl<const N: usize> Hex<N> {
    fn of(id: u128) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut digits = [0; N];
        let pairs = digits.as_chunks_mut::<2>().0;
        for (pair, byte) in pairs.iter_mut().rev().zip(id.to_le_bytes()) {
            *pair = [byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]);
        }
        Self(digits)
    }
}

impl<const N: usize> Deref for Hex<N> {
    type Target = str;

    fn deref(&self) -> &str {
        // Only digits are ever put in.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl<const N: usize> AsRef<str> for Hex<N> {
    fn as_ref(&self) -> &str {
        self
    }
}

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl<const N: usize> fmt::Debug for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

/// `version "-" trace-id "-" parent-id "-" flags`; a later version may append more fields.
fn parse(value: &[u8]) -> Option<(u128, u64, bool)> {
    if value.len() < 55 || value[2] != b'-' || value[35] != b'-' || value[52] != b'-' {
        return None;
    }
    let version = hex(&value[..2])?;
    let known_shape = match version {
        0 => value.len() == 55,
        0xff => false,
        _ => value.len() == 55 || value[55] == b'-',
    };
    if !known_shape {
        return None;
    }
    let trace_id = hex(&value[3..35])?;
    let parent = u64::try_from(hex(&value[36..52])?).ok()?;
    let flags = hex(&value[53..55])?;
    (trace_id != 0 && parent != 0).then_some((trace_id, parent, flags & 1 == 1))
}

/// Lower-case hexadecimal only, as the specification demands.
fn hex(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0, |acc: u128, b| {
        let digit = match b {
            b'0'..=b'9' => b - b'0',
            b'a'..=b'f' => b - b'a' + 10,
            _ => return None,
        };
        Some(acc << 4 | u128::from(digit))
    })
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
