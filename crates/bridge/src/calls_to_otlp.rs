//! Calls that the service makes, as spans by OpenTelemetry's names.

use bongsu_otlp::{Span, SpanKind};
use bongsu_outgoing::{CallEnd, Status, Target};
use jiff::Timestamp;

/// A call's span, if it was made in a trace.
#[must_use]
pub fn span(end: &CallEnd<'_>, now: Timestamp) -> Option<Span> {
    let name = match end.target {
        Target::Http { method, .. } => (*method).to_owned(),
        other => other.to_string(),
    };
    let mut span = Span::new(end.ids?, name, now, end.elapsed);
    span.kind = SpanKind::Client;
    span.parent = end.parent;
    let said = &mut span.attributes;
    match end.target {
        Target::Http { host, method, .. } => {
            let method = if *method == "other" { "_OTHER" } else { method };
            said.set("http.request.method", method);
            let port = host.rsplit_once(':').and_then(|(name, port)| {
                let port: u16 = port.parse().ok()?;
                Some((name, port))
            });
            said.set("server.address", port.map_or(&**host, |(name, _)| name));
            if let Some((_, port)) = port {
                said.set("server.port", i64::from(port));
            }
            if let Status::Answered(status) = end.status {
                said.set("http.response.status_code", i64::from(status));
            }
        }
        Target::Database {
            system,
            operation,
            table,
            ..
        } => {
            said.set("db.system.name", &**system);
            said.set("db.operation.name", &**operation);
            said.set("db.collection.name", &**table);
        }
        Target::Cache { name, hit, .. } => {
            said.set("cache.name", &**name);
            if let Some(hit) = hit {
                said.set("cache.hit", *hit);
            }
        }
        _ => {}
    }
    // By the conventions a client's span failed from 400 on.
    if !matches!(end.status, Status::Answered(..400) | Status::Success) {
        said.set("error.type", end.status.to_string());
        span.error = Some(String::new());
    }
    Some(span)
}
