//! The channel that always works: a line in the service's own log.

use async_trait::async_trait;

use crate::AlertLevel;
use crate::channel::{
    Attempt, Carries, Channel, Content, Limits, Notification, Outcome, RenderError, Rendered,
    ReportForm, Target,
};
use crate::render::view::machine_time;

/// Writes each alert as a `tracing` event of target `bongsu_alerts::channel`: CRITICAL and ERROR as
/// errors, WARNING as a warning, INFO as information.
#[derive(Debug, Clone, Default)]
pub struct LogChannel {
    _private: (),
}

impl LogChannel {
    /// The channel `log`.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

const LEVEL_HEADER: &str = "level";
const TYPE_HEADER: &str = "type";

#[async_trait]
impl Channel for LogChannel {
    fn id(&self) -> &str {
        "log"
    }

    fn limits(&self) -> Limits {
        Limits::new(1_000.0, 1_000)
    }

    fn tells_repeats(&self) -> bool {
        true
    }

    fn carries(&self) -> Carries {
        Carries::reports(ReportForm::Text).if_asked()
    }

    fn targets(&self) -> Vec<Target> {
        vec![Target::new("log")]
    }

    fn render(
        &self,
        notification: &Notification,
        target: &Target,
    ) -> Result<Rendered, RenderError> {
        let alert = &notification.alert;
        let mut text = String::new();
        match notification.status {
            crate::channel::AlertStatus::Firing => {}
            other => {
                text.push('[');
                text.push_str(other.as_str());
                text.push_str("] ");
            }
        }
        text.push_str(&alert.title);
        text.push_str(": ");
        text.push_str(&alert.message);
        if notification.suppressed > 0 {
            text.push_str(&format!(" (+{} suppressed)", notification.suppressed));
        }
        for line in &notification.digest {
            text.push_str(&format!(
                "; {} {} ({}) x{}",
                line.level, line.title, line.source, line.count
            ));
            if let Some(ended) = line.ended {
                text.push_str(&format!(", ended {}", machine_time(ended)));
            }
        }
        Ok(
            Rendered::new(target.clone(), "text/plain; charset=utf-8", text)
                .header(LEVEL_HEADER, alert.level.as_str())
                .header(TYPE_HEADER, alert.kind.clone())
                .header("source", alert.source.clone()),
        )
    }

    async fn deliver(&self, cx: &Attempt, message: &Rendered) -> Outcome {
        let header = |name: &str| message.header_value(name);
        let text = String::from_utf8_lossy(&message.body);
        let (severity, alert_type, source) =
            (header(LEVEL_HEADER), header(TYPE_HEADER), header("source"));
        let level = severity.parse().unwrap_or(AlertLevel::Error);
        let id = cx.delivery_id.as_str();
        match level {
            AlertLevel::Critical | AlertLevel::Error => {
                tracing::error!(target: "bongsu_alerts::channel", metric_type = "alert", alert_type, severity, source, delivery_id = id, "{text}");
            }
            AlertLevel::Warning => {
                tracing::warn!(target: "bongsu_alerts::channel", metric_type = "alert", alert_type, severity, source, delivery_id = id, "{text}");
            }
            AlertLevel::Info => {
                tracing::info!(target: "bongsu_alerts::channel", metric_type = "alert", alert_type, severity, source, delivery_id = id, "{text}");
            }
        }
        Outcome::delivered()
    }

    async fn deliver_content(&self, cx: &Attempt, target: &Target, content: &Content) -> Outcome {
        let _ = target;
        tracing::info!(target: "bongsu_alerts::channel", delivery_id = cx.delivery_id.as_str(), subject = content.subject.as_str(), "{}", content.text);
        Outcome::delivered()
    }

    async fn probe(&self) -> Outcome {
        Outcome::delivered()
    }
}
