//! The report: its source and store, schedule, look, and whether there is what it needs.

mod source;

use std::path::PathBuf;

use bongsu_config::{
    Config, ReportConfig, ReportPeriod,
    doctor::{Finding, judge},
};
use bongsu_reports::{
    ReportGeneratorBuilder, Schedule,
    calendar::date_in_seoul,
    i18n::Lang,
    render::{ColourScheme, RenderOptions, Units},
    source::MarkPrice,
    summary::PeriodKind,
};

pub use self::source::{follow_file, say_problems};
use crate::Error;

/// Where the files of reports are.
#[must_use]
pub fn archive(config: &Config) -> PathBuf {
    config.data_dir.join("reports")
}

/// The report in the making: over `own`, a source of the service's, or over that of `DATABASE_URL`. None where there
/// is neither.
///
/// # Errors
///
/// When the source or the store cannot be used.
pub fn builder(
    config: &Config,
    own: Option<ReportGeneratorBuilder>,
) -> Result<Option<ReportGeneratorBuilder>, Error> {
    let builder = match own {
        Some(builder) => Some(source::with_own_store(builder, config)?),
        None => source::with_store(config)?,
    };
    Ok(builder.map(|builder| as_set(builder, config)))
}

/// With service, schedules, archive, calendar, prices and look.
fn as_set(builder: ReportGeneratorBuilder, config: &Config) -> ReportGeneratorBuilder {
    let report = &config.report;
    let schedule = Schedule::daily(report.time);
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
        .render_options(look(report));
    let periods = report.periods.iter();
    periods.fold(builder, |builder, (period, time)| {
        let kind = match period {
            ReportPeriod::Weekly => PeriodKind::Week,
            ReportPeriod::Monthly => PeriodKind::Month,
            ReportPeriod::Yearly => PeriodKind::Year,
        };
        builder.periodic(kind, time.map_or(schedule, Schedule::daily))
    })
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
#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
pub async fn doctor(config: &Config, own: Option<ReportGeneratorBuilder>) -> Vec<Finding> {
    let krx = config.report.calendar.get();
    // Of three days in a row one is no weekend, which the calendar knows without any data.
    let known = |year: i16| (2..=4).all(|day| krx.day(jiff::civil::date(year, 1, day)).is_ok());
    let today = date_in_seoul(jiff::Timestamp::now());
    let mut findings = vec![judge::calendar(today, known)];
    let builder = match own {
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
