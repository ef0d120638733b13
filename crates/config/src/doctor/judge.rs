//! What the facts mean. Pure: facts in, a finding out.

use std::{io, path::Path};

use jiff::{Timestamp, tz::TimeZone};

use super::Finding;
use crate::Config;

/// Seconds by which the clock may differ from somebody else's before it is worth a word, and before
/// signatures and schedules go wrong. A `Date` header is good to a second or two.
const CLOCK_SKEW: (f64, f64) = (5.0, 60.0);
/// Open files below which a service soon refuses connections, and cannot be expected to run.
const DESCRIPTORS: (u64, u64) = (4_096, 256);
/// Bytes free below which the alert store and the archive are in danger, and cannot be written soon.
const FREE: (u64, u64) = (1 << 30, 100 << 20);

/// What was read is understood, or there would be no configuration; what was not may be a slip.
#[must_use]
pub fn configuration(config: &Config) -> Vec<Finding> {
    if config.unread.is_empty() && config.warnings.is_empty() {
        let detail = "every variable that is set is understood";
        return vec![Finding::ok("configuration", detail)];
    }
    let unread = config.unread.iter().map(|unread| {
        let remedy = match &unread.meant {
            Some(meant) => format!("is {meant} meant? Rename it, or take it away"),
            None => "see the table of variables in the README, or take it away".to_owned(),
        };
        Finding::warning(&unread.name, "is set and nothing reads it", remedy)
    });
    let warnings = config.warnings.iter().map(|warning| {
        let remedy = "see the table of variables in the README";
        Finding::warning(&warning.variable, &warning.message, remedy)
    });
    unread.chain(warnings).collect()
}

/// The clock, against the year of the build and a server's own.
#[must_use]
pub fn clock(now: Timestamp, built: i16, server: Option<(&str, Timestamp)>) -> Finding {
    const REMEDY: &str = "synchronise the clock (chrony, systemd-timesyncd)";
    let year = now.to_zoned(TimeZone::UTC).year();
    let shown = now.strftime("%Y-%m-%dT%H:%M:%SZ");
    if year < built {
        let detail = format!("{shown} is before this program was built ({built})");
        return Finding::failed("clock", detail, REMEDY);
    }
    let Some((host, theirs)) = server else {
        let detail = format!("{shown}; no endpoint gave its time to compare with");
        return Finding::ok("clock", detail);
    };
    let skew = now.duration_since(theirs).as_secs_f64();
    let (warning, failed) = CLOCK_SKEW;
    if skew.abs() < warning {
        return Finding::ok("clock", format!("{shown}, as {host} says"));
    }
    let side = if skew > 0.0 { "ahead of" } else { "behind" };
    let detail = format!("{shown} is {:.0} s {side} {host}", skew.abs());
    if skew.abs() < failed {
        Finding::warning("clock", detail, REMEDY)
    } else {
        Finding::failed("clock", detail, REMEDY)
    }
}

/// Whether this machine knows the zone of the exchange.
#[must_use]
pub fn time_zone(known: bool) -> Finding {
    if known {
        Finding::ok("time zone", "Asia/Seoul is known")
    } else {
        Finding::warning(
            "time zone",
            "there is no data for Asia/Seoul; +09:00 is used, right since 1988",
            "install tzdata",
        )
    }
}

/// Whether the exchange's calendar has this year and the next.
#[must_use]
pub fn calendar(today: jiff::civil::Date, known: impl Fn(i16) -> bool) -> Finding {
    const REMEDY: &str =
        "update bongsu, or give the year's closures in the file of BONGSU_CALENDAR";
    let (year, next) = (today.year(), today.year() + 1);
    match (known(year), known(next)) {
        (true, true) => Finding::ok("KRX calendar", format!("{year} and {next} are there")),
        (true, false) => {
            let detail = format!("{year} is there, {next} is not");
            Finding::warning("KRX calendar", detail, REMEDY)
        }
        (false, _) => {
            let detail = format!("there is no data for {year}: no report would be made");
            Finding::failed("KRX calendar", detail, REMEDY)
        }
    }
}

/// The soft limit of open files; none when the system does not tell.
#[must_use]
pub fn descriptors(limit: Option<u64>) -> Option<Finding> {
    const SUBJECT: &str = "open files";
    const REMEDY: &str = "raise it: LimitNOFILE= of the unit, ulimits of the container, ulimit -n";
    let limit = limit?;
    let (warning, failed) = DESCRIPTORS;
    let detail = format!("at most {limit}; every connection takes one");
    Some(if limit < failed {
        Finding::failed(SUBJECT, detail, REMEDY)
    } else if limit < warning {
        Finding::warning(SUBJECT, detail, REMEDY)
    } else {
        Finding::ok(SUBJECT, detail)
    })
}

/// The soft limit of open files in the text of `/proc/self/limits`; `unlimited` is the highest.
#[must_use]
pub fn soft_descriptors(limits: &str) -> Option<u64> {
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))?;
    match line.split_whitespace().nth(3)? {
        "unlimited" => Some(u64::MAX),
        soft => soft.parse().ok(),
    }
}

/// A folder that the service writes to: whether it can, and the bytes free there if known.
#[must_use]
pub fn folder(
    variable: &str,
    path: &Path,
    written: &io::Result<Folder>,
    free: Option<u64>,
) -> Finding {
    let path = path.display();
    let writable = match written {
        Ok(Folder::There) => format!("{path} is writable"),
        Ok(Folder::ToBeMade) => format!("{path} is not there yet and can be made"),
        Err(error) => {
            let remedy = format!("give the service's user the right to write, or set {variable}");
            let detail = format!("{path} cannot be written: {error}");
            return Finding::failed(variable, detail, remedy);
        }
    };
    if let Some(bytes) = free {
        let (warning, failed) = FREE;
        let detail = format!("{writable}, {} MiB free", bytes >> 20);
        let remedy = format!("make room, or set {variable} to a folder elsewhere");
        return if bytes < failed {
            Finding::failed(variable, detail, remedy)
        } else if bytes < warning {
            Finding::warning(variable, detail, remedy)
        } else {
            Finding::ok(variable, detail)
        };
    }
    Finding::ok(variable, writable)
}

/// A folder that can be written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Folder {
    /// It exists.
    There,
    /// It does not exist, but the folder above it can be written.
    ToBeMade,
}

/// Whether an address can be listened on.
#[must_use]
pub fn port(variable: &str, address: std::net::SocketAddr, bound: &io::Result<()>) -> Finding {
    let Err(error) = bound else {
        return Finding::ok(variable, format!("{address} is free"));
    };
    let remedy = match error.kind() {
        io::ErrorKind::AddrInUse => {
            "it may be the service itself, running; `ss -ltnp` names who listens there"
        }
        io::ErrorKind::PermissionDenied => "choose a port from 1024 up, or give the capability",
        io::ErrorKind::AddrNotAvailable => "this machine has no such address; 0.0.0.0 means all",
        _ => "choose another address",
    };
    Finding::failed(
        variable,
        format!("{address} cannot be listened on: {error}"),
        remedy,
    )
}

/// Whether a Unix socket can be made.
#[must_use]
pub fn socket(path: &std::path::Path, made: &io::Result<()>) -> Finding {
    let path = path.display();
    match made {
        Ok(()) => Finding::ok("BONGSU_BIND", format!("unix:{path} can be made")),
        Err(error) => Finding::failed(
            "BONGSU_BIND",
            format!("unix:{path} cannot be made: {error}"),
            "make its folder, writable for the service's user (RuntimeDirectory= in a unit)",
        ),
    }
}

/// What a real ping of a database, a cache or a check of the service's own came to.
#[derive(Clone, Copy, Debug)]
pub enum Ping<'a> {
    /// As it should.
    Answered,
    /// But not well; why.
    Degraded(&'a str),
    /// Not at all; why.
    Failed(&'a str),
    /// A SQLite file that does not exist.
    NoFile,
}

/// A database, a cache or a check of the service's own.
#[must_use]
pub fn dependency(subject: &str, ping: Ping<'_>) -> Finding {
    match ping {
        Ping::Answered => Finding::ok(subject, "answers"),
        Ping::Degraded(why) => Finding::warning(
            subject,
            format!("answers, but not well: {why}"),
            "see the server's own log",
        ),
        Ping::Failed(why) => Finding::failed(
            subject,
            why,
            "check that it runs, that this machine reaches it, and the credentials",
        ),
        Ping::NoFile => Finding::warning(
            subject,
            "the SQLite file is not there yet",
            "readiness is 503 until the service makes it; check the path if it should exist",
        ),
    }
}

/// What the probe of an alert channel came to, under its id.
#[cfg(feature = "alerts")]
#[must_use]
pub fn channel(id: &str, outcome: &bongsu_alerts::Outcome) -> Finding {
    use bongsu_alerts::Outcome;
    let subject = format!("channel {id}");
    match outcome {
        Outcome::Delivered { note: None } => Finding::ok(subject, "reachable"),
        Outcome::Delivered { note: Some(note) } => {
            Finding::ok(subject, format!("reachable ({note})"))
        }
        Outcome::Unsupported => Finding::warning(
            subject,
            "cannot be tried without sending something",
            format!("`bongsu alert test {id}` sends a test message"),
        ),
        other => Finding::failed(subject, other.reason(), remedy(id, other)),
    }
}

/// The variables of a channel, from the table, and those of the way out where that may be the fault.
#[cfg(feature = "alerts")]
fn remedy(id: &str, outcome: &bongsu_alerts::Outcome) -> String {
    // A second webhook is `webhook-2`.
    let feature = id.split('-').next().unwrap_or(id);
    let names: Vec<&str> = crate::variables::all()
        .filter(|variable| variable.feature == Some(feature))
        .map(|variable| variable.name)
        .filter(|name| !name.ends_with("_MIN_LEVEL") && !name.starts_with("REPORT_"))
        .collect();
    let check = if names.is_empty() {
        "check the channel's own settings".to_owned()
    } else {
        format!("check {}", names.join(", "))
    };
    let reason = outcome.reason();
    if reason.contains("certificate") {
        format!("{check}; an authority of the house is named by BONGSU_CA_FILE")
    } else if matches!(outcome, bongsu_alerts::Outcome::Transient { .. }) && feature != "email" {
        format!("{check}; where only a proxy leads out: HTTPS_PROXY")
    } else {
        check
    }
}

/// Whether the dead-man's switch is there; `silent` says why it did not answer.
#[must_use]
pub fn heartbeat(host: &str, silent: Option<&str>) -> Finding {
    const SUBJECT: &str = "BONGSU_HEARTBEAT_URL";
    match silent {
        None => Finding::ok(SUBJECT, format!("{host} is reachable")),
        Some(why) => {
            let remedy = "check the host, and that this machine may reach it";
            Finding::failed(SUBJECT, format!("{host}: {why}"), remedy)
        }
    }
}

/// Who carries the report, who could, and what was asked for in vain.
#[must_use]
pub fn report(carried: &[&str], able: &[String], wrong: &[String]) -> Finding {
    const SUBJECT: &str = "daily report";
    if let [first, ..] = wrong {
        return Finding::failed(SUBJECT, first.clone(), "correct REPORT_CHANNELS");
    }
    match (carried, able) {
        ([], []) => Finding::warning(
            SUBJECT,
            "reaches nobody: no channel carries it",
            "set SMTP_HOST with REPORT_EMAIL_TO, SLACK_WEBHOOK_URL or another channel's variables",
        ),
        ([], able) => Finding::warning(
            SUBJECT,
            "reaches nobody",
            format!("name who carries it: REPORT_CHANNELS={}", able.join(",")),
        ),
        (carried, _) => Finding::ok(SUBJECT, format!("goes over {}", carried.join(", "))),
    }
}

/// Without any channel nobody is told.
#[must_use]
pub fn no_channel() -> Finding {
    Finding::warning(
        "channels",
        "none is configured: alerts are in the log alone",
        "set SMTP_HOST, SLACK_WEBHOOK_URL or ALERT_WEBHOOK_URLS",
    )
}

#[cfg(test)]
mod tests;
