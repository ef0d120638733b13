use std::{fmt, sync::Arc};

use crate::{AlertDesk, HealthDesk, LogDesk, MetricDesk, ReportDesk, RuleDesk, ServiceDesk};

/// A running service as its operator meets it: what each of its parts answers. Cheap to clone.
///
/// The facade makes it of its parts; a service that wires the crates itself gives what it has. What is not given
/// answers which part the service runs without. Requests were checked before
/// ([`NewSilence::check`](crate::NewSilence::check) and its kin): whoever lets operators in does that. Answers are shown to whoever may
/// see them, so that secrets must be masked there. None may block.
///
/// ```
/// use std::sync::Arc;
///
/// use bongsu_ops::{Operator, Service, ServiceDesk, Snapshot};
///
/// struct Engine;
///
/// #[async_trait::async_trait]
/// impl ServiceDesk for Engine {
///     async fn snapshot(&self) -> Snapshot {
///         Snapshot::new(jiff::Timestamp::UNIX_EPOCH, Service::default())
///     }
/// }
///
/// # async fn asked() {
/// let operator = Operator::new(Arc::new(Engine));
/// let refused = operator.alerts().firing().await.unwrap_err();
/// assert!(refused.to_string().contains("alerts"));
/// # }
/// ```
#[derive(Clone)]
pub struct Operator {
    service: Arc<dyn ServiceDesk>,
    alerts: Arc<dyn AlertDesk>,
    health: Arc<dyn HealthDesk>,
    logs: Arc<dyn LogDesk>,
    metrics: Arc<dyn MetricDesk>,
    reports: Arc<dyn ReportDesk>,
    rules: Arc<dyn RuleDesk>,
}

impl Operator {
    /// A service of which nothing else is known.
    #[must_use]
    pub fn new(service: Arc<dyn ServiceDesk>) -> Self {
        Self {
            service,
            alerts: Arc::new(Absent),
            health: Arc::new(Absent),
            logs: Arc::new(Absent),
            metrics: Arc::new(Absent),
            reports: Arc::new(Absent),
            rules: Arc::new(Absent),
        }
    }

    /// The same with its alerts.
    #[must_use]
    pub fn with_alerts(mut self, desk: Arc<dyn AlertDesk>) -> Self {
        self.alerts = desk;
        self
    }

    /// The same with its health.
    #[must_use]
    pub fn with_health(mut self, desk: Arc<dyn HealthDesk>) -> Self {
        self.health = desk;
        self
    }

    /// The same with its logs.
    #[must_use]
    pub fn with_logs(mut self, desk: Arc<dyn LogDesk>) -> Self {
        self.logs = desk;
        self
    }

    /// The same with its metrics.
    #[must_use]
    pub fn with_metrics(mut self, desk: Arc<dyn MetricDesk>) -> Self {
        self.metrics = desk;
        self
    }

    /// The same with its reports.
    #[must_use]
    pub fn with_reports(mut self, desk: Arc<dyn ReportDesk>) -> Self {
        self.reports = desk;
        self
    }

    /// The same with its rules.
    #[must_use]
    pub fn with_rules(mut self, desk: Arc<dyn RuleDesk>) -> Self {
        self.rules = desk;
        self
    }

    /// The service as a whole.
    #[must_use]
    pub fn service(&self) -> &dyn ServiceDesk {
        &*self.service
    }

    /// Its alerts, silences and channels.
    #[must_use]
    pub fn alerts(&self) -> &dyn AlertDesk {
        &*self.alerts
    }

    /// Its health.
    #[must_use]
    pub fn health(&self) -> &dyn HealthDesk {
        &*self.health
    }

    /// Its log.
    #[must_use]
    pub fn logs(&self) -> &dyn LogDesk {
        &*self.logs
    }

    /// Its metrics.
    #[must_use]
    pub fn metrics(&self) -> &dyn MetricDesk {
        &*self.metrics
    }

    /// Its reports.
    #[must_use]
    pub fn reports(&self) -> &dyn ReportDesk {
        &*self.reports
    }

    /// Its rules.
    #[must_use]
    pub fn rules(&self) -> &dyn RuleDesk {
        &*self.rules
    }
}

impl fmt::Debug for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operator").finish_non_exhaustive()
    }
}

/// A part that the service runs without.
struct Absent;

impl AlertDesk for Absent {}
impl HealthDesk for Absent {}
impl LogDesk for Absent {}
impl MetricDesk for Absent {}
impl ReportDesk for Absent {}
impl RuleDesk for Absent {}
