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
pub(crate) use checks::{checks, direct};

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
            let check = bongsu_health::checks::postgres(super::DATABASE, pool(url)?);
            add(check, Importance::Critical);
        }
        #[cfg(feature = "redis")]
        if let Some(url) = &config.redis_url {
            let check = bongsu_health::checks::redis(super::REDIS, url.expose())
                .map_err(|error| Error::setup("health", error))?;
            add(check, Importance::Degrading);
        }
        Ok(checks)
    }

    /// One connection, made when it is first needed: a database that is down must not keep the
    /// service from starting.
    #[cfg(feature = "postgres")]
    fn pool(url: &str) -> Result<sqlx::PgPool, Error> {
        let options = sqlx::postgres::PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(10));
        connect_options(url)
            .map(|url| options.connect_lazy_with(url))
            .ok_or_else(|| Error::setup("health", "DATABASE_URL is not a valid postgres:// URL"))
    }

    /// As a pooler takes them, which lets in no setting that it does not know how to give back. The parser's
    /// error repeats parts of the URL, which holds the password.
    #[cfg(feature = "postgres")]
    fn connect_options(url: &str) -> Option<sqlx::postgres::PgConnectOptions> {
        let options: sqlx::postgres::PgConnectOptions = url.parse().ok()?;
        Some(options.extra_float_digits(None))
    }

    /// A check over a connection of its own in place of one over a pool, which tries again until its
    /// patience ends, and then knows no more than that.
    #[cfg(feature = "postgres")]
    pub(crate) fn direct(config: &Config, check: Check) -> Check {
        use bongsu_health::{CheckOutput, DependencyType};
        use sqlx::{ConnectOptions as _, Connection as _};
        let Some(options) = config
            .postgres_url()
            .filter(|_| check.name() == super::DATABASE)
            .and_then(connect_options)
        else {
            return check;
        };
        Check::new(super::DATABASE, DependencyType::Database, move || {
            let options = options.clone();
            async move {
                let mut connection = options.connect().await?;
                connection.ping().await?;
                connection.close().await?;
                Ok(CheckOutput::ok())
            }
        })
    }

    #[cfg(not(feature = "postgres"))]
    pub(crate) fn direct(_: &Config, check: Check) -> Check {
        check
    }
}
