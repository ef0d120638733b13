//! What watching a request costs: a route that does nothing, bare and with everything on, beside
//! axum-prometheus with tower-http's trace layer and `tracing_subscriber::fmt().json()`.
//!
//! All are built with thin LTO and one codegen unit.
//!
//! `throughput_vs_bare`, `p99_vs_bare`: ours over the bare route's, over loopback; the server has one core,
//! the client the other, 16 connections, rounds interleaved, medians of the rounds' ratios over nine
//! servers of each variant. The log goes to a
//! file, and its writing is on the server's core too.
//!
//! `server_cpu_vs_bare`: the same for the server's CPU time a request, which others on a busy machine
//! disturb least.
//!
//! `overhead_ns_per_request`: CPU time in process of the thread that answers, above the bare route's;
//! `overhead_process_ns_per_request` has the log's writing in it. `allocs_per_request_added`: its
//! allocations above the bare route's.
//!
//! `..._empty` is a layer that does nothing, which is what axum takes for having one; `..._no_line` is ours
//! without access lines, `..._no_metrics` without metrics, `..._peers` the peers.

mod alloc;
mod child;
mod client;
mod in_process;
mod load;
mod variants;

use std::path::Path;

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// One thread, as one core has.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// `name` for what this house builds, `name_variant` for what it is compared with.
fn figure(name: &str, variant: &str, value: f64, digits: usize) {
    let variant = match variant {
        "bongsu" => String::new(),
        other => format!("_{other}"),
    };
    println!("figure {name}{variant} {value:.digits$}");
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => measure(),
        ["rounds", variant, dir] => in_process::answer_rounds(variant, Path::new(dir)),
        ["client", address] => client::run(address),
        ["serve", variant, dir] => load::answer_requests(variant, Path::new(dir)),
        _ => panic!("no arguments are taken"),
    }
}

/// Ours first, then the others.
fn by_variant<T>(values: Vec<T>) -> Vec<(&'static str, T)> {
    let mut pairs: Vec<_> = variants::NAMES.into_iter().zip(values).skip(1).collect();
    pairs.sort_by_key(|(name, _)| *name != "bongsu");
    pairs
}

fn measure() {
    let dir = tempfile::tempdir().expect("a folder");
    let costs = in_process::costs(dir.path());
    let bare = costs[0];
    eprintln!("in process, bare: {bare:?}");
    let ratios = by_variant(load::ratios(dir.path()));
    for (variant, ratio) in &ratios {
        figure("throughput_vs_bare", variant, ratio.throughput, 3);
    }
    for (variant, ratio) in &ratios {
        figure("p99_vs_bare", variant, ratio.p99, 3);
    }
    for (variant, ratio) in &ratios {
        figure("server_cpu_vs_bare", variant, ratio.cpu_ns, 3);
    }
    let costs = by_variant(costs);
    for (variant, cost) in &costs {
        let ns = cost.thread_ns - bare.thread_ns;
        figure("overhead_ns_per_request", variant, ns, 0);
    }
    for (variant, cost) in &costs {
        let ns = cost.process_ns - bare.process_ns;
        figure("overhead_process_ns_per_request", variant, ns, 0);
    }
    for (variant, cost) in &costs {
        let allocs = cost.allocs - bare.allocs;
        figure("allocs_per_request_added", variant, allocs, 2);
    }
}
