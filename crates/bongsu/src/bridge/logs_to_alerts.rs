//! A line at level ERROR becomes an alert, where that is asked for.

use std::sync::Arc;

use bongsu_alerts::{Alert, AlertLevel};
use bongsu_logging::ErrorLine;
use tokio::sync::mpsc;

use crate::{Config, parts::Parts, tasks::Tasks};

/// Errors that may wait to become alerts; more of them at once repeat what is already known.
const WAITING: usize = 256;
/// The longest text taken from a line.
const LONGEST: usize = 2_000;

type OnError = dyn Fn(&ErrorLine<'_>) + Send + Sync;

/// An error as it was logged, on its way to be an alert.
#[derive(Debug)]
struct Logged {
    logger: String,
    place: String,
    /// The line as it was written.
    line: Vec<u8>,
}

/// The callback for the log, and what it fills. The callback never blocks; what does not fit is in
/// the log all the same.
fn channel() -> (Arc<OnError>, mpsc::Receiver<Logged>) {
    let (sender, waiting) = mpsc::channel(WAITING);
    let call = move |line: &ErrorLine<'_>| {
        if is_ours(line.logger) {
            return;
        }
        // First: a storm of errors must not pay for alerts that find no room.
        let Ok(room) = sender.try_reserve() else {
            return;
        };
        let file = line.file.unwrap_or(line.logger);
        room.send(Logged {
            logger: line.logger.to_owned(),
            place: match line.line {
                Some(number) => format!("{file}:{number}"),
                None => file.to_owned(),
            },
            line: line.text.to_owned(),
        });
    };
    (Arc::new(call), waiting)
}

/// Bongsu's own errors have alerts of their own, and the log channel writes alerts as errors: an
/// alert about those would go round for ever.
fn is_ours(logger: &str) -> bool {
    logger == "bongsu" || logger.starts_with("bongsu_") || logger.starts_with("bongsu::")
}

/// The message of a JSON line; the line itself in any other format.
fn message(line: &[u8]) -> String {
    let parsed: Option<serde_json::Value> = serde_json::from_slice(line).ok();
    let said = parsed
        .as_ref()
        .and_then(|line| line["message"].as_str())
        .map_or_else(
            || String::from_utf8_lossy(line).trim_end().to_owned(),
            str::to_owned,
        );
    said.chars().take(LONGEST).collect()
}

/// Starts the loop, where it is asked for. A handler's panic is told twice: here with its place in
/// the code, and by the middleware with its route and request.
pub(super) fn connect(parts: &mut Parts, config: &Config, tasks: &Tasks) {
    if !config.alerts.on_errors {
        return;
    }
    let (call, mut logged) = channel();
    parts.logs.errors.call(&call);
    let (alerts, service) = (parts.alerts.clone(), config.service.name.clone());
    tasks.spawn("log-alerts", async move {
        // The log calls for as long as this is kept.
        let _call = call;
        while let Some(logged) = logged.recv().await {
            if let Err(error) = alerts.send_alert(alert(&logged, &service)).await {
                tracing::error!(%error, "an alert could not be accepted");
            }
        }
    });
}

/// One key a place in the code, so that different errors do not hush each other.
fn alert(logged: &Logged, service: &str) -> Alert {
    let title = match logged.logger.as_str() {
        // The log's own name for what the panic hook sees, also outside of handlers.
        "panic" => format!("Panic at {}", logged.place),
        logger => format!("Error logged by {logger}"),
    };
    Alert::new(AlertLevel::Error, title, message(&logged.line), service)
        .kind("log")
        .key(format!("log|{}", logged.place))
        .tag("log")
        .metadata("logger", logged.logger.as_str())
        .metadata("place", logged.place.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_loggers_are_left_out() {
        for ours in [
            "bongsu",
            "bongsu::parts",
            "bongsu_alerts",
            "bongsu_alerts::channel",
        ] {
            assert!(is_ours(ours), "{ours}");
        }
        for theirs in ["broker", "bongsuite::x", "sqlx::pool", ""] {
            assert!(!is_ours(theirs), "{theirs}");
        }
    }

    #[test]
    fn the_message_is_taken_from_json_and_a_line_of_text_is_taken_whole() {
        assert_eq!(message(b"{\"message\":\"refused\",\"n\":1}\n"), "refused");
        assert_eq!(
            message(b"12:00 ERROR broker: refused\n"),
            "12:00 ERROR broker: refused"
        );
        assert_eq!(message(&[b'x'; 5_000]).len(), LONGEST);
    }
}
