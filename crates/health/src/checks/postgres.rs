//! Whether a PostgreSQL pool works.

use async_trait::async_trait;
use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres, Row as _};

use crate::check::{Check, CheckError, CheckOutput, Probe};
use crate::status::DependencyType;

/// Asks over the service's own pool, so that a pool with no free connection is noticed too.
#[derive(Debug)]
#[must_use]
pub struct PostgresProbe {
    pool: PgPool,
    primary: bool,
}

impl PostgresProbe {
    /// Over this pool.
    pub const fn new(pool: PgPool) -> Self {
        Self {
            pool,
            primary: false,
        }
    }

    /// A standby, which cannot be written, counts as failed. Default no.
    pub const fn require_primary(mut self, yes: bool) -> Self {
        self.primary = yes;
        self
    }

    /// As a check of a database.
    pub fn into_check(self, name: impl Into<String>) -> Check {
        Check::from_probe(name, DependencyType::Database, self)
    }
}

/// A connection that is closed, not given back, when the run is cancelled.
///
/// The pool would ping a returned connection without a time limit, so a server that no longer answers
/// would cost the service one of its connections with every run.
struct Borrowed(Option<PoolConnection<Postgres>>);

impl Borrowed {
    fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}

#[async_trait]
impl Probe for PostgresProbe {
    async fn check(&self) -> Result<CheckOutput, CheckError> {
        let mut borrowed = Borrowed(Some(self.pool.acquire().await?));
        let Some(connection) = borrowed.0.as_mut() else {
            return Err(CheckError::new("no connection"));
        };
        // By the simple protocol: a pooler in transaction mode loses what is prepared.
        if self.primary {
            let asked = sqlx::raw_sql("SELECT pg_is_in_recovery()");
            let standby: bool = asked.fetch_one(&mut **connection).await?.try_get(0)?;
            borrowed.give_back();
            if standby {
                return Err(CheckError::new(
                    "the server is a standby, which cannot be written",
                ));
            }
        } else {
            sqlx::raw_sql("SELECT 1").execute(&mut **connection).await?;
            borrowed.give_back();
        }
        Ok(CheckOutput::ok()
            .metadata("pool_size", self.pool.size())
            .metadata("pool_idle", self.pool.num_idle())
            .metadata("pool_max", self.pool.options().get_max_connections()))
    }

    fn explain_timeout(&self) -> Option<String> {
        let most = self.pool.options().get_max_connections();
        let used_up = self.pool.size() >= most && self.pool.num_idle() == 0;
        used_up.then(|| format!("no free connection: {most} of {most} in use"))
    }
}

/// A check that the pool can reach its server and run `SELECT 1`.
pub fn postgres(name: impl Into<String>, pool: PgPool) -> Check {
    PostgresProbe::new(pool).into_check(name)
}
