//! The original's tables in PostgreSQL.

mod read;

use std::time::Duration;

use async_trait::async_trait;
use jiff::civil::Date;

use super::time::StoredZone;
use super::{
    AccountHistory, HistoryQuery, Mapping, QuoteQuery, Quotes, ReportSource, SourceError,
    SourceProblem,
};
use crate::compute::{Digests, Replay};
use crate::pg::{Lease, Link, within};

pub use crate::pg::BadUrl;

/// Reads the original's tables from a PostgreSQL database, over one connection that is opened on
/// the first use. Tables are looked up by the connection's `search_path`.
#[derive(Debug, Clone)]
pub struct PostgresSource {
    link: Link,
    settings: Settings,
}

/// Whatever the server's habits are, floats come with all their digits, and a quote is doubled and that
/// is all.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
    SET LOCAL extra_float_digits = 2; SET LOCAL standard_conforming_strings = on";

#[derive(Debug, Clone)]
struct Settings {
    account: Option<String>,
    trades_zone: StoredZone,
    risk_zone: StoredZone,
    mapping: Mapping,
    limit: Duration,
}

impl PostgresSource {
    /// A source from a URL `postgres://user:password@host:port/database`; nothing is opened yet.
    ///
    /// # Errors
    ///
    /// When it is no such URL. The error does not quote it.
    pub fn new(url: &str) -> Result<Self, BadUrl> {
        let link = Link::new(url)?;
        Ok(Self {
            settings: Settings {
                account: None,
                trades_zone: StoredZone::seoul(),
                risk_zone: StoredZone::utc(),
                mapping: Mapping::default(),
                limit: link.limit,
            },
            link,
        })
    }

    /// Whose equity is read (`user_id`), and whose fills, where `trades` tells it by a column `user_id`,
    /// `account_id` or `account`. Default: the only one recorded; several are an error.
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

    /// Queries in place of tables, for a schema of one's own. Default: none.
    #[must_use]
    pub fn mapping(mut self, mapping: Mapping) -> Self {
        self.settings.mapping = mapping;
        self
    }

    /// How long the server may leave a statement, or the next of its rows, unanswered; a connection may
    /// take as long, and never more than 15 s. Default: 30 s.
    #[must_use]
    pub fn statement_timeout(mut self, limit: Duration) -> Self {
        self.link.limit = limit;
        self.settings.limit = limit;
        self
    }

    /// A transaction: it sees one state of the tables.
    async fn lease(&self) -> Result<Lease<'_>, SourceError> {
        let taken = self.link.take(BEGIN).await;
        taken.map_err(|cause| SourceError::Unreachable {
            what: format!("connecting to {}", self.link.name()),
            cause: cause.into(),
        })
    }

    /// Everything is read by then: a connection that does not end its transaction is closed.
    async fn give_back(&self, lease: Lease<'_>) {
        let _closed = within(self.settings.limit, lease.commit()).await;
    }
}

#[async_trait]
impl ReportSource for PostgresSource {
    fn describe(&self) -> String {
        self.link.name().to_owned()
    }

    fn identity(&self) -> String {
        format!(
            "{} account={:?} zone={:?} {}",
            self.link.place(),
            self.settings.account,
            self.settings.trades_zone,
            self.settings.mapping.text()
        )
    }

    async fn history(&self, query: HistoryQuery) -> Result<AccountHistory, SourceError> {
        let mut lease = self.lease().await?;
        let found = read::history(&mut lease.connection, &self.settings, &query).await?;
        self.give_back(lease).await;
        Ok(found)
    }

    async fn replay(
        &self,
        replay: Replay,
        through: Date,
        detail: Option<Date>,
    ) -> Result<Replay, SourceError> {
        let mut lease = self.lease().await?;
        let connection = &mut lease.connection;
        let replay = read::replay(connection, &self.settings, replay, through, detail).await?;
        self.give_back(lease).await;
        Ok(replay)
    }

    async fn quotes(&self, query: QuoteQuery) -> Result<Quotes, SourceError> {
        let mut lease = self.lease().await?;
        let found = read::quotes(&mut lease.connection, &self.settings, &query).await?;
        self.give_back(lease).await;
        Ok(found)
    }

    async fn digests(&self, through: Date) -> Result<Digests, SourceError> {
        let mut lease = self.lease().await?;
        let found = read::digests(&mut lease.connection, &self.settings, through).await?;
        self.give_back(lease).await;
        Ok(found)
    }

    async fn check(&self) -> Result<Vec<SourceProblem>, SourceError> {
        let mut lease = self.lease().await?;
        let found = read::problems(&mut lease.connection, &self.settings).await?;
        self.give_back(lease).await;
        Ok(found)
    }
}
