//! The console's history in a file, so that it outlives a restart.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde_json::{Map, Value};

use crate::history::{RESOLUTION, SLOTS, Sample};

/// A SQLite file with the samples of the last 24 hours: some 3 MB.
#[derive(Debug)]
pub struct Keeper(Connection);

impl Keeper {
    /// Opens or makes the file.
    ///
    /// # Errors
    ///
    /// When it cannot be opened or is no database.
    pub fn open(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        // The history is nothing that anybody is paid for: the last seconds may be lost.
        connection.execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = NORMAL;
             CREATE TABLE IF NOT EXISTS samples (at INTEGER PRIMARY KEY, sample TEXT NOT NULL);",
        )?;
        Ok(Self(connection))
    }

    /// What was kept of the 24 hours before `now`, the oldest first. A row that cannot be read is
    /// passed over.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn load(&self, now: Timestamp) -> rusqlite::Result<Vec<(Timestamp, Sample)>> {
        let mut statement = self
            .0
            .prepare("SELECT at, sample FROM samples WHERE at > ?1 AND at <= ?2 ORDER BY at")?;
        let rows = statement.query_map(params![oldest(now), now.as_second()], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        })?;
        let mut samples = Vec::new();
        for row in rows {
            let (at, text) = row?;
            if let (Ok(at), Some(sample)) = (Timestamp::from_second(at), decode(&text)) {
                samples.push((at, sample));
            }
        }
        Ok(samples)
    }

    /// Keeps a sample and forgets those older than 24 hours.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn add(&self, now: Timestamp, sample: &Sample) -> rusqlite::Result<()> {
        self.0.execute(
            "INSERT OR REPLACE INTO samples (at, sample) VALUES (?1, ?2)",
            params![now.as_second(), encode(sample)],
        )?;
        self.0
            .execute("DELETE FROM samples WHERE at <= ?1", params![oldest(now)])?;
        Ok(())
    }
}

fn oldest(now: Timestamp) -> i64 {
    now.as_second() - (RESOLUTION.as_secs() * SLOTS as u64) as i64
}

fn encode(sample: &Sample) -> String {
    let values: Map<String, Value> = sample
        .values()
        .map(|(name, value)| (name, Value::from(value)))
        .collect();
    Value::Object(values).to_string()
}

fn decode(text: &str) -> Option<Sample> {
    let values: Map<String, Value> = serde_json::from_str(text).ok()?;
    let numbers = values
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.as_f64()?)));
    Some(Sample::from_values(numbers))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::history::Series;

    use super::*;

    fn sample(requests: f64) -> Sample {
        let mut sample = Sample::default();
        sample.set(Series::Requests, Some(requests));
        sample.set_dependency("database", 0.5);
        sample
    }

    #[test]
    fn a_day_is_kept_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("console.db");
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let before = |seconds| now - Duration::from_secs(seconds);
        {
            let keeper = Keeper::open(&path).unwrap();
            for (seconds, requests) in [(90_000, 1.0), (86_000, 2.0), (10, 3.0), (0, 4.0)] {
                keeper.add(before(seconds), &sample(requests)).unwrap();
            }
        }
        let keeper = Keeper::open(&path).unwrap();
        keeper
            .0
            .execute(
                "INSERT INTO samples VALUES (?1, 'torn')",
                params![before(5).as_second()],
            )
            .unwrap();
        let kept = keeper.load(now).unwrap();
        let want = [(86_000, 2.0), (10, 3.0), (0, 4.0)];
        assert_eq!(
            kept,
            want.map(|(s, requests)| (before(s), sample(requests)))
        );
        let rows: i64 = keeper
            .0
            .query_row("SELECT count(*) FROM samples", [], |row| row.get(0))
            .unwrap();
        assert_eq!(rows, 4, "what is older than a day is gone from the file");
        // A clock that was set back looks at nothing from its future.
        assert_eq!(keeper.load(before(20)).unwrap().len(), 1);
    }

    #[test]
    fn a_file_that_is_no_database_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("console.db");
        std::fs::write(
            &path,
            "not a database, and long enough to be looked at as one",
        )
        .unwrap();
        assert!(Keeper::open(&path).is_err());
    }
}
