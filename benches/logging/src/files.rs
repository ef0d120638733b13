//! To a file: what the logging thread pays, what it costs in all, and how long one event takes when they
//! come a few thousand a second.

use crate::clock::{median, process_ns, thread_ns};
use crate::peers::bongsu_config;
use crate::scenario::{event, in_spans};
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

fn burst() -> f64 {
    let mut ns = 0.0;
    in_spans(|| {
        ns = thread_ns(|| {
            for i in 0..EVENTS {
                event(i);
            }
        });
    });
    ns
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

/// bongsu, fmt json straight into the file, fmt json through tracing-appender's non_blocking.
pub fn costs(rounds: usize) -> [Cost; 3] {
    let mut all: [Vec<Cost>; 3] = Default::default();
    for _ in 0..rounds {
        let dir = tempfile::tempdir().expect("a folder");
        all[0].push(cost(|| bongsu(dir.path(), burst)));
        all[1].push(cost(|| fmt_json(dir.path(), burst)));
        all[2].push(cost(|| non_blocking(dir.path(), burst)));
    }
    all.map(|costs| Cost {
        producer: median(costs.iter().map(|c| c.producer).collect()),
        total: median(costs.iter().map(|c| c.total).collect()),
    })
}

/// The median wall time of one event at two thousand a second.
fn paced() -> f64 {
    const GAP: Duration = Duration::from_micros(500);
    let mut times = Vec::new();
    in_spans(|| {
        for i in 0..2_000 {
            std::thread::sleep(GAP);
            let start = Instant::now();
            event(i);
            times.push(start.elapsed().as_nanos() as f64);
        }
    });
    median(times)
}

/// bongsu, non_blocking.
pub fn paced_p50() -> (f64, f64) {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        ours.push(bongsu(dir.path(), paced));
        theirs.push(non_blocking(dir.path(), paced));
    }
    (median(ours), median(theirs))
}
