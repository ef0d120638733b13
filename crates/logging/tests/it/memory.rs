//! What others get of the lines: the newest in memory, errors as they come.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bongsu_logging::LoggingConfig;
use serde_json::Value;
use tracing::{error, info};

use crate::eventually;

#[test]
fn the_newest_lines_are_kept_as_they_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let logging = LoggingConfig::new("svc", "test")
        .dir(Some(dir.path().to_owned()))
        .stdout(false)
        .recent(4_096)
        .build()
        .unwrap();
    let handle = logging.handle();
    logging.with_default(|| {
        for n in 0..200 {
            info!(n, password = "hunter2", "line");
        }
        assert!(handle.flush(Duration::from_secs(20)));
        eventually("the last line is there", || {
            handle
                .recent()
                .last()
                .is_some_and(|line| line.contains("\"n\":199"))
        });
    });
    let recent = handle.recent();
    let written = std::fs::read_to_string(dir.path().join("svc.log")).unwrap();
    let written: Vec<&str> = written.lines().collect();
    assert_eq!(written.len(), 200);
    assert!((2..200).contains(&recent.len()), "{}", recent.len());
    assert_eq!(recent, written[200 - recent.len()..]);
    assert!(recent.iter().map(String::len).sum::<usize>() <= 4_096);
    assert!(!recent.concat().contains("hunter2"));
}

#[test]
fn without_room_none_are_kept() {
    let logging = LoggingConfig::new("svc", "test").build().unwrap();
    let handle = logging.handle();
    logging.with_default(|| info!("not for memory"));
    assert!(handle.recent().is_empty());
}

#[test]
fn errors_are_handed_on_with_their_origin() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&told);
    let capture = bongsu_logging::Capture::new();
    LoggingConfig::new("svc", "test")
        .capture(&capture)
        .on_error(move |line| {
            let text: Value = serde_json::from_slice(line.text).unwrap();
            kept.lock().unwrap().push((
                line.logger.to_owned(),
                line.file.map(str::to_owned),
                line.line,
                text,
            ));
        })
        .build()
        .unwrap()
        .with_default(|| {
            info!("calm");
            error!(target: "broker", secret = "hunter2", order = 7, "refused");
        });
    let told = told.lock().unwrap();
    let [(logger, file, line, text)] = &told[..] else {
        panic!("one error was logged: {told:?}");
    };
    assert_eq!(logger, "broker");
    assert!(file.as_deref().unwrap().ends_with("memory.rs"), "{file:?}");
    assert!(line.is_some());
    assert_eq!(
        (&text["message"], &text["order"]),
        (&"refused".into(), &7.into())
    );
    assert!(!text.to_string().contains("hunter2"), "{text}");
}
