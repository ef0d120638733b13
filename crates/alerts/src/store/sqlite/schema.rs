//! The tables, and how an older file becomes a newer one.

use std::path::Path;

use bongsu_sqlite::Schema;
use rusqlite::Connection;

/// Each step takes the schema from its place in the list to the next version.
pub(super) const STEPS: &[&str] = &[
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

/// Brings a file up to the newest version, in one transaction.
pub(super) fn migrate(connection: &Connection, path: &Path) -> Result<(), bongsu_sqlite::Error> {
    Schema::of_file(STEPS).migrate(connection, path)
}
