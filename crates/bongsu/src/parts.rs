//! Builds the parts in the order in which they need each other, and ends them in reverse.

use crate::{Builder, Config, Error, tasks::Tasks};

/// How long a report that is being sent may take at the end.
#[cfg(feature = "reports")]
const REPORT_FLUSH: std::time::Duration = std::time::Duration::from_secs(30);
/// How long accepted alerts may take to be delivered at the end.
#[cfg(feature = "alerts")]
const ALERT_FLUSH: std::time::Duration = std::time::Duration::from_secs(10);
/// How long the log may take to be written at the end.
#[cfg(feature = "logging")]
const LOG_FLUSH: std::time::Duration = std::time::Duration::from_secs(3);

/// What is there for the service to use.
#[derive(Debug)]
pub(crate) struct Parts {
    #[cfg(feature = "logging")]
    pub(crate) logs: bongsu_logging::LogHandle,
    #[cfg(feature = "metrics")]
    pub(crate) metrics: bongsu_metrics::ServiceMetrics,
    #[cfg(feature = "alerts")]
    pub(crate) alerts: bongsu_alerts::AlertManager,
    #[cfg(feature = "health")]
    pub(crate) health: bongsu_health::HealthCheck,
    #[cfg(feature = "resources")]
    pub(crate) resources: bongsu_resources::ResourceMonitor,
    #[cfg(feature = "reports")]
    pub(crate) reports: Option<bongsu_reports::ReportGenerator>,
    #[cfg(all(feature = "alerts", feature = "axum"))]
    pub(crate) panics: tokio::sync::mpsc::Sender<bongsu_axum_glue::PanicEvent>,
    /// The policy of `BONGSU_OPS_TOKEN`: one, so that wrong tokens are counted together.
    #[cfg(feature = "axum")]
    pub(crate) ops_token: Option<bongsu_axum_glue::OpsPolicy>,
    #[cfg(feature = "console")]
    pub(crate) console: Option<crate::bridge::console::Console>,
}

/// What has to be ended.
#[derive(Debug)]
pub(crate) struct Ends {
    #[cfg(feature = "reports")]
    reports: Option<crate::tasks::Stoppable>,
    #[cfg(feature = "resources")]
    resources: bongsu_resources::MonitorGuard,
    #[cfg(feature = "alerts")]
    alerts: crate::tasks::Stoppable,
    #[cfg(feature = "logging")]
    log: bongsu_logging::LogGuard,
}

impl Ends {
    pub(crate) async fn finish(self) {
        // A report under way would stay unknown if it were cut off.
        #[cfg(feature = "reports")]
        if let Some(reports) = self.reports {
            reports.finish("the daily report", REPORT_FLUSH).await;
        }
        #[cfg(feature = "resources")]
        drop(self.resources);
        #[cfg(feature = "alerts")]
        self.alerts.finish("alerts", ALERT_FLUSH).await;
        tracing::info!("stopped");
        #[cfg(feature = "logging")]
        {
            // What is still waiting then is said on standard error by the guard.
            let _ = self.log.handle().flush(LOG_FLUSH);
        }
    }
}

impl Parts {
    pub(crate) async fn build(
        builder: Builder,
        tasks: &Tasks,
    ) -> Result<(Config, Self, Ends), Error> {
        let config = builder.config;
        #[cfg(feature = "logging")]
        let logging = logging(&config)?;
        for unread in &config.unread {
            tracing::warn!(variable = unread.name, "{unread}");
        }
        #[cfg(feature = "metrics")]
        let metrics = metrics(&config)?;
        #[cfg(feature = "alerts")]
        let (alerts, alerts_end) =
            crate::alerting::build(&config, builder.channels, builder.rules, tasks).await?;
        #[cfg(all(feature = "alerts", feature = "logging"))]
        if let Some(errors) = logging.errors {
            let service = config.service.name.clone();
            crate::bridge::logs_to_alerts::start(errors, alerts.clone(), service, tasks);
        }
        #[cfg(feature = "health")]
        let health = health(&config, builder.checks)?;
        #[cfg(feature = "resources")]
        let resources = resources(&config)?;
        #[cfg(all(feature = "alerts", feature = "axum"))]
        let panics =
            crate::bridge::panics::start(alerts.clone(), config.service.name.clone(), tasks);
        #[cfg_attr(not(any(feature = "console", feature = "reports")), allow(unused_mut))]
        let mut parts = Self {
            #[cfg(all(feature = "alerts", feature = "axum"))]
            panics,
            #[cfg(feature = "logging")]
            logs: logging.guard.handle(),
            #[cfg(feature = "metrics")]
            metrics,
            #[cfg(feature = "alerts")]
            alerts,
            #[cfg(feature = "health")]
            health,
            #[cfg(feature = "resources")]
            resources,
            #[cfg(feature = "reports")]
            reports: None,
            #[cfg(feature = "axum")]
            ops_token: config
                .http
                .ops_token
                .as_ref()
                .map(|token| bongsu_axum_glue::OpsPolicy::token(token.expose())),
            #[cfg(feature = "console")]
            console: None,
        };
        #[cfg(feature = "reports")]
        let reports_end = {
            let on_schedule = builder.report_schedule;
            let (reports, end) = crate::reporting::build(&config, &parts, tasks, on_schedule)?;
            parts.reports = reports;
            end
        };
        parts.connect(&config, tasks);
        #[cfg(feature = "console")]
        {
            parts.console = Some(crate::bridge::console::start(&config, &parts, tasks));
        }
        let ends = Ends {
            #[cfg(feature = "reports")]
            reports: reports_end,
            #[cfg(feature = "resources")]
            resources: parts.resources.start(),
            #[cfg(feature = "alerts")]
            alerts: alerts_end,
            #[cfg(feature = "logging")]
            log: logging.guard,
        };
        tracing::info!(
            version = config.service.version,
            features = crate::FEATURES.join(","),
            "monitoring started"
        );
        Ok((config, parts, ends))
    }

    /// Starts the loops between the parts.
    #[allow(unused_variables, reason = "which loops exist depends on the features")]
    fn connect(&self, config: &Config, tasks: &Tasks) {
        #[allow(unused_imports, reason = "which loops exist depends on the features")]
        use crate::bridge;
        #[cfg(feature = "health")]
        for check in self.health.tasks() {
            tasks.spawn("health", check);
        }
        #[cfg(all(feature = "health", feature = "metrics"))]
        bridge::health_to_metrics::export(self.health.clone(), &self.metrics);
        #[cfg(all(feature = "logging", feature = "metrics"))]
        bridge::logs_to_metrics::export(self.logs.clone(), &self.metrics);
        #[cfg(all(feature = "health", feature = "logging"))]
        tasks.spawn(
            "log-counts",
            bridge::logs_to_health::follow(self.logs.clone(), self.health.clone()),
        );
        #[cfg(all(feature = "logging", unix))]
        tasks.spawn("log-reopen", reopen_on_hangup(self.logs.clone()));
        #[cfg(all(feature = "alerts", feature = "metrics"))]
        bridge::alerts_to_metrics::start(&self.alerts, &self.metrics, tasks);
        #[cfg(all(feature = "alerts", feature = "health"))]
        tasks.spawn(
            "health-alerts",
            bridge::alerts_follow::health(
                self.alerts.clone(),
                self.health.subscribe(),
                config.service.name.clone(),
            ),
        );
        #[cfg(all(feature = "alerts", feature = "resources"))]
        tasks.spawn(
            "resource-alerts",
            bridge::alerts_follow::resources(self.alerts.clone(), self.resources.subscribe()),
        );
        #[cfg(all(feature = "resources", any(feature = "health", feature = "metrics")))]
        {
            #[cfg(feature = "health")]
            let health = self.health.clone();
            #[cfg(feature = "metrics")]
            let metrics = self.metrics.clone();
            let export = move |sample: &bongsu_resources::SystemResources| {
                #[cfg(feature = "health")]
                bridge::resources_export::to_health(&health, sample);
                #[cfg(feature = "metrics")]
                bridge::resources_export::to_metrics(&metrics, sample);
            };
            tasks.spawn(
                "resource-export",
                bridge::resources_export::follow(self.resources.clone(), export),
            );
        }
    }
}

/// Bytes of the newest log lines that the console shows.
#[cfg(all(feature = "console", feature = "logging"))]
const RECENT_LOG: usize = 1 << 20;

#[cfg(feature = "logging")]
fn logging(config: &Config) -> Result<Logging, Error> {
    let format = config.log.format.parse().unwrap_or_default();
    let logging =
        bongsu_logging::LoggingConfig::new(&config.service.name, &config.service.environment)
            .level(&config.log.level)
            .format(format)
            .dir(config.log.dir.clone());
    #[cfg(feature = "console")]
    let logging = logging.recent(RECENT_LOG);
    #[cfg(feature = "alerts")]
    let (logging, errors) = if config.alerts.on_errors {
        let (call, errors) = crate::bridge::logs_to_alerts::channel();
        (logging.on_error(call), Some(errors))
    } else {
        (logging, None)
    };
    let guard = logging
        .build()
        .and_then(bongsu_logging::Logging::install)
        .map_err(|error| Error::setup("logging", error))?;
    Ok(Logging {
        guard,
        #[cfg(feature = "alerts")]
        errors,
    })
}

/// The log in force, and the errors that are to be alerts.
#[cfg(feature = "logging")]
struct Logging {
    guard: bongsu_logging::LogGuard,
    #[cfg(feature = "alerts")]
    errors: Option<tokio::sync::mpsc::Receiver<crate::bridge::logs_to_alerts::Logged>>,
}

/// A logrotate that asks by signal instead of by renaming.
#[cfg(all(feature = "logging", unix))]
async fn reopen_on_hangup(logs: bongsu_logging::LogHandle) {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::hangup()) {
        Ok(mut hangup) => {
            while hangup.recv().await.is_some() {
                logs.reopen();
                tracing::info!("log reopened on SIGHUP");
            }
        }
        Err(error) => tracing::warn!(%error, "cannot watch for SIGHUP"),
    }
}

#[cfg(feature = "metrics")]
fn metrics(config: &Config) -> Result<bongsu_metrics::ServiceMetrics, Error> {
    let metrics = bongsu_metrics::ServiceMetrics::builder(&config.service.name)
        .service_info(&config.service.version, &config.service.environment)
        .build()
        .map_err(|error| Error::setup("metrics", error))?;
    if let Err(error) = metrics.install_recorder() {
        tracing::warn!(%error, "metrics recorded through macros go to the recorder that is there");
    }
    Ok(metrics)
}

#[cfg(feature = "health")]
fn health(
    config: &Config,
    added: Vec<bongsu_health::Check>,
) -> Result<bongsu_health::HealthCheck, Error> {
    bongsu_health::HealthCheck::builder(&config.service.name)
        .version(&config.service.version)
        .checks(crate::database::checks(config)?)
        .checks(added)
        .build()
        .map_err(|error| Error::setup("health", error))
}

#[cfg(feature = "resources")]
fn resources(config: &Config) -> Result<bongsu_resources::ResourceMonitor, Error> {
    use bongsu_resources::{ResourceMonitor, ResourceThresholds, Threshold};
    let settings = &config.resources;
    // The timers stay as they are; a margin has to leave room below a low threshold.
    let at = |threshold: Threshold, (warning, critical): (f64, f64)| Threshold {
        warning,
        critical,
        margin: threshold.margin.min(warning / 2.0),
        ..threshold
    };
    let default = ResourceThresholds::default();
    ResourceMonitor::builder()
        .thresholds(
            default
                .cpu(at(default.cpu, settings.cpu))
                .memory(at(default.memory, settings.memory))
                .disk(at(default.disk, settings.disk)),
        )
        .interval(settings.interval)
        .disk_path(&settings.disk_path)
        .history(samples_a_day(settings.interval))
        .build()
        .map_err(|error| Error::setup("resources", error))
}

/// Enough of a history for the daily report, within bounds.
#[cfg(feature = "resources")]
fn samples_a_day(interval: std::time::Duration) -> usize {
    let samples = std::time::Duration::from_secs(24 * 3600).as_secs_f64() / interval.as_secs_f64();
    (samples.ceil() as usize).clamp(1_000, 20_000)
}
