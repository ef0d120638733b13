//! Reading: what the last run left, the history, the dead.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bongsu_sqlite::Identity;
use rusqlite::{Connection, params};
use ulid::Ulid;

use super::rows::{
    ALERT, ALERT_COLUMNS, ALERT_KEY, DELIVERY, DELIVERY_COLUMNS, MESSAGE, accepted, bytes,
    delivery, message, status_of,
};
use super::worker::Jobs;
use super::{ReadJob, failed};
use crate::AlertLevel;
use crate::channel::AlertStatus;
use crate::policy::Suppressed;
use crate::store::{
    DIGEST_KEY, DeliveryState, Gathered, HistoryEntry, HistoryQuery, OVERTAKEN, Recovered,
    RecoveredMark, Recovery, Replay, StoreError,
};

/// Dead deliveries replayed at once.
const MAX_REPLAY: i64 = 10_000;

/// The reader's thread: a connection of its own, to whatever file the name stands for.
pub(super) fn run(path: &Path, options: &bongsu_sqlite::Options, jobs: &Jobs<ReadJob>) {
    let mut open: Option<(Option<Identity>, Connection)> = None;
    while let Some(batch) = jobs.take(Duration::MAX) {
        for job in batch {
            let file = Identity::of(path);
            if file.is_none() || open.as_ref().is_none_or(|(opened, _)| *opened != file) {
                open = file.and_then(|_| {
                    let connection = bongsu_sqlite::open(path, options).ok()?;
                    Some((file, connection))
                });
            }
            match &open {
                Some((_, connection)) => answer(connection, job),
                None => job.refuse(&StoreError::Io {
                    reason: format!("{} cannot be opened", path.display()),
                }),
            }
        }
    }
}

impl ReadJob {
    fn refuse(self, error: &StoreError) {
        match self {
            Self::History(_, done) => done(Err(error.clone())),
            Self::Dead(_, done) => done(Err(error.clone())),
        }
    }
}

fn answer(connection: &Connection, job: ReadJob) {
    match job {
        ReadJob::History(query, done) => done(history(connection, query).map_err(failed)),
        ReadJob::Dead(select, done) => done(dead(connection, &select).map_err(failed)),
    }
}

pub(super) fn recover(connection: &Connection) -> Result<Recovered, StoreError> {
    let read = || -> rusqlite::Result<Recovered> {
        Ok(Recovered {
            unfinished: recoveries(
                connection,
                "WHERE d.state < 2 ORDER BY d.id",
                rusqlite::params![],
            )?,
            marks: marks(connection)?,
            active: records(connection, "SELECT record FROM active ORDER BY key")?,
            silences: records(connection, "SELECT record FROM silences ORDER BY id")?,
            digested: digested(connection)?,
            told_digests: told_digests(connection)?,
            newest: newest(connection)?,
        })
    };
    read().map_err(failed)
}

fn recoveries(
    connection: &Connection,
    clause: &str,
    values: &[&dyn rusqlite::ToSql],
) -> rusqlite::Result<Vec<Recovery>> {
    let mut statement = connection.prepare(&format!(
        "SELECT {DELIVERY}, {ALERT}, {MESSAGE} FROM deliveries d
         JOIN alerts a ON a.id = d.alert
         LEFT JOIN messages m ON m.delivery = d.id {clause}"
    ))?;
    let rows = statement.query_map(values, |row| {
        let delivery = delivery(row, 0)?;
        let accepted = accepted(row, DELIVERY_COLUMNS)?;
        let message = message(row, DELIVERY_COLUMNS + ALERT_COLUMNS, &delivery.target)?;
        Ok(Recovery {
            accepted: Arc::new(accepted),
            delivery,
            message: message.map(Arc::new),
        })
    })?;
    let mut found = Vec::new();
    for row in rows {
        found.extend(unless_bad(row)?);
    }
    Ok(found)
}

/// A row that holds something else than it should is passed over and said: it must keep neither the
/// other rows nor the service from starting.
fn unless_bad<T>(row: rusqlite::Result<T>) -> rusqlite::Result<Option<T>> {
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error,
    };
    match row {
        Ok(row) => Ok(Some(row)),
        Err(
            error @ (FromSqlConversionFailure(..)
            | IntegralValueOutOfRange(..)
            | InvalidColumnType(..)
            | Utf8Error(..)),
        ) => {
            tracing::warn!(target: "bongsu_alerts", %error, "a damaged row of the store was skipped");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The last that was told of each key on each channel, and how many were held back since: the
/// deliveries in the order of their alerts, replayed.
fn marks(connection: &Connection) -> rusqlite::Result<Vec<RecoveredMark>> {
    let mut statement = connection.prepare(
        "SELECT a.key, d.channel, a.level, a.status, d.state, d.changed, d.cooldown, d.alert, d.reason
         FROM deliveries d JOIN alerts a ON a.id = d.alert
         WHERE a.status != 'digest' AND d.state != 3 AND (d.cooldown > 0 OR d.state IN (4, 5))
         ORDER BY a.id, d.id",
    )?;
    let mut marks: HashMap<(String, String), (Ulid, RecoveredMark)> = HashMap::new();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let head = || {
            let reason: String = row.get(8)?;
            Ok(((row.get(0)?, row.get(1)?), row.get(7)?, row.get(3)?, reason))
        };
        let Some((key, alert, status, reason)) = unless_bad(head())? else {
            continue;
        };
        let (key, status): ((String, String), String) = (key, status);
        let alert = Ulid::from_bytes(alert);
        if reason == OVERTAKEN {
            continue;
        }
        // What another replica told is told.
        let replica = reason.starts_with(Suppressed::Replica.as_str());
        let state = match row.get::<_, i64>(4)? {
            0 | 1 => DeliveryState::Pending,
            4 if !replica => DeliveryState::Suppressed,
            5 => DeliveryState::Digested,
            _ => DeliveryState::Delivered,
        };
        let changed =
            jiff::Timestamp::from_microsecond(row.get(5)?).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        if state == DeliveryState::Suppressed {
            if let Some((_, mark)) = marks.get_mut(&key) {
                mark.suppressed += 1;
            }
            continue;
        }
        let level = usize::from(row.get::<_, u8>(2)?);
        let cooldown = Duration::from_millis(row.get::<_, i64>(6)?.unsigned_abs());
        let fires = status == AlertStatus::Firing.as_str();
        let gathered = state == DeliveryState::Digested;
        if gathered && cooldown.is_zero() {
            // Told on its own way, and in a digest besides.
            if let Some((_, mark)) = marks.get_mut(&key) {
                mark.in_digest |= fires && mark.status == AlertStatus::Firing;
            }
            continue;
        }
        let (last, mark) = marks.entry(key.clone()).or_insert_with(|| {
            let mark = RecoveredMark {
                key: Arc::from(key.0),
                channel: Arc::from(key.1),
                level: AlertLevel::Info,
                status: status_of(&status),
                state,
                changed,
                cooldown: Duration::ZERO,
                suppressed: 0,
                falls: false,
                in_digest: false,
            };
            (alert, mark)
        });
        if *last == alert && state.is_finished() && !mark.state.is_finished() {
            // Another target of the same alert is still on its way.
            continue;
        }
        if *last != alert {
            let both_fire = mark.status == AlertStatus::Firing && fires;
            mark.falls = both_fire && level < mark.level.index();
            mark.in_digest &= both_fire;
        }
        mark.in_digest |= gathered && fires;
        *last = alert;
        mark.level = AlertLevel::from_index(level);
        mark.status = status_of(&status);
        mark.state = state;
        mark.changed = changed;
        mark.cooldown = cooldown;
        mark.suppressed = 0;
    }
    let mut marks: Vec<(Ulid, RecoveredMark)> = marks.into_values().collect();
    // The newest last: when there are more than are remembered, the old ones go.
    marks.sort_by_key(|(alert, _)| *alert);
    Ok(marks.into_iter().map(|(_, mark)| mark).collect())
}

/// The greatest identifier of an alert or a delivery.
fn newest(connection: &Connection) -> rusqlite::Result<Ulid> {
    connection.query_row(
        "SELECT max(coalesce((SELECT max(id) FROM alerts), x''),
                    coalesce((SELECT max(id) FROM deliveries), x''))",
        [],
        |row| {
            let id: Vec<u8> = row.get(0)?;
            Ok(id.try_into().map_or_else(|_| Ulid::nil(), Ulid::from_bytes))
        },
    )
}

fn records<T: serde::de::DeserializeOwned>(
    connection: &Connection,
    sql: &str,
) -> rusqlite::Result<Vec<T>> {
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut found = Vec::new();
    for row in rows {
        let Some(row) = unless_bad(row)? else {
            continue;
        };
        // A record that cannot be read any more must not keep the service from starting.
        match serde_json::from_str(&row) {
            Ok(record) => found.push(record),
            Err(error) => {
                tracing::warn!(target: "bongsu_alerts", %error, "a stored record was skipped");
            }
        }
    }
    Ok(found)
}

/// What the digests that have not arrived yet have taken in.
fn digested(connection: &Connection) -> rusqlite::Result<Vec<(Ulid, Gathered)>> {
    let mut statement = connection.prepare(
        "SELECT p.id FROM deliveries p JOIN alerts a ON a.id = p.alert
         WHERE p.state < 2 AND a.status = 'digest'",
    )?;
    let open = statement.query_map([], |row| row.get(0).map(Ulid::from_bytes))?;
    open.map(|id| {
        let id = id?;
        Ok((id, gathered(connection, id)?))
    })
    .collect()
}

/// Whoever has a digest whose end nobody has begun to tell. What was taken back was never said. Told in the order of
/// the ids, which a clock that was set back leaves as it is; an end from before the digest arrived is another's.
fn told_digests(connection: &Connection) -> rusqlite::Result<Vec<(Arc<str>, Arc<str>)>> {
    let mut statement = connection.prepare(
        "SELECT d.channel, d.target, d.changed, a.status = 'digest'
         FROM deliveries d JOIN alerts a ON a.id = d.alert
         WHERE a.key = ?1 AND d.state != 4 AND (a.status != 'digest' OR d.state = 2) ORDER BY d.id",
    )?;
    let mut told: HashMap<(String, String), i64> = HashMap::new();
    let mut rows = statement.query([DIGEST_KEY])?;
    while let Some(row) = rows.next()? {
        let said = || Ok(((row.get(0)?, row.get(1)?), row.get(2)?, row.get(3)?));
        let Some((whom, at, digest)) = unless_bad(said())? else {
            continue;
        };
        if digest {
            told.insert(whom, at);
        } else if told.get(&whom).is_some_and(|arrived| *arrived <= at) {
            told.remove(&whom);
        }
    }
    let named = |(channel, target)| (Arc::from(channel), Arc::from(target));
    Ok(told.into_keys().map(named).collect())
}

/// Folded row by row: an open digest may hold hundreds of thousands of alerts.
fn gathered(connection: &Connection, digest: Ulid) -> rusqlite::Result<Gathered> {
    // By the deliveries' ids, which are in the order of the alerts: the index has them sorted.
    let mut statement = connection.prepare(&format!(
        "SELECT {ALERT}, d.suppressed, a.level FROM deliveries d JOIN alerts a ON a.id = d.alert
         WHERE d.parent = ?1 ORDER BY d.id"
    ))?;
    let mut gathered = Gathered::default();
    let mut rows = statement.query([bytes(digest)])?;
    while let Some(row) = rows.next()? {
        let suppressed = row.get::<_, i64>(ALERT_COLUMNS)?.unsigned_abs();
        let level = AlertLevel::from_index(usize::from(row.get::<_, u8>(ALERT_COLUMNS + 1)?));
        if gathered.has_line(row.get_ref(ALERT_KEY)?.as_str()?, level) {
            gathered.add(&accepted(row, 0)?, suppressed);
        } else {
            gathered.add_beyond(level, suppressed);
        }
    }
    Ok(gathered)
}

pub(super) fn history(
    connection: &Connection,
    query: HistoryQuery,
) -> rusqlite::Result<Vec<HistoryEntry>> {
    let mut statement = connection.prepare(&format!(
        "SELECT {ALERT} FROM alerts a WHERE a.at >= ?1 AND a.at < ?2
         ORDER BY a.at DESC, a.id DESC LIMIT ?3"
    ))?;
    let mut of_alert = connection.prepare(&format!(
        "SELECT {DELIVERY} FROM deliveries d WHERE d.alert = ?1 ORDER BY d.id"
    ))?;
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let span = params![
        query.since.as_microsecond(),
        query.until.as_microsecond(),
        limit
    ];
    let mut found = Vec::new();
    let mut rows = statement.query(span)?;
    while let Some(row) = rows.next()? {
        let Some(accepted) = unless_bad(accepted(row, 0))? else {
            continue;
        };
        let accepted = Arc::new(accepted);
        let deliveries = of_alert
            .query_map([bytes(accepted.id)], |row| delivery(row, 0))?
            .collect::<rusqlite::Result<_>>()?;
        found.push(HistoryEntry {
            accepted,
            deliveries,
        });
    }
    Ok(found)
}

fn dead(connection: &Connection, select: &Replay) -> rusqlite::Result<Vec<Recovery>> {
    match select {
        Replay::Since(since) => recoveries(
            connection,
            "WHERE d.state = 3 AND d.changed >= ?1 ORDER BY d.id LIMIT ?2",
            params![since.as_microsecond(), MAX_REPLAY],
        ),
        Replay::Id(id) => {
            let delivery = id.parse::<Ulid>().unwrap_or(Ulid::nil());
            recoveries(
                connection,
                "WHERE d.state = 3 AND (d.id = ?1 OR a.alert_id = ?2) ORDER BY d.id LIMIT ?3",
                params![bytes(delivery), id, MAX_REPLAY],
            )
        }
    }
}
