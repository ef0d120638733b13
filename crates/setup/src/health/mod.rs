//! Health: the checks and heartbeats that the configuration names.

mod doctor;
mod stores;

use std::time::Duration;

use bongsu_config::{
    Config, ConfigError, Problem,
    file::{DeclaredHeartbeat, importance},
};
use bongsu_health::{
    Check, CheckOutput, DependencyType, HealthCheck, HealthError, HeartbeatBuilder, Importance,
};

pub use self::doctor::doctor;
use crate::Error;

/// The service's health with the checks of its databases, those of the file, and `own`; their tasks are not
/// running yet.
///
/// # Errors
///
/// When a check cannot be made, or two have one name.
pub fn build(config: &Config, own: Vec<Check>) -> Result<HealthCheck, Error> {
    let service = &config.service;
    let health = HealthCheck::builder(&service.name)
        .version(&service.version)
        .checks(stores::checks(config)?)
        .checks(checks(config)?)
        .checks(unused(config))
        .checks(own)
        .build()
        .map_err(|error| wrong(config, error))?;
    let beats = heartbeats(config, &health)?.into_iter();
    health
        .exchange(&[], Vec::new(), beats.map(|(_, beat)| beat).collect())
        .map_err(|error| wrong(config, error))?;
    Ok(health)
}

/// With the place in the file where the file names what something else is called already.
fn wrong(config: &Config, error: HealthError) -> Error {
    match config.loaded().check_that(|name| error.names(name)) {
        Some(place) => ConfigError::from(Problem::new(place, error.to_string())).into(),
        None => Error::part("health", error),
    }
}

/// The checks of the file.
///
/// # Errors
///
/// Each that cannot be made, with its place.
pub fn checks(config: &Config) -> Result<Vec<Check>, ConfigError> {
    config.loaded().checks().map_err(ConfigError::from)
}

/// The heartbeats of the file, by name, for `health`.
///
/// # Errors
///
/// Each that cannot be watched, with its place.
pub fn heartbeats(
    config: &Config,
    health: &HealthCheck,
) -> Result<Vec<(String, HeartbeatBuilder)>, ConfigError> {
    let hours = hours(config);
    let beats = declared(config, &hours)?.into_iter().map(|it| {
        let beat = health
            .heartbeat(&it.name)
            .degraded_after(it.degraded_after)
            .unhealthy_after(it.unhealthy_after)
            .importance(importance(it.importance));
        let beat = match it.grace {
            Some(grace) => beat.grace(grace),
            None => beat,
        };
        let open = hours
            .iter()
            .find(|(name, _)| Some(name) == it.during.as_ref());
        let beat = match open {
            Some((_, hours)) => beat.schedule(hours.clone()),
            None => beat,
        };
        (it.name, beat)
    });
    Ok(beats.collect())
}

/// Whether the heartbeats of the file can be watched.
#[cfg(feature = "alerts")]
pub(crate) fn judge_heartbeats(config: &Config) -> Result<(), ConfigError> {
    declared(config, &hours(config)).map(drop)
}

/// The heartbeats as the file declares them, by hours that there are.
fn declared<H>(
    config: &Config,
    hours: &[(String, H)],
) -> Result<Vec<DeclaredHeartbeat>, ConfigError> {
    let names: Vec<&str> = hours.iter().map(|(name, _)| name.as_str()).collect();
    config
        .loaded()
        .heartbeats(&names)
        .map_err(ConfigError::from)
}

/// The hours in which a heartbeat may have to beat, by name.
#[cfg(feature = "reports")]
fn hours(config: &Config) -> Vec<(String, bongsu_bridge::market_hours::MarketHours)> {
    bongsu_bridge::market_hours::named(&config.report.calendar)
}

#[cfg(not(feature = "reports"))]
fn hours(_: &Config) -> Vec<(String, fn(jiff::Timestamp) -> bongsu_health::Session)> {
    Vec::new()
}

/// What of the configuration cannot be used, where whoever looks at `/health` sees it. It is no
/// reason to be degraded: nothing of it comes and goes.
fn unused(config: &Config) -> Option<Check> {
    const SELDOM: Duration = Duration::from_secs(3_600);
    let warnings = config.warnings.iter().map(Problem::to_string);
    let unread = config.unread.iter().map(ToString::to_string);
    let lines: Vec<String> = warnings.chain(unread).collect();
    if lines.is_empty() {
        return None;
    }
    let text = lines.join("; ");
    let check = Check::new("configuration", DependencyType::Service, move || {
        let text = text.clone();
        async move { Ok(CheckOutput::ok().message(text)) }
    });
    Some(check.importance(Importance::Informational).interval(SELDOM))
}
