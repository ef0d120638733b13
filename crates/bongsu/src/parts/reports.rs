//! The daily report as the configuration asks for it.

mod source;

use std::{path::PathBuf, time::Duration};

use bongsu_desks::Part;
use bongsu_reports::{
    ReportError, ReportEvent, ReportGenerator, ReportGeneratorBuilder, ReportSource, Schedule,
    calendar::{Calendar, date_in_seoul},
    i18n::Lang,
    render::{ColourScheme, RenderOptions, Units},
    source::MarkPrice,
    summary::PeriodKind,
};
use jiff::civil::Date;
use tokio::sync::{broadcast, mpsc};

use super::{Parts, Start, adjust::Adjust};
use crate::{
    Bongsu, Builder, Config, Error, bridge,
    config::{ReportConfig, ReportPeriod},
    doctor::{Finding, judge},
    tasks::Stoppable,
};

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
    let report = &config.report;
    let builder = match settings.source {
        Some(builder) => Some(source::with_own_store(builder, config)?),
        None => source::with_store(config)?,
    };
    if builder.is_none() || !settings.schedule {
        // The schedule of a generator looks at the file by itself.
        cx.tasks
            .spawn("calendar", source::follow_file(report.calendar.clone()));
    }
    let Some(builder) = builder else {
        return Ok(None);
    };
    let schedule = Schedule::daily(report.time);
    let (sender, events) = mpsc::channel(WAITING);
    let builder = builder
        .service(&config.service.name, &config.service.environment)
        .schedule(schedule)
        .archive(archive(config))
        .calendar(report.calendar.clone())
        .benchmark(report.benchmark.as_str())
        .mark_price(if report.last_trade {
            MarkPrice::LastTrade
        } else {
            MarkPrice::KrxClose
        })
        .render_options(look(report))
        .observer(move |event: ReportEvent| {
            if sender.try_send(event).is_err() {
                tracing::warn!("events of reports come faster than they are handled");
            }
        });
    let periods = report.periods.iter();
    let builder = periods.fold(builder, |builder, (period, time)| {
        let kind = match period {
            ReportPeriod::Weekly => PeriodKind::Week,
            ReportPeriod::Monthly => PeriodKind::Month,
            ReportPeriod::Yearly => PeriodKind::Year,
        };
        builder.periodic(kind, time.map_or(schedule, Schedule::daily))
    });
    let (others, _) = broadcast::channel(WAITING);
    let builder = bridge::reports::connect(builder, &others, parts, config, cx.tasks);
    let generator = settings.builder.apply(builder).build();
    let generator = generator.map_err(|error| Error::setup("reports", error))?;
    cx.tasks.spawn("report-events", follow(events, others));
    cx.tasks
        .spawn("report-source", source::say_problems(generator.clone()));
    if settings.schedule {
        let running = Stoppable::start(|stop| generator.run_until(stop));
        // A report under way would stay unknown if it were cut off.
        cx.ends
            .push(async move { running.finish("the daily report", FLUSH).await });
    }
    Ok(Some(generator))
}

/// Says in the log what becomes of reports, and passes it on.
async fn follow(mut events: mpsc::Receiver<ReportEvent>, others: broadcast::Sender<ReportEvent>) {
    while let Some(event) = events.recv().await {
        say(&event);
        // Nobody else wants to know.
        let _ = others.send(event);
    }
}

fn say(event: &ReportEvent) {
    match event {
        ReportEvent::Generated { session, .. } => tracing::info!(%session, "report made"),
        ReportEvent::Completed { session, .. } => tracing::info!(%session, "report delivered"),
        ReportEvent::Retrying {
            key,
            reason,
            attempt,
            ..
        } => {
            tracing::warn!(channel = key.channel, session = %key.session, attempt, reason, "report not delivered yet");
        }
        ReportEvent::Skipped { sessions } => {
            let count = sessions.len();
            tracing::warn!(count, "sessions are too long ago to be reported");
        }
        ReportEvent::Undelivered { key, reason, .. } => {
            let (session, channel) = (key.session, &key.channel);
            tracing::error!("not delivered: report of {session} over {channel}: {reason}");
        }
        ReportEvent::Failed {
            stage,
            session,
            reason,
        } => {
            let session = session.map_or_else(String::new, |s| format!(" of {s}"));
            tracing::error!("report{session} failed ({}): {reason}", stage.as_str());
        }
        _ => {}
    }
}

/// How a report looks.
fn look(report: &ReportConfig) -> RenderOptions {
    RenderOptions::default()
        .lang(if report.korean { Lang::Ko } else { Lang::En })
        .colours(if report.western {
            ColourScheme::Western
        } else {
            ColourScheme::Korean
        })
        .units(if report.short_amounts {
            Units::Short
        } else {
            Units::Full
        })
}

/// Whether the exchange's calendar reaches far enough, and whether the tables are as a report needs them.
pub(crate) async fn doctor(config: &Config, settings: Settings) -> Vec<Finding> {
    let krx = config.report.calendar.get();
    // Of three days in a row one is no weekend, which the calendar knows without any data.
    let known = |year: i16| (2..=4).all(|day| krx.day(jiff::civil::date(year, 1, day)).is_ok());
    let today = date_in_seoul(jiff::Timestamp::now());
    let mut findings = vec![judge::calendar(today, known)];
    let builder = match settings.source {
        Some(builder) => Ok(Some(builder)),
        None => source::of(config),
    };
    let built = builder.map(|builder| builder.map(ReportGeneratorBuilder::build));
    match built {
        Ok(None) => {}
        Ok(Some(Ok(generator))) => findings.extend(source::doctor(&generator).await),
        Ok(Some(Err(error))) => findings.push(source::unusable(&error.to_string())),
        Err(error) => findings.push(source::unusable(&error.chain())),
    }
    findings
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
