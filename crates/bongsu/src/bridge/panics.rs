//! A handler that panicked becomes an alert, off the request's path.

use std::sync::Arc;

use bongsu_alerts::{Alert, AlertLevel};
use bongsu_axum_glue::PanicEvent;
use tokio::sync::mpsc;

use crate::{Config, parts::Parts, tasks::Tasks};

/// Panics that may wait to become alerts; a storm of them repeats what is already known.
const WAITING: usize = 64;

/// Starts the loop; the callback never blocks and drops what does not fit.
pub(super) fn connect(parts: &mut Parts, config: &Config, tasks: &Tasks) {
    let (alerts, service) = (parts.alerts.clone(), config.service.name.clone());
    let (sender, mut panics) = mpsc::channel::<PanicEvent>(WAITING);
    tasks.spawn("panic-alerts", async move {
        while let Some(panic) = panics.recv().await {
            if let Err(error) = alerts.send_alert(alert(&panic, &service)).await {
                tracing::error!(%error, "an alert could not be accepted");
            }
        }
    });
    parts.http.on_panic = Some(Arc::new(move |panic: &PanicEvent| {
        // Full: the same panics are being told already.
        let _ = sender.try_send(panic.clone());
    }));
}

fn alert(panic: &PanicEvent, service: &str) -> Alert {
    let at = format!("{} {}", panic.method, panic.endpoint);
    let title = match panic.failure.is_panic() {
        true => format!("Panic in {at}"),
        false => format!("Response of {at} broke off"),
    };
    let kind = match panic.failure.is_panic() {
        true => "panic",
        false => "response_body",
    };
    Alert::new(AlertLevel::Error, title, &panic.message, service)
        .kind(kind)
        .key(format!("{kind}|{at}"))
        .tag(kind)
        .metadata("failure", panic.failure.as_str())
        .metadata("endpoint", panic.endpoint.as_str())
        .metadata("request_id", panic.request_id.as_str())
        .event()
}
