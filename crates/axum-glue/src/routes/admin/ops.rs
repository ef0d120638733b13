use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

/// What an operator may ask of a running service: the other side of [`admin_router`](super::admin_router).
///
/// The facade implements it over its parts; a service that wires the crates itself implements what
/// it has. What is not implemented answers 501 with the reason. Answers are JSON as sent to the
/// caller; the router adds nothing to them.
#[async_trait]
pub trait AdminOps: Send + Sync + 'static {
    /// The service's health with every dependency, whatever the detail policy of `/health` says.
    async fn health(&self) -> AdminResult {
        Err(AdminError::Unavailable("health checks"))
    }

    /// The log filter in force.
    async fn log_level(&self) -> AdminResult {
        Err(AdminError::Unavailable("logging"))
    }

    /// Changes the log filter, for good or for a time after which the one before comes back.
    async fn set_log_level(&self, level: &str, lasts: Option<Duration>) -> AdminResult {
        let _ = (level, lasts);
        Err(AdminError::Unavailable("logging"))
    }

    /// The alerts that fire.
    async fn alerts(&self) -> AdminResult {
        Err(AdminError::Unavailable("alerts"))
    }

    /// The alerts of the time before now, newest first, each with what became of it.
    async fn alert_history(&self, back: Duration, limit: usize) -> AdminResult {
        let _ = (back, limit);
        Err(AdminError::Unavailable("alerts"))
    }

    /// Notes that somebody knows of a firing alert.
    async fn acknowledge(&self, key: &str, by: &str) -> AdminResult {
        let _ = (key, by);
        Err(AdminError::Unavailable("alerts"))
    }

    /// Says that a firing alert has ended.
    async fn resolve(&self, key: &str) -> AdminResult {
        let _ = key;
        Err(AdminError::Unavailable("alerts"))
    }

    /// The silences that have not ended.
    async fn silences(&self) -> AdminResult {
        Err(AdminError::Unavailable("alerts"))
    }

    /// Holds back matching alerts for a time.
    async fn silence(&self, silence: &SilenceRequest) -> AdminResult {
        let _ = silence;
        Err(AdminError::Unavailable("alerts"))
    }

    /// Ends a silence early.
    async fn unsilence(&self, id: &str) -> AdminResult {
        let _ = id;
        Err(AdminError::Unavailable("alerts"))
    }

    /// Alert channels with their state, and the counts of the alerting as a whole.
    async fn channels(&self) -> AdminResult {
        Err(AdminError::Unavailable("alerts"))
    }

    /// Sends a marked test message over a channel and says what came of it.
    async fn test_fire(&self, channel: &str) -> AdminResult {
        let _ = channel;
        Err(AdminError::Unavailable("alerts"))
    }

    /// Tries dead deliveries again.
    async fn replay(&self, replay: &ReplayRequest) -> AdminResult {
        let _ = replay;
        Err(AdminError::Unavailable("alerts"))
    }

    /// The report of a session as it would be sent; nothing is sent.
    async fn report_preview(&self, date: &str, form: ReportForm) -> Result<String, AdminError> {
        let _ = (date, form);
        Err(AdminError::Unavailable("reports"))
    }

    /// What became of each delivery of a session's report.
    async fn report_deliveries(&self, date: &str) -> AdminResult {
        let _ = date;
        Err(AdminError::Unavailable("reports"))
    }

    /// Sends the kept report of a session once more to everybody, as it is.
    async fn report_resend(&self, date: &str) -> AdminResult {
        let _ = date;
        Err(AdminError::Unavailable("reports"))
    }
}

/// The body of an answer, or why there is none.
pub type AdminResult = Result<Value, AdminError>;

/// Why an operation was not done.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// The service runs without this part: 501.
    #[error("this service runs without {0}")]
    Unavailable(&'static str),
    /// What was asked for does not make sense: 400.
    #[error("{0}")]
    Invalid(String),
    /// There is nothing of that name: 404.
    #[error("{0}")]
    NotFound(String),
    /// It was tried and failed: 502.
    #[error("{0}")]
    Failed(String),
}

/// The body of `PUT /admin/log-level`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LogLevelRequest {
    pub(super) level: String,
    pub(super) for_seconds: Option<u64>,
}

/// The body of `POST /admin/alerts/acknowledge`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AcknowledgeRequest {
    pub(super) key: String,
    pub(super) by: String,
}

/// The body of `POST /admin/alerts/resolve`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResolveRequest {
    pub(super) key: String,
}

/// The body of `POST /admin/silences`: which alerts (every condition given must hold, at least one
/// is needed), for how long, who asks and why.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SilenceRequest {
    /// Only the alert of this key.
    pub key: Option<String>,
    /// Only alerts from this source.
    pub source: Option<String>,
    /// Only alerts with this tag.
    pub tag: Option<String>,
    /// How long it lasts: 1 second to 30 days.
    pub for_seconds: u64,
    /// Who asks.
    pub by: String,
    /// Why.
    #[serde(default)]
    pub comment: String,
}

/// The body of `POST /admin/alerts/replay`: one of the two.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplayRequest {
    /// The dead delivery of this id, or every dead delivery of the alert of this id.
    Id(String),
    /// Everything that died since, in RFC 3339.
    Since(String),
}

/// The form of a report's preview.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum ReportForm {
    /// The page for a browser.
    #[default]
    Html,
    /// Plain text.
    Text,
    /// Every figure.
    Json,
    /// The session's fills.
    Csv,
}
