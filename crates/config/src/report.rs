//! The daily report.

#[cfg_attr(not(feature = "reports"), path = "report/absent.rs")]
mod files;

use std::path::PathBuf;

use jiff::{
    civil::Time,
    tz::{Offset, TimeZone},
};

use files::{Calendar, Mapping};

use super::{
    Config,
    reader::Findings,
    value::{choice, list, put, word, zone},
    variables::Variable,
};

/// The daily report.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReportConfig {
    /// Time of day in Asia/Seoul.
    pub time: Time,
    /// Korean instead of English.
    pub korean: bool,
    /// Whose figures they are, each account in a section of its own; empty for the only one there is.
    pub accounts: Vec<String>,
    /// Longer spans that get a report of their own, each with its time of day where that is not
    /// [`time`](Self::time).
    pub periods: Vec<(ReportPeriod, Option<Time>)>,
    /// A file of named queries in place of the tables.
    pub mapping_file: Option<PathBuf>,
    /// What is in it.
    pub mapping: Mapping,
    /// The zone of the times that have none, in every table; none: Korea's in `trades` and the flows,
    /// UTC in `portfolio_risk_metrics`.
    pub zone: Option<TimeZone>,
    /// The benchmark's ticker.
    pub benchmark: String,
    /// Positions are valued at the last trade of any venue instead of the KRX close.
    pub last_trade: bool,
    /// Gains green and losses red instead of red and blue.
    pub western: bool,
    /// Amounts in 억 and 만, or millions, instead of in full.
    pub short_amounts: bool,
    /// A file of closures and hours beyond the published ones.
    pub calendar_file: Option<PathBuf>,
    /// The published calendar with what is in it: the one of the service, which everything that asks
    /// for hours shares, and which follows the file while the service runs.
    pub calendar: Calendar,
}

/// A span that gets a report of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportPeriod {
    /// On a week's last session.
    Weekly,
    /// On a month's last session.
    Monthly,
    /// On a year's last session.
    Yearly,
}

impl Default for ReportConfig {
    fn default() -> Self {
        Self {
            time: jiff::civil::time(20, 10, 0, 0),
            korean: false,
            accounts: Vec::new(),
            periods: Vec::new(),
            mapping_file: None,
            mapping: Mapping::default(),
            zone: None,
            benchmark: "^KS11".to_owned(),
            last_trade: false,
            western: false,
            short_amounts: false,
            calendar_file: None,
            calendar: Calendar::default(),
        }
    }
}

const LANGUAGES: [(&str, bool); 2] = [("en", false), ("ko", true)];
const MARKS: [(&str, bool); 2] = [("krx_close", false), ("last_trade", true)];
const COLOURS: [(&str, bool); 2] = [("korean", false), ("western", true)];
const UNITS: [(&str, bool); 2] = [("full", false), ("short", true)];
const PERIODS: [(&str, ReportPeriod); 3] = [
    ("weekly", ReportPeriod::Weekly),
    ("monthly", ReportPeriod::Monthly),
    ("yearly", ReportPeriod::Yearly),
];

pub(super) const VARS: &[Variable] = &[
    Variable::new(
        "BONGSU_REPORT_TIME",
        "20:10",
        "time of day in Asia/Seoul, on session days; needs `DATABASE_URL`",
        |c, v| put(&mut c.report.time, time_of_day(v)),
        |c| Some(c.report.time.strftime("%H:%M").to_string()),
    )
    .needs("reports"),
    Variable::new(
        "BONGSU_REPORT_LANGUAGE",
        "en",
        "`en` or `ko`",
        |c, v| put(&mut c.report.korean, choice(v, &LANGUAGES)),
        |c| word(&c.report.korean, &LANGUAGES),
    )
    .needs("reports"),
    Variable::new(
        "BONGSU_REPORT_ACCOUNTS",
        "",
        "`user_id`s, comma-separated; each gets a section; default the only one",
        |c, v| put(&mut c.report.accounts, Ok(list(v))),
        |c| shown(c.report.accounts.join(",")),
    )
    .needs("reports"),
    Variable::new(
        "BONGSU_REPORT_PERIODS",
        "",
        "`weekly`, `monthly`, `yearly`, comma-separated: a report on each period's last session, at the daily one's time or its own, e.g. `weekly@20:20,monthly`",
        |c, v| put(&mut c.report.periods, periods(v)),
        |c| shown(c.report.periods.iter().map(period_shown).collect::<Vec<_>>().join(",")),
    )
    .needs("reports"),
    Variable::new(
        "BONGSU_REPORT_MAPPING",
        "",
        "file of named queries in place of the tables, see `docs/reports.md`",
        |c, v| put(&mut c.report.mapping_file, Ok(Some(PathBuf::from(v)))),
        |c| c.report.mapping_file.as_ref().map(|path| path.display().to_string()),
    )
    .needs("reports"),
    Variable::new(
        "BONGSU_REPORT_ZONE",
        "",
        "zone of the times that have none, e.g. `UTC`, `Asia/Seoul`, `+09:00`; unset: Korea's, and UTC in `portfolio_risk_metrics`",
        |c, v| put(&mut c.report.zone, zone(v).map(Some)),
        |c| c.report.zone.as_ref().map(zone_name),
    )
    .needs("reports"),
    Variable::new(
        "BONGSU_REPORT_BENCHMARK",
        "^KS11",
        "ticker that the portfolio is compared with",
        |c, v| put(&mut c.report.benchmark, Ok(v.to_owned())),
        |c| Some(c.report.benchmark.clone()),
    )
    .needs("reports"),
    Variable::new(
        "BONGSU_REPORT_MARK",
        "krx_close",
        "what positions are valued at: `krx_close` or `last_trade` (of any venue)",
        |c, v| put(&mut c.report.last_trade, choice(v, &MARKS)),
        |c| word(&c.report.last_trade, &MARKS),
    )
    .needs("reports"),
    Variable::new(
        "BONGSU_REPORT_COLOURS",
        "korean",
        "`korean` (gains red) or `western` (gains green)",
        |c, v| put(&mut c.report.western, choice(v, &COLOURS)),
        |c| word(&c.report.western, &COLOURS),
    )
    .needs("reports"),
    Variable::new(
        "BONGSU_REPORT_UNITS",
        "full",
        "`full` or `short` (억 and 만, or millions)",
        |c, v| put(&mut c.report.short_amounts, choice(v, &UNITS)),
        |c| word(&c.report.short_amounts, &UNITS),
    )
    .needs("reports"),
    Variable::new(
        "BONGSU_CALENDAR",
        "",
        "file of closures and hours beyond the published ones, read again when it changes, see `docs/reports.md`",
        |c, v| put(&mut c.report.calendar_file, Ok(Some(PathBuf::from(v)))),
        |c| c.report.calendar_file.as_ref().map(|path| path.display().to_string()),
    )
    .needs("reports"),
];

fn time_of_day(text: &str) -> Result<Time, String> {
    Time::strptime("%H:%M", text).map_err(|_| format!("{text:?} is not a time of day, e.g. 20:10"))
}

fn shown(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn periods(text: &str) -> Result<Vec<(ReportPeriod, Option<Time>)>, String> {
    let mut periods: Vec<(ReportPeriod, Option<Time>)> = Vec::new();
    for item in list(text) {
        let (name, time) = match item.split_once('@') {
            Some((name, time)) => (name.trim(), Some(time_of_day(time.trim())?)),
            None => (item.as_str(), None),
        };
        let period = choice(name, &PERIODS)?;
        if periods.iter().any(|(known, _)| *known == period) {
            return Err(format!("{name} is there twice"));
        }
        periods.push((period, time));
    }
    Ok(periods)
}

fn period_shown((period, time): &(ReportPeriod, Option<Time>)) -> String {
    let word = word(period, &PERIODS).unwrap_or_default();
    match time {
        Some(time) => format!("{word}@{}", time.strftime("%H:%M")),
        None => word,
    }
}

fn zone_name(zone: &TimeZone) -> String {
    if let Some(name) = zone.iana_name() {
        return name.to_owned();
    }
    let minutes = zone.to_fixed_offset().map_or(0, Offset::seconds) / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.abs();
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Reads the files that are named: what is wrong with one is told at the start, with its line.
pub(super) fn check(config: &mut Config, findings: &mut Findings) {
    files::read(&mut config.report, findings);
    let report = &config.report;
    if !report.accounts.is_empty() {
        let mut seen = std::collections::BTreeSet::new();
        for account in &report.accounts {
            if !seen.insert(account) {
                findings.problem(
                    "BONGSU_REPORT_ACCOUNTS",
                    format!("{account} is there twice"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_have_their_own_time_or_the_daily_one() {
        let read = periods("weekly@20:20, Monthly").unwrap();
        let shown: Vec<String> = read.iter().map(period_shown).collect();
        assert_eq!(shown, ["weekly@20:20", "monthly"]);
        for (wrong, said) in [
            ("weekly@25:00", "is not a time of day"),
            ("hourly", "is not one of weekly, monthly, yearly"),
            ("yearly,yearly@20:00", "is there twice"),
        ] {
            let error = periods(wrong).unwrap_err();
            assert!(error.contains(said), "{wrong}: {error}");
        }
    }

    #[test]
    fn zones_by_name_or_offset() {
        for (text, shown) in [
            ("UTC", "UTC"),
            ("utc", "UTC"),
            ("Asia/Seoul", "+09:00"),
            ("+09:00", "+09:00"),
            ("-0330", "-03:30"),
            ("+9", "+09:00"),
        ] {
            assert_eq!(zone_name(&zone(text).unwrap()), shown, "{text}");
        }
        for wrong in ["Asia/Soul", "+25:00", "+09:75", "nine", "+", "+é9"] {
            assert!(zone(wrong).is_err(), "{wrong}");
        }
    }
}
