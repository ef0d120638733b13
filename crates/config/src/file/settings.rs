//! What the file says that variables say as well: the variable wins.

use toml::Spanned;

use super::{
    place::{Source, remedy},
    types::File,
    words::Plain,
};
use crate::{
    Config, Findings, Variable,
    variables::{self, Place},
};

/// Keys of the file and the variables that say the same. `channels.<kind>.min_level` is said by the least
/// level of the kind.
pub(super) const SAME: &[(&str, &str)] = &[
    ("alerts.cooldown", "BONGSU_ALERT_COOLDOWN_SECONDS"),
    ("alerts.on_errors", "BONGSU_ALERT_ON_ERRORS"),
    ("alerts.language", "BONGSU_LANGUAGE"),
    ("alerts.time_zone", "BONGSU_TIME_ZONE"),
    ("alerts.public_url", "BONGSU_PUBLIC_URL"),
    ("alerts.runbook_url", "BONGSU_RUNBOOK_URL"),
    ("thresholds.hold", "BONGSU_RESOURCE_HOLD_SECONDS"),
    ("thresholds.cpu.warning", "CPU_WARNING_THRESHOLD"),
    ("thresholds.cpu.critical", "CPU_CRITICAL_THRESHOLD"),
    ("thresholds.memory.warning", "MEMORY_WARNING_THRESHOLD"),
    ("thresholds.memory.critical", "MEMORY_CRITICAL_THRESHOLD"),
    ("thresholds.disk.warning", "DISK_WARNING_THRESHOLD"),
    ("thresholds.disk.critical", "DISK_CRITICAL_THRESHOLD"),
    ("report.channels", "REPORT_CHANNELS"),
    ("report.email_to", "REPORT_EMAIL_TO"),
];

fn value<'f>(file: &'f File, key: &str) -> Option<&'f Spanned<Plain>> {
    let File {
        alerts,
        thresholds,
        report,
        ..
    } = file;
    let given = match key {
        "alerts.cooldown" => &alerts.cooldown,
        "alerts.on_errors" => &alerts.on_errors,
        "alerts.language" => &alerts.language,
        "alerts.time_zone" => &alerts.time_zone,
        "alerts.public_url" => &alerts.public_url,
        "alerts.runbook_url" => &alerts.runbook_url,
        "thresholds.hold" => &thresholds.hold,
        "thresholds.cpu.warning" => &thresholds.cpu.warning,
        "thresholds.cpu.critical" => &thresholds.cpu.critical,
        "thresholds.memory.warning" => &thresholds.memory.warning,
        "thresholds.memory.critical" => &thresholds.memory.critical,
        "thresholds.disk.warning" => &thresholds.disk.warning,
        "thresholds.disk.critical" => &thresholds.disk.critical,
        "report.channels" => &report.channels,
        "report.email_to" => &report.email_to,
        _ => &None,
    };
    given.as_ref()
}

/// Everything that the file says and a variable says as well: key, variable if there is one, value.
fn given(file: &File) -> Vec<(String, Option<&'static Variable>, &Spanned<Plain>)> {
    let same = SAME.iter().filter_map(|(key, name)| {
        let variable = variables::all().find(|variable| variable.name == *name);
        Some(((*key).to_owned(), variable, value(file, key)?))
    });
    let levels = file.channels.iter().filter_map(|(kind, channel)| {
        let value = channel.get_ref().min_level.as_ref()?;
        let of_kind = |it: &&Variable| matches!(it.place, Place::MinLevel(of) if of == kind);
        let key = format!("channels.{kind}.min_level");
        Some((key, variables::all().find(of_kind), value))
    });
    same.chain(levels).collect()
}

/// Channels that have a least level.
fn kinds() -> Vec<&'static str> {
    let kind = |it: &Variable| match it.place {
        Place::MinLevel(kind) => Some(kind),
        _ => None,
    };
    variables::all().filter_map(kind).collect()
}

/// Sets what no variable has set.
pub(super) fn apply(file: &File, source: Source<'_>, config: &mut Config, findings: &mut Findings) {
    for (kind, channel) in &file.channels {
        let kinds = kinds();
        if !kinds.contains(&kind.as_str()) {
            let remedy = remedy(kind, &kinds);
            let message = format!("channels.{kind}: there is no such channel; {remedy}");
            findings
                .problems
                .push(source.problem(&channel.span(), message));
        }
    }
    for (key, variable, value) in given(file) {
        let place = source.place(value.span().start);
        let Some(variable) = variable else {
            continue;
        };
        if let Some(feature) = variable.feature.filter(|it| !crate::has_feature(it)) {
            let message = format!("{key}: bongsu was built without feature `{feature}`");
            findings.problem(&place, message);
            continue;
        }
        if config.given.contains_key(variable.name) || findings.has_problem(variable.name) {
            continue;
        }
        match variable.set(config, &value.get_ref().0) {
            Ok(()) => {
                config.given.insert(variable.name, place);
            }
            Err(message) => findings.problem(&place, format!("{key}: {message}")),
        }
    }
}

/// The key of the file that says what a variable says.
pub(crate) fn key_of(variable: &str) -> Option<String> {
    let same = SAME.iter().find(|(_, name)| *name == variable);
    let level = || {
        let variable = variables::all().find(|it| it.name == variable)?;
        match variable.place {
            Place::MinLevel(kind) => Some(format!("channels.{kind}.min_level")),
            _ => None,
        }
    };
    same.map(|(key, _)| (*key).to_owned()).or_else(level)
}

/// The channels of the report may be named as those of rules are: recipients stand for theirs.
pub(super) fn name_carriers(file: &File, config: &mut Config) {
    if config.place_in_file("REPORT_CHANNELS").is_none() {
        return;
    }
    let mut channels: Vec<String> = Vec::new();
    for name in std::mem::take(&mut config.delivery.report_channels) {
        let members = file.recipients.get(&name);
        let members = members.map(|all| all.iter().map(|it| it.get_ref().clone()).collect());
        for channel in members.unwrap_or_else(|| vec![name]) {
            if !channels.contains(&channel) {
                channels.push(channel);
            }
        }
    }
    config.delivery.report_channels = channels;
}
