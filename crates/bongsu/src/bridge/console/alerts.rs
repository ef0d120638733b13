//! Alerts, channels and silences as the console shows them.

use std::sync::Arc;

use bongsu_alerts::{
    ActiveAlert, AlertEvent, AlertManager, AlertStatus, HistoryEntry, ManageError, Matcher,
    Silence,
    store::{Delivery, DeliveryState},
};
use bongsu_console::{
    ActiveSilence, AlertQuery, AlertRecord, Breaker, Channel, DeliveryOutcome, DeliveryRecord,
    Figure, FiringAlert, Missing, NewSilence, SourceError,
};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::memory::Memory;

/// How far back the console's history of alerts goes, and how many alerts it looks through.
const HISTORY: SignedDuration = SignedDuration::from_hours(30 * 24);
const LOOKED_THROUGH: usize = 2_000;

/// Remembers when each channel last took something.
pub(super) async fn follow(mut events: Receiver<AlertEvent>, memory: Arc<Memory>) {
    loop {
        match events.recv().await {
            Ok(AlertEvent::Delivered { channel, .. }) => {
                memory.delivered(channel, Timestamp::now());
            }
            // What was missed is at worst an older success.
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// What fires, the oldest first.
pub(super) fn active(alerts: &AlertManager) -> Figure<Vec<FiringAlert>> {
    let silences = alerts.silences();
    let active = alerts.active();
    let firing = active.iter().map(|alert| firing(alert, &silences));
    Figure::Known(firing.collect())
}

/// Where alerts go.
pub(super) fn channels(alerts: &AlertManager, memory: &Memory) -> Figure<Vec<Channel>> {
    let channels = alerts.get_statistics().channels.into_iter();
    let channels = channels.map(|(name, counts)| Channel {
        queued: counts.pending as u64,
        delivered: counts.delivered,
        dead: counts.dead,
        last_success: Figure::from_option(memory.last_delivery(&name), Missing::NotYet),
        breaker: match counts {
            _ if counts.disabled => Breaker::Disabled,
            _ if counts.broken => Breaker::Broken,
            _ if counts.failing => Breaker::Open,
            _ => Breaker::Closed,
        },
        name,
    });
    Figure::Known(channels.collect())
}

fn firing(active: &ActiveAlert, silences: &[Silence]) -> FiringAlert {
    let silenced = silences
        .iter()
        .filter(|silence| silence.matcher.matches(&active.alert, &active.key));
    FiringAlert {
        key: active.key.clone(),
        level: active.alert.level,
        title: active.alert.title.clone(),
        message: active.alert.message.clone(),
        source: active.alert.source.clone(),
        since: active.since,
        count: active.count,
        acknowledged_by: active.acknowledged_by.clone(),
        silenced_until: silenced.map(|silence| silence.until).max(),
    }
}

/// The newest alerts that match.
pub(super) async fn history(
    alerts: &AlertManager,
    query: &AlertQuery,
    now: Timestamp,
) -> Result<Vec<AlertRecord>, SourceError> {
    let until = now + SignedDuration::from_secs(1);
    let text = query.text.to_lowercase();
    let everything = text.is_empty() && query.level.is_none();
    let most = if everything {
        query.limit
    } else {
        LOOKED_THROUGH
    };
    let entries = answer(alerts.history(now - HISTORY, until, most).await)?;
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
        deliveries: entry.deliveries.iter().map(delivery).collect(),
    }
}

fn delivery(delivery: &Delivery) -> DeliveryRecord {
    let reason = delivery.reason.to_string();
    DeliveryRecord {
        channel: delivery.channel.to_string(),
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

pub(super) fn silences(alerts: &AlertManager) -> Vec<ActiveSilence> {
    let all = alerts.silences().into_iter();
    all.map(|silence| ActiveSilence {
        matches: silence
            .matcher
            .wanted_key()
            .map_or_else(|| format!("{:?}", silence.matcher), str::to_owned),
        id: silence.id,
        until: silence.until,
        by: silence.by,
        reason: silence.comment,
    })
    .collect()
}

pub(super) async fn silence(
    alerts: &AlertManager,
    new: NewSilence,
    now: Timestamp,
) -> Result<(), SourceError> {
    let until = now + SignedDuration::try_from(new.length).unwrap_or(SignedDuration::MAX);
    let silence = Silence::new(Matcher::new().key(new.key), until, new.by).comment(new.reason);
    answer(alerts.silence(silence).await).map(drop)
}

/// A refusal in the console's words.
pub(super) fn answer<T>(done: Result<T, ManageError>) -> Result<T, SourceError> {
    done.map_err(|error| match error {
        ManageError::NotFiring { .. } => SourceError::NotFound {
            what: "firing alert",
        },
        ManageError::Silence { .. } => SourceError::Refused {
            reason: error.to_string(),
        },
        _ => SourceError::Failed {
            reason: error.to_string(),
        },
    })
}
