//! The writer: everything that waits shares one transaction.

use rusqlite::{Connection, Statement, params};

use super::rows::{bytes, cooldown, count, state};
use super::worker::Jobs;
use super::{Counts, SqliteOptions, WriteJob, failed};
use crate::store::{Change, Delivery, DeliveryState, StoreError};

/// Finished alerts deleted at once when there are too many.
const PRUNE: u64 = 1_000;

/// Runs until the queue is closed and empty.
pub(super) fn run(
    connection: &Connection,
    options: &SqliteOptions,
    counts: &Counts,
    jobs: &Jobs<WriteJob>,
) {
    let mut writer = match Writer::new(connection, options) {
        Ok(writer) => writer,
        Err(error) => {
            while let Some(batch) = jobs.take() {
                for job in batch {
                    (job.done)(Err(error.clone()));
                }
            }
            return;
        }
    };
    while let Some(batch) = jobs.take() {
        let result = match writer.commit(&batch) {
            // Room may be made once.
            Err(StoreError::Full { .. }) => writer.prune().and_then(|_| writer.commit(&batch)),
            other => other,
        };
        if let Ok(accepted) = &result {
            counts.committed(batch.len() as u64, *accepted);
        }
        for job in batch {
            (job.done)(match &result {
                Ok(_) => Ok(()),
                Err(error) => Err(error.clone()),
            });
        }
        writer.keep_bounds();
    }
}

struct Writer<'c> {
    connection: &'c Connection,
    options: &'c SqliteOptions,
    accept: Statement<'c>,
    deliver: Statement<'c>,
    shift: Statement<'c>,
    render: Statement<'c>,
    unrender: Statement<'c>,
    activate: Statement<'c>,
    deactivate: Statement<'c>,
    silence: Statement<'c>,
    unsilence: Statement<'c>,
    prune_messages: Statement<'c>,
    prune_deliveries: Statement<'c>,
    prune_alerts: Statement<'c>,
    page_count: Statement<'c>,
    free_count: Statement<'c>,
    alerts: u64,
    page_size: u64,
    /// Commits until the size is looked at again.
    look: u32,
}

impl<'c> Writer<'c> {
    fn new(connection: &'c Connection, options: &'c SqliteOptions) -> Result<Self, StoreError> {
        let prepare = |sql: &str| connection.prepare(sql).map_err(failed);
        let number = |sql: &str| {
            connection
                .query_row(sql, [], |row| row.get::<_, i64>(0))
                .map(i64::unsigned_abs)
                .map_err(failed)
        };
        connection
            .execute_batch("CREATE TEMP TABLE doomed (id BLOB NOT NULL PRIMARY KEY)")
            .map_err(failed)?;
        Ok(Self {
            connection,
            options,
            accept: prepare(
                "INSERT OR IGNORE INTO alerts (id, at, level, status, key, alert_id, alert)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?,
            deliver: prepare(
                "INSERT OR IGNORE INTO deliveries (id, alert, channel, target, state, reason, \
                 attempt, next_at, deadline, suppressed, parent, cooldown, changed)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            )?,
            shift: prepare(
                "UPDATE deliveries SET state = ?2, reason = ?3, attempt = ?4, next_at = ?5, \
                 deadline = ?6, parent = ?7, changed = ?8 WHERE id = ?1",
            )?,
            render: prepare("INSERT OR REPLACE INTO messages VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?,
            unrender: prepare("DELETE FROM messages WHERE delivery = ?1")?,
            activate: prepare("INSERT OR REPLACE INTO active VALUES (?1, ?2)")?,
            deactivate: prepare("DELETE FROM active WHERE key = ?1")?,
            silence: prepare("INSERT OR REPLACE INTO silences VALUES (?1, ?2)")?,
            unsilence: prepare("DELETE FROM silences WHERE id = ?1")?,
            prune_messages: prepare(
                "DELETE FROM messages WHERE delivery IN (SELECT d.id FROM deliveries d
                 WHERE d.alert IN (SELECT id FROM doomed))",
            )?,
            prune_deliveries: prepare(
                "DELETE FROM deliveries WHERE alert IN (SELECT id FROM doomed)",
            )?,
            prune_alerts: prepare("DELETE FROM alerts WHERE id IN (SELECT id FROM doomed)")?,
            page_count: prepare("PRAGMA page_count")?,
            free_count: prepare("PRAGMA freelist_count")?,
            alerts: number("SELECT count(*) FROM alerts")?,
            page_size: number("PRAGMA page_size")?,
            look: 0,
        })
    }

    /// Writes all or nothing; says how many alerts were accepted.
    fn commit(&mut self, batch: &[WriteJob]) -> Result<u64, StoreError> {
        if batch.iter().all(|job| job.changes.is_empty()) {
            return Ok(0);
        }
        let result = self.transaction(|writer| {
            let mut accepted = 0;
            for change in batch.iter().flat_map(|job| &job.changes) {
                accepted += u64::from(matches!(change, Change::Accept { .. }));
                writer.apply(change)?;
            }
            Ok(accepted)
        });
        if let Ok(accepted) = &result {
            self.alerts += accepted;
        }
        result
    }

    fn transaction<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let result = self
            .connection
            .execute_batch("BEGIN IMMEDIATE")
            .and_then(|()| work(self))
            .and_then(|value| self.connection.execute_batch("COMMIT").map(|()| value));
        result.map_err(|error| {
            // A failed COMMIT leaves the transaction open.
            let _ = self.connection.execute_batch("ROLLBACK");
            failed(error)
        })
    }

    fn apply(&mut self, change: &Change) -> rusqlite::Result<()> {
        match change {
            Change::Accept {
                accepted,
                deliveries,
            } => {
                self.accept.execute(params![
                    bytes(accepted.id),
                    accepted.at.as_microsecond(),
                    accepted.alert.level as u8,
                    accepted.status.as_str(),
                    &*accepted.key,
                    accepted.alert.id,
                    json(&accepted.alert)?,
                ])?;
                for delivery in deliveries {
                    self.add(accepted.id, delivery)?;
                }
            }
            Change::Add { accepted, delivery } => self.add(*accepted, delivery)?,
            Change::Rendered { id, message } => {
                self.render.execute(params![
                    bytes(*id),
                    message.content_type,
                    json(&message.headers)?,
                    message.body,
                    message.plain,
                    message.truncated,
                ])?;
            }
            Change::Move {
                id,
                state: to,
                reason,
                attempt,
                next_at,
                deadline,
                parent,
                at,
            } => {
                self.shift.execute(params![
                    bytes(*id),
                    state(*to),
                    reason,
                    attempt,
                    next_at.as_microsecond(),
                    deadline.as_microsecond(),
                    parent.map(bytes),
                    at.as_microsecond(),
                ])?;
                // The dead keep theirs for a replay.
                if to.is_finished() && *to != DeliveryState::Dead {
                    self.unrender.execute([bytes(*id)])?;
                }
            }
            Change::Active(active) => {
                self.activate.execute(params![active.key, json(active)?])?;
            }
            Change::Inactive(key) => {
                self.deactivate.execute([&**key])?;
            }
            Change::Silence(silence) => {
                self.silence.execute(params![silence.id, json(silence)?])?;
            }
            Change::Unsilence(id) => {
                self.unsilence.execute([id])?;
            }
        }
        Ok(())
    }

    fn add(&mut self, accepted: ulid::Ulid, delivery: &Delivery) -> rusqlite::Result<()> {
        self.deliver.execute(params![
            bytes(delivery.id),
            bytes(accepted),
            &*delivery.channel,
            &*delivery.target,
            state(delivery.state),
            delivery.reason,
            delivery.attempt,
            delivery.next_at.as_microsecond(),
            delivery.deadline.as_microsecond(),
            count(delivery.suppressed),
            delivery.parent.map(bytes),
            cooldown(delivery.cooldown),
            delivery.changed.as_microsecond(),
        ])?;
        Ok(())
    }

    /// Lets the oldest finished alerts go when there are too many, or when they take too much.
    fn keep_bounds(&mut self) {
        self.look = self.look.saturating_sub(1);
        if self.alerts <= self.options.max_alerts && self.look > 0 {
            return;
        }
        self.look = 64;
        while self.alerts > self.options.max_alerts || self.used() > self.options.max_bytes {
            // A failure here is met again, and told, by the next commit.
            match self.prune() {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }

    fn used(&mut self) -> u64 {
        let number =
            |sql: &mut Statement<'_>| sql.query_row([], |row| row.get::<_, i64>(0)).unwrap_or(0);
        let pages = number(&mut self.page_count) - number(&mut self.free_count);
        pages.unsigned_abs() * self.page_size
    }

    /// Deletes the oldest finished alerts; says how many. An alert in a digest that has not gone out
    /// yet is not finished.
    fn prune(&mut self) -> Result<u64, StoreError> {
        let excess = self.alerts.saturating_sub(self.options.max_alerts);
        let batch = excess.clamp(PRUNE.min(self.alerts / 10 + 1), PRUNE);
        let deleted = self.transaction(|writer| {
            writer.connection.execute_batch("DELETE FROM doomed")?;
            writer.connection.execute(
                "INSERT INTO doomed SELECT a.id FROM alerts a
                 WHERE NOT EXISTS (
                     SELECT 1 FROM deliveries d LEFT JOIN deliveries p ON p.id = d.parent
                     WHERE d.alert = a.id AND (d.state < 2 OR p.state < 2))
                 ORDER BY a.id LIMIT ?1",
                [count(batch)],
            )?;
            writer.prune_messages.execute([])?;
            writer.prune_deliveries.execute([])?;
            let deleted = writer.prune_alerts.execute([])?;
            writer
                .connection
                .execute_batch("PRAGMA incremental_vacuum(2000)")?;
            Ok(deleted as u64)
        })?;
        self.alerts = self.alerts.saturating_sub(deleted);
        Ok(deleted)
    }
}

fn json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}
