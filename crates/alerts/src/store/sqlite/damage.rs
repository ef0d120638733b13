//! What becomes of a store whose file is damaged, removed, replaced or out of reach: it opens, it says
//! so, and what can be read is not lost.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::Duration;

use bongsu_trace::random::SplitMix;
use jiff::Timestamp;
use rusqlite::Connection;
use tempfile::TempDir;
use ulid::Ulid;

use super::*;
use crate::channel::AlertStatus;
use crate::store::{Accepted, DeliveryState};
use crate::{Alert, AlertLevel};

const PATIENCE: Duration = Duration::from_secs(60);

/// One alert that waits for its delivery.
fn waiting(n: u64) -> Change {
    let at = Timestamp::UNIX_EPOCH;
    Change::Accept {
        accepted: Arc::new(Accepted {
            id: Ulid(n.into()),
            alert: Alert::new(AlertLevel::Critical, format!("t{n}"), "m".repeat(200), "s"),
            key: format!("k{n}").into(),
            status: AlertStatus::Firing,
            at,
        }),
        deliveries: vec![samples::delivery(
            Ulid(n.into()),
            DeliveryState::Pending,
            at,
        )],
    }
}

fn commit(store: &SqliteStore, changes: Vec<Change>) -> Result<(), StoreError> {
    let (done, told) = channel();
    store.commit(changes, Box::new(move |result| drop(done.send(result))));
    told.recv_timeout(PATIENCE).expect("an answer")
}

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path).unwrap()
}

/// The alerts that are still to be delivered, after a start.
fn unfinished(path: &Path) -> usize {
    open(path).recover().unwrap().unfinished.len()
}

const COUNT: u64 = 200;

/// A folder with a store of that many waiting alerts, closed in good order.
fn filled() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.db");
    let store = open(&path);
    commit(&store, (1..=COUNT).map(waiting).collect()).unwrap();
    store.close();
    drop(store);
    (folder, path)
}

/// The same, as a process leaves it that was killed: all of it in the log.
fn killed() -> (TempDir, PathBuf) {
    killed_after(1)
}

/// The same after that many commits.
fn killed_after(commits: u64) -> (TempDir, PathBuf) {
    let living = tempfile::tempdir().unwrap();
    let alive = living.path().join("alerts.db");
    let store = open(&alive);
    let each = COUNT / commits;
    for first in (1..=COUNT).step_by(each as usize) {
        commit(&store, (first..first + each).map(waiting).collect()).unwrap();
    }
    let dead = tempfile::tempdir().unwrap();
    for name in ["alerts.db", "alerts.db-wal"] {
        fs::copy(living.path().join(name), dead.path().join(name)).unwrap();
    }
    let path = dead.path().join("alerts.db");
    (dead, path)
}

fn log_of(path: &Path) -> PathBuf {
    path.with_file_name("alerts.db-wal")
}

fn mend(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

/// Damages the file, starts, and says how many alerts were saved.
#[track_caller]
fn check(
    (folder, path): (TempDir, PathBuf),
    what: &str,
    damage: impl FnOnce(&Path),
    aside: bool,
    saved: std::ops::RangeInclusive<usize>,
) {
    damage(&path);
    let store = open(&path);
    let found = store.recover().unwrap().unfinished.len();
    assert!(saved.contains(&found), "{what}: {found} of {COUNT} saved");
    // What is accepted now is kept.
    commit(&store, vec![waiting(COUNT + 1)]).unwrap();
    let trouble = store.trouble();
    assert_eq!(trouble.is_some(), aside, "{what}: {trouble:?}");
    if let Some(trouble) = trouble {
        assert!(trouble.durable, "{what}");
        assert!(
            trouble.message.contains("move it away"),
            "{}",
            trouble.message
        );
        assert!(
            trouble.message.contains("alerts.db."),
            "{}",
            trouble.message
        );
    }
    drop(store);
    assert_eq!(unfinished(&path), found + 1, "{what}: a second start");
    drop(folder);
}

#[test]
fn every_kind_of_damage_leaves_a_service_that_runs() {
    let all = COUNT as usize;
    let whole = all..=all;
    let write = |bytes: &'static [u8]| move |path: &Path| fs::write(path, bytes).unwrap();
    check(filled(), "nothing", |_| {}, false, whole.clone());
    check(killed(), "a kill", |_| {}, false, whole.clone());
    check(filled(), "garbage", write(&[0xa5; 20_000]), true, 0..=0);
    check(
        filled(),
        "text",
        write(b"not a database, and short"),
        true,
        0..=0,
    );
    check(filled(), "nothing in it", write(b""), false, 0..=0);
    check(
        filled(),
        "half of it",
        |path| {
            let file = fs::OpenOptions::new().write(true).open(path).unwrap();
            file.set_len(file.metadata().unwrap().len() / 2).unwrap();
        },
        true,
        0..=all,
    );
    check(
        filled(),
        "a header of zeros",
        |path| {
            let mut bytes = fs::read(path).unwrap();
            bytes[..100].fill(0);
            fs::write(path, bytes).unwrap();
        },
        true,
        0..=all,
    );
    check(
        filled(),
        "a table that is gone",
        |path| mend(path, "DROP TABLE deliveries"),
        true,
        0..=0,
    );
    check(
        filled(),
        "a newer version",
        |path| mend(path, "PRAGMA user_version = 99"),
        true,
        whole.clone(),
    );
    check(
        filled(),
        "rows that are no alerts",
        |path| {
            mend(
                path,
                "UPDATE alerts SET alert = 'torn' WHERE alert_id = (SELECT min(alert_id) FROM alerts);
                 UPDATE alerts SET key = CAST(x'ff00fe' AS TEXT) WHERE id = (SELECT max(id) FROM alerts);
                 INSERT OR REPLACE INTO active VALUES ('x', 'torn');
                 INSERT OR REPLACE INTO silences VALUES ('x', CAST(x'ff' AS TEXT));",
            );
        },
        false,
        all - 2..=all - 1,
    );
    // The log alone is left, beside nothing or beside an empty file.
    let gone = |path: &Path| fs::remove_file(path).unwrap();
    check(killed(), "only a log", gone, true, whole.clone());
    check(killed(), "an empty file and a log", write(b""), true, whole);
}

#[test]
fn what_sqlite_would_pass_over_is_said() {
    let all = COUNT as usize;
    let cut = |bytes: u64| {
        move |path: &Path| {
            let file = fs::OpenOptions::new().write(true).open(path).unwrap();
            file.set_len(bytes).unwrap();
        }
    };
    // Less than a page is an empty database to SQLite.
    for bytes in [1, 99, 100, 511, 2048] {
        check(filled(), "less than a page", cut(bytes), true, 0..=0);
    }
    let random = |path: &Path| {
        let mut random = SplitMix::new(7);
        let bytes: Vec<u8> = (0..50_000).map(|_| random.word() as u8).collect();
        fs::write(log_of(path), bytes).unwrap();
    };
    check(killed(), "a log of noise", random, true, 0..=0);
    let head = |path: &Path| {
        let mut bytes = fs::read(log_of(path)).unwrap();
        bytes[..32].fill(0xa5);
        fs::write(log_of(path), bytes).unwrap();
    };
    check(killed(), "a log without its head", head, true, all..=all);
}

/// One flipped bit ends the log for SQLite, and hides each commit after it.
#[test]
fn a_bit_in_the_log_costs_at_most_what_lies_under_it() {
    for seed in 0..16 {
        let (folder, path) = killed_after(20);
        let mut random = SplitMix::new(seed);
        let mut bytes = fs::read(log_of(&path)).unwrap();
        // Of the last commit, nothing follows that would show it.
        let last = bytes.len() / 2;
        let place = 32 + random.word() as usize % (last - 32);
        bytes[place] ^= 1 << (random.word() % 8);
        fs::write(log_of(&path), bytes).unwrap();
        let store = open(&path);
        let found = store.recover().unwrap().unfinished.len();
        let trouble = store.trouble();
        assert!(trouble.is_some(), "seed {seed}: {found} left, not a word");
        assert!(
            found >= COUNT as usize * 9 / 10,
            "seed {seed}: {found} saved"
        );
        drop(folder);
    }
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.db");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    let store = open(&path);
    let error = commit(&store, vec![waiting(1)]).unwrap_err().to_string();
    assert!(error.contains("no regular file"), "{error}");
    assert!(error.contains("move it away"), "{error}");
    fs::remove_file(&path).unwrap();
    commit(&store, vec![waiting(2)]).unwrap();
}

#[test]
fn damage_at_random_places_is_survived() {
    for seed in 0..24 {
        let mut random = SplitMix::new(seed);
        let (folder, path) = if seed % 2 == 0 { filled() } else { killed() };
        let target = if seed % 4 == 3 {
            log_of(&path)
        } else {
            path.clone()
        };
        let mut bytes = fs::read(&target).unwrap();
        for _ in 0..=random.word() % 200 {
            let place = random.word() as usize % bytes.len().max(1);
            match random.word() % 3 {
                0 => bytes.truncate(place.max(1)),
                1 => {
                    let end = (place + 512).min(bytes.len());
                    bytes[place..end].fill(0);
                }
                _ => bytes[place] ^= 1 << (random.word() % 8),
            }
        }
        fs::write(&target, bytes).unwrap();
        let store = open(&path);
        let found = store.recover().unwrap().unfinished.len();
        assert!(found <= COUNT as usize, "seed {seed}");
        // The second commit meets pages that the first did not.
        for n in [1, 2] {
            commit(&store, vec![waiting(10_000 + n)])
                .unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        }
        drop(store);
        assert!(
            unfinished(&path) >= 2,
            "seed {seed}: what was accepted is kept"
        );
        drop(folder);
    }
}

#[test]
fn a_file_that_goes_while_it_is_open_is_made_anew_with_all_that_was_in_it() {
    let replace = |path: &Path| {
        let folder = path.parent().unwrap();
        fs::rename(folder, folder.with_extension("old")).unwrap();
        fs::create_dir(folder).unwrap();
        fs::write(path, b"something else").unwrap();
    };
    type Damage<'a> = (&'a str, &'a dyn Fn(&Path));
    let damages: [Damage<'_>; 4] = [
        ("its folder is removed", &|path| {
            fs::remove_dir_all(path.parent().unwrap()).unwrap()
        }),
        ("it is removed", &|path| fs::remove_file(path).unwrap()),
        ("it is renamed", &|path| {
            fs::rename(path, path.with_extension("old")).unwrap()
        }),
        ("it is replaced", &replace),
    ];
    for (what, damage) in damages {
        let top = tempfile::tempdir().unwrap();
        let path = top.path().join("data/alerts.db");
        let store = open(&path);
        commit(&store, (1..=COUNT).map(waiting).collect()).unwrap();
        damage(&path);
        commit(&store, vec![waiting(COUNT + 1)]).unwrap_or_else(|e| panic!("{what}: {e}"));
        let asked = HistoryQuery {
            since: Timestamp::MIN,
            until: Timestamp::MAX,
            limit: 1_000,
        };
        let (done, told) = channel();
        store.history(asked, Box::new(move |found| drop(done.send(found))));
        let found = told.recv_timeout(PATIENCE).unwrap().unwrap();
        assert_eq!(found.len() as u64, COUNT + 1, "{what}");
        drop(store);
        assert_eq!(unfinished(&path) as u64, COUNT + 1, "{what}");
    }
}

#[test]
fn a_file_that_goes_is_noticed_while_nothing_happens() {
    let (_folder, path) = filled();
    let store = open(&path);
    fs::remove_file(&path).unwrap();
    let made = (0..1_500).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        path.exists()
    });
    assert!(made, "never made anew");
    drop(store);
    assert_eq!(unfinished(&path) as u64, COUNT);
}

#[test]
fn a_file_out_of_reach_is_refused_by_name_and_taken_up_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.db");
    fs::create_dir_all(path.join("in the way")).unwrap();
    let store = open(&path);
    assert_eq!(store.recover().unwrap().unfinished.len(), 0);
    let error = commit(&store, vec![waiting(1)]).unwrap_err();
    assert!(error.to_string().contains("alerts.db"), "{error}");
    let trouble = store.trouble().unwrap();
    assert!(!trouble.durable);
    assert!(trouble.message.contains("alerts.db"), "{}", trouble.message);
    fs::remove_dir_all(&path).unwrap();
    commit(&store, vec![waiting(2)]).unwrap();
    assert_eq!(store.trouble(), None);
    drop(store);
    assert_eq!(unfinished(&path), 1);
}

#[test]
fn only_its_owner_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/data/alerts.db");
    let store = open(&path);
    commit(&store, vec![waiting(1)]).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for name in ["alerts.db", "alerts.db-wal", "alerts.db.lock"] {
        assert_eq!(mode(&path.with_file_name(name)), 0o600, "{name}");
    }
    drop(store);
    // As an older version left it.
    fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    drop(open(&path));
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn what_is_not_needed_any_more_is_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.db");
    let options = SqliteOptions {
        max_alerts: 10,
        ..SqliteOptions::default()
    };
    let store = SqliteStore::open_with(&path, options).unwrap();
    let done = (1..=3_000).map(waiting).map(|mut change| {
        if let Change::Accept { deliveries, .. } = &mut change {
            deliveries[0].state = DeliveryState::Delivered;
        }
        change
    });
    commit(&store, done.collect()).unwrap();
    store.close();
    drop(store);
    let size = fs::metadata(&path).unwrap().len();
    assert!(size < 300_000, "{size} bytes for ten alerts");
}
