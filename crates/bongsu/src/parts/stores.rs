//! The databases that `DATABASE_URL` and `REDIS_URL` name: who judges the URL, and their checks.
#![allow(
    dead_code,
    unused_imports,
    unused_variables,
    unused_mut,
    reason = "which databases there are depends on the features"
)]

/// The check of `DATABASE_URL`.
pub(crate) const DATABASE: &str = "database";
/// The check of `REDIS_URL`.
pub(crate) const REDIS: &str = "redis";

#[cfg(feature = "health")]
pub(crate) use checks::checks;

#[cfg(feature = "health")]
mod checks {
    use std::time::Duration;

    use bongsu_health::{Check, Importance};

    use crate::{Config, Error};

    /// How soon what is not healthy is asked again.
    const RECHECK: Duration = Duration::from_secs(2);

    /// The checks that the configuration asks for: the database decides about readiness, Redis does
    /// not.
    pub(crate) fn checks(config: &Config) -> Result<Vec<Check>, Error> {
        let mut checks = Vec::new();
        let mut add = |check: Check, importance| {
            checks.push(check.importance(importance).fast_interval(RECHECK));
        };
        #[cfg(feature = "sqlite")]
        if let Some(path) = config.sqlite_path() {
            let check = bongsu_health::checks::sqlite(super::DATABASE, path);
            add(check, Importance::Critical);
        }
        #[cfg(feature = "postgres")]
        if let Some(url) = config.postgres_url() {
            let probe = bongsu_health::checks::PostgresProbe::connect(url)
                .map_err(|error| Error::setup("health", error))?;
            add(probe.into_check(super::DATABASE), Importance::Critical);
        }
        #[cfg(feature = "redis")]
        if let Some(url) = &config.redis_url {
            let check = bongsu_health::checks::redis(super::REDIS, url.expose())
                .map_err(|error| Error::setup("health", error))?;
            add(check, Importance::Degrading);
        }
        Ok(checks)
    }
}
