//! Where the report's figures come from, and whether that is as a report needs it.

use std::time::Duration;

use bongsu_config::{Config, doctor::Finding};
use bongsu_reports::{ReportGenerator, ReportGeneratorBuilder, calendar::Calendar};
#[cfg(any(feature = "postgres", feature = "sqlite"))]
use bongsu_reports::{ReportSource, source::time::StoredZone};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::{Error, doctor::PATIENCE};

/// How often a calendar's file is looked at where no schedule does it.
const LOOK: Duration = Duration::from_secs(60);
const SUBJECT: &str = "report tables";
const REMEDY: &str = "docs/reports.md has a CREATE TABLE of each; BONGSU_REPORT_MAPPING makes another \
                      schema a source, BONGSU_REPORT_ACCOUNTS chooses among accounts";

/// What a report over a source of the service's own remembers, in the data folder.
pub(super) fn with_own_store(
    builder: ReportGeneratorBuilder,
    config: &Config,
) -> Result<ReportGeneratorBuilder, Error> {
    #[cfg(feature = "sqlite")]
    let builder = {
        let folder = config.create_data_dir();
        folder.map_err(|error| Error::part("reports", error))?;
        builder.store(bongsu_reports::store::SqliteStore::own(
            config.data_dir.join("reports.db"),
        ))
    };
    #[cfg(not(feature = "sqlite"))]
    let _ = config;
    Ok(builder)
}

/// The source that `DATABASE_URL` names, with the store that goes with it: beside the trades in
/// PostgreSQL, so that replicas send one report; in a file of its own for SQLite.
pub(super) fn with_store(config: &Config) -> Result<Option<ReportGeneratorBuilder>, Error> {
    let Some(builder) = of(config)? else {
        return Ok(None);
    };
    #[cfg(feature = "postgres")]
    if let Some(url) = config.postgres_url() {
        let store = bongsu_reports::store::PostgresStore::new(url);
        let store = store.map_err(|error| Error::part("reports", error))?;
        return Ok(Some(builder.store(store)));
    }
    with_own_store(builder, config).map(Some)
}

/// The source that `DATABASE_URL` names, as the variables want it read; nothing is opened yet.
pub(super) fn of(config: &Config) -> Result<Option<ReportGeneratorBuilder>, Error> {
    // Both databases' sources have the same settings, and no trait in common that says so.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    macro_rules! as_set {
        ($source:expr) => {{
            let mut source = $source.mapping(config.report.mapping.clone());
            if let Some(zone) = &config.report.zone {
                let zone = StoredZone::other(zone.clone());
                source = source.trades_zone(zone.clone()).risk_zone(zone);
            }
            of_accounts(config, source, |source, account| source.account(account))
        }};
    }
    #[cfg(feature = "sqlite")]
    if let Some(path) = config.sqlite_path() {
        let source = bongsu_reports::source::sqlite::SqliteSource::new(path);
        return Ok(Some(as_set!(source)));
    }
    #[cfg(feature = "postgres")]
    if let Some(url) = config.postgres_url() {
        let source = bongsu_reports::source::postgres::PostgresSource::new(url);
        let source = source.map_err(|error| Error::part("reports", error))?;
        return Ok(Some(as_set!(source)));
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

/// Says at the start, and not in the evening, what of the tables a report cannot be made of.
pub async fn say_problems(generator: ReportGenerator) {
    match generator.check_source().await {
        Ok(problems) => {
            for problem in problems {
                tracing::warn!(
                    table = problem.table,
                    "no report can be made: {problem}; {REMEDY}"
                );
            }
        }
        Err(error) => tracing::warn!("the report's tables cannot be read yet: {}", error.chain()),
    }
}

/// Looks at the calendar's file now and then, for the hours that others ask for.
pub async fn follow_file(calendar: Calendar) {
    if calendar.file().is_none() {
        return;
    }
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let file = calendar.clone();
        match tokio::task::spawn_blocking(move || file.reload()).await {
            Ok(Ok(true)) => tracing::info!("the calendar was read anew"),
            Ok(Ok(false)) | Err(_) => {}
            Ok(Err(error)) => tracing::error!("BONGSU_CALENDAR: {}", bongsu_text::chain(&error)),
        }
    }
}

/// One row a table that is not as it is needed, or one for all.
pub(super) async fn doctor(generator: &ReportGenerator) -> Vec<Finding> {
    match timeout(PATIENCE, generator.check_source()).await {
        Ok(Ok(problems)) if problems.is_empty() => {
            vec![Finding::ok(SUBJECT, "are there, with every column needed")]
        }
        Ok(Ok(problems)) => {
            let row = |problem: bongsu_reports::SourceProblem| {
                let subject = format!("{SUBJECT}: {}", problem.table);
                Finding::warning(subject, problem.problem, REMEDY)
            };
            problems.into_iter().map(row).collect()
        }
        Ok(Err(error)) => vec![unusable(&error.chain())],
        Err(_) => vec![unusable("no answer in time")],
    }
}

pub(super) fn unusable(why: &str) -> Finding {
    let detail = format!("cannot be looked at: {why}");
    Finding::warning(SUBJECT, detail, "the row of the database says more")
}
