//! The writer: everything that waits shares one transaction.

use rusqlite::{Connection, Statement, params};

use super::disk::{self, Disk};
use super::rows::{bytes, cooldown, count, state};
use super::worker::Jobs;
use super::{Counts, SqliteOptions, WriteJob, failed};
use crate::store::{Change, Delivery, DeliveryState, StoreError};

/// Finished alerts deleted at once when there are too many.
const PRUNE: u64 = 1_000;
/// Commits from one look at what takes long to see to the next.
const LOOK: u32 = 64;

/// Why a connection is served no longer.
pub(super) enum End {
    /// The queue is closed and empty.
    Closed,
    /// The file is not the one under its name any more; these are still to be written.
    Moved(Vec<WriteJob>),
    /// The file is damaged; these are still to be written.
    Damaged(Vec<WriteJob>, StoreError),
    /// The connection failed, which was said to everybody who waited.
    Failed,
}

/// Writes what is waiting and what comes, as long as the connection is good for it.
pub(super) fn serve(
    connection: &Connection,
    disk: &Disk,
    counts: &Counts,
    first: Vec<WriteJob>,
    jobs: &Jobs<WriteJob>,
) -> End {
    let mut writer = match Writer::new(connection, disk.options()) {
        Ok(writer) => writer,
        Err(error @ StoreError::Damaged { .. }) => return End::Damaged(first, error),
        Err(error) => {
            refuse(first, &error);
            return End::Failed;
        }
    };
    let mut next = Some(first);
    while let Some(batch) = next.take().or_else(|| jobs.take(disk::GLANCE)) {
        if !disk.is_in_place() {
            return End::Moved(batch);
        }
        let result = match writer.commit(&batch) {
            // Room may be made once.
            Err(StoreError::Full { .. }) => writer.prune(PRUNE).and_then(|_| writer.commit(&batch)),
            other => other,
        };
        let came = match result {
            // Into a file that was removed meanwhile: not what anybody may be told is kept.
            Ok(_) if !disk.is_in_place() => return End::Moved(batch),
            Err(error @ StoreError::Damaged { .. }) => return End::Damaged(batch, error),
            Err(error) => {
                disk.trouble().set(&error);
                refuse(batch, &error);
                match error {
                    StoreError::Full { .. } => continue,
                    _ => return End::Failed,
                }
            }
            Ok(accepted) => accepted,
        };
        if batch.is_empty() {
            writer.give_back();
        } else {
            disk.trouble().clear();
            counts.committed(batch.len() as u64, came);
        }
        for job in batch {
            (job.done)(Ok(()));
        }
        // Whoever commits next waits for one batch at most.
        while writer.keep_bounds(came) && jobs.is_idle() {}
    }
    End::Closed
}

/// Tells everybody that it is not kept.
pub(super) fn refuse(batch: Vec<WriteJob>, error: &StoreError) {
    for job in batch {
        (job.done)(Err(error.clone()));
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
    doom: Statement<'c>,
    prune_messages: Statement<'c>,
    prune_deliveries: Statement<'c>,
    prune_alerts: Statement<'c>,
    page_count: Statement<'c>,
    free_count: Statement<'c>,
    alerts: u64,
    page_size: u64,
    /// Commits until the size is looked at again.
    look: u32,
    /// Commits until what has finished is looked for again, after too little was found.
    rest: u32,
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
            doom: prepare(
                "INSERT INTO doomed SELECT a.id FROM alerts a
                 WHERE NOT EXISTS (
                     SELECT 1 FROM deliveries d LEFT JOIN deliveries p ON p.id = d.parent
                     WHERE d.alert = a.id AND (d.state < 2 OR p.state < 2))
                 ORDER BY a.id LIMIT ?1",
            )?,
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
            rest: 0,
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

    /// Lets the oldest finished alerts go when there are too many, or when they take too much: one
    /// batch, or as many as the commit before brought. Says whether there may be more to let go.
    fn keep_bounds(&mut self, came: u64) -> bool {
        self.look = self.look.saturating_sub(1);
        self.rest = self.rest.saturating_sub(1);
        if self.rest > 0 || !self.too_much() {
            return false;
        }
        let most = PRUNE.max(came);
        let excess = self.alerts.saturating_sub(self.options.max_alerts);
        let batch = excess.clamp(most.min(self.alerts / 10 + 1), most);
        // A failure here is met again, and told, by the next commit.
        let more = self.prune(batch).is_ok_and(|deleted| deleted == batch);
        if !more {
            // Every alert was looked at: not again after each commit while they wait.
            self.rest = LOOK;
        }
        more
    }

    fn too_much(&mut self) -> bool {
        if self.alerts > self.options.max_alerts {
            return true;
        }
        if self.look > 0 {
            return false;
        }
        let over = self.used() > self.options.max_bytes;
        if !over {
            self.look = LOOK;
        }
        over
    }

    fn used(&mut self) -> u64 {
        let number =
            |sql: &mut Statement<'_>| sql.query_row([], |row| row.get::<_, i64>(0)).unwrap_or(0);
        let pages = number(&mut self.page_count) - number(&mut self.free_count);
        pages.unsigned_abs() * self.page_size
    }

    /// Deletes the oldest finished alerts, at most `batch`; says how many. An alert in a digest that
    /// has not gone out yet is not finished.
    fn prune(&mut self, batch: u64) -> Result<u64, StoreError> {
        let deleted = self.transaction(|writer| {
            writer.connection.execute_batch("DELETE FROM doomed")?;
            writer.doom.execute([count(batch)])?;
            writer.prune_messages.execute([])?;
            writer.prune_deliveries.execute([])?;
            let deleted = writer.prune_alerts.execute([])?;
            writer.vacuum()?;
            Ok(deleted as u64)
        })?;
        self.alerts = self.alerts.saturating_sub(deleted);
        Ok(deleted)
    }

    /// Gives free pages back to the disk: one page with each step of the statement.
    fn vacuum(&self) -> rusqlite::Result<()> {
        let mut vacuum = self.connection.prepare("PRAGMA incremental_vacuum(2000)")?;
        let mut rows = vacuum.query([])?;
        while rows.next()?.is_some() {}
        Ok(())
    }

    /// While nothing is to be done: what is not needed any more, a bit at a time.
    fn give_back(&mut self) {
        let free = self.free_count.query_row([], |row| row.get::<_, i64>(0));
        if free.is_ok_and(|pages| pages > 0) {
            // A failure here is met again, and told, by the next commit.
            let _ = self.vacuum();
        }
    }
}

fn json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;
    use rusqlite::StatementStatus;
    use ulid::Ulid;

    use super::super::samples::delivery;
    use super::super::schema;
    use super::*;
    use crate::channel::AlertStatus;
    use crate::store::Accepted;
    use crate::{Alert, AlertLevel};

    const MAX: u64 = 10;

    fn connection() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        schema::migrate(&connection, std::path::Path::new(":memory:")).unwrap();
        connection
    }

    fn options() -> SqliteOptions {
        SqliteOptions {
            max_alerts: MAX,
            ..SqliteOptions::default()
        }
    }

    /// Alerts whose one delivery is in that state.
    fn accept(ids: std::ops::Range<u64>, state: DeliveryState) -> WriteJob {
        let at = Timestamp::UNIX_EPOCH;
        let change = |n: u64| Change::Accept {
            accepted: Arc::new(Accepted {
                id: Ulid(n.into()),
                alert: Alert::new(AlertLevel::Error, "t", "m", "src"),
                key: Arc::from("k"),
                status: AlertStatus::Firing,
                at,
            }),
            deliveries: vec![delivery(Ulid(n.into()), state, at)],
        };
        WriteJob {
            changes: ids.map(change).collect(),
            done: Box::new(|_| {}),
        }
    }

    #[test]
    fn a_table_without_anything_to_let_go_is_not_read_after_each_commit() {
        let (connection, options) = (connection(), options());
        let mut writer = Writer::new(&connection, &options).unwrap();
        writer
            .commit(&[accept(0..20, DeliveryState::Pending)])
            .unwrap();
        for _ in 0..LOOK {
            assert!(!writer.keep_bounds(1));
        }
        assert_eq!(writer.doom.get_status(StatementStatus::Run), 1);
        connection
            .execute("UPDATE deliveries SET state = 2", [])
            .unwrap();
        writer.keep_bounds(1);
        assert_eq!(writer.alerts, MAX);
    }

    #[test]
    fn a_commit_is_followed_by_one_batch() {
        let (connection, options) = (connection(), options());
        let mut writer = Writer::new(&connection, &options).unwrap();
        let count = MAX + 2 * PRUNE + 5;
        writer
            .commit(&[accept(0..count, DeliveryState::Delivered)])
            .unwrap();
        for left in [count - PRUNE, count - 2 * PRUNE] {
            assert!(writer.keep_bounds(1));
            assert_eq!(writer.alerts, left);
        }
        // A commit that brought more lets as much go: a storm does not outgrow the bound.
        writer
            .commit(&[accept(count..2 * count, DeliveryState::Delivered)])
            .unwrap();
        let before = writer.alerts;
        assert!(writer.keep_bounds(count));
        assert_eq!(writer.alerts, before - count);
    }
}
