//! What a report says about the running system, asked of whoever runs it.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::summary::{AlertsSummary, SystemHealth};

/// The sections a report takes from the running system.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReportContext {
    /// Uptime, health transitions, resources, errors.
    pub system: SystemHealth,
    /// Alerts.
    pub alerts: AlertsSummary,
}

/// Gives the system's part of a report over `[since, until)`.
///
/// It cannot fail: what is not known stays [`Missing::NotCollected`](crate::Missing::NotCollected).
#[async_trait]
pub trait ContextProvider: Send + Sync + std::fmt::Debug {
    /// What happened in the running system from `since` to before `until`.
    async fn context(&self, since: Timestamp, until: Timestamp) -> ReportContext;
}

/// Nothing is collected.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoContext;

#[async_trait]
impl ContextProvider for NoContext {
    async fn context(&self, _since: Timestamp, _until: Timestamp) -> ReportContext {
        ReportContext::default()
    }
}
