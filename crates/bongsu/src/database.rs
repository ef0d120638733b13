//! What `DATABASE_URL` and `REDIS_URL` turn on: a check each, and the pool that the daily report
//! shares with the check.

#[cfg(feature = "health")]
use bongsu_health::Check;
#[cfg(all(
    feature = "health",
    any(feature = "postgres", feature = "redis", feature = "sqlite")
))]
use bongsu_health::Importance;

use crate::{Config, Error};

/// Connections that monitoring may hold: one for the check, one for the report.
#[cfg(feature = "postgres")]
const POOL_SIZE: u32 = 2;

/// A pool that connects when it is first needed: a database that is down must not keep the
/// service from starting.
#[cfg(feature = "postgres")]
pub(crate) fn pool(config: &Config) -> Result<Option<sqlx::PgPool>, Error> {
    let url = config.database_url.as_ref().map(|url| url.expose());
    let Some(url) = url.filter(|url| url.starts_with("postgres")) else {
        return Ok(None);
    };
    let options = sqlx::postgres::PgPoolOptions::new()
        .max_connections(POOL_SIZE)
        .acquire_timeout(std::time::Duration::from_secs(10));
    // The parser's error repeats parts of the URL, which holds the password.
    let pool = options.connect_lazy(url).map_err(|_| {
        Error::setup(
            "the database pool",
            "DATABASE_URL is not a valid postgres:// URL",
        )
    })?;
    Ok(Some(pool))
}

/// The checks that the configuration asks for; both decide about readiness.
#[cfg(feature = "health")]
#[allow(
    unused_mut,
    unused_variables,
    reason = "which checks exist depends on the features"
)]
pub(crate) fn checks(
    config: &Config,
    #[cfg(feature = "postgres")] pool: Option<&sqlx::PgPool>,
) -> Result<Vec<Check>, Error> {
    let mut checks = Vec::new();
    #[cfg(feature = "sqlite")]
    if let Some(path) = config.sqlite_path() {
        checks
            .push(bongsu_health::checks::sqlite("database", path).importance(Importance::Critical));
    }
    #[cfg(feature = "postgres")]
    if let Some(pool) = pool {
        let check = bongsu_health::checks::postgres("database", pool.clone());
        checks.push(check.importance(Importance::Critical));
    }
    #[cfg(feature = "redis")]
    if let Some(url) = &config.redis_url {
        let check = bongsu_health::checks::redis("redis", url.expose())
            .map_err(|error| Error::setup("health", error))?;
        checks.push(check.importance(Importance::Degrading));
    }
    Ok(checks)
}
