//! Rows of the stores' tables, as the text both databases hold: times in RFC 3339, dates in ISO 8601.

use jiff::Timestamp;
use jiff::civil::Date;

use super::{KeptReport, Reported, StoreError};
use crate::compute::Snapshot;
use crate::compute::book::StoredBook;
use crate::deliver::{DeliveryKey, DeliveryRecord, DeliveryState};

/// `revision, channel, recipient, state, attempts, owner, lease_until, not_before, first_at,
/// updated_at, message_id, reason`.
pub(super) type DeliveryColumns = (
    i64,
    String,
    String,
    String,
    i64,
    Option<String>,
    Option<String>,
    Option<String>,
    String,
    String,
    String,
    Option<String>,
);

/// `revision, complete, send, generated_at, summary`.
pub(super) type ReportColumns = (i64, bool, bool, String, String);

/// `session_date, revision, complete, send, generated_at`.
pub(super) type ReportedColumns = (String, i64, bool, bool, String);

/// `session_date, last_id, book`.
pub(super) type PositionColumns = (String, i64, String);

pub(super) fn delivery(
    report: &str,
    session: Date,
    columns: DeliveryColumns,
) -> Result<DeliveryRecord, StoreError> {
    let (revision, channel, recipient, state, attempts, owner, ..) = columns;
    let (.., lease_until, not_before, first_at, updated_at, message_id, reason) = columns;
    let time = |text: Option<String>| text.as_deref().map(timestamp).transpose();
    Ok(DeliveryRecord {
        key: DeliveryKey {
            report: report.to_owned(),
            session,
            revision: small(revision),
            channel,
            recipient,
        },
        state: DeliveryState::parse(&state)
            .ok_or_else(|| StoreError::new("delivery state", state))?,
        attempts: small(attempts),
        owner,
        lease_until: time(lease_until)?,
        not_before: time(not_before)?,
        first_at: timestamp(&first_at)?,
        updated_at: timestamp(&updated_at)?,
        message_id,
        reason,
    })
}

pub(super) fn kept_report(
    report: &str,
    session: Date,
    (revision, complete, send, generated_at, summary): ReportColumns,
) -> Result<KeptReport, StoreError> {
    Ok(KeptReport {
        report: report.to_owned(),
        session,
        revision: small(revision),
        complete,
        send,
        generated_at: timestamp(&generated_at)?,
        summary,
    })
}

pub(super) fn reported(
    (session, revision, complete, send, generated_at): ReportedColumns,
) -> Result<Reported, StoreError> {
    Ok(Reported {
        session: date(&session)?,
        revision: small(revision),
        complete,
        send,
        generated_at: timestamp(&generated_at)?,
    })
}

/// A damaged book becomes one that [`Replay::new`](crate::compute::Replay::new) refuses, so that it is
/// rebuilt and not an error for ever.
pub(super) fn snapshot((day, last_id, book): PositionColumns) -> Result<Snapshot, StoreError> {
    Ok(Snapshot {
        date: date(&day)?,
        last_id,
        book: serde_json::from_str(&book).unwrap_or_else(|_| StoredBook::damaged()),
    })
}

pub(super) fn book_text(snapshot: &Snapshot) -> Result<String, StoreError> {
    serde_json::to_string(&snapshot.book).map_err(|cause| StoreError::new("positions", cause))
}

pub(super) fn timestamp(text: &str) -> Result<Timestamp, StoreError> {
    text.parse()
        .map_err(|cause: jiff::Error| StoreError::new("stored time", cause))
}

fn date(text: &str) -> Result<Date, StoreError> {
    text.parse()
        .map_err(|cause: jiff::Error| StoreError::new("stored date", cause))
}

fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
