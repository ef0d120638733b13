//! A handler that panicked becomes an alert, off the request's path.

use bongsu_alerts::{Alert, AlertLevel, AlertManager};
use bongsu_axum_glue::PanicEvent;
use tokio::sync::mpsc;

use crate::tasks::Tasks;

/// Panics that may wait to become alerts; a storm of them repeats what is already known.
const WAITING: usize = 64;

/// Starts the loop; the callback never blocks and drops what does not fit.
pub(crate) fn start(
    alerts: AlertManager,
    service: String,
    tasks: &Tasks,
) -> mpsc::Sender<PanicEvent> {
    let (sender, mut panics) = mpsc::channel::<PanicEvent>(WAITING);
    tasks.spawn("panic-alerts", async move {
        while let Some(panic) = panics.recv().await {
            if let Err(error) = alerts.send_alert(alert(&panic, &service)).await {
                tracing::error!(%error, "an alert could not be accepted");
            }
        }
    });
    sender
}

fn alert(panic: &PanicEvent, service: &str) -> Alert {
    let at = format!("{} {}", panic.method, panic.endpoint);
    Alert::new(
        AlertLevel::Error,
        format!("Panic in {at}"),
        &panic.message,
        service,
    )
    .kind("panic")
    .key(format!("panic|{at}"))
    .tag("panic")
    .metadata("endpoint", panic.endpoint.as_str())
    .metadata("request_id", panic.request_id.as_str())
}
