//! A million distinct alerts, and what stays of them in memory.

use std::process::Command;
use std::time::Duration;

use bongsu_alerts::channels::LogChannel;
use bongsu_alerts::testing::{ScriptedChannel, Step};
use bongsu_alerts::{Alert, AlertLevel, AlertManager, RetryConfig};

use crate::{figure, runtime};

const ALERTS: usize = 1_000_000;

pub fn run() {
    let itself = std::env::current_exe().expect("own path");
    let output = Command::new(itself).arg("storm-child").output();
    let output = output.expect("the child runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let kib: f64 = text
        .trim()
        .parse()
        .unwrap_or_else(|_| panic!("{text} {}", String::from_utf8_lossy(&output.stderr)));
    figure("storm_1m_distinct_rss_mib", kib / 1_024.0);
}

pub fn child() {
    runtime().block_on(async {
        let (alerts, dispatcher) = AlertManager::builder("storm", "bench")
            .channel(LogChannel::new())
            .channel(ScriptedChannel::new("hangs").otherwise(Step::Hang))
            .retry(RetryConfig {
                attempt: Duration::from_secs(3_600),
                ..RetryConfig::default()
            })
            .drain(Duration::ZERO)
            .build()
            .expect("the set-up is right");
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let dispatching = tokio::spawn(dispatcher.run(stopped));
        for n in 0..ALERTS {
            let level = match n % 100 {
                0 => AlertLevel::Critical,
                1..30 => AlertLevel::Error,
                30..60 => AlertLevel::Warning,
                _ => AlertLevel::Info,
            };
            let alert = Alert::new(
                level,
                format!("Order {n} refused"),
                format!(
                    "The broker refused order {n} of account 17 with code 4017: price out of band."
                ),
                "order_router",
            )
            .tag("orders")
            .metadata("order", n);
            alerts.send_alert(alert).await.expect("room");
        }
        let _ = stop.send(());
        let _ = dispatching.await;
    });
    let status = std::fs::read_to_string("/proc/self/status").expect("procfs");
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .expect("VmHWM");
    println!("{}", peak.trim().trim_end_matches(" kB"));
}
