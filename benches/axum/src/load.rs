//! Requests over loopback: the server on one core, the client on the other.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::Command;

use bongsu_axum_glue::{ServeOptions, serve};

use crate::child::Child;
use crate::{median, runtime, variants};

const ROUNDS: usize = 3;
const CLIENT_CORE: &str = "1";

/// Of one variant: requests a second, their 99th percentile, CPU nanoseconds of the server a request.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub throughput: f64,
    pub p99: f64,
    pub cpu_ns: f64,
}

/// Medians of what each variant is in a round over what the first is in it; each has its turn.
pub fn ratios(dir: &Path) -> Vec<Load> {
    let all = variants::generations(dir, generation);
    let bare = all[0].clone();
    for (name, loads) in variants::NAMES.into_iter().zip(&all) {
        let Load {
            throughput,
            p99,
            cpu_ns,
        } = medians(loads.iter().copied());
        eprintln!("{name}: {throughput:.0} requests a second, p99 {p99:.0} ns, {cpu_ns:.0} ns CPU");
    }
    let ratios = all.iter().map(|loads| {
        medians(loads.iter().zip(&bare).map(|(load, bare)| Load {
            throughput: load.throughput / bare.throughput,
            p99: load.p99 / bare.p99,
            cpu_ns: load.cpu_ns / bare.cpu_ns,
        }))
    });
    ratios.collect()
}

/// The rounds of servers that start together.
fn generation(dir: &Path, all: &mut [Vec<Load>]) {
    let servers = variants::NAMES.map(|name| {
        let mut child = Child::start("serve", name, dir);
        let address = child.line();
        (child, address)
    });
    for round in 0..ROUNDS {
        for step in 0..servers.len() {
            // Another one begins each time.
            let which = (round + step) % servers.len();
            let (server, address) = &servers[which];
            all[which].push(load(server, address));
        }
    }
}

fn medians(loads: impl Iterator<Item = Load> + Clone) -> Load {
    let of = |field: fn(Load) -> f64| median(loads.clone().map(field).collect());
    Load {
        throughput: of(|load| load.throughput),
        p99: of(|load| load.p99),
        cpu_ns: of(|load| load.cpu_ns),
    }
}

fn load(server: &Child, address: &str) -> Load {
    let before = server.cpu_ns();
    let output = Command::new("taskset")
        .args(["--cpu-list", CLIENT_CORE])
        .arg(std::env::current_exe().expect("this program"))
        .args(["client", address])
        .output()
        .expect("taskset is missing: it is in the Debian package `util-linux`");
    let cpu_ns = server.cpu_ns() - before;
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = text
        .split_whitespace()
        .map(|n| n.parse().expect("a number"))
        .collect();
    let [throughput, p99, requests] = numbers[..] else {
        panic!("not three numbers: {text}");
    };
    Load {
        throughput,
        p99,
        cpu_ns: cpu_ns / requests,
    }
}

/// The child's side: says where it listens, and serves until its stdin ends.
pub fn answer_requests(name: &str, dir: &Path) {
    runtime().block_on(async {
        let (router, _guards) = variants::build(name, dir);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("an address");
        println!("{address}");
        io::stdout().flush().expect("the parent listens");
        let mut options = ServeOptions::default();
        options.drain = std::time::Duration::ZERO;
        let stop = async {
            let end = tokio::task::spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new()));
            let _ended = end.await;
        };
        serve(vec![(listener, router)], options, stop, || {}).await;
    });
}
