//! One decision against one look-up and insert.

use std::collections::HashMap;
use std::hint::black_box;
use std::time::Duration;

use bongsu_alerts::clock::{Now, Tick};
use bongsu_alerts::policy::{ChannelSpec, Policy, PolicyConfig, Verdict};
use bongsu_alerts::{Alert, AlertLevel, AlertRule, AlertStatus};
use jiff::Timestamp;

use crate::{cpu, figure, median};

const KEYS: usize = 10_000;
const ROUNDS: usize = 41;

pub fn run() {
    let alerts: Vec<Alert> = (0..KEYS)
        .map(|n| {
            Alert::new(AlertLevel::Error, "Order refused", "code 4017", "router")
                .tag("orders")
                .key(format!("router|order-refused|{n}"))
        })
        .collect();
    let config = PolicyConfig {
        rules: vec![
            AlertRule::new("r")
                .min_level(AlertLevel::Warning)
                .channel("a"),
        ],
        ..PolicyConfig::default()
    };
    let mut policy = Policy::new(config, vec![ChannelSpec::new("a", 1)]);
    let mut map: HashMap<String, i64> = HashMap::new();
    let mut now = Now {
        tick: Tick(0),
        wall: Timestamp::UNIX_EPOCH,
    };
    let (mut ratios, mut costs) = (Vec::new(), Vec::new());
    let mut routes = Vec::with_capacity(KEYS);
    for _ in 0..ROUNDS {
        let (mut ours, mut theirs) = (Duration::ZERO, Duration::ZERO);
        // Once past the cooldown, and once within it.
        for later in [1_200_000, 600_000] {
            now.tick = Tick(now.tick.0 + later);
            ours += cpu(|| {
                for alert in &alerts {
                    let decision = policy.decide(now, black_box(alert), AlertStatus::Firing);
                    routes.extend(decision.routes.first().map(|route| route.verdict.clone()));
                }
            });
            theirs += cpu(|| {
                for alert in &alerts {
                    let key = alert.key.as_deref().unwrap_or("");
                    let known = map.get(black_box(key)).copied();
                    if known.is_none_or(|at| now.tick.0 - at > 900_000) {
                        map.insert(key.to_owned(), now.tick.0);
                    }
                    black_box(known);
                }
            });
            for (alert, verdict) in alerts.iter().zip(routes.drain(..)) {
                if let Verdict::Deliver { ticket, .. } = verdict {
                    policy.delivered(now.tick, alert.key.as_deref().unwrap_or(""), 0, ticket);
                }
            }
        }
        ratios.push(ours.as_secs_f64() / theirs.as_secs_f64());
        costs.push(ours.as_nanos() as f64 / (2 * KEYS) as f64);
    }
    figure("decide_ns", median(costs));
    figure("decide_ns_vs_hashmap", median(ratios));
}
