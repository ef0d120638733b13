//! What alerting costs its caller, and what it keeps.
//!
//! `figure decide_ns_vs_hashmap N`: thread CPU time of a policy decision (rule, silences, inhibition,
//! flapping, cooldown, one channel) over that of one look-up and insert in a `HashMap` by the same key.
//! Median over interleaved rounds. `figure decide_ns N` is the decision alone.
//!
//! `figure storm_1m_distinct_rss_mib N`: peak resident memory of a process that sent a million distinct
//! alerts, one in a hundred CRITICAL, to a healthy channel and to one that hangs, with the default store
//! in memory.
//!
//! `figure durable_sends_per_commit N`: alerts that shared one SQLite commit, with 64 senders.
//!
//! `figure send_p99_hang_vs_healthy N`: the 99th percentile of a caller's durable `send_alert` while every
//! channel hangs, over the same with healthy channels. Median over interleaved rounds.
//!
//! `figure accepted_p99_us N`, `figure delivered_p99_ms N`: the 99th percentile of the time until an alert
//! is durable, and until a channel that takes 50 ms has it, at 40 alerts a second;
//! `figure delivered_p99_ms_first_channel_dead N` is the latter where the channel before it refuses every
//! connection. Medians over interleaved rounds.
//!
//! `figure durable_sends_per_second_vs_fsync_floor N`: durable alerts a second, with 64 senders, over the
//! pages a second that one thread writes to a file of the same disk, each made durable by itself; higher is
//! better. `figure durable_sends_per_second N` is the rate alone.
//!
//! `figure kill9_lost N`: alerts that `send_alert` acknowledged and that, after `kill -9` at random moments
//! and restarts, are neither delivered nor dead; `figure kill9_acknowledged N` is out of how many.

mod decide;
mod kill;
mod promise;
mod send;
mod storm;

use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some("storm-child") => storm::child(),
        Some("kill-child") => kill::child(&arguments[2..]),
        None | Some("--bench") => {
            decide::run();
            storm::run();
            send::per_commit();
            send::hang_against_healthy();
            promise::latency();
            promise::throughput();
            kill::run();
        }
        Some(other) => panic!("unknown argument {other}"),
    }
}

fn figure(name: &str, value: f64) {
    println!("figure {name} {value:.3}");
}

fn runtime() -> tokio::runtime::Runtime {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.expect("a runtime")
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

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
