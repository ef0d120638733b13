//! To a file: what the logging thread pays, what it costs in all, and how long one event takes when they
//! come ten thousand a second, each after a sleep: what it needs is no longer in the nearest caches.

use crate::clock::{median, process_ns, thread_ns};
use crate::peers::{bongsu_config, slog_logger};
use crate::scenario::{event, in_spans, slog_event};
use bongsu_logging::{Overflow, Rotation};
use std::fs::File;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tracing::subscriber::with_default;

const EVENTS: u64 = 100_000;
const WAIT: Duration = Duration::from_secs(60);

/// Producer and total nanoseconds an event.
#[derive(Clone, Copy)]
pub struct Cost {
    pub producer: f64,
    pub total: f64,
}

/// Who writes to a file. ticklog writes text, its digits made by its own thread, as ours and the others' JSON
/// is not.
pub const WRITERS: [&str; 5] = ["bongsu", "fmt_json", "non_blocking", "slog_json", "ticklog"];

/// Runs `scenario` with the event of this writer, into a file of its own.
fn with_writer(name: &str, dir: &Path, scenario: fn(&dyn Fn(u64)) -> f64) -> f64 {
    let spans = || {
        let mut result = 0.0;
        in_spans(|| result = scenario(&event));
        result
    };
    match name {
        "bongsu" => bongsu(dir, spans),
        "fmt_json" => fmt_json(dir, spans),
        "non_blocking" => non_blocking(dir, spans),
        "slog_json" => {
            let logger = slog_logger(File::create(dir.join("slog.log")).expect("a file"));
            scenario(&|i| slog_event(&logger, i))
        }
        // Once a process is all that ticklog can be set up.
        _ => crate::ticklog_alone(dir, scenario),
    }
}

/// A round of `mode` of this program, for who needs a process of its own.
fn child(mode: &str, dir: &Path) -> [f64; 2] {
    let own = std::env::current_exe().expect("this program");
    let output = std::process::Command::new(own).arg(mode).arg(dir).output();
    let text = String::from_utf8(output.expect("a child").stdout).expect("two numbers");
    let mut numbers = text
        .split_whitespace()
        .map(|n| n.parse().expect("a number"));
    std::array::from_fn(|_| numbers.next().expect("two numbers"))
}

/// The child's side.
pub fn alone(mode: &str, dir: &Path) {
    let [a, b] = match mode {
        "ticklog-burst" => {
            let cost = cost(|| with_writer("ticklog", dir, burst));
            [cost.producer, cost.total]
        }
        _ => paced_once("ticklog", dir),
    };
    println!("{a} {b}");
}

fn burst(event: &dyn Fn(u64)) -> f64 {
    thread_ns(|| (0..EVENTS).for_each(event))
}

fn cost(run: impl FnOnce() -> f64) -> Cost {
    let before = process_ns();
    let producer = run();
    Cost {
        producer: producer / EVENTS as f64,
        total: (process_ns() - before) / EVENTS as f64,
    }
}

fn bongsu(dir: &Path, f: impl FnOnce() -> f64) -> f64 {
    let logging = bongsu_config()
        .stdout(false)
        .dir(Some(dir.into()))
        .rotation(Rotation::never())
        .overflow(Overflow::Block)
        .shutdown_timeout(WAIT)
        .build()
        .expect("a valid set-up");
    logging.with_default(f)
}

fn fmt_json(dir: &Path, f: impl FnOnce() -> f64) -> f64 {
    let file = File::create(dir.join("fmt.log")).expect("a file");
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_writer(Mutex::new(file))
        .finish();
    with_default(subscriber, f)
}

fn non_blocking(dir: &Path, f: impl FnOnce() -> f64) -> f64 {
    let file = File::create(dir.join("nb.log")).expect("a file");
    let (writer, _guard) = tracing_appender::non_blocking::NonBlockingBuilder::default()
        .lossy(false)
        .finish(file);
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_writer(writer)
        .finish();
    with_default(subscriber, f)
}

/// Of each writer, by rounds in which each has its turn.
pub fn costs(rounds: usize) -> Vec<Cost> {
    let mut all = vec![Vec::new(); WRITERS.len()];
    for _ in 0..rounds {
        let dir = tempfile::tempdir().expect("a folder");
        for (name, costs) in WRITERS.iter().zip(&mut all) {
            costs.push(match *name {
                "ticklog" => {
                    let [producer, total] = child("ticklog-burst", dir.path());
                    Cost { producer, total }
                }
                _ => cost(|| with_writer(name, dir.path(), burst)),
            });
        }
    }
    let medians = all.into_iter().map(|costs: Vec<Cost>| Cost {
        producer: median(costs.iter().map(|c| c.producer).collect()),
        total: median(costs.iter().map(|c| c.total).collect()),
    });
    medians.collect()
}

const PACED: usize = 2_000;

thread_local! {
    static TIMES: std::cell::RefCell<Vec<f64>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Wall time of events that come one by one.
fn paced(event: &dyn Fn(u64)) -> f64 {
    const GAP: Duration = Duration::from_micros(100);
    for i in 0..PACED as u64 {
        std::thread::sleep(GAP);
        let start = Instant::now();
        event(i);
        let took = start.elapsed().as_nanos() as f64;
        TIMES.with_borrow_mut(|times| times.push(took));
    }
    0.0
}

/// Median and 99th percentile of each writer, medians of the rounds.
pub fn paced_ns(rounds: usize) -> Vec<[f64; 2]> {
    let dir = tempfile::tempdir().expect("a folder");
    let mut all = vec![[Vec::new(), Vec::new()]; WRITERS.len()];
    for _ in 0..rounds {
        for (name, [p50, p99]) in WRITERS.iter().zip(&mut all) {
            let [half, most] = match *name {
                "ticklog" => child("ticklog-paced", dir.path()),
                _ => paced_once(name, dir.path()),
            };
            p50.push(half);
            p99.push(most);
        }
    }
    all.into_iter().map(|both| both.map(median)).collect()
}

fn paced_once(name: &str, dir: &Path) -> [f64; 2] {
    with_writer(name, dir, paced);
    let mut times = TIMES.take();
    times.sort_by(f64::total_cmp);
    [times[PACED / 2], times[PACED * 99 / 100]]
}
