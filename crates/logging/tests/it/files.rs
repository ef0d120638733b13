//! The file: rotated, moved away, full, accounted for.

use crate::eventually;
use bongsu_logging::{LogGuard, LogHandle, LoggingConfig, Overflow, Rotation};
use serde_json::Value;
use std::collections::HashSet;
use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tracing::info;
use tracing_subscriber::layer::SubscriberExt;

const PATIENCE: Duration = Duration::from_secs(30);

fn config(dir: &Path) -> LoggingConfig {
    LoggingConfig::new("svc", "test")
        .stdout(false)
        .dir(Some(dir.into()))
        .overflow(Overflow::Block)
        .rotation(Rotation::never())
}

/// Every line of every file of the folder whose name has the prefix, unpacked.
fn all_lines(dir: &Path, prefix: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.starts_with(prefix) {
            continue;
        }
        let mut text = String::new();
        let mut file = std::fs::File::open(&path).unwrap();
        if name.ends_with(".gz") {
            flate2::read::GzDecoder::new(file)
                .read_to_string(&mut text)
                .unwrap();
        } else {
            file.read_to_string(&mut text).unwrap();
        }
        assert!(
            text.is_empty() || text.ends_with('\n'),
            "{name} ends in half a line"
        );
        lines.extend(text.lines().map(str::to_owned));
    }
    lines
}

fn sequence(lines: &[String]) -> HashSet<u64> {
    let mut seen = HashSet::new();
    for line in lines {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert!(seen.insert(value["seq"].as_u64().unwrap()), "twice: {line}");
    }
    seen
}

/// On this thread, with the guard at hand.
fn in_force(config: LoggingConfig) -> (LogGuard, LogHandle, tracing::subscriber::DefaultGuard) {
    let (layer, guard) = config.build().unwrap().into_layer();
    let default = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    let handle = guard.handle();
    (guard, handle, default)
}

#[test]
fn rotation_and_gzip_keep_every_line() {
    const LINES: u64 = 60_000;
    let dir = tempfile::tempdir().unwrap();
    let rotation = Rotation::never().max_bytes(1 << 20).gzip(true);
    let (guard, handle, _default) = in_force(config(dir.path()).rotation(rotation));
    for seq in 0..LINES {
        info!(seq, "line");
    }
    assert!(handle.flush(PATIENCE));
    drop(guard);
    let stats = handle.stats();
    assert!(stats.rotations >= 5, "{stats:?}");
    assert_eq!(stats.events_at("info"), LINES);
    assert!(stats.dropped.iter().all(|(_, n)| *n == 0), "{stats:?}");
    let packed = |suffix: &str| {
        let names = std::fs::read_dir(dir.path()).unwrap();
        names
            .filter(|e| {
                e.as_ref()
                    .unwrap()
                    .file_name()
                    .to_str()
                    .unwrap()
                    .ends_with(suffix)
            })
            .count()
    };
    eventually("all rotated files are packed", || {
        packed(".gz") as u64 == stats.rotations && packed(".tmp") == 0
    });
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        assert!(entry.unwrap().metadata().unwrap().len() <= 1 << 20);
    }
    assert_eq!(sequence(&all_lines(dir.path(), "svc.")).len() as u64, LINES);
    assert_eq!(handle.stats().rotation_errors, 0);
}

#[test]
fn retention_deletes_our_old_files_only() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("svc.db"), "mine").unwrap();
    let rotation = Rotation::never().max_bytes(64 << 10).keep_files(2);
    let (guard, handle, _default) = in_force(config(dir.path()).rotation(rotation));
    for seq in 0..10_000u64 {
        info!(seq, "line");
    }
    assert!(handle.flush(PATIENCE));
    drop(guard);
    assert!(handle.stats().rotations > 10);
    // The active file, two rotated ones, the stranger.
    eventually("old files are gone", || {
        std::fs::read_dir(dir.path()).unwrap().count() == 4
    });
    assert_eq!(
        std::fs::read_to_string(dir.path().join("svc.db")).unwrap(),
        "mine"
    );
    let left = sequence(&all_lines(dir.path(), "svc.l")); // the active file
    assert!(left.contains(&9_999));
}

fn logrotate(dir: &Path, script: &str) {
    let conf = dir.join("logrotate.conf");
    std::fs::write(
        &conf,
        format!(
            "\"{}/svc.log\" {{\n  rotate 50\n  size 1\n  {script}\n  missingok\n  su root root\n}}\n",
            dir.display()
        ),
    )
    .unwrap();
    let output = Command::new("logrotate")
        .args(["--force", "--state"])
        .arg(dir.join("state"))
        .arg(&conf)
        .env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin")
        .output()
        .expect("logrotate is missing: install the Debian package `logrotate`");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
}

/// `su root root` needs root; as another user logrotate works on the user's own folder without it.
fn logrotate_rounds(script: &str, reopen: bool) {
    const ROUNDS: u64 = 4;
    const EACH: u64 = 500;
    let dir = tempfile::tempdir().unwrap();
    let (guard, handle, _default) = in_force(config(dir.path()));
    for round in 0..ROUNDS {
        for seq in round * EACH..(round + 1) * EACH {
            info!(seq, "line");
        }
        assert!(handle.flush(PATIENCE));
        logrotate(dir.path(), script);
        if reopen {
            handle.reopen();
        }
    }
    let mut seq = ROUNDS * EACH;
    // Without a signal the new file is found within a second of writing.
    eventually("the new file is written", || {
        info!(seq, "line");
        seq += 1;
        assert!(handle.flush(PATIENCE));
        std::fs::metadata(dir.path().join("svc.log")).is_ok_and(|m| m.len() > 0)
    });
    drop(guard);
    assert_eq!(
        sequence(&all_lines(dir.path(), "svc.log")).len() as u64,
        seq
    );
}

#[test]
fn logrotate_moves_the_file_and_signals() {
    logrotate_rounds("create 0644", true);
}

#[test]
fn logrotate_moves_the_file_without_a_word() {
    logrotate_rounds("nocreate", false);
}

#[test]
fn logrotate_copies_and_truncates() {
    logrotate_rounds("copytruncate", false);
}

#[test]
fn a_full_disk_is_counted_and_survived() {
    // /dev/full is a disk on which every write fails with ENOSPC.
    let config = config(Path::new("/dev")).file_name("full");
    let (guard, handle, _default) = in_force(config);
    for seq in 0..100u64 {
        info!(seq, "line");
    }
    assert!(handle.flush(PATIENCE));
    assert_eq!(handle.stats().dropped_by("file_error"), 100);
    assert_eq!(handle.stats().rotations, 0);
    drop(guard);
    info!("late");
    assert_eq!(handle.stats().dropped_by("file_error"), 101);
}

#[test]
fn losses_are_said_in_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path())
        .overflow(Overflow::DropNewest)
        .max_line_bytes(1024)
        .buffer_bytes(4096);
    let (guard, handle, _default) = in_force(config);
    for seq in 0..20_000u64 {
        info!(seq, "line");
    }
    assert!(handle.flush(PATIENCE));
    drop(guard);
    let lost = handle.stats().dropped_by("queue_full");
    let (mut seen, mut said) = (0, 0);
    for line in all_lines(dir.path(), "svc.log") {
        let value: Value = serde_json::from_str(&line).unwrap();
        match value["dropped"].as_u64() {
            Some(n) => {
                said += n;
                assert_eq!(
                    (&value["level"], &value["service_name"]),
                    (&"WARN".into(), &"svc".into())
                );
            }
            None => seen += 1,
        }
    }
    assert!(lost > 0, "a buffer of four lines must overflow");
    assert_eq!((seen + lost, said), (20_000, lost));
}

#[test]
fn an_error_does_not_wait_for_the_interval() {
    let dir = tempfile::tempdir().unwrap();
    let (_guard, _handle, _default) =
        in_force(config(dir.path()).flush_interval(Duration::from_secs(3_600)));
    tracing::error!(seq = 1, "now");
    eventually("the line is written", || {
        !all_lines(dir.path(), "svc.log").is_empty()
    });
}

#[test]
fn a_timed_level_falls_back() {
    let dir = tempfile::tempdir().unwrap();
    let (_guard, handle, _default) = in_force(config(dir.path()).level("info"));
    let debug = || tracing::debug!("maybe");
    debug();
    assert_eq!(handle.stats().events_at("debug"), 0);
    assert!(handle.set_level("loud", None).is_err());
    handle.set_level("debug", Some(PATIENCE * 20)).unwrap();
    assert_eq!(handle.level(), "debug");
    debug();
    assert_eq!(handle.stats().events_at("debug"), 1);
    // A second timed change does not make the first one last.
    handle
        .set_level("trace", Some(Duration::from_millis(100)))
        .unwrap();
    eventually("the level is back", || handle.level() == "info");
    debug();
    assert_eq!(handle.stats().events_at("debug"), 1);
    handle.set_level("warn", None).unwrap();
    info!("not any more");
    assert_eq!(handle.stats().events_at("info"), 0);
}

#[test]
fn a_log_that_was_ended_is_taken_up_again() {
    let dir = tempfile::tempdir().unwrap();
    let (layer, guard) = config(dir.path()).build().unwrap().into_layer();
    let handle = guard.handle();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        info!("one");
        drop(guard);
        info!("two");
        for _ in 0..2 {
            let guard = handle.resume();
            info!("three");
            assert!(handle.flush(PATIENCE));
            drop(guard);
        }
        info!("four");
    });
    let said: Vec<String> = all_lines(dir.path(), "svc")
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["message"].to_string())
        .collect();
    let wanted = ["one", "two", "three", "three", "four"];
    assert_eq!(said, wanted.map(|word| format!("{word:?}")));
}
