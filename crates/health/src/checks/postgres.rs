//! Whether a PostgreSQL server answers, over the service's pool or a connection of its own.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection, PgPool, Postgres, Row as _};

use crate::check::{Check, CheckError, CheckOutput, Probe};
use crate::error::{HealthError, Problem};
use crate::status::DependencyType;

/// Asks over the service's own pool, so that a pool with no free connection is noticed too, or over one connection of
/// its own.
#[derive(Debug)]
#[must_use]
pub struct PostgresProbe {
    over: Over,
    primary: bool,
}

#[derive(Debug)]
enum Over {
    Pool(PgPool),
    /// One connection, kept from run to run.
    Own(Box<PgConnectOptions>, Mutex<Option<PgConnection>>),
}

impl PostgresProbe {
    /// Over this pool.
    pub const fn new(pool: PgPool) -> Self {
        Self {
            over: Over::Pool(pool),
            primary: false,
        }
    }

    /// Over a connection of its own, made when it is first needed and again when it is lost.
    ///
    /// # Errors
    ///
    /// [`HealthError::Invalid`] when it is no `postgres://` URL.
    pub fn connect(url: &str) -> Result<Self, HealthError> {
        // The parser's error repeats parts of the URL, which holds the password.
        let invalid = || Problem::InvalidTarget {
            name: "postgres".to_owned(),
            reason: "it is no postgres:// URL".to_owned(),
        };
        let scheme = ["postgres://", "postgresql://"];
        let options = url
            .parse::<PgConnectOptions>()
            .ok()
            .filter(|_| scheme.iter().any(|scheme| url.starts_with(scheme)))
            .ok_or_else(|| HealthError::Invalid(vec![invalid()]))?;
        // As a pooler takes them, which lets in no setting that it does not know how to give back.
        let options = options.extra_float_digits(None);
        Ok(Self {
            over: Over::Own(Box::new(options), Mutex::new(None)),
            primary: false,
        })
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
        match &self.over {
            Over::Pool(pool) => {
                let mut borrowed = Borrowed(Some(pool.acquire().await?));
                let Some(connection) = borrowed.0.as_mut() else {
                    return Err(CheckError::new("no connection"));
                };
                let standby = self.ask(connection).await?;
                borrowed.give_back();
                Ok(answer(standby)?
                    .metadata("pool_size", pool.size())
                    .metadata("pool_idle", pool.num_idle())
                    .metadata("pool_max", pool.options().get_max_connections()))
            }
            Over::Own(options, held) => {
                let kept = lock(held).take();
                let mut connection = match kept {
                    Some(connection) => connection,
                    None => options.connect().await?,
                };
                // What fails, or is cancelled, is closed: the next run begins with another.
                let standby = self.ask(&mut connection).await?;
                *lock(held) = Some(connection);
                answer(standby)
            }
        }
    }

    fn explain_timeout(&self) -> Option<String> {
        let Over::Pool(pool) = &self.over else {
            return None;
        };
        let most = pool.options().get_max_connections();
        let used_up = pool.size() >= most && pool.num_idle() == 0;
        used_up.then(|| format!("no free connection: {most} of {most} in use"))
    }
}

impl PostgresProbe {
    /// Whether it answers; true: as a standby where a primary is wanted.
    async fn ask(&self, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
        // By the simple protocol: a pooler in transaction mode loses what is prepared.
        if self.primary {
            let asked = sqlx::raw_sql("SELECT pg_is_in_recovery()");
            return asked.fetch_one(connection).await?.try_get(0);
        }
        sqlx::raw_sql("SELECT 1").execute(connection).await?;
        Ok(false)
    }
}

fn answer(standby: bool) -> Result<CheckOutput, CheckError> {
    match standby {
        true => Err(CheckError::new(
            "the server is a standby, which cannot be written",
        )),
        false => Ok(CheckOutput::ok()),
    }
}

fn lock(held: &Mutex<Option<PgConnection>>) -> MutexGuard<'_, Option<PgConnection>> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A check that the pool can reach its server and run `SELECT 1`.
pub fn postgres(name: impl Into<String>, pool: PgPool) -> Check {
    PostgresProbe::new(pool).into_check(name)
}
