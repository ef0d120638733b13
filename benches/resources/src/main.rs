//! What one resource sample costs, against the floor of its system calls and against peers.
//!
//! CPU time, not wall time: `CLOCK_THREAD_CPUTIME_ID` where one thread works,
//! `CLOCK_PROCESS_CPUTIME_ID` for the whole monitor with its threads. Contenders take
//! turns in short rounds; each ratio is the median of the rounds' ratios.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use bongsu_resources::ResourceMonitor;
use bongsu_resources::disk::{DiskProbe, SystemProbe};
use bongsu_resources::source::linux::LinuxSource;
use bongsu_resources::source::{Reading, Source};
use rustix::time::ClockId;

mod alloc;
mod floor;
mod psutil;
mod tuned;

const ROUNDS: usize = 31;
const SAMPLES: u32 = 40;

fn main() {
    let mut source = LinuxSource::open().expect("Linux /proc");
    let mut reading = Reading::default();
    let mut floor = floor::Floor::open();
    let mut sysinfo = tuned::Tuned::new();
    let mut ours = || {
        source.read(&mut reading).expect("sample");
        black_box(SystemProbe.usage(Path::new("/")).expect("statvfs"));
    };

    let (mut over_floor, mut sysinfo_over, mut micros) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let own = cost(ClockId::ThreadCPUTime, &mut ours);
        let bare = cost(ClockId::ThreadCPUTime, || floor.sample());
        let peer = cost(ClockId::ThreadCPUTime, || sysinfo.sample());
        over_floor.push(own / bare);
        sysinfo_over.push(peer / own);
        micros.push(own);
    }
    let own = median(&mut micros);
    figure("sample_micros", own);
    figure("sample_vs_floor", median(&mut over_floor));
    figure("sample_vs_sysinfo_tuned", median(&mut sysinfo_over));

    let before = alloc::count();
    for _ in 0..1000 {
        ours();
    }
    let source_allocations = alloc::count() - before;

    let (monitor_micros, monitor_allocations) = whole_monitor();
    figure(
        "sample_allocs",
        (source_allocations as f64 / 1000.0).max(monitor_allocations),
    );
    figure("monitor_sample_micros", monitor_micros);
    figure("monitor_vs_floor", monitor_micros / rhythm(&mut floor));

    match psutil::micros() {
        Ok(theirs) => figure("sample_vs_psutil", theirs / own),
        Err(error) => {
            eprintln!("psutil cannot be measured: {error}");
            std::process::exit(1);
        }
    }
}

/// CPU time of all the monitor's threads for a published sample, and its allocations.
fn whole_monitor() -> (f64, f64) {
    let monitor = ResourceMonitor::builder()
        .interval(Duration::from_millis(2))
        .build()
        .expect("monitor");
    let _guard = monitor.start();
    let published = || monitor.stats().samples_total;
    while published() < 50 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut rounds = Vec::with_capacity(9);
    let (allocations, samples) = (alloc::count(), published());
    for _ in 0..9 {
        let (cpu, from) = (now(ClockId::ProcessCPUTime), published());
        std::thread::sleep(Duration::from_millis(300));
        rounds.push((now(ClockId::ProcessCPUTime) - cpu) / (published() - from) as f64);
    }
    let samples = (published() - samples) as f64;
    (
        median(&mut rounds),
        (alloc::count() - allocations) as f64 / samples,
    )
}

/// The floor in the monitor's rhythm: between two samples the caches go cold.
fn rhythm(floor: &mut floor::Floor) -> f64 {
    let mut rounds = Vec::with_capacity(9);
    for _ in 0..9 {
        rounds.push(cost(ClockId::ThreadCPUTime, || {
            std::thread::sleep(Duration::from_millis(2));
            floor.sample();
        }));
    }
    median(&mut rounds)
}

/// Microseconds of CPU time for one call.
fn cost(clock: ClockId, mut work: impl FnMut()) -> f64 {
    let start = now(clock);
    for _ in 0..SAMPLES {
        work();
    }
    (now(clock) - start) / f64::from(SAMPLES)
}

fn now(clock: ClockId) -> f64 {
    let time = rustix::time::clock_gettime(clock);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn figure(name: &str, value: f64) {
    println!("figure {name} {value:.3}");
}
