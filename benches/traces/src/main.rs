//! What spans cost: those of `tracing`, and a request's own, beside `tracing-opentelemetry` with the official SDK
//! and its exporter over OTLP/HTTP. One receiver for all; processes interleaved, medians.
//!
//! `span_ns_*`, `allocs_per_span_*`: CPU nanoseconds and allocations of the thread that has the spans, a span with
//! two fields, nine in a tenth. `registry` is `tracing-subscriber`'s registry alone, which any layer needs; `added`
//! is what is above it. `off`: no trace is recorded. `not_kept`: nobody chose the trace; ours is recorded until its
//! end all the same and forgotten then, the peer's (a ratio of 0) is not. `kept`: it is exported.
//!
//! `exporter_cpu_percent_*`: of a core, at 10,000 spans a second, all threads but the one that has the spans;
//! `whole` with that one.
//!
//! `request_overhead_ns_*`: CPU nanoseconds of the thread that answers, above the route without a middleware:
//! `without` spans, and with them, kept and not. `_vs_without` is the ratio, `request_allocs_*` are allocations.

mod alloc;
mod child;
mod receiver;
mod requests;
#[path = "../../../crates/bridge/src/requests_to_otlp.rs"]
mod server_span;
mod spans;

use std::collections::BTreeMap;
use std::time::Duration;

use child::Child;
use rustix::time::{ClockId, clock_gettime};

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

const ROUNDS: usize = 25;
/// Not counted: memory is asked for that stays.
const WARM: usize = 5;

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn cpu_time(clock: ClockId) -> Duration {
    let now = clock_gettime(clock);
    Duration::new(
        now.tv_sec.unsigned_abs(),
        u32::try_from(now.tv_nsec).unwrap_or(0),
    )
}

/// Nanoseconds and allocations of this thread, each of `count` times.
fn cost(count: usize, work: impl FnOnce()) -> [f64; 2] {
    let (began, allocated) = (cpu_time(ClockId::ThreadCPUTime), alloc::count());
    work();
    let allocated = alloc::count() - allocated;
    let took = cpu_time(ClockId::ThreadCPUTime) - began;
    [took.as_nanos() as f64, allocated as f64].map(|total| total / count as f64)
}

fn figure(name: &str, value: f64, digits: usize) {
    println!("figure {name} {value:.digits$}");
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => measure(),
        ["spans", variant, receiver] => spans::answer(variant, receiver),
        ["pace", variant, receiver] => spans::pace(variant, receiver),
        ["requests", variant, receiver] => requests::answer(variant, receiver),
        _ => panic!("no arguments are taken"),
    }
}

/// Medians of what the variants' rounds cost, which take turns.
fn rounds(mode: &str, variants: &[&'static str], receiver: &str) -> BTreeMap<&'static str, [f64; 2]> {
    let mut children: Vec<Child> = variants
        .iter()
        .map(|variant| Child::start(mode, variant, receiver))
        .collect();
    let mut seen = vec![[const { Vec::new() }; 2]; variants.len()];
    for round in 0..ROUNDS {
        for (child, seen) in children.iter_mut().zip(&mut seen) {
            let numbers = child.ask();
            if round >= WARM {
                for (seen, number) in seen.iter_mut().zip(numbers) {
                    seen.push(number);
                }
            }
        }
    }
    let medians = seen.into_iter().map(|seen| seen.map(median));
    variants.iter().copied().zip(medians).collect()
}

fn measure() {
    let receiver = receiver::start();
    let spans = rounds("spans", &spans::NAMES, &receiver);
    for (name, [ns, _]) in &spans {
        figure(&format!("span_ns_{name}"), *ns, 0);
    }
    let [floor, _] = spans["registry"];
    for (ours, peers) in [
        ("off", "opentelemetry_off"),
        ("not_kept", "opentelemetry_not_kept"),
        ("kept", "opentelemetry_kept"),
    ] {
        let [ours, peers] = [ours, peers].map(|name| (name, spans[name]));
        figure(&format!("span_ns_added_{}", ours.0), ours.1[0] - floor, 0);
        let ratio = peers.1[0] / ours.1[0];
        figure(&format!("span_{}_vs_opentelemetry", ours.0), ratio, 2);
        let ratio = (peers.1[0] - floor) / (ours.1[0] - floor).max(1.0);
        figure(&format!("span_added_{}_vs_opentelemetry", ours.0), ratio, 2);
    }
    for (name, [_, allocs]) in &spans {
        figure(&format!("allocs_per_span_{name}"), *allocs, 2);
    }
    for name in ["kept", "not_kept", "opentelemetry_kept"] {
        let [exporter, whole] = Child::start("pace", name, &receiver).ask();
        figure(&format!("exporter_cpu_percent_{name}"), exporter, 2);
        figure(&format!("whole_cpu_percent_{name}"), whole, 2);
    }
    let requests = rounds("requests", &requests::NAMES, &receiver);
    let [bare, bare_allocs] = requests["bare"];
    let without = requests["without_spans"][0] - bare;
    for (name, [ns, allocs]) in &requests {
        if *name != "bare" {
            figure(&format!("request_overhead_ns_{name}"), ns - bare, 0);
            let ratio = (ns - bare) / without;
            figure(&format!("request_overhead_{name}_vs_without"), ratio, 2);
            figure(&format!("request_allocs_{name}"), allocs - bare_allocs, 2);
        }
    }
}
