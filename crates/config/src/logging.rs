//! The log: level, form, where it goes.

#[cfg_attr(not(feature = "logging"), path = "logging/absent.rs")]
mod judge;

use std::{path::PathBuf, str::FromStr, time::Duration};

use super::{
    value::{list, number, put, time},
    variables::Variable,
};

/// Level, format and folder of the log.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LogConfig {
    /// `EnvFilter` directives.
    pub level: String,
    /// `json` or `pretty`.
    pub format: String,
    /// Who takes the lines: `stdout`, or a daemon of the system.
    pub to: String,
    /// Folder of the log file.
    pub dir: Option<PathBuf>,
    /// The keys of which log store.
    pub preset: String,
    /// Offset of its times from UTC, in minutes.
    pub utc_offset: i32,
    /// Keys whose values are hidden, beside those that always are.
    pub redact: Vec<String>,
    /// Lines a second that one place in the code may write, if there is a limit.
    pub rate: Option<u32>,
    /// Size at which a file is rotated, in MiB.
    pub file_mib: Option<u64>,
    /// How long rotated files are kept.
    pub keep: Option<Duration>,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            format: "json".to_owned(),
            to: "stdout".to_owned(),
            dir: None,
            preset: "bongsu".to_owned(),
            utc_offset: 0,
            redact: Vec::new(),
            rate: None,
            file_mib: None,
            keep: None,
        }
    }
}

pub(super) const VARS: &[Variable] = &[
    Variable::new(
        "LOG_LEVEL",
        "info",
        "`error`, `warn`, `info`, `debug`, `trace`, or directives such as `info,my_crate=debug`",
        |c, v| put(&mut c.log.level, level(v)),
        |c| Some(c.log.level.clone()),
    )
    .also(&["RUST_LOG"])
    .needs("logging"),
    Variable::new(
        "LOG_FORMAT",
        "json",
        "`json` or `pretty`",
        |c, v| put(&mut c.log.format, judge::format(v)),
        |c| Some(c.log.format.clone()),
    )
    .needs("logging"),
    Variable::new(
        "BONGSU_LOG_TO",
        "stdout",
        "who takes the lines: `stdout`, `journald`, `syslog` (the machine's own; with `:/path/of/its/socket` by RFC 5424), `syslog:host:port`, or `syslog-tcp:host:port`",
        |c, v| put(&mut c.log.to, judge::to(v)),
        |c| Some(c.log.to.clone()),
    )
    .needs("logging"),
    Variable::new(
        "LOG_DIR",
        "",
        "folder for a rotated log file beside standard output",
        |c, v| put(&mut c.log.dir, Ok(Some(PathBuf::from(v)))),
        |c| c.log.dir.as_ref().map(|dir| dir.display().to_string()),
    )
    .needs("logging"),
    Variable::new(
        "BONGSU_LOG_PRESET",
        "bongsu",
        "keys of the lines as a log store wants them: `bongsu`, `ecs`, `otel`, `gcp` or `datadog`",
        |c, v| put(&mut c.log.preset, judge::preset(v)),
        |c| Some(c.log.preset.clone()),
    )
    .needs("logging"),
    Variable::new(
        "BONGSU_LOG_UTC_OFFSET",
        "+00:00",
        "zone of the lines' times, e.g. `+09:00` for Seoul",
        |c, v| put(&mut c.log.utc_offset, offset(v)),
        |c| Some(shown_offset(c.log.utc_offset)),
    )
    .needs("logging"),
    Variable::new(
        "BONGSU_LOG_REDACT",
        "",
        "keys whose values are hidden, separated by commas, beside those that always are (`password`, `token`, …)",
        |c, v| put(&mut c.log.redact, Ok(list(v))),
        |c| (!c.log.redact.is_empty()).then(|| c.log.redact.join(",")),
    )
    .needs("logging"),
    Variable::new(
        "BONGSU_LOG_RATE_LIMIT",
        "",
        "lines a second that one place in the code may write; the next line says how many were left out",
        |c, v| put(&mut c.log.rate, above_zero(v).map(Some)),
        |c| c.log.rate.map(|rate| rate.to_string()),
    )
    .needs("logging"),
    Variable::new(
        "BONGSU_LOG_FILE_MIB",
        "",
        "size at which the file in `LOG_DIR` is rotated, beside each midnight; unset: 100",
        |c, v| put(&mut c.log.file_mib, above_zero(v).map(Some)),
        |c| c.log.file_mib.map(|size| size.to_string()),
    )
    .needs("logging"),
    Variable::new(
        "BONGSU_LOG_KEEP_DAYS",
        "",
        "how long rotated files are kept: days, or with a unit",
        |c, v| put(&mut c.log.keep, days(v).map(Some)),
        |c| c.log.keep.map(|keep| (keep.as_secs_f64() / DAY).to_string()),
    )
    .needs("logging"),
];

const DAY: f64 = 86_400.0;

fn above_zero<T: FromStr + PartialOrd + From<u8>>(text: &str) -> Result<T, String> {
    const FORM: &str = "a whole number from 1 up";
    let read: T = number(text, FORM)?;
    if read < T::from(1) {
        return Err(format!("{text} is not {FORM}"));
    }
    Ok(read)
}

fn days(text: &str) -> Result<Duration, String> {
    let text = match text.parse::<f64>() {
        Ok(_) => format!("{text}d"),
        Err(_) => text.to_owned(),
    };
    time(&text, (60.0, 3_650.0 * DAY))
}

/// `+09:00`, `-0330`, `9`, `Z`: minutes.
fn offset(text: &str) -> Result<i32, String> {
    let wrong = || format!("{text:?} is not an offset from UTC, e.g. +09:00");
    if text.eq_ignore_ascii_case("z") || text.eq_ignore_ascii_case("utc") {
        return Ok(0);
    }
    if text == "Asia/Seoul" || text.eq_ignore_ascii_case("kst") {
        return Ok(9 * 60);
    }
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (hours, minutes) = match rest.split_once(':') {
        Some(parts) => parts,
        None if rest.len() == 4 && rest.is_ascii() => rest.split_at(2),
        None => (rest, "0"),
    };
    let part = |text: &str, below| text.parse::<i32>().ok().filter(|n| (0..below).contains(n));
    let hours = part(hours, 15).ok_or_else(wrong)?;
    let minutes = part(minutes, 60).ok_or_else(wrong)?;
    Ok(sign * (hours * 60 + minutes))
}

fn shown_offset(minutes: i32) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.abs();
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

fn level(text: &str) -> Result<String, String> {
    // A target with a space in it is none that any code has.
    let torn = |directive: &&str| {
        let target = directive.split(['=', '[']).next().unwrap_or_default();
        target.trim().contains(char::is_whitespace)
    };
    if let Some(directive) = text.split(',').find(torn) {
        return Err(format!(
            "{:?} has a space in its target; a crate's name is written with `_`, e.g. info,my_crate=debug",
            directive.trim()
        ));
    }
    judge::level(text)?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets() {
        let check = |text: &str, want: Option<i32>| assert_eq!(offset(text).ok(), want, "{text}");
        check("+09:00", Some(540));
        check("+0900", Some(540));
        check("9", Some(540));
        check("Asia/Seoul", Some(540));
        check("-03:30", Some(-210));
        check("Z", Some(0));
        check("+15:00", None);
        check("+09:60", None);
        check("here", None);
        check("--9", None);
        assert_eq!(shown_offset(-210), "-03:30");
        assert_eq!(days("7"), days("7d"));
    }
}
