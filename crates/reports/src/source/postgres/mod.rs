//! The original's tables in PostgreSQL.

mod read;

use async_trait::async_trait;
use jiff::civil::Date;

use super::time::StoredZone;
use super::{AccountHistory, QuoteQuery, Quotes, ReportSource, SourceError};
use crate::compute::Replay;
use crate::pg::Link;

pub use crate::pg::BadUrl;

/// Reads the original's tables from a PostgreSQL database, over one connection that is opened on
/// the first use. Tables are looked up by the connection's `search_path`.
#[derive(Debug, Clone)]
pub struct PostgresSource {
    link: Link,
    settings: Settings,
}

#[derive(Debug, Clone)]
struct Settings {
    account: Option<String>,
    trades_zone: StoredZone,
    risk_zone: StoredZone,
}

impl PostgresSource {
    /// A source from a URL `postgres://user:password@host:port/database`; nothing is opened yet.
    ///
    /// # Errors
    ///
    /// When it is no such URL. The error does not quote it.
    pub fn new(url: &str) -> Result<Self, BadUrl> {
        Ok(Self {
            link: Link::new(url)?,
            settings: Settings {
                account: None,
                trades_zone: StoredZone::seoul(),
                risk_zone: StoredZone::utc(),
            },
        })
    }

    /// Whose equity is read (`user_id`). Default: the only one recorded; several are an error.
    #[must_use]
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.settings.account = Some(account.into());
        self
    }

    /// The zone of the naive times in `trades`. Default: Korea.
    #[must_use]
    pub fn trades_zone(mut self, zone: StoredZone) -> Self {
        self.settings.trades_zone = zone;
        self
    }

    /// The zone of the naive times in `portfolio_risk_metrics`. Default: UTC.
    #[must_use]
    pub fn risk_zone(mut self, zone: StoredZone) -> Self {
        self.settings.risk_zone = zone;
        self
    }

    fn unreachable(&self, cause: sqlx::Error) -> SourceError {
        SourceError::Unreachable {
            what: format!("connecting to {}", self.link.name()),
            cause: cause.into(),
        }
    }
}

#[async_trait]
impl ReportSource for PostgresSource {
    fn describe(&self) -> String {
        self.link.name().to_owned()
    }

    async fn history(&self, through: Date) -> Result<AccountHistory, SourceError> {
        let mut lease = self.link.take().await.map_err(|e| self.unreachable(e))?;
        let found = read::history(&mut lease.connection, &self.settings, through).await?;
        lease.keep();
        Ok(found)
    }

    async fn replay(
        &self,
        mut replay: Replay,
        through: Date,
        detail: Option<Date>,
    ) -> Result<Replay, SourceError> {
        let mut lease = self.link.take().await.map_err(|e| self.unreachable(e))?;
        let connection = &mut lease.connection;
        read::replay(connection, &self.settings, &mut replay, through, detail).await?;
        lease.keep();
        Ok(replay)
    }

    async fn quotes(&self, query: QuoteQuery) -> Result<Quotes, SourceError> {
        let mut lease = self.link.take().await.map_err(|e| self.unreachable(e))?;
        let found = read::quotes(&mut lease.connection, &query).await?;
        lease.keep();
        Ok(found)
    }

    async fn backfilled(&self, last_id: i64, on_or_before: Date) -> Result<bool, SourceError> {
        let mut lease = self.link.take().await.map_err(|e| self.unreachable(e))?;
        let connection = &mut lease.connection;
        let found = read::backfilled(connection, &self.settings, last_id, on_or_before).await?;
        lease.keep();
        Ok(found)
    }
}
