//! What fires and what was, as an operator sees it.

use bongsu_alerts::{
    ActiveAlert, Alert, AlertManager, AlertStatus, HistoryEntry, Presentation, Suppressed,
    render::runbook::Runbook,
    store::{Delivery, DeliveryState},
};
use bongsu_ops::{
    AlertDetail, AlertQuery, AlertRecord, DeliveryOutcome, DeliveryRecord, FiringAlert, OpsResult,
    Standing,
};
use jiff::{SignedDuration, Timestamp};

use super::failed;

/// How many alerts are looked through for those that match.
const LOOKED_THROUGH: usize = 2_000;

/// What fires, the oldest first.
pub(super) fn active(alerts: &AlertManager) -> Vec<FiringAlert> {
    let look = alerts.presentation();
    let active = alerts.active();
    active.iter().map(|alert| firing(alert, &look)).collect()
}

fn firing(active: &ActiveAlert, look: &Presentation) -> FiringAlert {
    let silenced = active.held == Some(Suppressed::Silence);
    FiringAlert {
        key: active.key.clone(),
        level: active.alert.level,
        title: active.alert.title.clone(),
        message: active.alert.message.clone(),
        source: active.alert.source.clone(),
        since: active.since,
        count: active.count,
        acknowledged_by: active.acknowledged_by.clone(),
        silenced_until: active.held_until.filter(|_| silenced),
        standing: Standing {
            channels: active.channels.clone(),
            told_at: active.told_at,
            held: active.held.map(|held| held.as_str().to_owned()),
            held_until: active.held_until,
            acknowledged_at: active.acknowledged_at,
            ends: active.ends,
            runbook: Runbook::of(&active.alert, look).map(|runbook| runbook.text().to_owned()),
        },
        detail: detail(&active.alert),
    }
}

fn detail(alert: &Alert) -> AlertDetail {
    AlertDetail {
        id: alert.id.clone(),
        kind: alert.kind.clone(),
        timestamp: alert.timestamp,
        metadata: alert.metadata.clone(),
        tags: alert.tags.clone(),
    }
}

/// The newest alerts that match.
pub(super) async fn history(
    alerts: &AlertManager,
    query: &AlertQuery,
    now: Timestamp,
) -> OpsResult<Vec<AlertRecord>> {
    let until = now + SignedDuration::from_secs(1);
    let text = query.text.to_lowercase();
    let everything = text.is_empty() && query.level.is_none();
    let most = if everything {
        query.limit
    } else {
        LOOKED_THROUGH
    };
    let back = SignedDuration::try_from(query.back).unwrap_or(SignedDuration::MAX);
    let since = now.checked_sub(back).unwrap_or(Timestamp::UNIX_EPOCH);
    let entries = alerts.history(since, until, most).await.map_err(failed)?;
    let matching = entries.iter().filter(|entry| {
        let accepted = &entry.accepted;
        let contains = |field: &str| field.to_lowercase().contains(&text);
        Some(accepted.alert.level) >= query.level
            && (text.is_empty()
                || contains(&accepted.alert.title)
                || contains(&accepted.key)
                || contains(&accepted.alert.source))
    });
    Ok(matching.take(query.limit).map(record).collect())
}

fn record(entry: &HistoryEntry) -> AlertRecord {
    let accepted = &entry.accepted;
    AlertRecord {
        at: accepted.at,
        key: accepted.key.to_string(),
        level: accepted.alert.level,
        title: accepted.alert.title.clone(),
        message: accepted.alert.message.clone(),
        source: accepted.alert.source.clone(),
        resolved: accepted.status == AlertStatus::Resolved,
        detail: AlertDetail {
            id: accepted.id.to_string(),
            ..detail(&accepted.alert)
        },
        deliveries: entry.deliveries.iter().map(delivery).collect(),
    }
}

fn delivery(delivery: &Delivery) -> DeliveryRecord {
    let reason = delivery.reason.to_string();
    DeliveryRecord {
        id: delivery.id.to_string(),
        channel: delivery.channel.to_string(),
        target: delivery.target.to_string(),
        outcome: match delivery.state {
            DeliveryState::Pending | DeliveryState::InFlight => {
                DeliveryOutcome::Pending((!reason.is_empty()).then_some(reason))
            }
            DeliveryState::Delivered => DeliveryOutcome::Delivered,
            DeliveryState::Dead => DeliveryOutcome::Dead(reason),
            DeliveryState::Suppressed => DeliveryOutcome::Suppressed(reason),
            DeliveryState::Digested => DeliveryOutcome::Digested,
        },
        attempts: delivery.attempt,
        at: Some(delivery.changed),
    }
}
