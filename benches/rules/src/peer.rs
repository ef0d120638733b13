//! The same questions to a Prometheus over the same samples.

use std::{fs, io::Write as _, path::Path, process::Command};

use bongsu_rules::{Expression, Memory, answer};
use bongsu_testkit::servers::{Prometheus, http_get};

use crate::{
    cpu, figure,
    world::{self, FAMILIES, World},
};

const STEP_MS: i64 = 15_000;
/// An hour.
const STEPS: i64 = 240;
/// On a round number of nothing.
const START_MS: i64 = 1_700_004_000_000;
/// How often every question is asked.
const ROUNDS: usize = 5;

pub(crate) fn run() {
    if !Path::new("/usr/bin/promtool").exists() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let text = folder.path().join("samples.txt");
    let mut out = std::io::BufWriter::new(fs::File::create(&text).expect("a file"));
    let mut memory = Memory::new(1 << 30);
    memory.set_reach(std::time::Duration::from_secs(7_200));
    let mut world = World::new();
    let mut now_ms = START_MS;
    for _ in 0..STEPS {
        now_ms += STEP_MS;
        memory.sample(now_ms, |round| world.see(round));
        for line in world.lines(now_ms) {
            out.write_all(line.as_bytes()).expect("a line");
        }
    }
    out.write_all(b"# EOF\n").expect("a line");
    out.into_inner().expect("the file");
    let made = Command::new("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics"])
        .arg(&text)
        .arg(folder.path().join("data"))
        .output()
        .expect("promtool");
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let server = Prometheus::start_in(folder, "", &["--storage.tsdb.retention.time=50y"]);

    let texts: Vec<String> = (0..FAMILIES).map(world::expression).collect();
    let paths: Vec<String> = texts
        .iter()
        .map(|text| {
            let query: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
            format!("/api/v1/query?query={query}&time={}", now_ms / 1_000)
        })
        .collect();
    let ask = || paths.iter().map(|path| http_get(server.port(), path).expect("an answer"));
    // Once without counting, and held against ours.
    for (text, theirs) in texts.iter().zip(ask()) {
        let ours = ours(text, &memory, now_ms);
        assert_eq!(
            theirs.matches("\"metric\"").count(),
            ours.matches("\"metric\"").count(),
            "{text}\n{theirs}\n{ours}"
        );
    }
    let before = seconds(&server);
    for _ in 0..ROUNDS {
        let answers: usize = ask().map(|answer| answer.len()).sum();
        std::hint::black_box(answers);
    }
    let theirs = seconds(&server) - before;
    let ours = cpu(|| {
        for _ in 0..ROUNDS {
            for text in &texts {
                std::hint::black_box(ours(text, &memory, now_ms));
            }
        }
    });
    let asked = (ROUNDS * FAMILIES) as f64;
    figure("query_us", ours.as_secs_f64() / asked * 1e6);
    figure("prometheus_query_us", theirs / asked * 1e6);
    figure("query_vs_prometheus", ours.as_secs_f64() / theirs);
}

/// Parsed anew each time, as theirs are.
fn ours(text: &str, memory: &Memory, now_ms: i64) -> String {
    let expression = Expression::parse(text).expect("an expression");
    let value = expression.evaluate(memory, now_ms).expect("a value");
    answer::instant(&value, now_ms)
}

/// CPU time of the server so far.
fn seconds(server: &Prometheus) -> f64 {
    let page = http_get(server.port(), "/metrics").expect("its page");
    let line = page
        .lines()
        .find_map(|line| line.strip_prefix("process_cpu_seconds_total "));
    line.and_then(|value| value.parse().ok()).expect("its time")
}
