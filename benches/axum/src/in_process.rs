//! What a request costs without a network: CPU time and allocations.

use std::io::{self, BufRead, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderValue, Uri};
use http_body_util::BodyExt;
use rustix::time::{ClockId, clock_gettime};
use tower_service::Service;

use crate::child::Child;
use crate::{alloc, median, runtime, variants};

const ROUNDS: usize = 14;
const WARM: usize = 3;
const REQUESTS: usize = 4_000;

const HOST: HeaderValue = HeaderValue::from_static("svc:8080");
const ANYTHING: HeaderValue = HeaderValue::from_static("*/*");

/// Of one variant, a request.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// CPU nanoseconds of the thread that answers.
    pub thread_ns: f64,
    /// CPU nanoseconds of the process: with the writing of the log.
    pub process_ns: f64,
    /// Allocations of the thread that answers.
    pub allocs: f64,
}

/// Medians of each variant, in the order of [`variants::NAMES`].
pub fn costs(dir: &Path) -> Vec<Cost> {
    let all = variants::generations(dir, generation);
    let medians = all.into_iter().map(|costs: Vec<Cost>| Cost {
        thread_ns: median(costs.iter().map(|c| c.thread_ns).collect()),
        process_ns: median(costs.iter().map(|c| c.process_ns).collect()),
        allocs: median(costs.iter().map(|c| c.allocs).collect()),
    });
    medians.collect()
}

/// The rounds of processes that start together, one a variant, asked in turn.
fn generation(dir: &Path, all: &mut [Vec<Cost>]) {
    let mut children = variants::NAMES.map(|name| Child::start("rounds", name, dir));
    for round in 0..ROUNDS {
        for (child, costs) in children.iter_mut().zip(&mut *all) {
            let line = child.ask();
            let mut numbers = line.split(' ').map(|n| n.parse().expect("a number"));
            let mut next = || numbers.next().expect("three numbers");
            let cost = Cost {
                thread_ns: next(),
                process_ns: next(),
                allocs: next(),
            };
            if round >= WARM {
                costs.push(cost);
            }
        }
    }
}

/// The child's side: a round for every line on stdin.
pub fn answer_rounds(name: &str, dir: &Path) {
    let runtime = runtime();
    let (mut router, _guards) = runtime.block_on(async { variants::build(name, dir) });
    for line in io::stdin().lock().lines() {
        line.expect("the parent's word");
        let cost = runtime.block_on(round(&mut router));
        println!("{} {} {}", cost.thread_ns, cost.process_ns, cost.allocs);
        io::stdout().flush().expect("the parent listens");
    }
}

async fn round(router: &mut Router) -> Cost {
    let peer = ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 4_000)));
    // Shared bytes, as those are that come from a socket: to clone them is not to allocate.
    let uri = Uri::from_maybe_shared(Bytes::from("/orders".to_owned())).expect("a path");
    let request = || -> Request {
        Request::get(uri.clone())
            .header("host", HOST)
            .header("accept", ANYTHING)
            .extension(peer)
            .body(Body::empty())
            .expect("a request")
    };
    let clocks = [ClockId::ThreadCPUTime, ClockId::ProcessCPUTime];
    let before = clocks.map(cpu_time);
    let allocated = alloc::count();
    for _ in 0..REQUESTS {
        let Ok(response) = router.call(request()).await;
        assert!(response.status().is_success());
        let body = response.into_body().collect().await.expect("a body");
        assert_eq!(body.to_bytes().len(), 2);
    }
    let allocated = alloc::count() - allocated;
    let after = clocks.map(cpu_time);
    let per_request = |took: Duration| took.as_nanos() as f64 / REQUESTS as f64;
    Cost {
        thread_ns: per_request(after[0] - before[0]),
        process_ns: per_request(after[1] - before[1]),
        allocs: allocated as f64 / REQUESTS as f64,
    }
}

fn cpu_time(clock: ClockId) -> Duration {
    let now = clock_gettime(clock);
    Duration::new(
        now.tv_sec.unsigned_abs(),
        u32::try_from(now.tv_nsec).unwrap_or(0),
    )
}
