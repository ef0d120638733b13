use std::time::Duration;

use super::exchange::Exchange;

/// Routes that are asked all the time: their answers are only worth a line when somebody debugs
/// them. That a service is not ready is logged once, when it changes, by the health checks.
const QUIET: [&str; 5] = ["/health", "/ready", "/liveness", "/startup", "/metrics"];

/// Writes the one line of an exchange. The query is left out: it may carry secrets.
pub(super) fn write(exchange: &Exchange, status: u16, elapsed: Duration, aborted: bool) {
    #[cfg(feature = "logging")]
    if let Some(context) = &exchange.context {
        return context
            .clone()
            .sync_scope(|| line(exchange, status, elapsed, aborted));
    }
    line(exchange, status, elapsed, aborted);
}

fn line(exchange: &Exchange, status: u16, elapsed: Duration, aborted: bool) {
    let quiet = QUIET.contains(&exchange.endpoint());
    // `event!` needs its level as a constant, so each level is a callsite of its own.
    macro_rules! access {
        ($level:ident) => {
            tracing::$level!(
                target: "access",
                method = exchange.method_label(),
                endpoint = exchange.endpoint(),
                path = exchange.path.as_str(),
                status,
                duration_ms = elapsed.as_secs_f64() * 1e3,
                request_bytes = exchange.request_bytes,
                response_bytes = exchange.response_bytes,
                aborted,
                request_id = exchange.id.as_str(),
                trace_id = exchange.trace.trace_id_hex(),
                "{} {} {}",
                exchange.method_label(),
                exchange.path,
                status,
            )
        };
    }
    if quiet && status != 500 {
        access!(debug);
    } else if status >= 500 || aborted {
        access!(warn);
    } else {
        access!(info);
    }
}
