//! The daily report.

use std::path::PathBuf;

use jiff::{civil::Time, tz::TimeZone};

use super::{
    value::{choice, list, put, word},
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
    /// Longer spans that get a report of their own.
    pub periods: Vec<ReportPeriod>,
    /// A file of named queries in place of the tables.
    pub mapping: Option<PathBuf>,
    /// The zone of the times in `trades` that have none.
    pub zone: TimeZone,
    /// The benchmark's ticker.
    pub benchmark: String,
    /// Positions are valued at the last trade of any venue instead of the KRX close.
    pub last_trade: bool,
    /// Gains green and losses red instead of red and blue.
    pub western: bool,
    /// Amounts in 억 and 만, or millions, instead of in full.
    pub short_amounts: bool,
    /// A file of closures and hours beyond the published ones.
    pub calendar: Option<PathBuf>,
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
            mapping: None,
            zone: TimeZone::fixed(jiff::tz::offset(9)),
            benchmark: "^KS11".to_owned(),
            last_trade: false,
            western: false,
            short_amounts: false,
            calendar: None,
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
        "`weekly`, `monthly`, `yearly`, comma-separated: a report on each period's last session",
        |c, v| put(&mut c.report.periods, periods(v)),
        |c| {
            let words = c.report.periods.iter().filter_map(|period| word(period, &PERIODS));
            shown(words.collect::<Vec<_>>().join(","))
        },
    )
    .needs("reports"),
    Variable::new(
        "BONGSU_REPORT_MAPPING",
        "",
        "file of named queries in place of the tables, see `docs/reports.md`",
        |c, v| put(&mut c.report.mapping, Ok(Some(PathBuf::from(v)))),
        |c| c.report.mapping.as_ref().map(|path| path.display().to_string()),
    )
    .needs("reports"),
    Variable::new(
        "BONGSU_REPORT_ZONE",
        "+09:00",
        "zone of the times in `trades` that have none, e.g. `UTC`, `Asia/Seoul`, `+09:00`",
        |c, v| put(&mut c.report.zone, zone(v)),
        |c| Some(zone_name(&c.report.zone)),
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
        |c, v| put(&mut c.report.calendar, Ok(Some(PathBuf::from(v)))),
        |c| c.report.calendar.as_ref().map(|path| path.display().to_string()),
    )
    .needs("reports"),
];

fn time_of_day(text: &str) -> Result<Time, String> {
    Time::strptime("%H:%M", text).map_err(|_| format!("{text:?} is not a time of day, e.g. 20:10"))
}

fn shown(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn periods(text: &str) -> Result<Vec<ReportPeriod>, String> {
    list(text)
        .iter()
        .map(|word| choice(word, &PERIODS))
        .collect()
}

fn zone(text: &str) -> Result<TimeZone, String> {
    let offset = || {
        let (sign, rest) = text.split_at_checked(1)?;
        let sign = match sign {
            "+" => 1,
            "-" => -1,
            _ => return None,
        };
        let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "0"));
        let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
        let seconds = sign * (hours * 3_600 + minutes * 60);
        jiff::tz::Offset::from_seconds(seconds).ok()
    };
    match offset() {
        Some(offset) => Ok(TimeZone::fixed(offset)),
        None => TimeZone::get(text)
            .map_err(|_| format!("{text:?} is no time zone, e.g. UTC, Asia/Seoul or +09:00")),
    }
}

fn zone_name(zone: &TimeZone) -> String {
    match zone.iana_name() {
        Some(name) => name.to_owned(),
        None => zone.to_fixed_offset().map_or_else(
            |_| String::new(),
            |offset| {
                let minutes = offset.seconds() / 60;
                let sign = if minutes < 0 { '-' } else { '+' };
                format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
            },
        ),
    }
}
