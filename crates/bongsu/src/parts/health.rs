//! Health: the checks that the configuration and the service name.

use std::time::Duration;

use bongsu_config::file::importance;
use bongsu_desks::Part;
use bongsu_health::{
    Check, CheckOutput, DependencyType, HealthCheck, HealthError, HealthStatus, HeartbeatBuilder,
    Importance,
};

use super::{Parts, Start, stores};
use crate::{
    Bongsu, Builder, Config, Error,
    config::{ConfigError, Problem},
    doctor::{Finding, judge},
};

pub(crate) type Offer = HealthCheck;

#[derive(Debug, Default)]
pub(crate) struct Settings {
    checks: Vec<Check>,
}

impl Settings {
    /// One more check.
    #[allow(dead_code, reason = "which parts there are depends on the features")]
    pub(crate) fn and(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }
}

pub(crate) async fn start(cx: &mut Start<'_>, settings: Settings) -> Result<Offer, Error> {
    let service = &cx.config.service;
    let health = HealthCheck::builder(&service.name)
        .version(&service.version)
        .checks(stores::checks(cx.config)?)
        .checks(checks_of_file(cx.config)?)
        .checks(configuration(cx.config))
        .checks(settings.checks)
        .build()
        .map_err(|error| wrong(cx.config, error))?;
    for check in health.tasks() {
        cx.tasks.spawn("health", check);
    }
    let (_, beats) = of_file(cx.config, &health)?;
    let beats = beats.into_iter().map(|(_, beat)| beat).collect();
    health
        .exchange(&[], Vec::new(), beats)
        .map_err(|error| wrong(cx.config, error))?;
    Ok(health)
}

/// What an operator meets of it.
pub(crate) fn desk(_: &Config, parts: &Parts) -> Option<Box<dyn Part>> {
    Some(Box::new(bongsu_desks::Health::new(parts.health.clone())))
}

/// With the place in the file where the file names what something else is called already.
fn wrong(config: &Config, error: HealthError) -> Error {
    match config.loaded().check_that(|name| error.names(name)) {
        Some(place) => ConfigError::from(Problem::new(place, error.to_string())).into(),
        None => Error::setup("health", error),
    }
}

/// Checks, and heartbeats by their names.
pub(crate) type Watched = (Vec<Check>, Vec<(String, HeartbeatBuilder)>);

/// What the file asks to be watched.
pub(crate) fn of_file(config: &Config, health: &HealthCheck) -> Result<Watched, ConfigError> {
    let checks = checks_of_file(config)?;
    let hours = hours(config);
    let names: Vec<&str> = hours.iter().map(|(name, _)| name.as_str()).collect();
    let declared = config.loaded().heartbeats(&names);
    let beats = declared.map_err(ConfigError::from)?.into_iter().map(|it| {
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
    Ok((checks, beats.collect()))
}

fn checks_of_file(config: &Config) -> Result<Vec<Check>, ConfigError> {
    config.loaded().checks().map_err(ConfigError::from)
}

/// The hours in which a heartbeat may have to beat, by name.
#[cfg(feature = "reports")]
fn hours(config: &Config) -> Vec<(String, crate::MarketHours)> {
    bongsu_bridge::market_hours::named(&config.report.calendar)
}

#[cfg(not(feature = "reports"))]
fn hours(_: &Config) -> Vec<(String, fn(jiff::Timestamp) -> bongsu_health::Session)> {
    Vec::new()
}

/// Whether the heartbeats of the file can be watched.
#[allow(dead_code, reason = "it is asked with the routes")]
pub(crate) fn judge_heartbeats(config: &Config) -> Result<(), ConfigError> {
    let hours = hours(config);
    let names: Vec<&str> = hours.iter().map(|(name, _)| name.as_str()).collect();
    let declared = config.loaded().heartbeats(&names);
    declared.map(drop).map_err(ConfigError::from)
}

/// The service is about to end.
pub(crate) fn drain(health: &Offer) {
    health.drain();
}

/// What of the configuration cannot be used, where whoever looks at `/health` sees it. It is no
/// reason to be degraded: nothing of it comes and goes.
fn configuration(config: &Config) -> Option<Check> {
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

/// A real ping of everything that health watches.
pub(crate) async fn doctor(config: &Config, settings: Settings) -> Vec<Finding> {
    const REMEDY: &str = "correct the check, or the URL that it is made of";
    let configured = match stores::checks(config).and_then(|all| Ok((all, checks_of_file(config)?)))
    {
        Ok((mut checks, of_file)) => {
            checks.extend(of_file);
            checks
        }
        Err(error) => return vec![Finding::failed("checks", error.chain(), REMEDY)],
    };
    // The first answer counts, and a slow one is better than none.
    let patient = |check: Check| check.failure_threshold(1).timeout(Duration::from_secs(10));
    let health = HealthCheck::builder(&config.service.name)
        .checks(configured.into_iter().map(patient))
        .checks(
            settings
                .checks
                .into_iter()
                .map(|check| check.failure_threshold(1)),
        )
        .build();
    let health = match health {
        Ok(health) => health,
        Err(error) => return vec![Finding::failed("checks", error.to_string(), REMEDY)],
    };
    let snapshot = health.refresh_all().await;
    let missing_file = config.sqlite_path().is_some_and(|path| !path.exists());
    let judged = snapshot.dependencies().map(|(dependency, _)| {
        let why = dependency.message.as_deref().unwrap_or("no reason given");
        let ping = match dependency.status {
            HealthStatus::Healthy => judge::Ping::Answered,
            HealthStatus::Degraded => judge::Ping::Degraded(why),
            _ if missing_file && dependency.name == stores::DATABASE => judge::Ping::NoFile,
            _ => judge::Ping::Failed(why),
        };
        let subject = match dependency.name.as_str() {
            stores::DATABASE => "DATABASE_URL",
            stores::REDIS => "REDIS_URL",
            other => other,
        };
        judge::dependency(subject, ping)
    });
    judged.collect()
}

impl Bongsu {
    /// The service's health: read it, refresh it, add heartbeats.
    #[must_use]
    pub fn health(&self) -> &HealthCheck {
        &self.0.parts.health
    }
}

impl Builder {
    /// Watches a dependency beside those that the configuration names.
    pub fn check(mut self, check: Check) -> Self {
        self.settings.health.checks.push(check);
        self
    }
}
