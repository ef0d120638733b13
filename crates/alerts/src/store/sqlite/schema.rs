//! The tables, and how an older file becomes a newer one.

use rusqlite::Connection;

use super::failed;
use crate::store::StoreError;

/// Each step takes the schema from its place in the list to the next version.
const STEPS: &[&str] = &[
    // 1: times are microseconds since 1970, cooldown is milliseconds, ids are the 16 bytes of a ULID.
    "CREATE TABLE alerts (
        id BLOB NOT NULL PRIMARY KEY,
        at INTEGER NOT NULL,
        level INTEGER NOT NULL,
        status TEXT NOT NULL,
        key TEXT NOT NULL,
        alert_id TEXT NOT NULL,
        alert TEXT NOT NULL
     );
     CREATE INDEX alerts_at ON alerts (at);
     CREATE TABLE deliveries (
        id BLOB NOT NULL PRIMARY KEY,
        alert BLOB NOT NULL,
        channel TEXT NOT NULL,
        target TEXT NOT NULL,
        state INTEGER NOT NULL,
        reason TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        next_at INTEGER NOT NULL,
        deadline INTEGER NOT NULL,
        suppressed INTEGER NOT NULL,
        parent BLOB,
        cooldown INTEGER NOT NULL,
        changed INTEGER NOT NULL
     ) WITHOUT ROWID;
     CREATE INDEX deliveries_alert ON deliveries (alert);
     CREATE INDEX deliveries_unfinished ON deliveries (state) WHERE state < 2;
     CREATE INDEX deliveries_parent ON deliveries (parent) WHERE parent IS NOT NULL;
     CREATE TABLE messages (
        delivery BLOB NOT NULL PRIMARY KEY,
        content_type TEXT NOT NULL,
        headers TEXT NOT NULL,
        body BLOB NOT NULL,
        plain BLOB,
        truncated INTEGER NOT NULL
     );
     CREATE TABLE silences (id TEXT NOT NULL PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;",
    // 2: what fires outlives a restart, with its acknowledgment and escalation.
    "CREATE TABLE active (key TEXT NOT NULL PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
     CREATE INDEX deliveries_dead ON deliveries (changed) WHERE state = 3;",
];

/// The newest version.
pub(super) fn known() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

/// Brings a file up to the newest version, in one transaction.
pub(super) fn migrate(connection: &Connection) -> Result<(), StoreError> {
    migrate_to(connection, known())
}

pub(super) fn migrate_to(connection: &Connection, target: i64) -> Result<(), StoreError> {
    let found: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(failed)?;
    if found > known() {
        return Err(StoreError::TooNew {
            found,
            known: known(),
        });
    }
    let done = usize::try_from(found).unwrap_or(0);
    let upto = usize::try_from(target).unwrap_or(0);
    if done >= upto {
        return Ok(());
    }
    connection
        .execute_batch("BEGIN IMMEDIATE")
        .map_err(failed)?;
    let result = STEPS[done..upto]
        .iter()
        .try_for_each(|step| connection.execute_batch(step))
        .and_then(|()| {
            connection.execute_batch(&format!("PRAGMA user_version = {target}; COMMIT"))
        });
    result.map_err(|error| {
        let _ = connection.execute_batch("ROLLBACK");
        failed(error)
    })
}
