//! The checks of `DATABASE_URL` and `REDIS_URL`.

use std::time::Duration;

use bongsu_config::Config;
use bongsu_health::{Check, Importance};

use crate::Error;

/// The check of `DATABASE_URL`.
pub(super) const DATABASE: &str = "database";
/// The check of `REDIS_URL`.
pub(super) const REDIS: &str = "redis";
/// How soon what is not healthy is asked again.
const RECHECK: Duration = Duration::from_secs(2);

/// The checks that the variables ask for: the database decides about readiness, Redis does not.
pub(super) fn checks(config: &Config) -> Result<Vec<Check>, Error> {
    let found = [
        (sqlite(config), Importance::Critical),
        (postgres(config)?, Importance::Critical),
        (redis(config)?, Importance::Degrading),
    ];
    let found = found.into_iter().filter_map(|(check, importance)| {
        let check = check?.importance(importance);
        Some(check.fast_interval(RECHECK))
    });
    Ok(found.collect())
}

#[cfg(feature = "sqlite")]
fn sqlite(config: &Config) -> Option<Check> {
    let path = config.sqlite_path()?;
    Some(bongsu_health::checks::sqlite(DATABASE, path))
}

#[cfg(feature = "postgres")]
fn postgres(config: &Config) -> Result<Option<Check>, Error> {
    let Some(url) = config.postgres_url() else {
        return Ok(None);
    };
    let probe = bongsu_health::checks::PostgresProbe::connect(url);
    let probe = probe.map_err(|error| Error::part("health", error))?;
    Ok(Some(probe.into_check(DATABASE)))
}

#[cfg(feature = "redis")]
fn redis(config: &Config) -> Result<Option<Check>, Error> {
    let Some(url) = &config.redis_url else {
        return Ok(None);
    };
    let check = bongsu_health::checks::redis(REDIS, url.expose());
    Ok(Some(check.map_err(|error| Error::part("health", error))?))
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(_: &Config) -> Option<Check> {
    None
}

#[cfg(not(feature = "postgres"))]
fn postgres(_: &Config) -> Result<Option<Check>, Error> {
    Ok(None)
}

#[cfg(not(feature = "redis"))]
fn redis(_: &Config) -> Result<Option<Check>, Error> {
    Ok(None)
}
