//! What a caller waits for.

use std::time::{Duration, Instant};

use bongsu_alerts::store::SqliteStore;
use bongsu_alerts::testing::{ScriptedChannel, Step};
use bongsu_alerts::{Alert, AlertLevel, AlertManager};

use crate::{figure, median, runtime};

const SENDERS: usize = 64;
const EACH: usize = 200;
const ROUNDS: usize = 7;
const SENDS: usize = 400;

fn alert(title: String) -> Alert {
    Alert::new(AlertLevel::Error, title, "code 4017", "router").tag("orders")
}

pub fn per_commit() {
    let folder = tempfile::tempdir().expect("a folder");
    runtime().block_on(async {
        let (alerts, dispatcher) = AlertManager::builder("senders", "bench")
            .store(SqliteStore::open(folder.path().join("alerts.db")).expect("a store"))
            .channel(ScriptedChannel::new("chat"))
            .build()
            .expect("the set-up is right");
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let dispatching = tokio::spawn(dispatcher.run(stopped));
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let alerts = alerts.clone();
                tokio::spawn(async move {
                    for n in 0..EACH {
                        let sent = alerts.send_alert(alert(format!("{sender}/{n}"))).await;
                        sent.expect("durable");
                    }
                })
            })
            .collect();
        for sender in senders {
            sender.await.expect("no panic");
        }
        let counts = alerts.get_statistics().commits;
        let _ = stop.send(());
        let _ = dispatching.await;
        let each = counts.accepted as f64 / counts.accepting_commits as f64;
        figure("durable_sends_per_commit", each);
    });
}

pub fn hang_against_healthy() {
    let mut ratios = Vec::new();
    let (mut hangs, mut healthy) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let slow = p99(Step::Hang);
        let quick = p99(Step::Answer(bongsu_alerts::Outcome::delivered()));
        ratios.push(slow / quick);
        hangs.push(slow);
        healthy.push(quick);
    }
    figure("send_p99_hang_us", median(hangs) * 1e6);
    figure("send_p99_healthy_us", median(healthy) * 1e6);
    figure("send_p99_hang_vs_healthy", median(ratios));
}

/// In seconds.
fn p99(step: Step) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    runtime().block_on(async {
        let mut builder = AlertManager::builder("caller", "bench")
            .store(SqliteStore::open(folder.path().join("alerts.db")).expect("a store"))
            .drain(Duration::ZERO);
        for id in ["mail", "chat", "pager"] {
            builder = builder.channel(ScriptedChannel::new(id).otherwise(step.clone()));
        }
        let (alerts, dispatcher) = builder.build().expect("the set-up is right");
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let dispatching = tokio::spawn(dispatcher.run(stopped));
        let mut took = Vec::with_capacity(SENDS);
        for n in 0..SENDS {
            let alert = alert(format!("t{n}"));
            let begin = Instant::now();
            alerts.send_alert(alert).await.expect("durable");
            took.push(begin.elapsed().as_secs_f64());
        }
        let _ = stop.send(());
        let _ = dispatching.await;
        took.sort_by(f64::total_cmp);
        took[SENDS * 99 / 100]
    })
}
