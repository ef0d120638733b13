//! bongsu-logging beside its peers, one line a figure.
//!
//! `x_vs_<peer>` is the peer's cost over ours: higher is better.

mod alloc;
mod clock;
mod files;
mod peers;
mod scenario;

use clock::{median, thread_ns};
use std::process::Command;

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

const ROUNDS: usize = 9;

fn figure(name: &str, value: f64) {
    if value.abs() >= 1_000.0 || value.fract() == 0.0 {
        println!("figure {name} {value:.0}");
    } else {
        println!("figure {name} {value:.2}");
    }
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("callgrind-events") => return under_callgrind(scenario::counted_events),
        Some("callgrind-disabled") => return under_callgrind(scenario::counted_disabled),
        Some(mode) if mode.starts_with("ticklog") => {
            let dir = std::env::args().nth(2).expect("a folder");
            return files::alone(mode, dir.as_ref());
        }
        _ => {}
    }
    events();
    requests();
    allocations();
    instructions();
    file();
}

/// Nanoseconds an event of each peer, rounds interleaved.
fn events() {
    const N: u64 = 20_000;
    let peers = peers::null_peers();
    let mut ns: Vec<Vec<f64>> = vec![Vec::new(); peers.len()];
    let mut slog_ns = Vec::new();
    let mut disabled = Vec::new();
    for _ in 0..ROUNDS {
        for (peer, ns) in peers.iter().zip(&mut ns) {
            peer.run(|| {
                scenario::in_spans(|| {
                    scenario::counted_events(1_000);
                    ns.push(thread_ns(|| scenario::counted_events(N)) / N as f64);
                });
            });
        }
        let logger = peers::slog_logger(std::io::sink());
        slog_ns.push(
            thread_ns(|| {
                for i in 0..N {
                    scenario::slog_event(&logger, 1_000 + i);
                }
            }) / N as f64,
        );
        peers[0].run(|| {
            scenario::counted_disabled(1_000);
            disabled.push(thread_ns(|| scenario::counted_disabled(N * 10)) / (N * 10) as f64);
        });
    }
    let ns: Vec<f64> = ns.into_iter().map(median).collect();
    for (peer, ns) in peers.iter().zip(&ns) {
        figure(&format!("event_ns_{}", peer.name), *ns);
    }
    let slog = median(slog_ns);
    figure("event_ns_slog_json", slog);
    figure("event_ns_disabled", median(disabled));
    for (peer, theirs) in peers.iter().zip(&ns).skip(1) {
        figure(&format!("event_vs_{}", peer.name), theirs / ns[0]);
    }
    figure("event_vs_slog_json", slog / ns[0]);
}

/// Two spans and three events.
fn requests() {
    const N: u64 = 5_000;
    let peers = peers::null_peers();
    let mut ns: Vec<Vec<f64>> = vec![Vec::new(); peers.len()];
    for _ in 0..ROUNDS {
        for (peer, ns) in peers.iter().zip(&mut ns) {
            peer.run(|| {
                (0..200).for_each(scenario::request);
                ns.push(thread_ns(|| (0..N).for_each(scenario::request)) / N as f64);
            });
        }
    }
    let ns: Vec<f64> = ns.into_iter().map(median).collect();
    figure("request_ns_bongsu", ns[0]);
    for (peer, theirs) in peers.iter().zip(&ns).skip(1) {
        figure(&format!("request_vs_{}", peer.name), theirs / ns[0]);
    }
}

fn allocations() {
    const N: u64 = 1_000;
    for peer in peers::null_peers() {
        peer.run(|| {
            scenario::in_spans(|| {
                scenario::counted_events(100);
                let n = alloc::allocations(|| scenario::counted_events(N)) as f64 / N as f64;
                if peer.name == "bongsu" {
                    figure("event_allocs", n);
                } else {
                    figure(&format!("event_allocs_{}", peer.name), n);
                }
            });
            if peer.name == "bongsu" {
                (0..100).for_each(scenario::request);
                let n = alloc::allocations(|| (0..N).for_each(scenario::request));
                figure("request_allocs", n as f64 / N as f64);
            }
        });
    }
}

const COUNTED: u64 = 2_000;

/// The part that runs under callgrind: warm, then counted in the marked function.
fn under_callgrind(counted: fn(u64)) {
    peers::bongsu_null().run(|| {
        scenario::in_spans(|| {
            counted(COUNTED);
            counted(COUNTED);
        });
    });
}

/// Instructions an event, counted by callgrind: the same on every run.
fn instructions() {
    let own = std::env::current_exe().expect("this program");
    for (mode, function, name) in [
        ("callgrind-events", "counted_events", "event_instructions"),
        (
            "callgrind-disabled",
            "counted_disabled",
            "event_instructions_disabled",
        ),
    ] {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(format!("--toggle-collect=*{function}*"))
            .arg(&own)
            .arg(mode)
            .output()
            .expect("valgrind is missing: install the Debian package `valgrind`");
        let text = String::from_utf8_lossy(&output.stderr);
        let collected = text
            .lines()
            .find_map(|line| line.split("Collected :").nth(1))
            .and_then(|n| n.trim().parse::<f64>().ok());
        match collected {
            Some(n) => figure(name, n / (2 * COUNTED) as f64),
            None => panic!("callgrind said nothing: {text}"),
        }
    }
}

fn file() {
    let costs = files::costs(5);
    let ours = costs[0];
    figure("file_producer_ns_bongsu", ours.producer);
    // Caller and flusher together.
    figure("event_total_ns", ours.total);
    for (name, theirs) in files::WRITERS.iter().zip(&costs).skip(1) {
        figure(
            &format!("file_producer_vs_{name}"),
            theirs.producer / ours.producer,
        );
        figure(&format!("file_total_vs_{name}"), theirs.total / ours.total);
    }
    let paced = files::paced_ns(5);
    for (name, [p50, p99]) in files::WRITERS.iter().zip(&paced) {
        let peer = if *name == "bongsu" {
            String::new()
        } else {
            format!("_{name}")
        };
        figure(&format!("paced_p50_ns{peer}"), *p50);
        figure(&format!("paced_p99_ns{peer}"), *p99);
    }
    for (name, theirs) in files::WRITERS.iter().zip(&paced).skip(1) {
        figure(&format!("paced_p50_vs_{name}"), theirs[0] / paced[0][0]);
        figure(&format!("paced_p99_vs_{name}"), theirs[1] / paced[0][1]);
    }
}

/// To a logger that has no fields and no spans: the same values, as text. Here, for its macros are found in the
/// crate's root alone.
fn ticklog_alone(dir: &std::path::Path, scenario: fn(&dyn Fn(u64)) -> f64) -> f64 {
    let _guard = ticklog::configure! {
        sink: ticklog::FileSink::new(dir.join("ticklog.log")).expect("a file"),
        backpressure: ticklog::Backpressure::Block,
    }
    .expect("a valid set-up");
    scenario(&|i| {
        ticklog::info!(
            "order filled method={} path={} request_id={} account={} strategy={} symbol={} side={} quantity={} price={} filled={}",
            "POST",
            "/orders",
            "3f2a9c1e",
            42_u64,
            "momentum",
            "005930",
            "buy",
            i,
            70_123.5_f64,
            true
        );
    })
}
