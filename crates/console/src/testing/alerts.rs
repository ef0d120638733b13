//! Alerts, silences and channels of the source.

use async_trait::async_trait;
use bongsu_ops::{
    AboutAlert, AlertDesk, EndMaintenance, EndSilence, Maintenance, MaintenanceNow, NewMaintenance,
    SilencePreview,
};
use jiff::{SignedDuration, Timestamp};

use super::FakeSource;
use crate::{
    ActiveSilence, AlertDetail, AlertQuery, AlertRecord, DeliveryOutcome, DeliveryRecord,
    FiringAlert, Level, NewSilence, OpsError,
};

#[async_trait]
impl AlertDesk for FakeSource {
    async fn firing(&self) -> Result<Vec<FiringAlert>, OpsError> {
        Ok(self.state().alerts.clone())
    }

    async fn history(&self, query: &AlertQuery) -> Result<Vec<AlertRecord>, OpsError> {
        let text = query.text.to_lowercase();
        let state = self.state();
        let found = state.alerts.iter().filter(|alert| {
            let said = [&alert.title, &alert.key, &alert.source];
            Some(alert.level) >= query.level
                && said.iter().any(|said| said.to_lowercase().contains(&text))
        });
        Ok(found.take(query.limit).map(record).collect())
    }

    async fn silences(&self) -> Result<Vec<ActiveSilence>, OpsError> {
        Ok(self.state().silences.clone())
    }

    async fn acknowledge(&self, asked: &AboutAlert) -> Result<(), OpsError> {
        let AboutAlert { key, by, .. } = asked;
        let mut state = self.state();
        let found = state.alerts.iter_mut().find(|alert| alert.key == *key);
        let alert = found.ok_or_else(|| OpsError::no_such("firing alert"))?;
        alert.acknowledged_by = Some(by.clone());
        state.actions.push(format!("acknowledge {key} by {by}"));
        Ok(())
    }

    async fn silence(&self, asked: &NewSilence) -> Result<ActiveSilence, OpsError> {
        let (start, until) = asked.span((self.clock)())?;
        let about = self.preview_silence(asked).await?;
        let mut state = self.state();
        let held = state.alerts.iter_mut();
        for alert in held.filter(|alert| about.holds.contains(&alert.key)) {
            alert.silenced_until = Some(until);
        }
        let key = about.matches.en.clone();
        let silence = ActiveSilence {
            id: format!("S{}", state.silences.len()),
            matches: about.matches,
            start: asked.start,
            until,
            recurrence: None,
            active: true,
            holds: about.holds,
            held: about.held,
            by: asked.by.clone(),
            reason: asked.comment.clone(),
        };
        let minutes = until.duration_since(start).as_mins();
        let (by, why) = (&asked.by, &asked.comment);
        state
            .actions
            .push(format!("silence {key} for {minutes} min by {by}: {why}"));
        state.silences.push(silence.clone());
        Ok(silence)
    }

    async fn preview_silence(&self, asked: &NewSilence) -> Result<SilencePreview, OpsError> {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        let state = self.state();
        let held = state.alerts.iter().filter(|alert| {
            is(&asked.key, &alert.key)
                && is(&asked.source, &alert.source)
                && alert.level <= asked.levels().1
                && asked
                    .tag
                    .as_ref()
                    .is_none_or(|tag| alert.detail.tags.contains(tag))
        });
        let holds: Vec<String> = held.map(|alert| alert.key.clone()).collect();
        let words = [&asked.key, &asked.source, &asked.tag];
        let words: Vec<&str> = words.into_iter().flatten().map(String::as_str).collect();
        Ok(SilencePreview {
            matches: words.join(", ").as_str().into(),
            held: holds.len(),
            holds,
        })
    }

    async fn unacknowledge(&self, asked: &AboutAlert) -> Result<(), OpsError> {
        let AboutAlert { key, by, .. } = asked;
        let mut state = self.state();
        let found = state.alerts.iter_mut().find(|alert| alert.key == *key);
        let alert = found.ok_or_else(|| OpsError::no_such("firing alert"))?;
        alert.acknowledged_by = None;
        state.actions.push(format!("unacknowledge {key} by {by}"));
        Ok(())
    }

    async fn resolve(&self, asked: &AboutAlert) -> Result<usize, OpsError> {
        let AboutAlert { key, by, .. } = asked;
        let mut state = self.state();
        let before = state.alerts.len();
        state.alerts.retain(|alert| alert.key != *key);
        if state.alerts.len() == before {
            return Err(OpsError::no_such("firing alert"));
        }
        state.actions.push(format!("resolve {key} by {by}"));
        Ok(1)
    }

    async fn unsilence(&self, asked: &EndSilence) -> Result<(), OpsError> {
        let EndSilence { id, by, .. } = asked;
        let mut state = self.state();
        state.silences.retain(|silence| silence.id != *id);
        state.actions.push(format!("unsilence {id} by {by}"));
        Ok(())
    }

    async fn maintenance(&self) -> Result<MaintenanceNow, OpsError> {
        let maintenance = self.state().maintenance.clone();
        Ok(MaintenanceNow { maintenance })
    }

    async fn maintain(&self, asked: &NewMaintenance) -> Result<Maintenance, OpsError> {
        let (_, until) = asked.silence().span((self.clock)())?;
        let about = self.preview_maintenance(asked).await?;
        let mut state = self.state();
        let begun = Maintenance {
            id: "M".to_owned(),
            start: asked.start,
            until,
            active: true,
            holds: about.holds,
            held: about.held,
            by: asked.by.clone(),
            reason: asked.comment.clone(),
        };
        let (by, why) = (&asked.by, &asked.comment);
        state.actions.push(format!("maintenance by {by}: {why}"));
        state.maintenance = Some(begun.clone());
        Ok(begun)
    }

    async fn preview_maintenance(
        &self,
        asked: &NewMaintenance,
    ) -> Result<SilencePreview, OpsError> {
        self.preview_silence(&asked.silence()).await
    }

    async fn end_maintenance(&self, asked: &EndMaintenance) -> Result<(), OpsError> {
        let mut state = self.state();
        if state.maintenance.take().is_none() {
            return Err(OpsError::no_such("maintenance"));
        }
        state
            .actions
            .push(format!("end maintenance by {}", asked.by));
        Ok(())
    }

    async fn test_channel(&self, channel: &str) -> Result<bongsu_ops::Tested, OpsError> {
        if channel != "slack" {
            return Err(OpsError::Failed(format!(
                "{channel}: the server refused it"
            )));
        }
        self.state().actions.push(format!("test {channel}"));
        Ok(bongsu_ops::Tested {
            channel: channel.to_owned(),
            outcome: "delivered".to_owned(),
        })
    }
}

pub(super) fn alerts(at: Timestamp) -> Vec<FiringAlert> {
    let one =
        |key: &str, level, title: &str, message: &str, source: &str, ago, count| FiringAlert {
            key: key.to_owned(),
            level,
            title: title.to_owned(),
            message: message.to_owned(),
            source: source.to_owned(),
            since: at - SignedDuration::from_secs(ago),
            count,
            acknowledged_by: None,
            silenced_until: None,
            standing: Default::default(),
            detail: AlertDetail::default(),
        };
    vec![
        one(
            "risk|var",
            Level::Critical,
            "Risk Threshold Breach: value_at_risk",
            "Current value 4.31 exceeds the threshold of 3.80",
            "risk_manager",
            134,
            3,
        ),
        FiringAlert {
            acknowledged_by: Some("minji".to_owned()),
            detail: detail(
                "health",
                [
                    ("dependency", "kis-broker-api".into()),
                    ("threshold_ms", 200.0.into()),
                ],
            ),
            ..one(
                "health|kis-broker-api",
                Level::Warning,
                "kis-broker-api is degraded",
                "answers slowly: 640 ms against 200 ms",
                "trading-engine",
                380,
                1,
            )
        },
        FiringAlert {
            detail: detail(
                "resource",
                [("resource", "memory".into()), ("threshold", 80.0.into())],
            ),
            ..one(
                "resource|memory",
                Level::Warning,
                "High MEMORY Usage",
                "82.5 % of the container's limit is in use (threshold 80 %)",
                "resource_monitor",
                2_700,
                5,
            )
        },
    ]
}

fn detail<const N: usize>(kind: &str, facts: [(&str, serde_json::Value); N]) -> AlertDetail {
    AlertDetail {
        kind: kind.to_owned(),
        metadata: facts.map(|(name, value)| (name.to_owned(), value)).into(),
        ..AlertDetail::default()
    }
}

fn record(alert: &FiringAlert) -> AlertRecord {
    let delivery = |channel: &str, outcome, attempts| DeliveryRecord {
        id: String::new(),
        channel: channel.to_owned(),
        target: String::new(),
        outcome,
        attempts,
        at: Some(alert.since),
    };
    AlertRecord {
        at: alert.since,
        key: alert.key.clone(),
        level: alert.level,
        title: alert.title.clone(),
        message: alert.message.clone(),
        source: alert.source.clone(),
        resolved: false,
        detail: alert.detail.clone(),
        deliveries: vec![
            delivery("slack", DeliveryOutcome::Delivered, 1),
            delivery(
                "email",
                DeliveryOutcome::Dead("the server refused the recipient".to_owned()),
                5,
            ),
            delivery(
                "webhook",
                DeliveryOutcome::Suppressed("the same was told a short while ago".to_owned()),
                0,
            ),
        ],
    }
}
