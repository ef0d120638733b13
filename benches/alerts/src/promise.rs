//! What is promised of an alert: how soon it is durable, and how soon it is told.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bongsu_alerts::store::SqliteStore;
use bongsu_alerts::testing::{ScriptedChannel, Step};
use bongsu_alerts::{
    Alert, AlertLevel, AlertManager, AlertManagerBuilder, Attempt, Channel, Limits, Notification,
    Outcome, RenderError, Rendered, Target,
};

use crate::{figure, median, runtime};

const ROUNDS: usize = 3;
/// Alerts a round, one every `PACE`: half of what the channel can take.
const ALERTS: usize = 300;
const PACE: Duration = Duration::from_millis(25);
const FAR_SIDE: Duration = Duration::from_millis(50);
const SENDERS: usize = 64;
const EACH: usize = 200;
/// What SQLite appends to its log for a page.
const PAGE: [u8; 4_096] = [7; 4_096];

/// Takes a while, as a far side does, and notes when it had what.
#[derive(Debug, Clone, Default)]
struct Clocked(Arc<Mutex<HashMap<String, Instant>>>);

#[async_trait]
impl Channel for Clocked {
    fn id(&self) -> &str {
        "clocked"
    }

    fn limits(&self) -> Limits {
        Limits::new(1e6, 1_000_000)
    }

    fn targets(&self) -> Vec<Target> {
        vec![Target::new("desk")]
    }

    fn render(&self, n: &Notification, target: &Target) -> Result<Rendered, RenderError> {
        let title = n.alert.title.clone();
        Ok(Rendered::new(target.clone(), "text/plain", title))
    }

    async fn deliver(&self, _: &Attempt, message: &Rendered) -> Outcome {
        tokio::time::sleep(FAR_SIDE).await;
        let title = String::from_utf8_lossy(&message.body).into_owned();
        let mut taken = self.0.lock().expect("no panic");
        taken.entry(title).or_insert_with(Instant::now);
        Outcome::delivered()
    }
}

fn alert(title: &str) -> Alert {
    Alert::new(AlertLevel::Error, title, "code 4017", "router").tag("orders")
}

fn p99(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() * 99 / 100]
}

/// Seconds until alerts were durable, and until they were told; 99th percentiles of a round.
fn round(dead: bool) -> (f64, f64) {
    let folder = tempfile::tempdir().expect("a folder");
    let clocked = Clocked::default();
    let builder = with_store(&folder);
    let builder = if dead {
        let refused = Step::Answer(Outcome::transient("connection refused"));
        builder.channel(ScriptedChannel::new("dead").otherwise(refused))
    } else {
        builder
    };
    let builder = builder.channel(clocked.clone()).drain(Duration::ZERO);
    runtime().block_on(async {
        let (alerts, dispatcher) = builder.build().expect("the set-up is right");
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let dispatching = tokio::spawn(dispatcher.run(stopped));
        let mut sent = Vec::with_capacity(ALERTS);
        let mut accepted = Vec::with_capacity(ALERTS);
        let mut pace = tokio::time::interval(PACE);
        for n in 0..ALERTS {
            pace.tick().await;
            let (title, begin) = (format!("t{n}"), Instant::now());
            alerts.send_alert(alert(&title)).await.expect("durable");
            accepted.push(begin.elapsed().as_secs_f64());
            sent.push((title, begin));
        }
        // What is told of the dead channel itself comes beside them.
        let all_told = || {
            let taken = clocked.0.lock().expect("no panic");
            sent.iter().all(|(title, _)| taken.contains_key(title))
        };
        while !all_told() {
            pace.tick().await;
        }
        let _ = stop.send(());
        let _ = dispatching.await;
        let taken = clocked.0.lock().expect("no panic");
        let took = |(title, begin): &(String, Instant)| (taken[title] - *begin).as_secs_f64();
        (p99(accepted), p99(sent.iter().map(took).collect()))
    })
}

fn with_store(folder: &tempfile::TempDir) -> AlertManagerBuilder {
    let store = SqliteStore::open(folder.path().join("alerts.db")).expect("a store");
    AlertManager::builder("promised", "bench").store(store)
}

pub fn latency() {
    let (mut accepted, mut delivered, mut beside_dead) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (durable, told) = round(false);
        accepted.push(durable);
        delivered.push(told);
        beside_dead.push(round(true).1);
    }
    figure("accepted_p99_us", median(accepted) * 1e6);
    figure("delivered_p99_ms", median(delivered) * 1e3);
    let name = "delivered_p99_ms_first_channel_dead";
    figure(name, median(beside_dead) * 1e3);
}

/// Durable alerts a second from many senders.
fn sends() -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let builder = with_store(&folder).channel(ScriptedChannel::new("chat"));
    runtime().block_on(async {
        let (alerts, _dispatcher) = builder.build().expect("the set-up is right");
        let begin = Instant::now();
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let alerts = alerts.clone();
                tokio::spawn(async move {
                    for n in 0..EACH {
                        let sent = alerts.send_alert(alert(&format!("{sender}/{n}"))).await;
                        sent.expect("durable");
                    }
                })
            })
            .collect();
        for sender in senders {
            sender.await.expect("no panic");
        }
        (SENDERS * EACH) as f64 / begin.elapsed().as_secs_f64()
    })
}

/// Pages a second that one thread writes to a file, each made durable by itself.
fn floor() -> f64 {
    const WRITES: u64 = 500;
    let file = tempfile::NamedTempFile::new().expect("a file");
    let file: &File = file.as_file();
    let begin = Instant::now();
    for n in 0..WRITES {
        let at = n * PAGE.len() as u64;
        file.write_all_at(&PAGE, at).expect("a write");
        file.sync_data().expect("a disk");
    }
    WRITES as f64 / begin.elapsed().as_secs_f64()
}

pub fn throughput() {
    let (mut per_second, mut ratios) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (ours, floor) = (sends(), floor());
        per_second.push(ours);
        ratios.push(ours / floor);
    }
    figure("durable_sends_per_second", median(per_second));
    figure("durable_sends_per_second_vs_fsync_floor", median(ratios));
}
