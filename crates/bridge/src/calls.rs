//! Calls that the service makes: in what context, and a line each.

use bongsu_outgoing::{CallEnd, Context, Target};

/// In what a call is made: the request's context, and the innermost span in it.
#[must_use]
pub fn context() -> Context {
    #[cfg_attr(not(feature = "logging"), expect(unused_mut))]
    let mut context = Context::default();
    #[cfg(feature = "logging")]
    {
        context.propagation = bongsu_logging::propagation();
        context.request_id = bongsu_logging::request_id();
        #[cfg(feature = "otlp")]
        if let Some(span) = bongsu_otlp::TraceLayer::current() {
            match &mut context.propagation {
                None => context.propagation = Some(span.into()),
                Some(passed) if passed.parent.trace_id == span.trace_id => passed.parent = span,
                Some(_) => {}
            }
        }
    }
    context
}

/// A call's line: who was called and how it went, never the path, which may hold a secret. Of queries and look-ups
/// there are too many for INFO.
pub fn line(end: &CallEnd<'_>) {
    let (call, status) = (end.target, end.status);
    let duration_ms = end.elapsed.as_secs_f64() * 1e3;
    match call {
        _ if status.is_failure() => {
            tracing::warn!(target: "outgoing", %call, %status, duration_ms, "call failed");
        }
        Target::Http { .. } => {
            tracing::info!(target: "outgoing", %call, %status, duration_ms, "call");
        }
        _ => tracing::debug!(target: "outgoing", %call, %status, duration_ms, "call"),
    }
}
