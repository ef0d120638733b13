//! Alerts and the report: the day's alerts in it, and an alert when it does not arrive.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bongsu_alerts::{
    Alert, AlertLevel, AlertManager, AlertStatus,
    store::{DeliveryState, HistoryEntry},
};
use bongsu_reports::{
    Figure, ReportContext, ReportEvent,
    summary::{AlertCounts, AlertLine, AlertsSummary},
};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{Window, Witness};

/// Alerts that a day's summary counts at most.
const MAX_ALERTS: usize = 10_000;
/// Alerts that are shown.
const WORST: usize = 5;

/// Raises an alert for what did not arrive.
pub async fn alert_of_failures(
    mut events: Receiver<ReportEvent>,
    alerts: AlertManager,
    service: String,
) {
    loop {
        let (title, what) = match events.recv().await {
            Ok(ReportEvent::Undelivered { key, reason, .. }) => {
                let what = format!("report of {} over {}: {reason}", key.session, key.channel);
                ("Report not delivered", what)
            }
            Ok(ReportEvent::Failed {
                stage,
                session,
                reason,
            }) => {
                let session = session.map_or_else(String::new, |s| format!(" of {s}"));
                let what = format!("report{session} failed ({}): {reason}", stage.as_str());
                ("Report failed", what)
            }
            Ok(_) | Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        let alert = Alert::new(AlertLevel::Error, title, what, &service)
            .kind("report")
            .tag("report")
            .event();
        if let Err(error) = alerts.send_alert(alert).await {
            tracing::error!(%error, "an alert could not be accepted");
        }
    }
}

/// The alerts of the day.
#[derive(Debug)]
pub struct Alerts(AlertManager);

impl Alerts {
    /// Those of this manager's history.
    #[must_use]
    pub const fn new(alerts: AlertManager) -> Self {
        Self(alerts)
    }
}

#[async_trait]
impl Witness for Alerts {
    async fn tell(&self, window: Window, context: &mut ReportContext) {
        let Window { since, until, .. } = window;
        let history = match self.0.history(since, until, MAX_ALERTS).await {
            Ok(history) => history,
            Err(error) => {
                tracing::warn!(%error, "the report goes without the day's alerts");
                return;
            }
        };
        context.alerts = AlertsSummary {
            active: Figure::Known(self.0.get_statistics().active as u64),
            ..summary(&history)
        };
    }
}

fn summary(history: &[HistoryEntry]) -> AlertsSummary {
    let mut counts = AlertCounts::default();
    let (mut suppressed, mut undelivered) = (0, 0);
    let firing = history
        .iter()
        .filter(|entry| entry.accepted.status == AlertStatus::Firing);
    for entry in firing.clone() {
        *level_of(&mut counts, entry.accepted.alert.level) += 1;
        let state = |wanted| {
            entry
                .deliveries
                .iter()
                .filter(|d| d.state == wanted)
                .count() as u64
        };
        undelivered += state(DeliveryState::Dead);
        suppressed += u64::from(
            !entry.deliveries.is_empty()
                && entry
                    .deliveries
                    .iter()
                    .all(|d| d.state == DeliveryState::Suppressed),
        );
    }
    AlertsSummary {
        total: Figure::Known(firing.count() as u64),
        by_level: Figure::Known(counts),
        suppressed: Figure::Known(suppressed),
        undelivered: Figure::Known(undelivered),
        worst: worst(history),
        ..AlertsSummary::default()
    }
}

fn level_of(counts: &mut AlertCounts, level: AlertLevel) -> &mut u64 {
    match level {
        AlertLevel::Info => &mut counts.info,
        AlertLevel::Warning => &mut counts.warning,
        AlertLevel::Error => &mut counts.error,
        AlertLevel::Critical => &mut counts.critical,
    }
}

/// One line a key, the worst and most frequent first.
fn worst(history: &[HistoryEntry]) -> Vec<AlertLine> {
    let mut lines = BTreeMap::<&str, (AlertLevel, AlertLine)>::new();
    // The newest comes first in the history: go through it from the oldest.
    for entry in history.iter().rev() {
        let accepted = &entry.accepted;
        let alert = &accepted.alert;
        match accepted.status {
            AlertStatus::Firing => {
                let (level, line) = lines.entry(&accepted.key).or_insert_with(|| {
                    let line = AlertLine {
                        at: accepted.at,
                        level: String::new(),
                        title: alert.title.clone(),
                        source: alert.source.clone(),
                        count: 0,
                        resolved_at: None,
                    };
                    (alert.level, line)
                });
                *level = (*level).max(alert.level);
                line.level = level.to_string();
                line.count += 1;
                line.resolved_at = None;
            }
            AlertStatus::Resolved => {
                if let Some((_, line)) = lines.get_mut(&*accepted.key) {
                    line.resolved_at = Some(accepted.at);
                }
            }
            _ => {}
        }
    }
    let mut lines: Vec<_> = lines.into_values().collect();
    lines.sort_by(|(a, x), (b, y)| b.cmp(a).then(y.count.cmp(&x.count)).then(x.at.cmp(&y.at)));
    lines
        .into_iter()
        .take(WORST)
        .map(|(_, line)| line)
        .collect()
}
