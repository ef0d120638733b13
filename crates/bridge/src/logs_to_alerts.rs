//! A line at level ERROR becomes an alert, where that is asked for.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use bongsu_alerts::{Alert, AlertLevel, AlertManager};
use bongsu_logging::ErrorLine;
use serde_json::Value;
use tokio::sync::mpsc;

/// Errors that may wait to become alerts; more of them at once repeat what is already known.
const WAITING: usize = 256;
/// The longest text taken from a line.
const LONGEST: usize = 2_000;
/// Fields taken from a line.
const MOST_FIELDS: usize = 30;
/// What every line has, and the alert says in its own way or not at all.
const FRAME: [&str; 9] = [
    "timestamp",
    "level",
    "service_name",
    "environment",
    "logger",
    "message",
    "file",
    "function",
    "metric_type",
];

/// What the log calls for each line at ERROR.
pub type OnError = dyn Fn(&ErrorLine<'_>) + Send + Sync;

/// An error as it was logged, on its way to be an alert.
#[derive(Debug)]
struct Logged {
    logger: String,
    place: String,
    /// The line as it was written.
    line: Vec<u8>,
}

/// The callback for the log, and what makes alerts of this service of what it is called with. The callback never
/// blocks; what does not fit is in the log all the same. A handler's panic is told twice: here with its place in the
/// code, and by the middleware with its route and request. While `on` is false nothing is told.
pub fn follow(
    alerts: AlertManager,
    service: String,
    on: Arc<AtomicBool>,
) -> (Arc<OnError>, impl Future<Output = ()> + Send + use<>) {
    let (sender, mut waiting) = mpsc::channel(WAITING);
    let call = move |line: &ErrorLine<'_>| {
        if !on.load(Relaxed) || is_ours(line.logger) {
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
    let call: Arc<OnError> = Arc::new(call);
    let kept = call.clone();
    let sending = async move {
        // The log calls for as long as this is kept.
        let _call = kept;
        while let Some(logged) = waiting.recv().await {
            if let Err(error) = alerts.send_alert(alert(&logged, &service)).await {
                tracing::error!(%error, "an alert could not be accepted");
            }
        }
    };
    (call, sending)
}

/// Bongsu's own errors have alerts of their own, and the log channel writes alerts as errors: an
/// alert about those would go round for ever.
fn is_ours(logger: &str) -> bool {
    logger == "bongsu" || logger.starts_with("bongsu_") || logger.starts_with("bongsu::")
}

/// What a line says: its message, and the fields that were logged with it.
fn said(line: &[u8]) -> (String, Vec<(String, Value)>) {
    let parsed: Option<Value> = serde_json::from_slice(line).ok();
    let Some(Value::Object(fields)) = parsed else {
        let text = String::from_utf8_lossy(line);
        return (short(text.trim_end()), Vec::new());
    };
    let message = match fields.get("message") {
        Some(Value::String(message)) => short(message),
        _ => short(String::from_utf8_lossy(line).trim_end()),
    };
    let mut facts = Vec::new();
    for (name, value) in fields {
        match value {
            _ if FRAME.contains(&name.as_str()) => {}
            // The type and the words of an exception are two facts, not one object.
            Value::Object(inner) => facts.extend(
                inner
                    .into_iter()
                    .filter(|(key, _)| key != "backtrace")
                    .map(|(key, value)| (format!("{name}.{key}"), fact(value))),
            ),
            value => facts.push((name, fact(value))),
        }
    }
    facts.truncate(MOST_FIELDS);
    (message, facts)
}

fn fact(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(short(&text)),
        other => other,
    }
}

fn short(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// One key a place in the code, so that different errors do not hush each other.
fn alert(logged: &Logged, service: &str) -> Alert {
    let title = match logged.logger.as_str() {
        // The log's own name for what the panic hook sees, also outside of handlers.
        "panic" => format!("Panic at {}", logged.place),
        logger => format!("Error logged by {logger}"),
    };
    let (message, facts) = said(&logged.line);
    let alert = Alert::new(AlertLevel::Error, title, message, service)
        .kind("log")
        .key(format!("log|{}", logged.place))
        .tag("log")
        .metadata("logger", logged.logger.as_str())
        .metadata("place", logged.place.as_str())
        .event();
    facts
        .into_iter()
        .fold(alert, |alert, (name, value)| alert.metadata(name, value))
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

    #[tokio::test]
    async fn only_while_it_is_on() {
        use bongsu_alerts::channels::LogChannel;

        let (alerts, _dispatcher) = AlertManager::builder("svc", "test")
            .channel(LogChannel::new())
            .build()
            .unwrap();
        let on = Arc::new(AtomicBool::new(false));
        let (call, telling) = follow(alerts.clone(), "svc".to_owned(), on.clone());
        let line = |text: &str| {
            let json = serde_json::json!({ "message": text }).to_string();
            call(&ErrorLine::new("broker", json.as_bytes()));
        };
        let mut events = alerts.subscribe();
        line("off");
        on.store(true, Relaxed);
        line("on");
        tokio::select! {
            () = telling => unreachable!("it goes on"),
            _ = events.recv() => {}
        }
        let active = alerts.active();
        assert_eq!(active.len(), 1);
        assert_eq!(active[0].alert.message, "on");
    }

    #[test]
    fn the_message_is_taken_from_json_and_a_line_of_text_is_taken_whole() {
        let message = |line: &[u8]| said(line).0;
        assert_eq!(message(b"{\"message\":\"refused\",\"n\":1}\n"), "refused");
        assert_eq!(
            message(b"12:00 ERROR broker: refused\n"),
            "12:00 ERROR broker: refused"
        );
        assert_eq!(message(&[b'x'; 5_000]).len(), LONGEST);
    }

    /// `error!(id, error = %e, "broker refused the order")`: what is needed at night is in the fields.
    #[test]
    fn the_fields_of_a_line_are_facts_of_its_alert() {
        let line = serde_json::json!({
            "timestamp": "2026-11-29T00:00:00Z", "level": "ERROR", "service_name": "svc",
            "environment": "test", "logger": "broker", "file": "b.rs:1", "message": "broker refused the order",
            "id": 4_017, "error": "503", "request_id": "r-1",
            "exception": {"type": "Refused", "message": "no", "backtrace": "long"},
        });
        let logged = Logged {
            logger: "broker".to_owned(),
            place: "b.rs:1".to_owned(),
            line: line.to_string().into_bytes(),
        };
        let alert = alert(&logged, "svc");
        assert_eq!(alert.message, "broker refused the order");
        let names: Vec<&str> = alert.metadata.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "error",
                "exception.message",
                "exception.type",
                "id",
                "logger",
                "place",
                "request_id"
            ]
        );
        assert_eq!(alert.metadata["id"], 4_017);
        assert_eq!(alert.metadata["error"], "503");
    }
}
