//! Requests over loopback: the server on one core, wrk on the other.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::Command;

use bongsu_axum_glue::{ServeOptions, serve};

use crate::child::Child;
use crate::{median, runtime, variants};

const ROUNDS: usize = 15;
const SECONDS: &str = "1";
const CONNECTIONS: &str = "16";
const CLIENT_CORE: &str = "1";

/// Says what the figures need, in plain numbers.
const SCRIPT: &str = r#"done = function(summary, latency)
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write
    + summary.errors.status + summary.errors.timeout
  io.write(string.format("result %d %d %d %d\n",
    summary.requests, summary.duration, latency:percentile(99), failed))
end
"#;

/// Of one variant: requests a second, their 99th percentile, CPU nanoseconds of the server a request.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub throughput: f64,
    pub p99: f64,
    pub cpu_ns: f64,
}

/// Medians of what each variant is in a round over what the first is in it; each has its turn.
pub fn ratios(dir: &Path) -> Vec<Load> {
    let script = dir.join("done.lua");
    std::fs::write(&script, SCRIPT).expect("a file");
    let mut servers: Vec<(Child, String)> = variants::NAMES
        .iter()
        .map(|name| {
            let mut child = Child::start("serve", name, dir);
            let url = child.line();
            (child, url)
        })
        .collect();
    let mut all = vec![Vec::new(); servers.len()];
    for round in 0..ROUNDS {
        for step in 0..servers.len() {
            // Another one begins each time.
            let which = (round + step) % servers.len();
            let (server, url) = &servers[which];
            all[which].push(load(&script, server, url));
        }
    }
    servers.clear();
    let bare = all[0].clone();
    for (name, loads) in variants::NAMES.into_iter().zip(&all) {
        let Load {
            throughput,
            p99,
            cpu_ns,
        } = medians(loads.iter().copied());
        eprintln!("{name}: {throughput:.0} requests a second, p99 {p99:.0} us, {cpu_ns:.0} ns CPU");
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

fn medians(loads: impl Iterator<Item = Load> + Clone) -> Load {
    let of = |field: fn(Load) -> f64| median(loads.clone().map(field).collect());
    Load {
        throughput: of(|load| load.throughput),
        p99: of(|load| load.p99),
        cpu_ns: of(|load| load.cpu_ns),
    }
}

fn load(script: &Path, server: &Child, url: &str) -> Load {
    let before = server.cpu_ns();
    let output = Command::new("taskset")
        .args(["--cpu-list", CLIENT_CORE, "wrk", "--threads", "1"])
        .args([
            "--connections",
            CONNECTIONS,
            "--duration",
            SECONDS,
            "--script",
        ])
        .arg(script)
        .arg(url)
        .output()
        .expect("taskset is missing: it is in the Debian package `util-linux`");
    let cpu_ns = server.cpu_ns() - before;
    let text = String::from_utf8_lossy(&output.stdout);
    let result = text.lines().find_map(|line| line.strip_prefix("result "));
    let Some(result) = result else {
        panic!("wrk said nothing: install the Debian package `wrk`");
    };
    let numbers: Vec<f64> = result
        .split(' ')
        .map(|n| n.parse().expect("a number"))
        .collect();
    let [requests, micros, p99, failed] = numbers[..] else {
        panic!("not four numbers: {result}");
    };
    assert_eq!(failed, 0.0, "requests failed");
    Load {
        throughput: requests * 1e6 / micros,
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
        println!("http://{address}/orders");
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
