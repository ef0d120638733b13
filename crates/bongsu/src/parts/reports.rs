//! The daily report as the configuration asks for it.

use std::{path::PathBuf, time::Duration};

use bongsu_bridge::day::say;
use bongsu_desks::Part;
use bongsu_reports::{
    ReportError, ReportEvent, ReportGenerator, ReportGeneratorBuilder, ReportSource,
    calendar::Calendar,
};
use bongsu_setup::reports;
use jiff::civil::Date;
use tokio::sync::{broadcast, mpsc};

use super::{Parts, Start, adjust::Adjust};
use crate::{Bongsu, Builder, Config, Error, bridge, doctor::Finding, tasks::Stoppable};

/// How long a report that is being sent may take at the end.
const FLUSH: Duration = Duration::from_secs(30);
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

/// What an operator meets of it.
pub(crate) fn desk(config: &Config, parts: &Parts) -> Option<Box<dyn Part>> {
    let report = &config.report;
    Some(Box::new(bongsu_desks::Reports::new(
        parts.reports.clone(),
        report.calendar.clone(),
        report.time,
    )))
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
        let folder = reports::archive(self.config())
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

pub(crate) type Joined = Option<ReportGenerator>;

#[derive(Debug)]
pub(crate) struct Settings {
    schedule: bool,
    source: Option<ReportGeneratorBuilder>,
    builder: Adjust<ReportGeneratorBuilder>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            schedule: true,
            source: None,
            builder: Adjust::default(),
        }
    }
}

/// The report, when there is a source of figures, with its schedule running.
pub(crate) async fn join(
    cx: &mut Start<'_>,
    settings: Settings,
    parts: &Parts,
) -> Result<Joined, Error> {
    let config = &*cx.config;
    let builder = reports::builder(config, settings.source)?;
    if builder.is_none() || !settings.schedule {
        // The schedule of a generator looks at the file by itself.
        let calendar = config.report.calendar.clone();
        cx.tasks.spawn("calendar", reports::follow_file(calendar));
    }
    let Some(builder) = builder else {
        return Ok(None);
    };
    let (sender, events) = mpsc::channel(WAITING);
    let builder = builder.observer(move |event: ReportEvent| {
        if sender.try_send(event).is_err() {
            tracing::warn!("events of reports come faster than they are handled");
        }
    });
    let (others, _) = broadcast::channel(WAITING);
    let builder = bridge::reports::connect(builder, &others, parts, config, cx.tasks);
    let generator = settings.builder.apply(builder).build();
    let generator = generator.map_err(|error| Error::setup("reports", error))?;
    cx.tasks.spawn("report-events", say(events, others));
    cx.tasks
        .spawn("report-source", reports::say_problems(generator.clone()));
    if settings.schedule {
        let running = Stoppable::start(|stop| generator.run_until(stop));
        // A report under way would stay unknown if it were cut off.
        cx.ends
            .push(async move { running.finish("the daily report", FLUSH).await });
    }
    Ok(Some(generator))
}

/// Whether the exchange's calendar reaches far enough, and whether the tables are as a report needs them.
pub(crate) async fn doctor(config: &Config, settings: Settings) -> Vec<Finding> {
    reports::doctor(config, settings.source).await
}

impl Bongsu {
    /// The exchange's calendar with the lines of `BONGSU_CALENDAR`, which it follows; clones share it.
    /// [`Config`] has it before the start, as `report.calendar`.
    #[must_use]
    pub fn calendar(&self) -> &Calendar {
        &self.config().report.calendar
    }

    /// The daily report; none without `DATABASE_URL` or a source of the service's own.
    #[must_use]
    pub fn reports(&self) -> Option<&ReportGenerator> {
        self.0.parts.reports.as_ref()
    }
}

impl Builder {
    /// Whether this process sends the daily report on its schedule. Default: it does. A tool that
    /// makes one report by hand says no.
    pub fn report_schedule(mut self, on: bool) -> Self {
        self.settings.reports.schedule = on;
        self
    }

    /// Takes the report's figures from a source of the service's own, instead of the tables in the
    /// database of `DATABASE_URL`.
    pub fn report_source(mut self, source: impl ReportSource) -> Self {
        self.settings.reports.source = Some(ReportGenerator::builder(source));
        self
    }

    /// Changes how the report is made: calendar, benchmark, renderer, further sinks.
    pub fn reports(
        mut self,
        change: impl FnOnce(ReportGeneratorBuilder) -> ReportGeneratorBuilder + Send + Sync + 'static,
    ) -> Self {
        self.settings.reports.builder.push(change);
        self
    }
}
