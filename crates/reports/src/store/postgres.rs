//! The store in PostgreSQL: replicas on many machines send one report between them.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;

use super::row::{self, DeliveryColumns, PositionColumns, ReportColumns, ReportedColumns};
use super::steps::{self, Deliveries};
use super::{KeptReport, ReportStore, Reported, StoreError};
use crate::compute::Snapshot;
use crate::deliver::{Claim, DeliveryKey, DeliveryRecord, Settlement};
use crate::pg::{BadUrl, Lease, Link};

/// Two replicas that start at once may both find a table missing: the lock lets one make it.
const SCHEMA: &str = "
SELECT pg_advisory_xact_lock(725283915);
CREATE TABLE IF NOT EXISTS bongsu_report_baselines (
    report text PRIMARY KEY, since timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS bongsu_reports (
    report text NOT NULL, session_date date NOT NULL, revision bigint NOT NULL,
    complete boolean NOT NULL, send boolean NOT NULL, generated_at timestamptz NOT NULL,
    summary text NOT NULL,
    PRIMARY KEY (report, session_date, revision)
);
CREATE TABLE IF NOT EXISTS bongsu_deliveries (
    report text NOT NULL, session_date date NOT NULL, revision bigint NOT NULL,
    channel text NOT NULL, recipient text NOT NULL,
    state text NOT NULL, attempts bigint NOT NULL, owner text, lease_until timestamptz,
    not_before timestamptz, first_at timestamptz NOT NULL, updated_at timestamptz NOT NULL,
    message_id text NOT NULL, reason text,
    PRIMARY KEY (report, session_date, revision, channel, recipient)
);
CREATE TABLE IF NOT EXISTS bongsu_positions (
    source text NOT NULL, session_date date NOT NULL, last_id bigint NOT NULL,
    book text NOT NULL,
    PRIMARY KEY (source, session_date)
);
";

/// Names of before there were several services in a store: each report's own summary tells whose it is.
const SCOPE: &str = "
SELECT pg_advisory_xact_lock(725283915);
CREATE TEMPORARY TABLE bongsu_scopes ON COMMIT DROP AS
    SELECT report, session_date, revision, report || '@' || (summary::json ->> 'service_name')
        || '/' || (summary::json ->> 'environment') AS scoped
    FROM bongsu_reports WHERE position('@' in report) = 0 AND summary LIKE '{%service_name%';
INSERT INTO bongsu_report_baselines (report, since)
    SELECT DISTINCT s.scoped, b.since FROM bongsu_scopes s
    JOIN bongsu_report_baselines b ON b.report = s.report ON CONFLICT DO NOTHING;
UPDATE bongsu_deliveries d SET report = s.scoped FROM bongsu_scopes s
    WHERE d.report = s.report AND d.session_date = s.session_date AND d.revision = s.revision
    AND NOT EXISTS (SELECT 1 FROM bongsu_deliveries o WHERE o.report = s.scoped
        AND o.session_date = d.session_date AND o.revision = d.revision
        AND o.channel = d.channel AND o.recipient = d.recipient);
UPDATE bongsu_reports r SET report = s.scoped FROM bongsu_scopes s
    WHERE r.report = s.report AND r.session_date = s.session_date AND r.revision = s.revision
    AND NOT EXISTS (SELECT 1 FROM bongsu_reports o WHERE o.report = s.scoped
        AND o.session_date = r.session_date AND o.revision = r.revision);
";

/// A time as RFC 3339 in UTC, whatever the session's zone.
macro_rules! utc {
    ($column:literal) => {
        concat!(
            "to_char(",
            $column,
            " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
        )
    };
}

const DELIVERY: &str = concat!(
    "SELECT revision, channel, recipient, state, attempts, owner, ",
    utc!("lease_until"),
    ", ",
    utc!("not_before"),
    ", ",
    utc!("first_at"),
    ", ",
    utc!("updated_at"),
    ", message_id, reason FROM bongsu_deliveries \
     WHERE report = $1 AND session_date = $2::text::date "
);

const REPORT: &str = concat!(
    "SELECT revision, complete, send, ",
    utc!("generated_at"),
    ", summary FROM bongsu_reports WHERE report = $1 AND session_date = $2::text::date \
     AND ($3::bigint IS NULL OR revision = $3) ORDER BY revision DESC LIMIT 1"
);

/// Remembers in a PostgreSQL database, in tables named `bongsu_…` that it makes itself in the first
/// schema of the connection's `search_path`.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    link: Link,
    made: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

fn failed(what: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |cause| StoreError::new(what, cause)
}

impl PostgresStore {
    /// A store from a URL `postgres://user:password@host:port/database`; nothing is opened yet.
    ///
    /// # Errors
    ///
    /// When it is no such URL. The error does not quote it.
    pub fn new(url: &str) -> Result<Self, BadUrl> {
        Ok(Self {
            link: Link::new(url)?,
            made: std::sync::Arc::default(),
        })
    }

    /// How long the server may take for one step of the store. Default: 30 s.
    #[must_use]
    pub fn statement_timeout(mut self, limit: std::time::Duration) -> Self {
        self.link.limit = limit;
        self
    }

    /// Does a step, for as long as one may take: a server that is frozen never says so.
    async fn within<T>(
        &self,
        what: &'static str,
        step: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let limit = self.link.limit;
        tokio::time::timeout(limit, step).await.unwrap_or_else(|_| {
            let text = format!(
                "{} did not answer in {} s",
                self.link.name(),
                limit.as_secs_f64()
            );
            Err(StoreError::new(what, text))
        })
    }

    /// A transaction for a step; the first one finds the tables made.
    async fn take(&self, what: &'static str) -> Result<Lease<'_>, StoreError> {
        use std::sync::atomic::Ordering;
        if !self.made.load(Ordering::Relaxed) {
            self.make().await?;
            self.made.store(true, Ordering::Relaxed);
        }
        self.link.take("BEGIN").await.map_err(failed(what))
    }

    async fn make(&self) -> Result<(), StoreError> {
        let what = "making the tables";
        let mut lease = self.link.take("BEGIN").await.map_err(failed(what))?;
        let made = sqlx::raw_sql(SCHEMA).execute(&mut lease.connection).await;
        made.map_err(failed(what))?;
        let old: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM bongsu_reports WHERE position('@' in report) = 0 \
             AND summary LIKE '{%service_name%')",
        )
        .persistent(false)
        .fetch_one(&mut lease.connection)
        .await
        .map_err(failed("looking for reports of before"))?;
        if old {
            sqlx::raw_sql(SCOPE)
                .execute(&mut lease.connection)
                .await
                .map_err(failed("naming the reports of before"))?;
        }
        lease.commit().await.map_err(failed(what))
    }
}

async fn insert(connection: &mut PgConnection, row: &DeliveryRecord) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO bongsu_deliveries (report, session_date, revision, channel, recipient, state, \
         attempts, first_at, updated_at, message_id) VALUES ($1, $2::text::date, $3, $4, $5, $6, \
         $7, $8::text::timestamptz, $8::text::timestamptz, $9) ON CONFLICT DO NOTHING",
    )
    .persistent(false)
    .bind(&row.key.report)
    .bind(row.key.session.to_string())
    .bind(i64::from(row.key.revision))
    .bind(&row.key.channel)
    .bind(&row.key.recipient)
    .bind(row.state.as_str())
    .bind(i64::from(row.attempts))
    .bind(row.first_at.to_string())
    .bind(&row.message_id)
    .execute(connection)
    .await?;
    Ok(())
}

async fn update(connection: &mut PgConnection, row: &DeliveryRecord) -> Result<(), sqlx::Error> {
    let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
    sqlx::query(
        "UPDATE bongsu_deliveries SET state = $6, attempts = $7, owner = $8, \
         lease_until = $9::text::timestamptz, not_before = $10::text::timestamptz, \
         first_at = $11::text::timestamptz, updated_at = $12::text::timestamptz, \
         message_id = $13, reason = $14 \
         WHERE report = $1 AND session_date = $2::text::date AND revision = $3 \
         AND channel = $4 AND recipient = $5",
    )
    .persistent(false)
    .bind(&row.key.report)
    .bind(row.key.session.to_string())
    .bind(i64::from(row.key.revision))
    .bind(&row.key.channel)
    .bind(&row.key.recipient)
    .bind(row.state.as_str())
    .bind(i64::from(row.attempts))
    .bind(&row.owner)
    .bind(text(row.lease_until))
    .bind(text(row.not_before))
    .bind(row.first_at.to_string())
    .bind(row.updated_at.to_string())
    .bind(&row.message_id)
    .bind(&row.reason)
    .execute(connection)
    .await?;
    Ok(())
}

async fn find_report(
    connection: &mut PgConnection,
    report: &str,
    session: Date,
    revision: Option<u32>,
) -> Result<Option<KeptReport>, StoreError> {
    let what = "reading a report";
    let found: Option<ReportColumns> = sqlx::query_as(REPORT)
        .persistent(false)
        .bind(report)
        .bind(session.to_string())
        .bind(revision.map(i64::from))
        .fetch_optional(connection)
        .await
        .map_err(failed(what))?;
    found
        .map(|columns| row::kept_report(report, session, columns))
        .transpose()
}

impl Deliveries for PostgresStore {
    async fn change<T: Send + 'static>(
        &self,
        what: &'static str,
        key: &DeliveryKey,
        fresh: Option<DeliveryRecord>,
        decide: impl FnOnce(DeliveryRecord) -> (T, Option<DeliveryRecord>) + Send + 'static,
    ) -> Result<Option<T>, StoreError> {
        self.within(what, async {
            let mut lease = self.take(what).await?;
            let tx = &mut lease.connection;
            if let Some(fresh) = &fresh {
                // The row is there before it is locked, so that two first claims meet at it.
                insert(tx, fresh).await.map_err(failed(what))?;
            }
            let sql = format!(
                "{DELIVERY} AND revision = $3 AND channel = $4 AND recipient = $5 FOR UPDATE"
            );
            let found: Option<DeliveryColumns> = sqlx::query_as(AssertSqlSafe(sql))
                .persistent(false)
                .bind(&key.report)
                .bind(key.session.to_string())
                .bind(i64::from(key.revision))
                .bind(&key.channel)
                .bind(&key.recipient)
                .fetch_optional(&mut *tx)
                .await
                .map_err(failed(what))?;
            let Some(columns) = found else {
                lease.commit().await.map_err(failed(what))?;
                return Ok(None);
            };
            let (answer, write) = decide(row::delivery(&key.report, key.session, columns)?);
            if let Some(write) = write {
                update(tx, &write).await.map_err(failed(what))?;
            }
            lease.commit().await.map_err(failed(what))?;
            Ok(Some(answer))
        })
        .await
    }
}

#[async_trait]
impl ReportStore for PostgresStore {
    async fn baseline(&self, report: &str, now: Timestamp) -> Result<Timestamp, StoreError> {
        let what = "baseline";
        self.within(what, async {
            let mut lease = self.take(what).await?;
            sqlx::query(
                "INSERT INTO bongsu_report_baselines (report, since) \
                 VALUES ($1, $2::text::timestamptz) ON CONFLICT DO NOTHING",
            )
            .persistent(false)
            .bind(report)
            .bind(now.to_string())
            .execute(&mut lease.connection)
            .await
            .map_err(failed(what))?;
            let text: String = sqlx::query_scalar(concat!(
                "SELECT ",
                utc!("since"),
                " FROM bongsu_report_baselines WHERE report = $1"
            ))
            .persistent(false)
            .bind(report)
            .fetch_one(&mut lease.connection)
            .await
            .map_err(failed(what))?;
            lease.commit().await.map_err(failed(what))?;
            row::timestamp(&text)
        })
        .await
    }

    async fn keep_report(&self, report: KeptReport) -> Result<KeptReport, StoreError> {
        let what = "keeping a report";
        self.within(what, async {
            let mut lease = self.take(what).await?;
            sqlx::query(
                "INSERT INTO bongsu_reports AS kept \
                 (report, session_date, revision, complete, send, generated_at, summary) \
                 VALUES ($1, $2::text::date, $3, $4, $5, $6::text::timestamptz, $7) \
                 ON CONFLICT (report, session_date, revision) \
                 DO UPDATE SET send = kept.send OR excluded.send",
            )
            .persistent(false)
            .bind(&report.report)
            .bind(report.session.to_string())
            .bind(i64::from(report.revision))
            .bind(report.complete)
            .bind(report.send)
            .bind(report.generated_at.to_string())
            .bind(&report.summary)
            .execute(&mut lease.connection)
            .await
            .map_err(failed(what))?;
            let found = find_report(
                &mut lease.connection,
                &report.report,
                report.session,
                Some(report.revision),
            )
            .await?;
            lease.commit().await.map_err(failed(what))?;
            Ok(found.unwrap_or(report))
        })
        .await
    }

    async fn report(
        &self,
        report: &str,
        session: Date,
        revision: Option<u32>,
    ) -> Result<Option<KeptReport>, StoreError> {
        let what = "reading a report";
        self.within(what, async {
            let mut lease = self.take(what).await?;
            let found = find_report(&mut lease.connection, report, session, revision).await?;
            lease.commit().await.map_err(failed(what))?;
            Ok(found)
        })
        .await
    }

    async fn reported(&self, report: &str, since: Date) -> Result<Vec<Reported>, StoreError> {
        let what = "reading the reports";
        self.within(what, async {
            let mut lease = self.take(what).await?;
            let rows: Vec<ReportedColumns> = sqlx::query_as(concat!(
                "SELECT session_date::text, revision, complete, send, ",
                utc!("generated_at"),
                " FROM bongsu_reports WHERE report = $1 AND session_date >= $2::text::date \
                 ORDER BY session_date, revision"
            ))
            .persistent(false)
            .bind(report)
            .bind(since.to_string())
            .fetch_all(&mut lease.connection)
            .await
            .map_err(failed(what))?;
            lease.commit().await.map_err(failed(what))?;
            rows.into_iter().map(row::reported).collect()
        })
        .await
    }

    async fn claim(
        &self,
        key: &DeliveryKey,
        message_id: &str,
        owner: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Claim, StoreError> {
        steps::claim(self, key, message_id, owner, now, lease_until).await
    }

    async fn sending(
        &self,
        key: &DeliveryKey,
        owner: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        steps::sending(self, key, owner, now).await
    }

    async fn settle(
        &self,
        key: &DeliveryKey,
        owner: &str,
        outcome: Settlement,
        now: Timestamp,
    ) -> Result<Option<DeliveryRecord>, StoreError> {
        steps::settle(self, key, owner, outcome, now).await
    }

    async fn reopen(
        &self,
        key: &DeliveryKey,
        message_id: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        steps::reopen(self, key, message_id, now).await
    }

    async fn deliveries(
        &self,
        report: &str,
        session: Date,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        let what = "reading deliveries";
        self.within(what, async {
            let mut lease = self.take(what).await?;
            let sql = format!("{DELIVERY} ORDER BY revision, channel, recipient");
            let rows: Vec<DeliveryColumns> = sqlx::query_as(AssertSqlSafe(sql))
                .persistent(false)
                .bind(report)
                .bind(session.to_string())
                .fetch_all(&mut lease.connection)
                .await
                .map_err(failed(what))?;
            lease.commit().await.map_err(failed(what))?;
            rows.into_iter()
                .map(|columns| row::delivery(report, session, columns))
                .collect()
        })
        .await
    }

    async fn snapshot(
        &self,
        source: &str,
        at_or_before: Date,
    ) -> Result<Option<Snapshot>, StoreError> {
        let what = "reading positions";
        self.within(what, async {
            let mut lease = self.take(what).await?;
            let found: Option<PositionColumns> = sqlx::query_as(
                "SELECT session_date::text, last_id, book FROM bongsu_positions \
                 WHERE source = $1 AND session_date <= $2::text::date \
                 ORDER BY session_date DESC LIMIT 1",
            )
            .persistent(false)
            .bind(source)
            .bind(at_or_before.to_string())
            .fetch_optional(&mut lease.connection)
            .await
            .map_err(failed(what))?;
            lease.commit().await.map_err(failed(what))?;
            found.map(row::snapshot).transpose()
        })
        .await
    }

    async fn keep_snapshots(
        &self,
        source: &str,
        snapshots: Vec<Snapshot>,
    ) -> Result<(), StoreError> {
        let what = "keeping positions";
        self.within(what, async {
            let mut lease = self.take(what).await?;
            let tx = &mut lease.connection;
            for snapshot in &snapshots {
                sqlx::query(
                    "INSERT INTO bongsu_positions (source, session_date, last_id, book) \
                     VALUES ($1, $2::text::date, $3, $4) ON CONFLICT (source, session_date) \
                     DO UPDATE SET last_id = excluded.last_id, book = excluded.book \
                     WHERE (bongsu_positions.last_id, bongsu_positions.book) \
                     IS DISTINCT FROM (excluded.last_id, excluded.book)",
                )
                .persistent(false)
                .bind(source)
                .bind(snapshot.date.to_string())
                .bind(snapshot.last_id)
                .bind(row::book_text(snapshot)?)
                .execute(&mut *tx)
                .await
                .map_err(failed(what))?;
            }
            lease.commit().await.map_err(failed(what))?;
            Ok(())
        })
        .await
    }

    async fn forget_snapshots(&self, source: &str, after: Option<Date>) -> Result<(), StoreError> {
        let what = "forgetting positions";
        self.within(what, async {
            let mut lease = self.take(what).await?;
            sqlx::query(
                "DELETE FROM bongsu_positions WHERE source = $1 \
                 AND ($2::text IS NULL OR session_date > $2::text::date)",
            )
            .persistent(false)
            .bind(source)
            .bind(after.map(|after| after.to_string()))
            .execute(&mut lease.connection)
            .await
            .map_err(failed(what))?;
            lease.commit().await.map_err(failed(what))?;
            Ok(())
        })
        .await
    }
}
