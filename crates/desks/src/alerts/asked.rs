//! Alerts from a script, and what would become of them; channels by hand.

use bongsu_alerts::{Alert, AlertManager, AlertStatistics, ChannelDecision, SendError, What};
use bongsu_ops::{
    Accepted, ChannelState, ChannelVerdict, Channels, EscalationStep, Explained, NewAlert,
    OpsError, OpsResult, Replay, Tested,
};

use super::failed;

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
