//! What rules cost the service that they run in: a thousand of them over five thousand series.
//!
//! `figure evaluation_percent_of_a_core N`: CPU time of evaluating all rules every 15 s, over a memory of six
//! hours, in percent of one core. `figure sampling_percent_of_a_core N`: that of taking a sample of every series
//! every 5 s.
//!
//! `figure bytes_per_sample N`: what the memory counts for itself, over its samples.
//! `figure memory_6h_5000_series_mib N`: by how much it makes the process grow.
//!
//! `figure query_vs_prometheus N`: CPU time of our process over Prometheus', for the same expressions over the
//! same hour of samples, each evaluated at one time and answered as JSON; lower is better. Theirs holds the
//! serving of a request over HTTP. Without the package prometheus it is left out.

mod peer;
mod world;

use std::{hint::black_box, time::Duration};

use bongsu_rules::{External, Memory, RuleFile, RuleSet};
use rustix::time::{ClockId, clock_gettime};
use world::{FAMILIES, SERIES, World};

const STEP_MS: i64 = 5_000;
const EVERY: Duration = Duration::from_secs(15);
const SIX_HOURS: Duration = Duration::from_secs(6 * 3_600);
/// Evaluations that are measured.
const ROUNDS: i64 = 40;

fn main() {
    let mut world = World::new();
    let before = resident_bytes();
    let mut memory = Memory::new(1 << 30);
    memory.set_reach(SIX_HOURS);
    let mut now_ms = 0;
    let steps = SIX_HOURS.as_millis() as i64 / STEP_MS;
    let sampling = cpu(|| {
        for _ in 0..steps {
            now_ms += STEP_MS;
            memory.sample(now_ms, |round| world.see(round));
        }
    });
    let held = memory.statistics();
    assert_eq!((held.series, held.refused, held.forgotten), (SERIES, 0, 0));
    let step = STEP_MS as f64 / 1_000.0;
    figure(
        "sampling_percent_of_a_core",
        100.0 * sampling.as_secs_f64() / (steps as f64 * step),
    );
    figure("bytes_per_sample", held.bytes as f64 / held.samples as f64);
    figure(
        "memory_6h_5000_series_mib",
        (resident_bytes() - before) / f64::from(1 << 20),
    );

    let file = RuleFile::read("bench.yml", &world::rules()).expect("rules");
    assert_eq!(file.rules(), FAMILIES);
    let mut rules = RuleSet::new(vec![file], External::default());
    rules.evaluate(&mut memory, now_ms, EVERY);
    let mut spent = Duration::ZERO;
    for _ in 0..ROUNDS {
        for _ in 0..3 {
            now_ms += STEP_MS;
            memory.sample(now_ms, |round| world.see(round));
        }
        spent += cpu(|| {
            assert!(rules.evaluate(&mut memory, now_ms, EVERY));
        });
    }
    let failed = rules.seen().filter(|rule| rule.error.is_some()).count();
    assert_eq!(failed, 0);
    figure(
        "evaluation_percent_of_a_core",
        100.0 * spent.as_secs_f64() / (ROUNDS as f64 * EVERY.as_secs_f64()),
    );
    drop((memory, rules));
    peer::run();
}

fn figure(name: &str, value: f64) {
    println!("figure {name} {value:.3}");
}

/// Thread CPU time of `work`.
fn cpu(work: impl FnOnce()) -> Duration {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
    };
    let begin = now();
    work();
    black_box(());
    now() - begin
}

fn resident_bytes() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("statm");
    let pages: f64 = statm
        .split(' ')
        .nth(1)
        .and_then(|it| it.parse().ok())
        .expect("pages");
    pages * 4_096.0
}
