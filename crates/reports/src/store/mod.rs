//! What a generator remembers: deliveries, reports sent, session snapshots.
//!
//! Replicas that share a store send one report between them.

mod memory;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod row;
#[cfg(feature = "sqlite")]
mod sqlite;
mod steps;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::compute::Snapshot;
use crate::deliver::{Claim, DeliveryKey, DeliveryRecord, Settlement};

pub use memory::MemoryStore;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;

/// The generator's memory.
#[async_trait]
pub trait ReportStore: Send + Sync + std::fmt::Debug + 'static {
    /// The instant before which nothing is owed: the first one ever given for this report.
    async fn baseline(&self, report: &str, now: Timestamp) -> Result<Timestamp, StoreError>;

    /// Keeps a report unless its revision is there already; returns what is kept. The mark that it is
    /// to be sent is set when either has it.
    async fn keep_report(&self, report: KeptReport) -> Result<KeptReport, StoreError>;

    /// A revision of a session's report; the latest for `None`.
    async fn report(
        &self,
        report: &str,
        session: Date,
        revision: Option<u32>,
    ) -> Result<Option<KeptReport>, StoreError>;

    /// Every revision of every session from `since` on, oldest first, without the summaries' text.
    async fn reported(&self, report: &str, since: Date) -> Result<Vec<Reported>, StoreError>;

    /// Claims a delivery until `lease_until`.
    async fn claim(
        &self,
        key: &DeliveryKey,
        message_id: &str,
        owner: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Claim, StoreError>;

    /// Marks a claimed delivery as being sent; `false` when it is no longer ours.
    async fn sending(
        &self,
        key: &DeliveryKey,
        owner: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Marks the outcome of a delivery that is ours; `None` when it is no longer.
    async fn settle(
        &self,
        key: &DeliveryKey,
        owner: &str,
        outcome: Settlement,
        now: Timestamp,
    ) -> Result<Option<DeliveryRecord>, StoreError>;

    /// Makes a final delivery pending again, under a new message id; `false` when it is not final.
    async fn reopen(
        &self,
        key: &DeliveryKey,
        message_id: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// The deliveries of a session's report, every revision.
    async fn deliveries(
        &self,
        report: &str,
        session: Date,
    ) -> Result<Vec<DeliveryRecord>, StoreError>;

    /// The latest snapshot of a source at or before a date.
    async fn snapshot(
        &self,
        source: &str,
        at_or_before: Date,
    ) -> Result<Option<Snapshot>, StoreError>;

    /// Stores snapshots, replacing those of the same dates.
    async fn keep_snapshots(
        &self,
        source: &str,
        snapshots: Vec<Snapshot>,
    ) -> Result<(), StoreError>;

    /// Forgets the snapshots of a source after a date; every one for `None`.
    async fn forget_snapshots(&self, source: &str, after: Option<Date>) -> Result<(), StoreError>;
}

/// A report as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptReport {
    /// The report's name, such as `daily`.
    pub report: String,
    /// The session.
    pub session: Date,
    /// The revision.
    pub revision: u32,
    /// The source could be read.
    pub complete: bool,
    /// It is to be sent to everybody.
    pub send: bool,
    /// When it was made.
    pub generated_at: Timestamp,
    /// The summary as JSON.
    pub summary: String,
}

/// That a report was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported {
    /// The session.
    pub session: Date,
    /// The revision.
    pub revision: u32,
    /// The source could be read for it.
    pub complete: bool,
    /// It is to be sent to everybody.
    pub send: bool,
    /// When it was made.
    pub generated_at: Timestamp,
}

impl KeptReport {
    /// That it was made, without its text.
    #[must_use]
    pub fn reported(&self) -> Reported {
        Reported {
            session: self.session,
            revision: self.revision,
            complete: self.complete,
            send: self.send,
            generated_at: self.generated_at,
        }
    }
}

/// The store could not be used.
#[derive(Debug, thiserror::Error)]
#[error("report store, {what}")]
pub struct StoreError {
    /// The step.
    pub(crate) what: &'static str,
    /// The cause.
    #[source]
    pub(crate) cause: Box<dyn std::error::Error + Send + Sync>,
}

impl StoreError {
    /// An error of a store of your own.
    pub fn new(
        what: &'static str,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            what,
            cause: cause.into(),
        }
    }
}
