//! One connection to PostgreSQL, opened when it is needed and kept while it is good.
//!
//! A pool would spawn its own tasks; a daily report needs one connection a day.
//!
//! Each piece of work is one transaction, and no statement outlives it: behind a pooler that gives every
//! transaction another session, nothing else would do.

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::sync::{Mutex, MutexGuard};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a server may leave a statement, or the next of its rows, unanswered.
pub(crate) const STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the kept connection may take to say that it is alive.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// Waits for an answer as long as one may take: a server that is frozen never says so.
pub(crate) async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    let answer = tokio::time::timeout(limit, work).await;
    answer.unwrap_or_else(|_| Err(silent("the server", limit)))
}

fn silent(who: &str, limit: Duration) -> sqlx::Error {
    let text = format!("{who} did not answer in {} s", limit.as_secs_f64());
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, text))
}

/// The connection, shared by clones. Its options hold the password and are never shown.
#[derive(Clone)]
pub(crate) struct Link {
    options: Arc<PgConnectOptions>,
    idle: Arc<Mutex<Option<PgConnection>>>,
    name: Arc<str>,
    pub(crate) limit: Duration,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Link").field(&self.name).finish()
    }
}

impl Link {
    /// From a URL `postgres://user:password@host:port/database?options`.
    pub(crate) fn new(url: &str) -> Result<Self, BadUrl> {
        // The cause may quote the URL, which holds the password.
        let options = PgConnectOptions::from_str(url).map_err(|_| BadUrl)?;
        let name = format!(
            "postgres {}:{}/{}",
            options.get_host(),
            options.get_port(),
            options.get_database().unwrap_or_default()
        );
        Ok(Self {
            // A pooler lets in no setting that it does not know how to give back.
            options: Arc::new(
                options
                    .extra_float_digits(None)
                    .statement_cache_capacity(0)
                    .application_name("bongsu-reports")
                    .disable_statement_logging(),
            ),
            idle: Arc::default(),
            name: name.into(),
            limit: STATEMENT_TIMEOUT,
        })
    }

    /// Where it leads in full, without the password.
    pub(crate) fn place(&self) -> String {
        let options = &self.options;
        format!(
            "{} user={} options={:?}",
            self.name,
            options.get_username(),
            options.get_options()
        )
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The connection for one piece of work, which `begin` opens a transaction for; give it back with
    /// [`Lease::commit`] when all went well.
    pub(crate) async fn take(&self, begin: &'static str) -> Result<Lease<'_>, sqlx::Error> {
        // Whoever holds it is bound by the limits of statements.
        let mut slot = self.idle.lock().await;
        // A kept connection may be dead: that costs a moment, not a statement's whole time.
        let patience = PING_TIMEOUT.min(self.limit);
        if let Some(mut connection) = slot.take() {
            let begun = sqlx::raw_sql(begin).execute(&mut connection);
            if within(patience, begun).await.is_ok() {
                return Ok(Lease { slot, connection });
            }
        }
        let fresh = async {
            let mut connection = self.options.connect().await?;
            sqlx::raw_sql(begin).execute(&mut connection).await?;
            Ok(connection)
        };
        let limit = CONNECT_TIMEOUT.min(self.limit);
        let connection = tokio::time::timeout(limit, fresh)
            .await
            .unwrap_or_else(|_| Err(silent(&self.name, limit)))?;
        Ok(Lease { slot, connection })
    }
}

/// A URL that is none of PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a postgres:// URL")]
pub struct BadUrl;

/// The connection while it is used. Dropping it closes the connection: a piece of work that was
/// cut off leaves nothing half-done behind.
pub(crate) struct Lease<'a> {
    slot: MutexGuard<'a, Option<PgConnection>>,
    pub(crate) connection: PgConnection,
}

impl Lease<'_> {
    /// Makes what was done last, and keeps the connection for the next piece of work.
    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        sqlx::raw_sql("COMMIT")
            .execute(&mut self.connection)
            .await?;
        *self.slot = Some(self.connection);
        Ok(())
    }
}
