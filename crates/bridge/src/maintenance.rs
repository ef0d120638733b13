//! A maintenance is a silence that says so; readiness follows it. The alerts keep it, so that it outlives the
//! process.

use std::time::Duration;

use bongsu_alerts::AlertManager;
use bongsu_health::HealthCheck;
use jiff::tz::{self, TimeZone};

/// How late its end, or the beginning of one that was announced, may show.
const EVERY: Duration = Duration::from_secs(1);

/// Tells health what is so now: once before anything is served, and when a maintenance may have begun or ended.
pub fn tell(alerts: &AlertManager, health: &HealthCheck) {
    let under_way = alerts.maintenance().filter(|(_, holds)| *holds);
    // Whoever asks `/ready` may be anybody: neither who nor why.
    let words = under_way.map(|(silence, _)| {
        let until = silence.until.to_zoned(TimeZone::fixed(tz::offset(9)));
        format!(
            "maintenance until {}",
            until.strftime("%Y-%m-%dT%H:%M:%S%:z")
        )
    });
    health.set_maintenance(words);
}

/// Tells it again and again: one ends by itself.
pub async fn follow(alerts: AlertManager, health: HealthCheck) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        tell(&alerts, &health);
    }
}
