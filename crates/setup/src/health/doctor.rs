//! Whether what health watches answers.

use std::time::Duration;

use bongsu_config::{
    Config,
    doctor::{Finding, judge},
};
use bongsu_health::{Check, HealthCheck, HealthStatus};

use super::{checks, stores};

/// A real ping of everything that health watches.
pub async fn doctor(config: &Config, own: Vec<Check>) -> Vec<Finding> {
    const REMEDY: &str = "correct the check, or the URL that it is made of";
    let configured = match stores::checks(config).and_then(|all| Ok((all, checks(config)?))) {
        Ok((stores, of_file)) => stores.into_iter().chain(of_file),
        Err(error) => return vec![Finding::failed("checks", error.chain(), REMEDY)],
    };
    // The first answer counts, and a slow one is better than none.
    let patient = |check: Check| check.failure_threshold(1).timeout(Duration::from_secs(10));
    let health = HealthCheck::builder(&config.service.name)
        .checks(configured.map(patient))
        .checks(own.into_iter().map(|check| check.failure_threshold(1)))
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
