//! A service as its operator meets it: asked and told through `/admin` and `/console`, answered by the parts that
//! this build has.

#[cfg(feature = "alerts")]
mod alerts;
#[cfg(all(feature = "console", feature = "reports"))]
mod closing;
#[cfg(all(feature = "console", feature = "metrics"))]
mod figures;
#[cfg(feature = "console")]
mod memory;
#[cfg(feature = "console")]
mod parts;
#[cfg(feature = "reports")]
mod reports;
#[cfg(all(feature = "console", feature = "reports"))]
mod session;
mod settings;
#[cfg(all(feature = "console", feature = "reports"))]
mod venues;

use std::sync::Arc;
#[cfg(feature = "console")]
use std::time::Duration;

use async_trait::async_trait;
#[allow(unused_imports, reason = "what is asked depends on the features")]
use bongsu_ops::{
    AboutAlert, Accepted, ActiveSilence, AlertQuery, AlertRecord, Channels, EndSilence, Explained,
    FiringAlert, LogLevelNow, LogLine, LogQuery, MetricFamily, NewAlert, NewSilence, Operator,
    OpsError, OpsResult, RebuildReports, Rebuilt, Replay, ReportDeliveries, ReportEntry,
    ReportForm, SetLogLevel, Setting, SilencePreview, Snapshot, Tested,
};
#[allow(unused_imports, reason = "what is asked depends on the features")]
use jiff::{Timestamp, civil::Date};
#[allow(unused_imports, reason = "what is asked depends on the features")]
use serde_json::Value;

use crate::{Config, parts::Parts};

/// The parts of one service, as its operator asks them. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Desk(Arc<Known>);

#[derive(Debug)]
struct Known {
    config: Config,
    #[cfg(feature = "console")]
    started: Timestamp,
    #[cfg(feature = "console")]
    memory: Arc<memory::Memory>,
    #[cfg(feature = "logging")]
    logs: bongsu_logging::LogHandle,
    #[cfg(feature = "metrics")]
    metrics: bongsu_metrics::ServiceMetrics,
    #[cfg(feature = "alerts")]
    alerts: bongsu_alerts::AlertManager,
    #[cfg(feature = "health")]
    health: bongsu_health::HealthCheck,
    #[cfg(feature = "resources")]
    resources: bongsu_resources::ResourceMonitor,
    #[cfg(feature = "reports")]
    reports: Option<bongsu_reports::ReportGenerator>,
}

impl Desk {
    #[allow(
        unused_variables,
        reason = "which parts there are depends on the features"
    )]
    pub(crate) fn new(config: &Config, parts: &Parts) -> Self {
        Self(Arc::new(Known {
            config: config.clone(),
            #[cfg(feature = "console")]
            started: Timestamp::now(),
            #[cfg(feature = "console")]
            memory: Arc::default(),
            #[cfg(feature = "logging")]
            logs: parts.logs.handle.clone(),
            #[cfg(feature = "metrics")]
            metrics: parts.metrics.clone(),
            #[cfg(feature = "alerts")]
            alerts: parts.alerts.clone(),
            #[cfg(feature = "health")]
            health: parts.health.clone(),
            #[cfg(feature = "resources")]
            resources: parts.resources.clone(),
            #[cfg(feature = "reports")]
            reports: parts.reports.clone(),
        }))
    }

    /// Does what goes through much, as there is in an incident, on the runtime's threads for blocking calls.
    #[allow(dead_code, reason = "what is asked depends on the features")]
    async fn off<T: Send + 'static>(
        &self,
        work: impl Fn(&Known) -> T + Clone + Send + 'static,
    ) -> T {
        let (known, task) = (self.0.clone(), work.clone());
        match tokio::task::spawn_blocking(move || task(&known)).await {
            Ok(done) => done,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The runtime is stopping and takes no more of them.
            Err(_) => work(&self.0),
        }
    }
}

/// What the console keeps for itself.
#[cfg(feature = "console")]
impl Desk {
    /// Reads the figures that are not at hand, and takes those that the history keeps: of what fires only how
    /// many, so that none of it is copied. Takes a while where there is much.
    pub(super) fn sample(&self, now: Timestamp) -> bongsu_console::history::Sample {
        let known = &self.0;
        #[cfg(feature = "metrics")]
        known.memory.read(now, &known.metrics);
        #[allow(unused_mut, reason = "only alerting has something that fires")]
        let mut sample = bongsu_console::history::Sample::of(&known.without_firing(now));
        #[cfg(feature = "alerts")]
        {
            let firing = known.alerts.get_statistics().active;
            sample.set(bongsu_console::history::Series::Firing, Some(firing as f64));
        }
        sample
    }

    /// Remembers when each channel last took something.
    #[cfg(feature = "alerts")]
    pub(super) fn follow_deliveries(&self) -> impl Future<Output = ()> + use<> {
        alerts::follow(self.0.alerts.subscribe(), self.0.memory.clone())
    }

    /// Looks for the last report now and then.
    #[cfg(feature = "reports")]
    pub(super) fn follow_reports(&self) -> Option<impl Future<Output = ()> + use<>> {
        let reports = self.0.reports.clone()?;
        Some(closing::follow(reports, self.0.memory.clone()))
    }
}

impl Known {
    #[cfg(feature = "console")]
    fn figures(&self, now: Timestamp) -> Snapshot {
        #[allow(unused_mut, reason = "only alerting has something that fires")]
        let mut snapshot = self.without_firing(now);
        #[cfg(feature = "alerts")]
        {
            snapshot.alerts = bongsu_ops::Figure::Known(alerts::active(&self.alerts));
        }
        snapshot
    }

    /// Everything but what fires.
    #[cfg(feature = "console")]
    fn without_firing(&self, now: Timestamp) -> Snapshot {
        let service = &self.config.service;
        let uptime = Duration::try_from(now.duration_since(self.started));
        let service = bongsu_ops::Service {
            name: service.name.clone(),
            version: service.version.clone(),
            environment: service.environment.clone(),
            uptime: uptime.unwrap_or_default(),
        };
        let mut snapshot = Snapshot::new(now, service);
        self.memory.fill(&mut snapshot);
        self.fill(&mut snapshot);
        snapshot
    }

    #[cfg(feature = "reports")]
    fn reports(&self) -> OpsResult<&bongsu_reports::ReportGenerator> {
        let none = "DATABASE_URL: there is no source of figures";
        self.reports.as_ref().ok_or(OpsError::Unavailable(none))
    }

    #[cfg(feature = "logging")]
    fn log_level(&self) -> LogLevelNow {
        LogLevelNow {
            level: self.logs.level(),
            lasts_seconds: self.logs.level_lasts().map(|left| left.as_secs()),
        }
    }
}

#[async_trait]
impl Operator for Desk {
    async fn snapshot(&self) -> Snapshot {
        #[cfg(feature = "console")]
        return self.off(|known| known.figures(Timestamp::now())).await;
        #[cfg(not(feature = "console"))]
        Snapshot::new(Timestamp::now(), bongsu_ops::Service::default())
    }

    async fn config(&self) -> OpsResult<Vec<Setting>> {
        Ok(settings::settings(&self.0.config))
    }

    #[cfg(feature = "health")]
    async fn health(&self) -> OpsResult<Value> {
        let body = self.0.health.health_response(true, false).body;
        serde_json::from_slice(&body).map_err(|error| OpsError::Failed(error.to_string()))
    }

    #[cfg(feature = "logging")]
    async fn log_level(&self) -> OpsResult<LogLevelNow> {
        Ok(self.0.log_level())
    }

    #[cfg(feature = "logging")]
    async fn set_log_level(&self, asked: &SetLogLevel) -> OpsResult<LogLevelNow> {
        let set = self.0.logs.set_level(&asked.level, asked.lasts());
        set.map_err(|error| OpsError::Invalid(error.to_string()))?;
        Ok(self.0.log_level())
    }

    #[cfg(all(feature = "console", feature = "logging"))]
    async fn logs(&self, query: &LogQuery) -> OpsResult<Vec<LogLine>> {
        let query = query.clone();
        let tail = move |known: &Known| bongsu_console::logs::tail(&known.logs.recent(), &query);
        Ok(self.off(tail).await)
    }

    #[cfg(all(feature = "console", feature = "metrics"))]
    async fn metrics(&self, samples: usize) -> OpsResult<Vec<MetricFamily>> {
        let read = move |known: &Known| figures::families(&known.metrics, samples);
        Ok(self.off(read).await)
    }

    #[cfg(feature = "alerts")]
    async fn firing(&self) -> OpsResult<Vec<FiringAlert>> {
        Ok(self.off(|known| alerts::active(&known.alerts)).await)
    }

    #[cfg(feature = "alerts")]
    async fn alerts(&self, query: &AlertQuery) -> OpsResult<Vec<AlertRecord>> {
        alerts::history(&self.0.alerts, query, Timestamp::now()).await
    }

    #[cfg(feature = "alerts")]
    async fn send(&self, asked: &NewAlert) -> OpsResult<Accepted> {
        alerts::send(&self.0.alerts, asked).await
    }

    #[cfg(feature = "alerts")]
    async fn acknowledge(&self, asked: &AboutAlert) -> OpsResult<()> {
        let known = self.0.alerts.acknowledge(&asked.key, &asked.by).await;
        known.map_err(alerts::failed)
    }

    #[cfg(feature = "alerts")]
    async fn unacknowledge(&self, asked: &AboutAlert) -> OpsResult<()> {
        let known = self.0.alerts.unacknowledge(&asked.key, &asked.by).await;
        known.map_err(alerts::failed)
    }

    #[cfg(feature = "alerts")]
    async fn explain(&self, asked: &NewAlert) -> OpsResult<Explained> {
        Ok(alerts::explain(&self.0.alerts, asked))
    }

    #[cfg(feature = "alerts")]
    async fn resolve(&self, asked: &AboutAlert) -> OpsResult<usize> {
        let receipt = self.0.alerts.resolve(&asked.key).await;
        Ok(receipt.map_err(alerts::unresolved)?.deliveries())
    }

    #[cfg(feature = "alerts")]
    async fn silences(&self) -> OpsResult<Vec<ActiveSilence>> {
        let shown = |known: &Known| {
            let silences = known.alerts.silences();
            silences
                .iter()
                .map(|one| alerts::shown(&known.alerts, one))
                .collect()
        };
        Ok(self.off(shown).await)
    }

    #[cfg(feature = "alerts")]
    async fn silence(&self, asked: &NewSilence) -> OpsResult<ActiveSilence> {
        let zone = &self.0.config.delivery.time_zone;
        alerts::silence(&self.0.alerts, asked, zone, Timestamp::now()).await
    }

    #[cfg(feature = "alerts")]
    async fn preview_silence(&self, asked: &NewSilence) -> OpsResult<SilencePreview> {
        let asked = asked.clone();
        let preview = move |known: &Known| alerts::preview(&known.alerts, &asked);
        Ok(self.off(preview).await)
    }

    #[cfg(feature = "alerts")]
    async fn unsilence(&self, asked: &EndSilence) -> OpsResult<()> {
        match self.0.alerts.unsilence(&asked.id).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(OpsError::no_such("silence")),
            Err(error) => Err(alerts::failed(error)),
        }
    }

    #[cfg(feature = "alerts")]
    async fn channels(&self) -> OpsResult<Channels> {
        Ok(alerts::statistics(&self.0.alerts.get_statistics()))
    }

    #[cfg(feature = "alerts")]
    async fn test_channel(&self, channel: &str) -> OpsResult<Tested> {
        alerts::test(&self.0.alerts, channel).await
    }

    #[cfg(feature = "alerts")]
    async fn replay(&self, asked: &Replay) -> OpsResult<usize> {
        alerts::replay(&self.0.alerts, asked).await
    }

    #[cfg(feature = "reports")]
    async fn reports(&self) -> OpsResult<Vec<ReportEntry>> {
        reports::archive(self.0.reports()?, Timestamp::now()).await
    }

    #[cfg(feature = "reports")]
    async fn report_page(&self, session: Date) -> OpsResult<String> {
        reports::page(self.0.reports()?, session).await
    }

    #[cfg(feature = "reports")]
    async fn report_preview(&self, session: Date, form: ReportForm) -> OpsResult<String> {
        reports::preview(self.0.reports()?, session, form).await
    }

    #[cfg(feature = "reports")]
    async fn report_deliveries(&self, session: Date) -> OpsResult<ReportDeliveries> {
        let sent = self.0.reports()?.deliveries(session).await;
        Ok(reports::deliveries(session, sent.map_err(reports::failed)?))
    }

    #[cfg(feature = "reports")]
    async fn report_resend(&self, session: Date) -> OpsResult<ReportDeliveries> {
        let sent = self.0.reports()?.resend(session).await;
        Ok(reports::deliveries(session, sent.map_err(reports::failed)?))
    }

    #[cfg(feature = "reports")]
    async fn rebuild_reports(&self, asked: &RebuildReports) -> OpsResult<Rebuilt> {
        let (from, rebuilt) = (asked.from, self.0.reports()?.rebuild(asked.from).await);
        let rows = rebuilt.map_err(reports::failed)?;
        Ok(Rebuilt { from, rows })
    }
}
