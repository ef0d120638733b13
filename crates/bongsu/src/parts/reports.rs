//! The daily report as the configuration asks for it.

use std::{path::PathBuf, time::Duration};

#[cfg(any(feature = "postgres", feature = "sqlite"))]
use bongsu_reports::source::{BadMapping, Mapping, time::StoredZone};
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
    config::ReportPeriod,
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
    let builder = match settings.source {
        Some(builder) => Some(with_own_store(builder, config)?),
        None => with_source(config)?,
    };
    let calendar = calendar(config)?;
    let Some(builder) = builder else {
        return Ok(None);
    };
    let time = config.report.time;
    let schedule = Schedule::daily(time);
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
        .calendar(calendar)
        .benchmark(config.report.benchmark.as_str())
        .mark_price(if config.report.last_trade {
            MarkPrice::LastTrade
        } else {
            MarkPrice::KrxClose
        })
        .render_options(
            RenderOptions::default()
                .lang(lang)
                .colours(if config.report.western {
                    ColourScheme::Western
                } else {
                    ColourScheme::Korean
                })
                .units(if config.report.short_amounts {
                    Units::Short
                } else {
                    Units::Full
                }),
        )
        .observer(move |event: ReportEvent| {
            if sender.try_send(event).is_err() {
                tracing::warn!("events of reports come faster than they are handled");
            }
        });
    let builder = config
        .report
        .periods
        .iter()
        .fold(builder, |builder, period| {
            let kind = match period {
                ReportPeriod::Weekly => PeriodKind::Week,
                ReportPeriod::Monthly => PeriodKind::Month,
                ReportPeriod::Yearly => PeriodKind::Year,
            };
            builder.periodic(kind, schedule)
        });
    let (others, _) = broadcast::channel(WAITING);
    let builder = bridge::reports::connect(builder, &others, parts, config, cx.tasks);
    let generator = settings.builder.apply(builder).build();
    let generator = generator.map_err(|error| Error::setup("reports", error))?;
    cx.tasks.spawn("report-events", follow(events, others));
    cx.tasks
        .spawn("report-source", check_source(generator.clone()));
    if settings.schedule {
        let running = Stoppable::start(|stop| generator.run_until(stop));
        // A report under way would stay unknown if it were cut off.
        cx.ends
            .push(async move { running.finish("the daily report", FLUSH).await });
    }
    Ok(Some(generator))
}

/// Says at the start, and not in the evening, what of the tables a report cannot be made of.
async fn check_source(generator: ReportGenerator) {
    match generator.check_source().await {
        Ok(problems) => {
            for problem in problems {
                tracing::error!(table = problem.table, "no report can be made: {problem}");
            }
        }
        Err(error) => tracing::warn!("the report's tables cannot be read yet: {}", error.chain()),
    }
}

/// The calendar, with the lines of `BONGSU_CALENDAR`.
fn calendar(config: &Config) -> Result<Calendar, Error> {
    match &config.report.calendar {
        None => Ok(Calendar::default()),
        Some(path) => {
            Calendar::from_file(path).map_err(|error| Error::setup("BONGSU_CALENDAR", error))
        }
    }
}

/// The queries of `BONGSU_REPORT_MAPPING`.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
fn mapping(config: &Config) -> Result<Mapping, Error> {
    let Some(path) = &config.report.mapping else {
        return Ok(Mapping::default());
    };
    let read = std::fs::read_to_string(path);
    let text = read.map_err(|error| Error::setup("BONGSU_REPORT_MAPPING", error))?;
    text.parse()
        .map_err(|error: BadMapping| Error::setup("BONGSU_REPORT_MAPPING", error))
}

/// What a report over a source of the service's own remembers, in the data folder.
fn with_own_store(
    builder: ReportGeneratorBuilder,
    config: &Config,
) -> Result<ReportGeneratorBuilder, Error> {
    #[cfg(feature = "sqlite")]
    let builder = {
        let folder = config.create_data_dir();
        folder.map_err(|error| Error::setup("reports", error))?;
        builder.store(bongsu_reports::store::SqliteStore::new(
            config.data_dir.join("reports.db"),
        ))
    };
    #[cfg(not(feature = "sqlite"))]
    let _ = config;
    Ok(builder)
}

/// The source that `DATABASE_URL` names, with the store that goes with it: beside the trades in
/// PostgreSQL, so that replicas send one report; in a file of its own for SQLite.
fn with_source(config: &Config) -> Result<Option<ReportGeneratorBuilder>, Error> {
    #[cfg(feature = "sqlite")]
    if let Some(path) = config.sqlite_path() {
        let zone = StoredZone::other(config.report.zone.clone());
        let source = bongsu_reports::source::sqlite::SqliteSource::new(path)
            .trades_zone(zone)
            .mapping(mapping(config)?);
        let builder = of_accounts(config, source, |source, account| source.account(account));
        return with_own_store(builder, config).map(Some);
    }
    #[cfg(feature = "postgres")]
    if let Some(url) = config.postgres_url() {
        let bad = |error| Error::setup("reports", error);
        let zone = StoredZone::other(config.report.zone.clone());
        let source = bongsu_reports::source::postgres::PostgresSource::new(url).map_err(bad)?;
        let source = source.trades_zone(zone).mapping(mapping(config)?);
        let store = bongsu_reports::store::PostgresStore::new(url).map_err(bad)?;
        let builder = of_accounts(config, source, |source, account| source.account(account));
        return Ok(Some(builder.store(store)));
    }
    #[cfg(not(any(feature = "postgres", feature = "sqlite")))]
    let _ = config;
    Ok(None)
}

/// The first account is the report's, the others get a section each.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
fn of_accounts<S: ReportSource + Clone>(
    config: &Config,
    source: S,
    choose: impl Fn(S, &str) -> S,
) -> ReportGeneratorBuilder {
    let mut accounts = config.report.accounts.iter();
    let first = match accounts.next() {
        Some(account) => choose(source.clone(), account),
        None => source.clone(),
    };
    accounts.fold(ReportGenerator::builder(first), |builder, account| {
        builder.also_account(account.as_str(), choose(source.clone(), account))
    })
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

/// Whether the exchange's calendar reaches far enough.
pub(crate) async fn doctor(config: &Config, _: Settings) -> Vec<Finding> {
    // What is wrong with the file keeps the service from starting, which says so.
    let krx = calendar(config).unwrap_or_default().get();
    // Of three days in a row one is no weekend, which the calendar knows without any data.
    let known = |year: i16| (2..=4).all(|day| krx.day(jiff::civil::date(year, 1, day)).is_ok());
    vec![judge::calendar(
        date_in_seoul(jiff::Timestamp::now()),
        known,
    )]
}

impl Bongsu {
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
