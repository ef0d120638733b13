//! The checks that `DATABASE_URL` and `REDIS_URL` turn on.

use bongsu_health::Check;
#[cfg(any(feature = "postgres", feature = "redis", feature = "sqlite"))]
use bongsu_health::Importance;

use crate::{Config, Error};

/// How soon what is not healthy is asked again.
#[cfg(any(feature = "postgres", feature = "redis", feature = "sqlite"))]
const RECHECK: std::time::Duration = std::time::Duration::from_secs(2);

/// The checks that the configuration asks for: the database decides about readiness, Redis does not.
#[allow(
    unused_mut,
    unused_variables,
    reason = "which checks exist depends on the features"
)]
pub(crate) fn checks(config: &Config) -> Result<Vec<Check>, Error> {
    let mut checks = Vec::new();
    #[cfg(feature = "sqlite")]
    if let Some(path) = config.sqlite_path() {
        let check = bongsu_health::checks::sqlite("database", path);
        checks.push(
            check
                .importance(Importance::Critical)
                .fast_interval(RECHECK),
        );
    }
    #[cfg(feature = "postgres")]
    if let Some(url) = config.postgres_url() {
        let check = bongsu_health::checks::postgres("database", pool(url)?);
        checks.push(
            check
                .importance(Importance::Critical)
                .fast_interval(RECHECK),
        );
    }
    #[cfg(feature = "redis")]
    if let Some(url) = &config.redis_url {
        let check = bongsu_health::checks::redis("redis", url.expose())
            .map_err(|error| Error::setup("health", error))?;
        checks.push(
            check
                .importance(Importance::Degrading)
                .fast_interval(RECHECK),
        );
    }
    Ok(checks)
}

/// One connection, made when it is first needed: a database that is down must not keep the service
/// from starting.
#[cfg(feature = "postgres")]
fn pool(url: &str) -> Result<sqlx::PgPool, Error> {
    let options = sqlx::postgres::PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(std::time::Duration::from_secs(10));
    // The parser's error repeats parts of the URL, which holds the password.
    options
        .connect_lazy(url)
        .map_err(|_| Error::setup("health", "DATABASE_URL is not a valid postgres:// URL"))
}

/// A check over a connection of its own, which says why there is none: a pool tries again until its
/// patience ends, and then knows no more than that.
#[cfg(feature = "postgres")]
pub(crate) fn direct(url: &str) -> Check {
    use bongsu_health::{CheckOutput, DependencyType};
    use sqlx::{Connection as _, PgConnection};
    let url = url.to_owned();
    Check::new("database", DependencyType::Database, move || {
        let url = url.clone();
        async move {
            let mut connection = PgConnection::connect(&url).await?;
            connection.ping().await?;
            connection.close().await?;
            Ok(CheckOutput::ok())
        }
    })
}
