//! The daily report as the configuration asks for it.

use std::path::PathBuf;

use bongsu_reports::{
    ReportError, ReportEvent, ReportGenerator, ReportGeneratorBuilder, Schedule, i18n::Lang,
    render::RenderOptions,
};
use jiff::civil::Date;
use tokio::sync::mpsc;

use crate::{
    Bongsu, Config, Error,
    bridge::report_context::SystemContext,
    parts::Parts,
    tasks::{Stoppable, Tasks},
};

/// Events of reports that may wait; one a delivery and day is usual.
const WAITING: usize = 256;

/// A report that was just made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReportFiles {
    /// The session.
    pub session: Date,
    /// Where its files are.
    pub files: Vec<PathBuf>,
    /// Deliveries that arrived.
    pub delivered: usize,
    /// All deliveries.
    pub deliveries: usize,
}

impl Bongsu {
    /// Makes, archives and sends the report of a session now, outside of its schedule. A report
    /// that was sent already is not sent again.
    ///
    /// # Errors
    ///
    /// Without `DATABASE_URL`, or when the figures cannot be read.
    pub async fn report_now(&self, session: Date) -> Result<ReportFiles, Error> {
        let generator = self.reports().ok_or_else(|| {
            Error::Report("DATABASE_URL is not set: there is no source of figures".into())
        })?;
        let summary = generator
            .generate_daily_summary(session)
            .await
            .map_err(|error: ReportError| Error::Report(error.chain().into()))?;
        let sent = generator.send_daily_report(&summary).await;
        let kept = generator.kept_summary(session).await;
        let revision = kept.map_or(summary.edition.revision, |kept| kept.edition.revision);
        let folder = archive(self.config())
            .join(session.to_string())
            .join(format!("r{revision}"));
        Ok(ReportFiles {
            session,
            files: files(&folder).await,
            delivered: sent.count(bongsu_reports::deliver::DeliveryState::Delivered),
            deliveries: sent.deliveries.len(),
        })
    }
}

async fn files(folder: &std::path::Path) -> Vec<PathBuf> {
    let folder = folder.to_owned();
    let listed = tokio::task::spawn_blocking(move || {
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        files.sort();
        files
    });
    listed.await.unwrap_or_default()
}

fn archive(config: &Config) -> PathBuf {
    config.data_dir.join("reports")
}

/// Adds the report to the parts when there is a source of figures, and starts its schedule.
pub(crate) fn build(
    config: &Config,
    parts: &Parts,
    tasks: &Tasks,
    on_schedule: bool,
) -> Result<(Option<ReportGenerator>, Option<Stoppable>), Error> {
    let Some(builder) = with_source(config)? else {
        return Ok((None, None));
    };
    let time = config.report.time;
    let schedule = Schedule::new(&format!("{} {} * * *", time.minute(), time.hour()))
        .map_err(|error| Error::setup("reports", error))?;
    let lang = if config.report.korean {
        Lang::Ko
    } else {
        Lang::En
    };
    let (sender, events) = mpsc::channel(WAITING);
    let builder = builder
        .service(&config.service.name, &config.service.environment)
        .schedule(schedule)
        .archive(archive(config))
        .context(SystemContext::start(parts, tasks))
        .render_options(RenderOptions::default().lang(lang))
        .observer(move |event: ReportEvent| {
            if sender.try_send(event).is_err() {
                tracing::warn!("events of reports come faster than they are handled");
            }
        });
    #[cfg(feature = "alerts")]
    let builder = crate::bridge::report_sink::sinks(&parts.alerts)
        .into_iter()
        .fold(builder, bongsu_reports::ReportGeneratorBuilder::sink);
    let generator = builder
        .build()
        .map_err(|error| Error::setup("reports", error))?;
    tasks.spawn("report-events", follow(events, parts, config));
    let schedule = on_schedule.then(|| Stoppable::start(|stop| generator.run_until(stop)));
    Ok((Some(generator), schedule))
}

/// The source that `DATABASE_URL` names, with the store that goes with it: beside the trades in
/// PostgreSQL, so that replicas send one report; in a file of its own for SQLite.
fn with_source(config: &Config) -> Result<Option<ReportGeneratorBuilder>, Error> {
    #[cfg(feature = "sqlite")]
    if let Some(path) = config.sqlite_path() {
        config
            .create_data_dir()
            .map_err(|error| Error::setup("reports", error))?;
        let source = bongsu_reports::source::sqlite::SqliteSource::new(path);
        let store = bongsu_reports::store::SqliteStore::new(config.data_dir.join("reports.db"));
        return Ok(Some(ReportGenerator::builder(source).store(store)));
    }
    #[cfg(feature = "postgres")]
    if let Some(url) = config.postgres_url() {
        let bad = |error| Error::setup("reports", error);
        let source = bongsu_reports::source::postgres::PostgresSource::new(url).map_err(bad)?;
        let store = bongsu_reports::store::PostgresStore::new(url).map_err(bad)?;
        return Ok(Some(ReportGenerator::builder(source).store(store)));
    }
    #[cfg(not(any(feature = "postgres", feature = "sqlite")))]
    let _ = config;
    Ok(None)
}

/// Counts, logs, and raises an alert for what did not arrive.
#[allow(unused_variables, reason = "which parts exist depends on the features")]
fn follow(
    mut events: mpsc::Receiver<ReportEvent>,
    parts: &Parts,
    config: &Config,
) -> impl Future<Output = ()> + Send + 'static + use<> {
    #[cfg(feature = "alerts")]
    let (alerts, service) = (parts.alerts.clone(), config.service.name.clone());
    #[cfg(feature = "metrics")]
    let metrics = parts.metrics.clone();
    async move {
        #[cfg(feature = "metrics")]
        let mut took = std::time::Duration::ZERO;
        while let Some(event) = events.recv().await {
            #[cfg(feature = "metrics")]
            match &event {
                ReportEvent::Generated { took: time, .. } => {
                    took = *time;
                    metrics.record_report(None, took);
                }
                ReportEvent::Completed { at, .. } => {
                    metrics.record_report(Some(at.as_second() as f64), took);
                }
                _ => {}
            }
            match event {
                ReportEvent::Generated { session, .. } => tracing::info!(%session, "report made"),
                ReportEvent::Completed { session, .. } => {
                    tracing::info!(%session, "report delivered")
                }
                ReportEvent::Retrying {
                    key,
                    reason,
                    attempt,
                    ..
                } => {
                    tracing::warn!(channel = key.channel, session = %key.session, attempt, reason, "report not delivered yet");
                }
                ReportEvent::Skipped { sessions } => {
                    tracing::warn!(
                        count = sessions.len(),
                        "sessions are too long ago to be reported"
                    );
                }
                ReportEvent::Undelivered { key, reason, .. } => {
                    let what = format!("report of {} over {}: {reason}", key.session, key.channel);
                    tracing::error!("not delivered: {what}");
                    #[cfg(feature = "alerts")]
                    raise(&alerts, &service, "Report not delivered", what).await;
                }
                ReportEvent::Failed {
                    stage,
                    session,
                    reason,
                } => {
                    let session = session.map_or_else(String::new, |s| format!(" of {s}"));
                    let what = format!("report{session} failed ({}): {reason}", stage.as_str());
                    tracing::error!("{what}");
                    #[cfg(feature = "alerts")]
                    raise(&alerts, &service, "Report failed", what).await;
                }
                _ => {}
            }
        }
    }
}

#[cfg(feature = "alerts")]
async fn raise(alerts: &bongsu_alerts::AlertManager, service: &str, title: &str, what: String) {
    use bongsu_alerts::{Alert, AlertLevel};
    let alert = Alert::new(AlertLevel::Error, title, what, service)
        .kind("report")
        .tag("report");
    if let Err(error) = alerts.send_alert(alert).await {
        tracing::error!(%error, "an alert could not be accepted");
    }
}
