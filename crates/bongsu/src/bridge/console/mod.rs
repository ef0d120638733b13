//! The console's data and actions from the parts that this build has.

#[cfg(feature = "alerts")]
mod alerts;
#[cfg(feature = "sqlite")]
mod keeper;
#[cfg(feature = "logging")]
mod log;
mod memory;
mod parts;
#[cfg(feature = "reports")]
mod reports;
#[cfg(feature = "metrics")]
mod scrape;
#[cfg(feature = "reports")]
mod session;
mod settings;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bongsu_console::{
    ActiveSilence, AlertQuery, AlertRecord, ConsoleSource, LogLine, LogQuery, MetricFamily,
    NewSilence, ReportEntry, Service, Setting, Snapshot, SourceError,
    history::{RESOLUTION, Sample, Trend},
};
use jiff::{Timestamp, civil::Date};
use tokio::sync::Notify;

use crate::{Config, parts::Parts, tasks::Tasks};
use memory::Memory;

/// The console as the facade mounts it.
#[derive(Debug)]
pub(crate) struct Console {
    pub(crate) router: axum::Router,
    end: Arc<Notify>,
}

impl Console {
    /// Ends the live pages' streams, so that a server that drains need not wait for them.
    pub(crate) fn end_live_pages(&self) {
        self.end.notify_one();
    }
}

/// Builds the console and starts what keeps it up to date.
pub(crate) fn start(config: &Config, parts: &Parts, tasks: &Tasks) -> Console {
    use bongsu_axum_glue::{ConsoleOptions, OpsPolicy, console_router};

    let source = Source::new(config, parts);
    let policy = parts
        .http
        .ops_token
        .clone()
        .unwrap_or_else(OpsPolicy::loopback);
    let (router, publisher) =
        console_router(Arc::new(source.clone()), policy, ConsoleOptions::default());
    let end = Arc::new(Notify::new());
    let ended = end.clone();
    tasks.spawn("console", async move {
        tokio::select! {
            () = publisher.run() => {}
            () = ended.notified() => {}
        }
    });
    tasks.spawn("console-history", record(source.clone()));
    #[cfg(feature = "alerts")]
    tasks.spawn(
        "console-deliveries",
        alerts::follow(source.0.alerts.subscribe(), source.0.memory.clone()),
    );
    #[cfg(feature = "reports")]
    if let Some(reports) = source.0.reports.clone() {
        tasks.spawn(
            "console-reports",
            reports::follow(reports, source.0.memory.clone()),
        );
    }
    Console { router, end }
}

/// Reads the figures that are not at hand, and keeps the history.
async fn record(source: Source) {
    #[cfg(feature = "sqlite")]
    let mut file = open_history(&source).await;
    let mut ticks = tokio::time::interval(RESOLUTION);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        let now = Timestamp::now();
        let known = source.0.clone();
        let sample = match tokio::task::spawn_blocking(move || known.sample(now)).await {
            Ok(sample) => sample,
            Err(error) => {
                tracing::error!(%error, "the console could not read its figures");
                continue;
            }
        };
        source.0.memory.keep(now, &sample);
        #[cfg(feature = "sqlite")]
        if let Some(keeper) = file.take() {
            file = store(keeper, now, sample).await;
        }
    }
}

/// The file of `BONGSU_CONSOLE_HISTORY`, with what it held taken into memory.
#[cfg(feature = "sqlite")]
async fn open_history(source: &Source) -> Option<keeper::Keeper> {
    let source = source.0.clone();
    if !source.config.console_history {
        return None;
    }
    let opened = tokio::task::spawn_blocking(move || {
        let path = source.config.data_dir.join("console.db");
        let now = Timestamp::now();
        let opened = source.config.create_data_dir().and_then(|()| {
            let keeper = keeper::Keeper::open(&path).map_err(|e| e.to_string())?;
            let kept = keeper.load(now).map_err(|e| e.to_string())?;
            for (at, sample) in kept {
                source.memory.keep(at, &sample);
            }
            Ok(keeper)
        });
        opened
            .inspect_err(|error| {
                tracing::warn!(error, path = %path.display(), "the console's history is kept in memory only");
            })
            .ok()
    });
    opened.await.ok().flatten()
}

/// Writes a sample; after a failure the history goes on in memory only.
#[cfg(feature = "sqlite")]
async fn store(keeper: keeper::Keeper, now: Timestamp, sample: Sample) -> Option<keeper::Keeper> {
    let stored = tokio::task::spawn_blocking(move || match keeper.add(now, &sample) {
        Ok(()) => Some(keeper),
        Err(error) => {
            tracing::warn!(%error, "the console's history goes on in memory only");
            None
        }
    });
    stored.await.ok().flatten()
}

/// The parts, as the console asks them.
#[derive(Clone, Debug)]
struct Source(Arc<Known>);

#[derive(Debug)]
struct Known {
    config: Config,
    started: Timestamp,
    memory: Arc<Memory>,
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

impl Source {
    #[allow(
        unused_variables,
        reason = "which parts there are depends on the features"
    )]
    fn new(config: &Config, parts: &Parts) -> Self {
        Self(Arc::new(Known {
            config: config.clone(),
            started: Timestamp::now(),
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

impl Known {
    /// Reads the figures that are not at hand, and takes those that the history keeps: of what fires only how
    /// many, so that none of it is copied.
    fn sample(&self, now: Timestamp) -> Sample {
        #[cfg(feature = "metrics")]
        self.memory.read(now, &self.metrics);
        #[allow(unused_mut, reason = "only alerting has something that fires")]
        let mut sample = Sample::of(&self.without_firing(now));
        #[cfg(feature = "alerts")]
        {
            let firing = self.alerts.get_statistics().active;
            sample.set(bongsu_console::history::Series::Firing, Some(firing as f64));
        }
        sample
    }

    fn figures(&self, now: Timestamp) -> Snapshot {
        #[allow(unused_mut, reason = "only alerting has something that fires")]
        let mut snapshot = self.without_firing(now);
        #[cfg(feature = "alerts")]
        {
            snapshot.alerts = alerts::active(&self.alerts);
        }
        snapshot
    }

    /// Everything but what fires.
    fn without_firing(&self, now: Timestamp) -> Snapshot {
        let service = Service {
            name: self.config.service.name.clone(),
            version: self.config.service.version.clone(),
            environment: self.config.service.environment.clone(),
            uptime: Duration::try_from(now.duration_since(self.started)).unwrap_or_default(),
        };
        let mut snapshot = Snapshot::new(now, service);
        self.memory.fill(&mut snapshot);
        self.fill(&mut snapshot);
        snapshot
    }
}

/// What a part that this build lacks would have answered.
#[allow(dead_code, reason = "a build with every part lacks none")]
fn lacks<T>(what: &'static str) -> Result<T, SourceError> {
    Err(SourceError::NotConfigured { what })
}

#[async_trait]
#[allow(
    unused_variables,
    reason = "which parts there are depends on the features"
)]
impl ConsoleSource for Source {
    async fn snapshot(&self) -> Snapshot {
        self.off(|known| known.figures(Timestamp::now())).await
    }

    async fn history(&self, span: Duration, columns: usize) -> Trend {
        self.off(move |known| known.memory.trend(Timestamp::now(), span, columns))
            .await
    }

    async fn alerts(&self, query: &AlertQuery) -> Result<Vec<AlertRecord>, SourceError> {
        #[cfg(feature = "alerts")]
        return alerts::history(&self.0.alerts, query, Timestamp::now()).await;
        #[cfg(not(feature = "alerts"))]
        lacks("alerting")
    }

    async fn silences(&self) -> Result<Vec<ActiveSilence>, SourceError> {
        #[cfg(feature = "alerts")]
        return Ok(alerts::silences(&self.0.alerts));
        #[cfg(not(feature = "alerts"))]
        lacks("alerting")
    }

    async fn logs(&self, query: &LogQuery) -> Result<Vec<LogLine>, SourceError> {
        #[cfg(feature = "logging")]
        {
            let query = query.clone();
            let tail = move |known: &Known| log::tail(&known.logs.recent(), &query);
            Ok(self.off(tail).await)
        }
        #[cfg(not(feature = "logging"))]
        lacks("the log")
    }

    async fn metrics(&self, samples: usize) -> Result<Vec<MetricFamily>, SourceError> {
        #[cfg(feature = "metrics")]
        {
            let families = self.off(move |known| {
                scrape::parse(&known.metrics.export_metrics(), samples, |_| true)
            });
            Ok(families.await)
        }
        #[cfg(not(feature = "metrics"))]
        lacks("the metrics")
    }

    async fn reports(&self) -> Result<Vec<ReportEntry>, SourceError> {
        #[cfg(feature = "reports")]
        if let Some(reports) = &self.0.reports {
            return reports::archive(reports, Timestamp::now()).await;
        }
        Err(SourceError::NotConfigured {
            what: "the daily report",
        })
    }

    async fn report_page(&self, session: Date) -> Result<String, SourceError> {
        #[cfg(feature = "reports")]
        if let Some(reports) = &self.0.reports {
            return reports::page(reports, session).await;
        }
        Err(SourceError::NotFound { what: "report" })
    }

    async fn config(&self) -> Result<Vec<Setting>, SourceError> {
        Ok(settings::settings(&self.0.config))
    }

    async fn acknowledge(&self, key: &str, by: &str) -> Result<(), SourceError> {
        #[cfg(feature = "alerts")]
        return alerts::answer(self.0.alerts.acknowledge(key, by).await);
        #[cfg(not(feature = "alerts"))]
        lacks("alerting")
    }

    async fn silence(&self, silence: NewSilence) -> Result<(), SourceError> {
        #[cfg(feature = "alerts")]
        return alerts::silence(&self.0.alerts, silence, Timestamp::now()).await;
        #[cfg(not(feature = "alerts"))]
        lacks("alerting")
    }

    async fn unsilence(&self, id: &str, by: &str) -> Result<(), SourceError> {
        #[cfg(feature = "alerts")]
        return match alerts::answer(self.0.alerts.unsilence(id).await)? {
            true => Ok(()),
            false => Err(SourceError::NotFound { what: "silence" }),
        };
        #[cfg(not(feature = "alerts"))]
        lacks("alerting")
    }

    async fn set_log_level(
        &self,
        directives: &str,
        ttl: Option<Duration>,
    ) -> Result<(), SourceError> {
        #[cfg(feature = "logging")]
        {
            let set = self.0.logs.set_level(directives, ttl);
            set.map_err(|error| SourceError::Refused {
                reason: error.to_string(),
            })
        }
        #[cfg(not(feature = "logging"))]
        lacks("the log")
    }
}
