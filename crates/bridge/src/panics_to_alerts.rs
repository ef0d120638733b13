//! A handler that panicked becomes an alert, off the request's path.

use bongsu_alerts::{Alert, AlertLevel, AlertManager};
use bongsu_axum_glue::PanicEvent;
use tokio::sync::mpsc;

/// Panics that may wait to become alerts; a storm of them repeats what is already known.
const WAITING: usize = 64;

/// What to call with each panic, and what makes alerts of them. The call never blocks; what does not fit is dropped.
pub fn alert(
    alerts: AlertManager,
    service: String,
) -> (
    impl Fn(&PanicEvent) + Send + Sync + 'static,
    impl Future<Output = ()> + Send + 'static,
) {
    let (sender, mut panics) = mpsc::channel::<PanicEvent>(WAITING);
    let telling = async move {
        while let Some(panic) = panics.recv().await {
            if let Err(error) = alerts.send_alert(alert_of(&panic, &service)).await {
                tracing::error!(%error, "an alert could not be accepted");
            }
        }
    };
    let call = move |panic: &PanicEvent| {
        // Full: the same panics are being told already.
        let _ = sender.try_send(panic.clone());
    };
    (call, telling)
}

fn alert_of(panic: &PanicEvent, service: &str) -> Alert {
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
