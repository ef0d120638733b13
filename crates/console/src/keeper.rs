//! The console's history in a file, so that it outlives a restart.

use std::path::Path;

use bongsu_sqlite::{Error, Options, OwnFile, Replaced, Schema};
use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde_json::{Map, Value, json};

use crate::{
    Event,
    history::{RESOLUTION, SLOTS, Sample},
    marks::cut,
};

/// What stands beside the values of a sample in which something happened.
const EVENTS: &str = "events";

const SCHEMA: Schema = Schema::of_file(&[
    // 1: as files of before there were versions have it.
    "CREATE TABLE IF NOT EXISTS samples (at INTEGER PRIMARY KEY, sample TEXT NOT NULL);",
]);

/// A SQLite file with the samples of the last 24 hours: some 3 MB.
///
/// One that is damaged or of a newer version is put aside, and one that is removed made anew; what can be read
/// is taken over.
#[derive(Debug)]
pub struct Keeper(OwnFile);

impl Keeper {
    /// A keeper of this file, which is opened on the first use.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self(OwnFile::new(path, Options::default(), SCHEMA))
    }

    /// What was kept of the 24 hours before `now`, the oldest first. A row that cannot be read is
    /// passed over.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or read; the next call tries again.
    pub fn load(&mut self, now: Timestamp) -> Result<Kept<Vec<(Timestamp, Sample)>>, Error> {
        self.on(now, |connection| load(connection, now))
    }

    /// Keeps a sample and forgets those older than 24 hours.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or written; the next call tries again.
    pub fn add(&mut self, now: Timestamp, sample: &Sample) -> Result<Kept<()>, Error> {
        self.on(now, |connection| {
            let transaction = connection.transaction()?;
            transaction.execute(
                "INSERT OR REPLACE INTO samples (at, sample) VALUES (?1, ?2)",
                params![now.as_second(), encode(sample)],
            )?;
            transaction.execute("DELETE FROM samples WHERE at <= ?1", params![oldest(now)])?;
            transaction.commit()
        })
    }

    fn on<T>(
        &mut self,
        now: Timestamp,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<Kept<T>, Error> {
        let (connection, replaced) = self.0.ready(now)?;
        let answer = work(connection).map_err(|error| self.0.failed(&error))?;
        Ok(Kept { answer, replaced })
    }
}

/// An answer of the file's.
#[derive(Debug)]
#[non_exhaustive]
pub struct Kept<T> {
    /// What was asked for.
    pub answer: T,
    /// The file had to give way to a new one first; to be told in the log.
    pub replaced: Option<Replaced>,
}

fn load(connection: &Connection, now: Timestamp) -> rusqlite::Result<Vec<(Timestamp, Sample)>> {
    let mut statement = connection
        .prepare("SELECT at, sample FROM samples WHERE at > ?1 AND at <= ?2 ORDER BY at")?;
    let rows = statement.query_map(params![oldest(now), now.as_second()], |row| {
        // What was not text when it was written is no sample.
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1).ok()))
    })?;
    let mut samples = Vec::new();
    for row in rows {
        let (at, text) = row?;
        let sample = text.and_then(|text| decode(&text));
        if let (Ok(at), Some(sample)) = (Timestamp::from_second(at), sample) {
            samples.push((at, sample));
        }
    }
    Ok(samples)
}

fn oldest(now: Timestamp) -> i64 {
    now.as_second() - (RESOLUTION.as_secs() * SLOTS as u64) as i64
}

fn encode(sample: &Sample) -> String {
    let mut values: Map<String, Value> = sample
        .values()
        .map(|(name, value)| (name, Value::from(value)))
        .collect();
    if !sample.events().is_empty() {
        let events = sample.events().iter().map(encode_event).collect();
        values.insert(EVENTS.to_owned(), Value::Array(events));
    }
    Value::Object(values).to_string()
}

fn decode(text: &str) -> Option<Sample> {
    let values: Map<String, Value> = serde_json::from_str(text).ok()?;
    let numbers = values
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.as_f64()?)));
    let mut sample = Sample::from_values(numbers);
    let events = values.get(EVENTS).and_then(Value::as_array);
    for event in events.into_iter().flatten().filter_map(decode_event) {
        sample.happened(event);
    }
    Some(sample)
}

fn encode_event(event: &Event) -> Value {
    match event {
        Event::Started(version) => json!({ "started": version }),
        Event::Level(directives) => json!({ "level": directives }),
        Event::Session { venue, phase, open } => {
            json!({ "venue": venue, "phase": phase, "open": open })
        }
        Event::Maintenance { by, begins } => json!({ "maintenance": by, "begins": begins }),
    }
}

/// What was stored; none for what a newer version means.
fn decode_event(value: &Value) -> Option<Event> {
    let text = |name: &str| Some(cut(value.get(name)?.as_str()?));
    if let Some(version) = text("started") {
        return Some(Event::Started(version));
    }
    if let Some(directives) = text("level") {
        return Some(Event::Level(directives));
    }
    if let Some(by) = text("maintenance") {
        let begins = value.get("begins")?.as_bool()?;
        return Some(Event::Maintenance { by, begins });
    }
    Some(Event::Session {
        venue: text("venue")?,
        phase: text("phase")?,
        open: value.get("open")?.as_bool()?,
    })
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
        sample.happened(Event::Started("1.2.3".to_owned()));
        sample
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    fn before(seconds: u64) -> Timestamp {
        now() - Duration::from_secs(seconds)
    }

    fn kept(path: &Path, now: Timestamp) -> Vec<(Timestamp, Sample)> {
        Keeper::new(path).load(now).unwrap().answer
    }

    #[test]
    fn a_day_is_kept_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("console.db");
        let mut keeper = Keeper::new(&path);
        for (seconds, requests) in [(90_000, 1.0), (86_000, 2.0), (10, 3.0), (0, 4.0)] {
            let added = keeper.add(before(seconds), &sample(requests)).unwrap();
            assert_eq!(added.replaced, None);
        }
        let beside = Connection::open(&path).unwrap();
        let torn = "INSERT INTO samples VALUES (?1, 'torn'), (?2, x'ff')";
        let at = |seconds| before(seconds).as_second();
        beside.execute(torn, params![at(5), at(6)]).unwrap();
        let want = [(86_000, 2.0), (10, 3.0), (0, 4.0)];
        assert_eq!(
            kept(&path, now()),
            want.map(|(s, requests)| (before(s), sample(requests)))
        );
        let rows = "SELECT count(*) FROM samples";
        let rows: i64 = beside.query_row(rows, [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 5, "what is older than a day is gone from the file");
        // A clock that was set back looks at nothing from its future.
        assert_eq!(kept(&path, before(20)).len(), 1);
    }

    /// The file as it was made before it had a version.
    fn old(path: &Path) {
        let old = Connection::open(path).unwrap();
        let table = "CREATE TABLE samples (at INTEGER PRIMARY KEY, sample TEXT NOT NULL)";
        old.execute_batch(table).unwrap();
        let row = "INSERT INTO samples VALUES (?1, ?2)";
        let text = encode(&sample(1.0));
        old.execute(row, params![before(10).as_second(), text])
            .unwrap();
    }

    #[test]
    fn an_older_file_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("console.db");
        old(&path);
        let mut keeper = Keeper::new(&path);
        let found = keeper.load(now()).unwrap();
        assert_eq!(
            (found.answer.len(), found.replaced.is_none()),
            (1, true),
            "nothing is put aside"
        );
    }

    #[test]
    fn whatever_becomes_of_the_file_the_next_sample_is_kept() {
        let mend = |path: &Path, sql: &str| {
            Connection::open(path).unwrap().execute_batch(sql).unwrap();
        };
        type Damage<'a> = (&'a str, &'a dyn Fn(&Path), usize);
        let damages: [Damage<'_>; 4] = [
            (
                "no database",
                &|path| std::fs::write(path, [0xa5; 9_000]).unwrap(),
                0,
            ),
            (
                "a newer version",
                &|path| mend(path, "PRAGMA user_version = 9"),
                1,
            ),
            (
                "a table gone",
                &|path| mend(path, "PRAGMA user_version = 1; DROP TABLE samples"),
                0,
            ),
            (
                "half of it",
                &|path| {
                    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
                    file.set_len(5_000).unwrap();
                },
                0,
            ),
        ];
        for (what, damage, saved) in damages {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("console.db");
            old(&path);
            damage(&path);
            let mut keeper = Keeper::new(&path);
            let found = keeper.load(now()).unwrap();
            assert_eq!(found.answer.len(), saved, "{what}");
            let said = found
                .replaced
                .unwrap_or_else(|| panic!("{what}: nothing is said"));
            let said = said.to_string();
            assert!(
                said.contains("console.db.") && said.contains("move it away"),
                "{said}"
            );
            keeper.add(now(), &sample(2.0)).unwrap();
            drop(keeper);
            assert_eq!(kept(&path, now()).len(), saved + 1, "{what}");
        }
    }

    #[test]
    fn stored_events_are_read_again() {
        for event in [
            Event::Started("1.2.3".to_owned()),
            Event::Level("info,engine=debug".to_owned()),
            Event::Session {
                venue: "NXT".to_owned(),
                phase: "pre".to_owned(),
                open: false,
            },
            Event::Maintenance {
                by: "kim".to_owned(),
                begins: true,
            },
        ] {
            assert_eq!(decode_event(&encode_event(&event)), Some(event));
        }
        for unknown in [
            json!({}),
            json!("started"),
            json!({ "moon": 1 }),
            json!(null),
        ] {
            assert_eq!(decode_event(&unknown), None);
        }
        let long = decode_event(&json!({ "started": "가".repeat(1_000) }));
        assert!(matches!(long, Some(Event::Started(version)) if version.len() <= 128));
    }
}
