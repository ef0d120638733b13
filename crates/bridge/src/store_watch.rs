//! What is wrong with the alert store shows in `/health`, and pages when nothing is kept any more.

use std::time::Duration;

use bongsu_alerts::{Alert, AlertLevel, AlertManager};
use bongsu_health::{Check, CheckError, CheckOutput, DependencyType, Importance};

/// The check's name.
const NAME: &str = "alert-store";
/// How often the store is asked; it answers from memory.
const EVERY: Duration = Duration::from_secs(5);

/// Degraded while a damaged file waits for somebody to look at it, failed while nothing is kept.
/// Orders go on either way.
pub fn check(alerts: &AlertManager) -> Check {
    let alerts = alerts.clone();
    let check = Check::new(NAME, DependencyType::Database, move || {
        let trouble = alerts.store_trouble();
        async move {
            match trouble {
                None => Ok(CheckOutput::ok()),
                Some(trouble) if trouble.durable => Ok(CheckOutput::degraded(trouble.message)),
                Some(trouble) => Err(CheckError::new(trouble.message)),
            }
        }
    });
    check.importance(Importance::Degrading).interval(EVERY)
}

/// An alert that the store would have to keep is refused while it cannot: only a critical one goes out
/// all the same, under the key of the check's own alert, which ends it.
pub async fn follow(alerts: AlertManager, service: String) {
    let mut ticks = tokio::time::interval(EVERY);
    let mut told = false;
    loop {
        ticks.tick().await;
        let lost = alerts.store_trouble().filter(|trouble| !trouble.durable);
        if let Some(trouble) = &lost
            && !told
        {
            let title = "Alerts are not kept";
            let alert = Alert::new(AlertLevel::Critical, title, &*trouble.message, &service)
                .kind("health")
                .key(format!("health|{NAME}"))
                .tag("health");
            // Refused by the store, and sent from memory: that is what it is for.
            let _ = alerts.send_alert(alert).await;
        }
        told = lost.is_some();
    }
}
