//! The running system's part of a report: what was seen between two instants, or that nothing was.

use async_trait::async_trait;
use bongsu_reports::{
    ContextProvider, Figure, ReportContext,
    summary::{AlertsSummary, SystemHealth},
};
use jiff::Timestamp;

use crate::parts::Parts;

/// Alerts that a day's summary counts at most.
#[cfg(feature = "alerts")]
const MAX_ALERTS: usize = 10_000;
/// Alerts that are shown.
#[cfg(feature = "alerts")]
const WORST: usize = 5;

/// Everything that a report asks of the running system.
#[derive(Debug)]
pub(crate) struct SystemContext {
    started: Timestamp,
    #[cfg(feature = "health")]
    health: bongsu_health::HealthCheck,
    #[cfg(feature = "health")]
    transitions: super::memory::Transitions,
    #[cfg(feature = "logging")]
    counts: super::memory::LogCounts,
    #[cfg(feature = "resources")]
    resources: bongsu_resources::ResourceMonitor,
    #[cfg(feature = "alerts")]
    alerts: bongsu_alerts::AlertManager,
}

impl SystemContext {
    /// Begins to remember what a report will ask for.
    #[allow(unused_variables, reason = "which parts exist depends on the features")]
    pub(crate) fn start(parts: &Parts, tasks: &crate::tasks::Tasks) -> Self {
        Self {
            started: Timestamp::now(),
            #[cfg(feature = "health")]
            health: parts.health.clone(),
            #[cfg(feature = "health")]
            transitions: super::memory::Transitions::start(&parts.health, tasks),
            #[cfg(feature = "logging")]
            counts: super::memory::LogCounts::start(&parts.logs, tasks),
            #[cfg(feature = "resources")]
            resources: parts.resources.clone(),
            #[cfg(feature = "alerts")]
            alerts: parts.alerts.clone(),
        }
    }

    #[allow(
        unused_mut,
        unused_variables,
        reason = "which parts exist depends on the features"
    )]
    fn system(&self, since: Timestamp, until: Timestamp) -> SystemHealth {
        let now = Timestamp::now();
        let mut system = SystemHealth::default();
        if until <= self.started || since > now {
            // The process did not run then: nothing was seen.
            return system;
        }
        let uptime = now.duration_since(self.started).as_secs();
        system.uptime_seconds = Figure::Known(u64::try_from(uptime).unwrap_or(0));
        #[cfg(feature = "health")]
        {
            system.status = Figure::Known(self.health.snapshot().status.to_string());
            let from = since.max(self.started);
            let seen = self.transitions.between(from, until.min(now));
            system.availability = Figure::Known(seen.availability);
            system.transitions = seen.changes;
            system.transitions_omitted = seen.omitted;
        }
        #[cfg(feature = "logging")]
        {
            let (errors, warnings) = self.counts.between(since, until);
            system.errors = Figure::Known(errors);
            system.warnings = Figure::Known(warnings);
        }
        #[cfg(feature = "resources")]
        {
            let points = self.resource_points(since, until);
            system.cpu_percent = range(points.iter().map(|p| p.cpu_percent));
            system.memory_percent = range(points.iter().map(|p| p.memory_percent));
            system.disk_percent = range(points.iter().filter_map(|p| p.disk_percent));
        }
        system
    }

    #[cfg(feature = "resources")]
    fn resource_points(
        &self,
        since: Timestamp,
        until: Timestamp,
    ) -> Vec<bongsu_resources::HistoryPoint> {
        let age = Timestamp::now().duration_since(since);
        let window = std::time::Duration::try_from(age).unwrap_or_default();
        let mut points = self.resources.history(window);
        points.retain(|point| {
            Timestamp::try_from(point.timestamp).is_ok_and(|at| at >= since && at < until)
        });
        points
    }

    #[cfg(feature = "alerts")]
    async fn alerts(&self, since: Timestamp, until: Timestamp) -> AlertsSummary {
        use bongsu_alerts::store::DeliveryState;
        use bongsu_reports::summary::AlertCounts;

        let history = match self.alerts.history(since, until, MAX_ALERTS).await {
            Ok(history) => history,
            Err(error) => {
                tracing::warn!(%error, "the report goes without the day's alerts");
                return AlertsSummary::default();
            }
        };
        let mut counts = AlertCounts::default();
        let (mut suppressed, mut undelivered) = (0, 0);
        let firing = history
            .iter()
            .filter(|entry| entry.accepted.status == bongsu_alerts::AlertStatus::Firing);
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
            active: Figure::Known(self.alerts.get_statistics().active as u64),
            worst: worst(&history),
        }
    }
}

#[async_trait]
impl ContextProvider for SystemContext {
    async fn context(&self, since: Timestamp, until: Timestamp) -> ReportContext {
        ReportContext {
            system: self.system(since, until),
            #[cfg(feature = "alerts")]
            alerts: self.alerts(since, until).await,
            #[cfg(not(feature = "alerts"))]
            alerts: AlertsSummary::default(),
        }
    }
}

#[cfg(feature = "alerts")]
fn level_of(
    counts: &mut bongsu_reports::summary::AlertCounts,
    level: bongsu_alerts::AlertLevel,
) -> &mut u64 {
    use bongsu_alerts::AlertLevel;
    match level {
        AlertLevel::Info => &mut counts.info,
        AlertLevel::Warning => &mut counts.warning,
        AlertLevel::Error => &mut counts.error,
        AlertLevel::Critical => &mut counts.critical,
    }
}

/// One line a key, the worst and most frequent first.
#[cfg(feature = "alerts")]
fn worst(
    history: &[bongsu_alerts::store::HistoryEntry],
) -> Vec<bongsu_reports::summary::AlertLine> {
    use std::collections::BTreeMap;

    use bongsu_alerts::{AlertLevel, AlertStatus};
    use bongsu_reports::summary::AlertLine;

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

#[cfg(feature = "resources")]
fn range(values: impl Iterator<Item = f64>) -> Figure<bongsu_reports::summary::Range> {
    let (mut count, mut sum, mut min, mut max) = (0.0, 0.0, f64::INFINITY, f64::NEG_INFINITY);
    for value in values {
        count += 1.0;
        sum += value;
        min = value.min(min);
        max = value.max(max);
    }
    if count == 0.0 {
        return bongsu_reports::Missing::NotCollected.into();
    }
    Figure::Known(bongsu_reports::summary::Range {
        min,
        avg: sum / count,
        max,
    })
}
