//! Rust values as SQLite columns.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Row;
use ulid::Ulid;

use crate::channel::{AlertStatus, Rendered, Target};
use crate::clock::millis;
use crate::store::{Accepted, Delivery, DeliveryState};

pub(super) const fn bytes(id: Ulid) -> [u8; 16] {
    id.to_bytes()
}

pub(super) const fn state(state: DeliveryState) -> i64 {
    match state {
        DeliveryState::Pending => 0,
        DeliveryState::InFlight => 1,
        DeliveryState::Delivered => 2,
        DeliveryState::Dead => 3,
        DeliveryState::Suppressed => 4,
        DeliveryState::Digested => 5,
    }
}

const fn state_of(number: i64) -> DeliveryState {
    match number {
        0 => DeliveryState::Pending,
        1 => DeliveryState::InFlight,
        2 => DeliveryState::Delivered,
        4 => DeliveryState::Suppressed,
        5 => DeliveryState::Digested,
        _ => DeliveryState::Dead,
    }
}

pub(super) fn status_of(text: &str) -> AlertStatus {
    [
        AlertStatus::Resolved,
        AlertStatus::Test,
        AlertStatus::Digest,
    ]
    .into_iter()
    .find(|status| status.as_str() == text)
    .unwrap_or(AlertStatus::Firing)
}

fn time(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn wrong(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}

/// The columns that [`accepted`] reads.
pub(super) const ALERT: &str = "a.id, a.at, a.status, a.key, a.alert";
/// How many they are.
pub(super) const ALERT_COLUMNS: usize = 5;
/// Which of them is the key.
pub(super) const ALERT_KEY: usize = 3;

/// An alert from five columns.
pub(super) fn accepted(row: &Row<'_>, first: usize) -> rusqlite::Result<Accepted> {
    let json: String = row.get(first + 4)?;
    let key: String = row.get(first + ALERT_KEY)?;
    let status: String = row.get(first + 2)?;
    Ok(Accepted {
        id: Ulid::from_bytes(row.get(first)?),
        at: time(row.get(first + 1)?),
        status: status_of(&status),
        key: Arc::from(key),
        alert: serde_json::from_str(&json).map_err(|error| wrong(first + 4, error))?,
    })
}

/// The columns that [`delivery`] reads.
pub(super) const DELIVERY: &str = "d.id, d.channel, d.target, d.state, d.reason, d.attempt, \
     d.next_at, d.deadline, d.suppressed, d.parent, d.cooldown, d.changed";
/// How many they are.
pub(super) const DELIVERY_COLUMNS: usize = 12;

/// A delivery from twelve columns.
pub(super) fn delivery(row: &Row<'_>, first: usize) -> rusqlite::Result<Delivery> {
    let channel: String = row.get(first + 1)?;
    let target: String = row.get(first + 2)?;
    let reason: String = row.get(first + 4)?;
    let parent: Option<[u8; 16]> = row.get(first + 9)?;
    Ok(Delivery {
        id: Ulid::from_bytes(row.get(first)?),
        channel: Arc::from(channel),
        target: Arc::from(target),
        state: state_of(row.get(first + 3)?),
        reason: Cow::Owned(reason),
        attempt: row.get(first + 5)?,
        next_at: time(row.get(first + 6)?),
        deadline: time(row.get(first + 7)?),
        suppressed: row.get::<_, i64>(first + 8)?.unsigned_abs(),
        parent: parent.map(Ulid::from_bytes),
        cooldown: Duration::from_millis(row.get::<_, i64>(first + 10)?.unsigned_abs()),
        changed: time(row.get(first + 11)?),
    })
}

/// The columns that [`message`] reads.
pub(super) const MESSAGE: &str = "m.content_type, m.headers, m.body, m.plain, m.truncated";

/// A message from five columns, all NULL when there is none.
pub(super) fn message(
    row: &Row<'_>,
    first: usize,
    target: &str,
) -> rusqlite::Result<Option<Rendered>> {
    let Some(content_type) = row.get::<_, Option<String>>(first)? else {
        return Ok(None);
    };
    let headers: String = row.get(first + 1)?;
    Ok(Some(Rendered {
        target: Target::new(target),
        content_type: Cow::Owned(content_type),
        headers: serde_json::from_str(&headers).map_err(|error| wrong(first + 1, error))?,
        body: row.get(first + 2)?,
        plain: row.get(first + 3)?,
        truncated: row.get(first + 4)?,
    }))
}

pub(super) fn cooldown(cooldown: Duration) -> i64 {
    millis(cooldown)
}

pub(super) fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
