//! Health: the checks that the configuration and the service name.

use std::time::Duration;

use bongsu_desks::Part;
use bongsu_health::{Check, CheckOutput, DependencyType, HealthCheck, HealthStatus, Importance};

use super::{Parts, Start, stores};
use crate::{
    Bongsu, Builder, Config, Error,
    config::Problem,
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
        .checks(of_file(cx.config)?)
        .checks(configuration(cx.config))
        .checks(settings.checks)
        .build()
        .map_err(|error| Error::setup("health", error))?;
    for check in health.tasks() {
        cx.tasks.spawn("health", check);
    }
    Ok(health)
}

/// What an operator meets of it.
pub(crate) fn desk(_: &Config, parts: &Parts) -> Option<Box<dyn Part>> {
    Some(Box::new(bongsu_desks::Health::new(parts.health.clone())))
}

/// The checks that the file names.
fn of_file(config: &Config) -> Result<Vec<Check>, Error> {
    let checks = config.loaded().checks();
    checks.map_err(|problem| crate::config::ConfigError::from(problem).into())
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
    let configured = match stores::checks(config).and_then(|all| Ok((all, of_file(config)?))) {
        Ok((mut checks, of_file)) => {
            checks.extend(of_file);
            checks
        }
        Err(error) => return vec![Finding::failed("checks", error.chain(), REMEDY)],
    };
    // The first answer counts, and a slow one is better than none.
    let patient = |check: Check| {
        let check = stores::direct(config, check);
        check.failure_threshold(1).timeout(Duration::from_secs(10))
    };
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
