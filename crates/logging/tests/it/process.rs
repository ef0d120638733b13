//! Whole processes: killed, deaf, panicking, without a folder.

use crate::child;
use bongsu_logging::{LoggingConfig, Rotation};
use serde_json::Value;
use std::io::{BufRead, BufReader};

pub(crate) const BURST_BUFFER: usize = 128 * 1024;

#[test]
fn kill_9_in_a_burst_loses_no_more_than_the_buffers_and_tears_one_line_at_most() {
    let dir = tempfile::tempdir().unwrap();
    let mut burst = child::spawn("burst", dir.path());
    let mut reached = 0;
    let mut stdout = BufReader::new(burst.0.stdout.take().unwrap()).lines();
    while reached < 30_000 {
        let line = stdout.next().expect("the child ended").unwrap();
        if let Some(seq) = line.strip_prefix("seq ") {
            reached = seq.parse::<u64>().unwrap();
        }
    }
    burst.0.kill().unwrap();
    burst.0.wait().unwrap();
    // What it said between our last reading and its death.
    for line in stdout.map_while(Result::ok) {
        if let Some(seq) = line.strip_prefix("seq ") {
            reached = reached.max(seq.parse().unwrap());
        }
    }
    // The next run finds the file as it was left.
    LoggingConfig::new("svc", "test")
        .stdout(false)
        .dir(Some(dir.path().into()))
        .rotation(Rotation::never())
        .build()
        .unwrap()
        .with_default(|| tracing::info!("next run"));

    let text = std::fs::read_to_string(dir.path().join("svc.log")).unwrap();
    let mut torn = 0;
    let mut next = 0;
    for line in text.lines() {
        match serde_json::from_str::<Value>(line) {
            Ok(value) if value["message"] == "burst" => {
                assert_eq!(value["seq"], next);
                next += 1;
            }
            Ok(value) => assert_eq!(value["message"], "next run"),
            Err(_) => torn += 1,
        }
    }
    assert!(torn <= 1, "{torn} torn lines");
    assert!(text.ends_with("\n") && text.contains("next run"));
    let line_bytes = (text.len() as u64) / (next + 1);
    let bound = 2 * BURST_BUFFER as u64 / line_bytes + 1;
    assert!(
        next + bound > reached,
        "{next} lines of {reached}, bound {bound}"
    );
}

fn parsed(text: &str) -> Vec<Value> {
    let mut out = Vec::new();
    // The test harness writes to the same stdout, without a newline before ours.
    for line in text
        .lines()
        .filter_map(|line| line.find('{').map(|at| &line[at..]))
    {
        out.push(serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")));
    }
    out
}

#[test]
fn a_process_that_ends_at_once_has_said_why() {
    let dir = tempfile::tempdir().unwrap();
    let (_, stdout, stderr) = child::run("exits", dir.path());
    let file = std::fs::read_to_string(dir.path().join("svc.log")).unwrap();
    for text in [stdout, file] {
        assert!(text.contains("the order book is torn"), "{text}\n{stderr}");
        assert!(text.contains("before"), "{text}");
    }
}

#[test]
fn installed_for_a_process() {
    let dir = tempfile::tempdir().unwrap();
    let (success, stdout, stderr) = child::run("installed", dir.path());
    assert!(success, "{stdout}\n{stderr}");
    let file = std::fs::read_to_string(dir.path().join("svc.log")).unwrap();
    let lines = parsed(&file);
    assert_eq!(lines, parsed(&stdout), "stdout and the file say the same");
    let find = |message: &str| {
        let found = lines.iter().find(|l| l["message"] == message);
        found.unwrap_or_else(|| panic!("no `{message}` in {file}"))
    };
    assert_eq!(
        find("second")["again"],
        "a tracing subscriber is installed already"
    );
    let bridged = find("from log 1");
    assert_eq!(bridged["logger"], "old_crate");
    assert!(
        bridged["file"]
            .as_str()
            .unwrap()
            .contains("tests/it/child.rs:"),
        "{bridged}"
    );
    assert!(bridged.get("log.target").is_none());
    find("now heard");
    assert!(!file.contains("too low"));
    find("from inside");
    assert_eq!(find("outside")["v"], "done");
    let panic = find("the price is 7");
    assert_eq!(
        (&panic["level"], &panic["logger"]),
        (&"ERROR".into(), &"panic".into())
    );
    assert!(
        panic["file"]
            .as_str()
            .unwrap()
            .contains("tests/it/child.rs:"),
        "{panic}"
    );
    assert_eq!(panic["thread"], "victim");
    assert!(
        stderr.contains("the price is 7"),
        "the hook before ours still runs"
    );
    find("after the guard");
}

#[test]
fn a_folder_that_cannot_be_written_is_a_warning_and_stdout_goes_on() {
    let file = tempfile::NamedTempFile::new().unwrap();
    // Below a file there is no folder, not even for root.
    let (success, stdout, stderr) = child::run("unwritable", &file.path().join("logs"));
    assert!(success, "{stdout}\n{stderr}");
    assert!(
        stderr.contains("warning: cannot write the log file"),
        "{stderr}"
    );
    assert!(
        parsed(&stdout).iter().any(|l| l["message"] == "still said"),
        "{stdout}"
    );
}

#[test]
fn a_reader_that_goes_away_does_not_end_the_program() {
    let mut running = child::spawn("deaf", std::path::Path::new("/"));
    let mut stdout = BufReader::new(running.0.stdout.take().unwrap()).lines();
    assert!(stdout.any(|line| line.unwrap().contains("anybody?")));
    drop(stdout);
    let stderr = running.0.stderr.take().unwrap();
    let said = std::io::read_to_string(stderr).unwrap();
    // The harness itself fails to print into the closed pipe; the program's own word counts.
    assert!(said.contains("survived"), "{said}");
}

#[test]
fn a_panic_is_one_line_on_standard_error_and_forges_none() {
    let dir = tempfile::tempdir().unwrap();
    let (success, stdout, stderr) = child::run("forging", dir.path());
    assert!(success, "{stdout}\n{stderr}");
    for (stream, text) in [("stdout", &stdout), ("stderr", &stderr)] {
        let lines = parsed(text);
        let told: Vec<_> = lines.iter().filter(|l| l["level"] == "ERROR").collect();
        assert_eq!(told.len(), 1, "{stream}: {text}");
        let message = told[0]["message"].as_str().unwrap();
        assert!(message.starts_with("bad price\n{"), "{stream}: {message}");
        assert_eq!(told[0]["logger"], "panic");
        assert_eq!(told[0]["thread"], "victim");
        assert!(lines.iter().all(|l| l["message"] != "all is well"));
    }
    // Nothing else came with it: what is no line of the log could be taken for one.
    assert!(stderr.lines().all(|line| line.starts_with('{')), "{stderr}");
}

#[test]
fn the_service_s_own_panic_hook_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (success, stdout, stderr) = child::run("own hook", dir.path());
    assert!(success, "{stdout}\n{stderr}");
    assert_eq!(stderr, "own: Some(\"the price is 7\")\n");
    assert!(
        stdout.contains("\"message\":\"the price is 7\""),
        "{stdout}"
    );
}

#[test]
fn an_exit_loses_no_line() {
    let dir = tempfile::tempdir().unwrap();
    let (_, stdout, stderr) = child::run("exiting", dir.path());
    let lines = parsed(&stdout);
    let messages: Vec<_> = lines.iter().filter_map(|l| l["message"].as_str()).collect();
    assert_eq!(
        messages,
        ["almost the last word", "the last word"],
        "{stderr}"
    );
}
