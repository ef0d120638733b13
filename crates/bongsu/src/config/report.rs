//! The daily report.

use jiff::civil::Time;

use super::{
    value::{choice, put, word},
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
    /// What the portfolio is compared with.
    pub benchmark: String,
}

impl Default for ReportConfig {
    fn default() -> Self {
        Self {
            time: jiff::civil::time(20, 10, 0, 0),
            korean: false,
            benchmark: "^KS11".to_owned(),
        }
    }
}

const LANGUAGES: [(&str, bool); 2] = [("en", false), ("ko", true)];

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
        "BONGSU_REPORT_BENCHMARK",
        "^KS11",
        "ticker that the portfolio is compared with",
        |c, v| put(&mut c.report.benchmark, Ok(v.to_owned())),
        |c| Some(c.report.benchmark.clone()),
    )
    .needs("reports"),
];

fn time_of_day(text: &str) -> Result<Time, String> {
    Time::strptime("%H:%M", text).map_err(|_| format!("{text:?} is not a time of day, e.g. 20:10"))
}
