//! Alerts, channels and silences as an operator sees them.

#[cfg(feature = "console")]
use std::sync::Arc;

#[cfg(feature = "console")]
use bongsu_alerts::AlertEvent;
use bongsu_alerts::{
    ActiveAlert, Alert, AlertLevel, AlertManager, AlertStatistics, AlertStatus, ChannelDecision,
    HistoryEntry, ManageError, Matcher, Presentation, ResolveError, SendError, Silence, Suppressed,
    Weekly, What,
    render::runbook::Runbook,
    store::{Delivery, DeliveryState},
};
use bongsu_ops::{
    Accepted, ActiveSilence, AlertDetail, AlertQuery, AlertRecord, ChannelState, ChannelVerdict,
    Channels, DeliveryOutcome, DeliveryRecord, EscalationStep, Explained, FiringAlert, MOST_HELD,
    NewAlert, NewSilence, OpsError, OpsResult, Recurrence, Replay, SilencePreview, Standing,
    Tested, WeeklyHours,
};
#[cfg(feature = "console")]
use bongsu_ops::{Breaker, Channel, Figure, Missing};
use jiff::{SignedDuration, Timestamp};
#[cfg(feature = "console")]
use tokio::sync::broadcast::{Receiver, error::RecvError};

#[cfg(feature = "console")]
use super::memory::Memory;

/// How many alerts are looked through for those that match.
const LOOKED_THROUGH: usize = 2_000;

#[cfg(feature = "console")]
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
pub(super) fn active(alerts: &AlertManager) -> Vec<FiringAlert> {
    let look = alerts.presentation();
    let active = alerts.active();
    active.iter().map(|alert| firing(alert, &look)).collect()
}

/// Where alerts go.
#[cfg(feature = "console")]
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

/// A silence with what it holds now.
pub(super) fn shown(alerts: &AlertManager, silence: &Silence) -> ActiveSilence {
    let mut holds = alerts.silenced_by(&silence.id).unwrap_or_default();
    let held = holds.len();
    holds.truncate(MOST_HELD);
    ActiveSilence {
        id: silence.id.clone(),
        matches: silence.matcher.to_string(),
        start: silence.starts,
        until: silence.until,
        recurrence: recurrence(silence),
        active: alerts.silence_holds(&silence.id),
        holds,
        held,
        by: silence.by.clone(),
        reason: silence.comment.clone(),
    }
}

fn recurrence(silence: &Silence) -> Option<String> {
    let session = silence
        .during
        .as_ref()
        .map(|name| match name.split_once("outside ") {
            Some(_) => name.clone(),
            None => format!("in {name}"),
        });
    silence.weekly.as_ref().map(ToString::to_string).or(session)
}

/// What a silence is about.
fn matcher(asked: &NewSilence) -> Matcher {
    let (least, most) = asked.levels();
    let mut matcher = Matcher::new();
    if least > AlertLevel::Info {
        matcher = matcher.min_level(least);
    }
    if most < AlertLevel::Critical {
        matcher = matcher.max_level(most);
    }
    if let Some(key) = &asked.key {
        matcher = matcher.key(key.as_str());
    }
    if let Some(source) = &asked.source {
        matcher = matcher.source(source.as_str());
    }
    if let Some(tag) = &asked.tag {
        matcher = matcher.tag(tag.as_str());
    }
    if let Some(kind) = &asked.kind {
        matcher = matcher.kind(kind.as_str());
    }
    let facts = asked.metadata.iter();
    facts.fold(matcher, |matcher, (name, value)| {
        matcher.metadata(name.as_str(), value.clone())
    })
}

pub(super) async fn silence(
    alerts: &AlertManager,
    asked: &NewSilence,
    zone: &str,
    now: Timestamp,
) -> OpsResult<ActiveSilence> {
    let (start, until) = asked.span(now)?;
    let mut silence = Silence::new(matcher(asked), until, asked.by.as_str());
    silence = silence.comment(asked.comment.as_str());
    if start > now {
        silence = silence.starting(start);
    }
    silence = match &asked.recurrence {
        None => silence,
        Some(Recurrence::Session(name)) => silence.during(session(alerts, name)?),
        Some(Recurrence::Weekly(hours)) => silence.weekly(weekly(hours, zone)?),
    };
    alerts.silence(silence.clone()).await.map_err(failed)?;
    Ok(shown(alerts, &silence))
}

/// The hours of that name, as the service knows them.
fn session(alerts: &AlertManager, name: &str) -> OpsResult<String> {
    let known = alerts.hours();
    let found = known
        .iter()
        .find(|known| known.eq_ignore_ascii_case(name.trim()));
    found.cloned().ok_or_else(|| {
        let known = match known.is_empty() {
            true => "this service has no calendar of an exchange".to_owned(),
            false => format!("one of {}", known.join(", ")),
        };
        OpsError::Invalid(format!(
            "recurrence.session: {name:?} is not known: {known}"
        ))
    })
}

fn weekly(hours: &WeeklyHours, zone: &str) -> OpsResult<Weekly> {
    let zone = hours.zone.as_deref().unwrap_or(zone);
    let weekly = Weekly::new(zone, hours.from.0, hours.to.0).ok_or_else(|| {
        OpsError::Invalid(format!(
            "recurrence.weekly.zone: {zone:?} is no time zone, such as Asia/Seoul, UTC or +09:00"
        ))
    })?;
    Ok(match hours.days.is_empty() {
        true => weekly,
        false => weekly.on(hours.days.iter().map(|day| day.0)),
    })
}

pub(super) fn preview(alerts: &AlertManager, asked: &NewSilence) -> SilencePreview {
    let matcher = matcher(asked);
    let mut holds = alerts.matching(&matcher);
    let held = holds.len();
    holds.truncate(MOST_HELD);
    SilencePreview {
        matches: matcher.to_string(),
        holds,
        held,
    }
}

fn alert(asked: &NewAlert) -> Alert {
    let (title, message) = (asked.title.as_str(), asked.message.as_str());
    let mut alert = Alert::new(asked.level, title, message, asked.source.as_str());
    if let Some(kind) = &asked.kind {
        alert = alert.kind(kind.as_str());
    }
    if let Some(key) = &asked.key {
        alert = alert.key(key.as_str());
    }
    if let Some(lasts) = asked.lasts() {
        alert = alert.lasts(lasts);
    }
    if let Some(runbook) = &asked.runbook {
        alert = alert.runbook(runbook.as_str());
    }
    alert.timestamp = asked.timestamp.unwrap_or(alert.timestamp);
    alert.metadata.clone_from(&asked.metadata);
    for tag in &asked.tags {
        alert = alert.tag(tag.as_str());
    }
    alert
}

pub(super) async fn send(alerts: &AlertManager, asked: &NewAlert) -> OpsResult<Accepted> {
    let alert = alert(asked);
    let receipt = match asked.resolved {
        true => alerts.send_resolved(alert).await,
        false => alerts.send_alert(alert).await,
    };
    let receipt = receipt.map_err(|error: SendError| OpsError::Failed(error.to_string()))?;
    Ok(Accepted {
        deliveries: receipt.deliveries(),
        id: receipt.alert_id,
        key: receipt.key,
        channels: receipt.channels.iter().map(verdict).collect(),
    })
}

/// What would become of an alert.
pub(super) fn explain(alerts: &AlertManager, asked: &NewAlert) -> Explained {
    explained(alerts, &alert(asked))
}

fn explained(alerts: &AlertManager, alert: &Alert) -> Explained {
    let found = alerts.explain(alert);
    let silences = alerts.silences().into_iter().filter(|silence| {
        silence.matcher.matches(alert, &found.key) && alerts.silence_holds(&silence.id)
    });
    let escalations = found.escalations.into_iter();
    Explained {
        silences: silences.map(|silence| silence.id).collect(),
        held: found.held.map(|held| held.as_str().to_owned()),
        held_until: found.held_until,
        channels: found.channels.iter().map(verdict).collect(),
        cooldown_seconds: found.cooldown.map(|length| length.as_secs()),
        escalations: escalations
            .map(|(after, channels)| EscalationStep {
                after_seconds: after.as_secs(),
                channels,
            })
            .collect(),
        key: found.key,
    }
}

fn verdict(decision: &ChannelDecision) -> ChannelVerdict {
    let (what, reason) = match &decision.what {
        What::Deliver { why, .. } => ("deliver", why.as_str()),
        What::Digest { .. } => ("digest", ""),
        What::Suppress(reason) => ("suppress", reason.as_str()),
    };
    ChannelVerdict {
        channel: decision.channel.clone(),
        rule: decision.rule.clone(),
        decision: what,
        reason,
    }
}

pub(super) async fn test(alerts: &AlertManager, channel: &str) -> OpsResult<Tested> {
    let outcome = alerts.test_fire(channel).await.map_err(failed)?;
    if outcome.is_delivered() {
        return Ok(Tested {
            channel: channel.to_owned(),
            outcome: outcome.as_str().to_owned(),
        });
    }
    let (outcome, reason) = (outcome.as_str(), outcome.reason());
    Err(OpsError::Failed(format!("{channel}: {outcome}: {reason}")))
}

pub(super) async fn replay(alerts: &AlertManager, asked: &Replay) -> OpsResult<usize> {
    let select =
        match asked {
            Replay::Id(id) => bongsu_alerts::Replay::Id(id.clone()),
            Replay::Since(since) => bongsu_alerts::Replay::Since(since.parse().map_err(|_| {
                OpsError::Invalid(format!("since: {since:?} is not an RFC 3339 time"))
            })?),
        };
    alerts.replay(select).await.map_err(failed)
}

pub(super) fn statistics(statistics: &AlertStatistics) -> Channels {
    let channels = statistics
        .channels
        .iter()
        .map(|(name, counts)| ChannelState {
            channel: name.to_string(),
            delivered: counts.delivered,
            retried: counts.retried,
            dead: counts.dead,
            suppressed: counts.suppressed,
            digested: counts.digested,
            pending: counts.pending,
            failing: counts.failing,
            broken: counts.broken,
            disabled: counts.disabled,
        });
    Channels {
        channels: channels.collect(),
        total_alerts: statistics.total_alerts,
        firing: statistics.active,
        pending: statistics.pending,
        oldest_pending_seconds: statistics.oldest_pending.map(|age| age.as_secs_f64()),
        active_rules: statistics.active_rules,
        total_rules: statistics.total_rules,
        store_errors: statistics.store_errors,
    }
}

pub(super) fn failed(error: ManageError) -> OpsError {
    match error {
        ManageError::UnknownChannel { .. } | ManageError::NotFiring { .. } => {
            OpsError::NotFound(error.to_string())
        }
        ManageError::Silence { .. } => OpsError::Invalid(error.to_string()),
        other => OpsError::Failed(other.to_string()),
    }
}

pub(super) fn unresolved(error: ResolveError) -> OpsError {
    match error {
        ResolveError::NotFiring { .. } => OpsError::NotFound(error.to_string()),
        other => OpsError::Failed(other.to_string()),
    }
}
