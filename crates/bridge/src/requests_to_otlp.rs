//! Each request as a server span, by OpenTelemetry's names for HTTP.

use bongsu_axum_glue::{Peer, RequestEnd};
use bongsu_otlp::{Span, SpanKind, TraceParent, Value};
use jiff::Timestamp;

/// The span of a request that has just ended.
#[must_use]
pub fn span(end: &RequestEnd<'_>, now: Timestamp) -> Span {
    let trace = &end.trace;
    let ids = TraceParent::new(trace.trace_id, trace.span_id, trace.sampled);
    let routed = end.endpoint != "unmatched";
    let name = match routed {
        true => format!("{} {}", end.method, end.endpoint),
        false => end.method.to_owned(),
    };
    let mut span = Span::new(ids, name, now, end.elapsed);
    span.kind = SpanKind::Server;
    span.parent = trace.parent_id;
    span.remote_parent = true;
    let method = if end.method == "other" {
        "_OTHER"
    } else {
        end.method
    };
    span.attributes.set("http.request.method", method);
    span.attributes.set("url.path", end.path);
    let scheme = if end.encrypted { "https" } else { "http" };
    span.attributes.set("url.scheme", scheme);
    span.attributes
        .set("http.response.status_code", i64::from(end.status));
    span.attributes
        .set("http.request.body.size", end.request_bytes);
    span.attributes
        .set("http.response.body.size", end.response_bytes);
    if let Some(client) = end.client {
        span.attributes.set("client.address", client.to_string());
    }
    if let Some(peer) = end.peer.as_ref().and_then(Peer::address) {
        let address = peer.ip().to_canonical().to_string();
        span.attributes.set("network.peer.address", &*address);
        span.attributes
            .set("network.peer.port", i64::from(peer.port()));
    }
    if let Some(agent) = end.user_agent {
        span.attributes.set("user_agent.original", agent);
    }
    let id = [end.request_id];
    span.attributes
        .set("http.response.header.x-request-id", Value::Texts(&id));
    if routed {
        span.attributes.set("http.route", end.endpoint);
    }
    let error = match end.status {
        _ if end.failed => Some("response_body".to_owned()),
        500.. => Some(end.status.to_string()),
        _ => None,
    };
    if let Some(kind) = error {
        span.attributes.set("error.type", &*kind);
        span.error = Some(String::new());
    } else if end.aborted {
        span.attributes.set("error.type", "client_closed");
    }
    span
}
