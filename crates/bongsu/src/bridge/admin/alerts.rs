//! Alerts and channels in the words of the admin endpoints.

use std::time::Duration;

use bongsu_alerts::{AlertStatistics, HistoryEntry, ManageError, Matcher, ResolveError, Silence};
use bongsu_axum_glue::{AdminError, routes::SilenceRequest};
use jiff::Timestamp;
use serde_json::{Value, json};

pub(super) fn failed(error: ManageError) -> AdminError {
    match error {
        ManageError::UnknownChannel { .. } | ManageError::NotFiring { .. } => {
            AdminError::NotFound(error.to_string())
        }
        ManageError::Silence { .. } => AdminError::Invalid(error.to_string()),
        other => AdminError::Failed(other.to_string()),
    }
}

pub(super) fn unresolved(error: ResolveError) -> AdminError {
    match error {
        ResolveError::NotFiring { .. } => AdminError::NotFound(error.to_string()),
        other => AdminError::Failed(other.to_string()),
    }
}

pub(super) fn silence(asked: &SilenceRequest, now: Timestamp) -> Result<Silence, AdminError> {
    let until = now
        .checked_add(Duration::from_secs(asked.for_seconds))
        .map_err(|_| AdminError::Invalid("for_seconds: too long".to_owned()))?;
    let mut matcher = Matcher::new();
    if let Some(key) = &asked.key {
        matcher = matcher.key(key.as_str());
    }
    if let Some(source) = &asked.source {
        matcher = matcher.source(source.as_str());
    }
    if let Some(tag) = &asked.tag {
        matcher = matcher.tag(tag.as_str());
    }
    Ok(Silence::new(matcher, until, asked.by.as_str()).comment(asked.comment.as_str()))
}

pub(super) fn entry(entry: &HistoryEntry) -> Value {
    let accepted = &entry.accepted;
    let deliveries: Vec<Value> = entry
        .deliveries
        .iter()
        .map(|delivery| {
            json!({
                "id": delivery.id.to_string(),
                "channel": &*delivery.channel,
                "target": &*delivery.target,
                "state": delivery.state.as_str(),
                "reason": delivery.reason,
                "attempts": delivery.attempt,
                "changed": delivery.changed,
            })
        })
        .collect();
    json!({
        "id": accepted.id.to_string(),
        "key": &*accepted.key,
        "status": accepted.status.as_str(),
        "alert": accepted.alert,
        "deliveries": deliveries,
    })
}

pub(super) fn statistics(statistics: &AlertStatistics) -> Value {
    let channels: Vec<Value> = statistics
        .channels
        .iter()
        .map(|(name, channel)| {
            json!({
                "channel": name,
                "delivered": channel.delivered,
                "retried": channel.retried,
                "dead": channel.dead,
                "suppressed": channel.suppressed,
                "digested": channel.digested,
                "pending": channel.pending,
                "failing": channel.failing,
                "broken": channel.broken,
                "disabled": channel.disabled,
            })
        })
        .collect();
    json!({
        "channels": channels,
        "total_alerts": statistics.total_alerts,
        "firing": statistics.active,
        "pending": statistics.pending,
        "oldest_pending_seconds": statistics.oldest_pending.map(|age| age.as_secs_f64()),
        "active_rules": statistics.active_rules,
        "total_rules": statistics.total_rules,
        "store_errors": statistics.store_errors,
    })
}
