//! W3C Trace Context: the caller's `traceparent`, `tracestate` and `baggage` in, the service's own span out.
//!
//! <https://www.w3.org/TR/trace-context/#traceparent-header>

use std::{convert::Infallible, sync::Arc};

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use bongsu_trace::{Hex, Propagation, Sampler, TraceParent, random};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, request::Parts};

use crate::ids::{Ids, NotMonitored, given_once};

/// The header that carries the trace.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
const BAGGAGE: HeaderName = HeaderName::from_static("baggage");

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
    /// Whether the trace is recorded: what the caller decided, else a decision of
    /// [`MonitorLayer::sampler`](crate::MonitorLayer::sampler). The services that this one calls heed it.
    pub sampled: bool,
}

impl TraceContext {
    /// Continues the caller's trace when `traceparent` is valid and given once, as the caller decided;
    /// otherwise starts one that is recorded. The span id is always new.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Self {
        Self::decided_by(headers, &Sampler::default())
    }

    /// [`from_headers`](Self::from_headers) where the sampler decides whether the trace is recorded.
    #[must_use]
    pub fn decided_by(headers: &HeaderMap, sampler: &Sampler) -> Self {
        let caller = given_once(headers, &TRACEPARENT)
            .and_then(|value| TraceParent::parse(value.as_bytes()).ok());
        let [span_id, high, low] = random::words();
        let trace_id = match caller {
            Some(caller) => caller.trace_id,
            None => u128::from(high) << 64 | u128::from(low),
        };
        Self {
            trace_id,
            span_id,
            parent_id: caller.map(|caller| caller.span_id),
            sampled: sampler.decide(trace_id, caller.map(|caller| caller.sampled)),
        }
    }

    /// All that the calls made on behalf of the request pass on: this trace, with what `headers` say of it
    /// in `tracestate`, and their `baggage`.
    #[must_use]
    pub fn propagation(&self, headers: &HeaderMap) -> Propagation {
        let mut passed = Propagation::new(self.parent());
        // The entries belong to the caller's trace: of one that was not taken up they would be untrue.
        if self.parent_id.is_some() {
            passed.state = list(headers, &TRACESTATE, |values| {
                bongsu_trace::tracestate(values)
            });
        }
        passed.baggage = list(headers, &BAGGAGE, |values| bongsu_trace::baggage(values));
        passed
    }

    const fn parent(&self) -> TraceParent {
        TraceParent::new(self.trace_id, self.span_id, self.sampled)
    }

    /// The trace among a request's extensions, where [`MonitorLayer`](crate::MonitorLayer) puts it.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Option<&Self> {
        Some(&extensions.get::<Ids>()?.trace)
    }

    /// The header for a call that this service makes on behalf of the request.
    #[must_use]
    pub fn traceparent(&self) -> String {
        self.parent().to_string()
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

/// A header that may come in several lines, as `read` makes one list of them.
fn list(
    headers: &HeaderMap,
    name: &HeaderName,
    read: impl Fn(&mut dyn Iterator<Item = &[u8]>) -> Option<String>,
) -> Option<Arc<str>> {
    // Nearly every request has neither.
    headers.get(name)?;
    let mut values = headers.get_all(name).iter().map(HeaderValue::as_bytes);
    read(&mut values).map(Arc::from)
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
    fn a_trace_that_begins_here_is_recorded_downstream() {
        assert!(context("").traceparent().ends_with("-01"));
        assert!(
            context(&VALID.replace("-01", "-00"))
                .traceparent()
                .ends_with("-00")
        );
        let decided = |header: &str, name: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(TRACEPARENT, header.parse().unwrap());
            TraceContext::decided_by(&headers, &Sampler::named(name, None).unwrap()).sampled
        };
        let unsampled = VALID.replace("-01", "-00");
        for (name, of_sampled, of_unsampled, of_none) in [
            ("parentbased_always_on", true, false, true),
            ("parentbased_always_off", true, false, false),
            ("always_on", true, true, true),
            ("always_off", false, false, false),
        ] {
            let got = [VALID, &unsampled, "none"].map(|header| decided(header, name));
            assert_eq!(got, [of_sampled, of_unsampled, of_none], "{name}");
        }
    }

    #[test]
    fn what_others_say_of_the_trace_is_passed_on() {
        let check =
            |trace: Option<&str>, state: &[&str], baggage: &[&str], want: [Option<&str>; 2]| {
                let mut headers = HeaderMap::new();
                let given = trace.iter().map(|value| (TRACEPARENT, *value));
                let given = given.chain(state.iter().map(|value| (TRACESTATE, *value)));
                for (name, value) in given.chain(baggage.iter().map(|value| (BAGGAGE, *value))) {
                    headers.append(name, value.parse().unwrap());
                }
                let passed = TraceContext::from_headers(&headers).propagation(&headers);
                assert_eq!([passed.state.as_deref(), passed.baggage.as_deref()], want);
            };
        check(Some(VALID), &[], &[], [None, None]);
        check(
            Some(VALID),
            &["a=1", "b=2"],
            &["u=1", "d=2"],
            [Some("a=1,b=2"), Some("u=1,d=2")],
        );
        check(Some(VALID), &["a=1,broken"], &["u=1"], [None, Some("u=1")]);
        check(None, &["a=1"], &["u=1"], [None, Some("u=1")]);
        check(Some("garbage"), &["a=1"], &[], [None, None]);
    }

    #[test]
    fn a_later_version_may_append_fields() {
        let later = VALID.replacen("00", "01", 1) + "-more";
        assert!(context(&later).parent_id.is_some());
    }
}
