//! What an operator asks through `/admin`, answered by the parts.

#[cfg(feature = "alerts")]
mod alerts;
#[cfg(feature = "reports")]
mod reports;

#[cfg(any(feature = "alerts", feature = "logging"))]
use std::time::Duration;

use async_trait::async_trait;
use bongsu_axum_glue::AdminOps;
#[cfg(feature = "alerts")]
use bongsu_axum_glue::routes::{ReplayRequest, SilenceRequest};
#[cfg(any(
    feature = "alerts",
    feature = "health",
    feature = "logging",
    feature = "reports"
))]
use bongsu_axum_glue::{AdminError, AdminResult};
#[cfg(feature = "logging")]
use serde_json::Value;
#[cfg(any(feature = "alerts", feature = "logging", feature = "reports"))]
use serde_json::json;

use crate::Bongsu;

/// The operations of one service.
pub(crate) struct Admin(
    #[allow(
        dead_code,
        reason = "without any part's feature there is nothing to ask"
    )]
    pub(crate) Bongsu,
);

#[async_trait]
impl AdminOps for Admin {
    #[cfg(feature = "health")]
    async fn health(&self) -> AdminResult {
        let body = self.0.health().health_response(true, false).body;
        serde_json::from_slice(&body).map_err(|error| AdminError::Failed(error.to_string()))
    }

    #[cfg(feature = "logging")]
    async fn log_level(&self) -> AdminResult {
        Ok(level(&self.0))
    }

    #[cfg(feature = "logging")]
    async fn set_log_level(&self, asked: &str, lasts: Option<Duration>) -> AdminResult {
        self.0
            .logs()
            .set_level(asked, lasts)
            .map_err(|error| AdminError::Invalid(error.to_string()))?;
        Ok(level(&self.0))
    }

    #[cfg(feature = "alerts")]
    async fn alerts(&self) -> AdminResult {
        Ok(json!({ "alerts": self.0.alerts().active() }))
    }

    #[cfg(feature = "alerts")]
    async fn alert_history(&self, back: Duration, limit: usize) -> AdminResult {
        let until = jiff::Timestamp::now();
        let since = until
            .checked_sub(back)
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let entries = self.0.alerts().history(since, until, limit).await;
        let entries = entries.map_err(alerts::failed)?;
        Ok(json!({ "alerts": entries.iter().map(alerts::entry).collect::<Vec<_>>() }))
    }

    #[cfg(feature = "alerts")]
    async fn acknowledge(&self, key: &str, by: &str) -> AdminResult {
        self.0
            .alerts()
            .acknowledge(key, by)
            .await
            .map_err(alerts::failed)?;
        Ok(json!({ "acknowledged": key }))
    }

    #[cfg(feature = "alerts")]
    async fn resolve(&self, key: &str) -> AdminResult {
        let receipt = self.0.alerts().resolve(key).await;
        let receipt = receipt.map_err(alerts::unresolved)?;
        Ok(json!({ "resolved": key, "deliveries": receipt.deliveries() }))
    }

    #[cfg(feature = "alerts")]
    async fn silences(&self) -> AdminResult {
        Ok(json!({ "silences": self.0.alerts().silences() }))
    }

    #[cfg(feature = "alerts")]
    async fn silence(&self, asked: &SilenceRequest) -> AdminResult {
        let silence = alerts::silence(asked, jiff::Timestamp::now())?;
        let until = silence.until;
        let id = self.0.alerts().silence(silence).await;
        Ok(json!({ "id": id.map_err(alerts::failed)?, "until": until }))
    }

    #[cfg(feature = "alerts")]
    async fn unsilence(&self, id: &str) -> AdminResult {
        if self
            .0
            .alerts()
            .unsilence(id)
            .await
            .map_err(alerts::failed)?
        {
            Ok(json!({ "ended": id }))
        } else {
            Err(AdminError::NotFound(format!("no silence {id:?}")))
        }
    }

    #[cfg(feature = "alerts")]
    async fn channels(&self) -> AdminResult {
        Ok(alerts::statistics(&self.0.alerts().get_statistics()))
    }

    #[cfg(feature = "alerts")]
    async fn test_fire(&self, channel: &str) -> AdminResult {
        let outcome = self.0.alerts().test_fire(channel).await;
        let outcome = outcome.map_err(alerts::failed)?;
        if outcome.is_delivered() {
            Ok(json!({ "channel": channel, "outcome": outcome.as_str() }))
        } else {
            let (outcome, reason) = (outcome.as_str(), outcome.reason());
            Err(AdminError::Failed(format!(
                "{channel}: {outcome}: {reason}"
            )))
        }
    }

    #[cfg(feature = "alerts")]
    async fn replay(&self, asked: &ReplayRequest) -> AdminResult {
        use bongsu_alerts::Replay;
        let select = match asked {
            ReplayRequest::Id(id) => Replay::Id(id.clone()),
            ReplayRequest::Since(since) => Replay::Since(since.parse().map_err(|_| {
                AdminError::Invalid(format!("since: {since:?} is not an RFC 3339 time"))
            })?),
        };
        let count = self
            .0
            .alerts()
            .replay(select)
            .await
            .map_err(alerts::failed)?;
        Ok(json!({ "replayed": count }))
    }

    #[cfg(feature = "reports")]
    async fn report_preview(
        &self,
        date: &str,
        form: bongsu_axum_glue::routes::ReportForm,
    ) -> Result<String, AdminError> {
        use bongsu_axum_glue::routes::ReportForm;
        let (reports, date) = reports::of(&self.0, date)?;
        let summary = reports.generate_daily_summary(date).await;
        let rendered = reports
            .render_owned(summary.map_err(reports::failed)?)
            .await;
        Ok(match form {
            ReportForm::Html => rendered.preview_html,
            ReportForm::Text => rendered.text,
            ReportForm::Json => rendered.json,
            ReportForm::Csv => rendered.csv,
        })
    }

    #[cfg(feature = "reports")]
    async fn report_deliveries(&self, date: &str) -> AdminResult {
        let (generator, date) = reports::of(&self.0, date)?;
        let sent = generator.deliveries(date).await.map_err(reports::failed)?;
        Ok(json!({ "session": date, "deliveries": reports::deliveries(&sent) }))
    }

    #[cfg(feature = "reports")]
    async fn report_resend(&self, date: &str) -> AdminResult {
        let (generator, date) = reports::of(&self.0, date)?;
        let sent = generator.resend(date).await.map_err(reports::failed)?;
        Ok(json!({ "session": date, "deliveries": reports::deliveries(&sent) }))
    }
}

#[cfg(feature = "logging")]
fn level(bongsu: &Bongsu) -> Value {
    let lasts = bongsu.logs().level_lasts();
    json!({
        "level": bongsu.logs().level(),
        "lasts_seconds": lasts.map(|left| left.as_secs()),
    })
}
