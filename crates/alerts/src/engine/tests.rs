use super::*;
use crate::channel::{Limits, Outcome};
use crate::event::AlertEvent;
use crate::outbox::{BreakerConfig, ChannelQueue, OutboxConfig};
use crate::policy::{ChannelSpec, PolicyConfig};
use crate::store::Change;
use crate::{Alert, AlertLevel, AlertRule};

fn now(seconds: i64) -> Now {
    Now {
        tick: Tick(seconds * 1_000),
        wall: jiff::Timestamp::from_second(1_700_000_000 + seconds).unwrap(),
    }
}

/// `chat` takes all, `sms` what has the tag `both` as well, and what `chat` cannot deliver.
fn engine() -> Engine {
    ruled(vec![
        AlertRule::new("both").tag("both").channels(["chat", "sms"]),
        AlertRule::new("all").channel("chat"),
    ])
}

fn ruled(rules: Vec<AlertRule>) -> Engine {
    let channels = ["chat", "sms"].map(|id| ChannelInfo {
        id: Arc::from(id),
        targets: vec![Target::new("a")],
        target_names: vec![Arc::from("a")],
        keeps_digests: false,
    });
    let queue = || {
        let limits = Limits::new(1_000.0, 1_000);
        ChannelQueue::new(limits, 1, BreakerConfig::default(), Tick(0))
    };
    let policy = PolicyConfig {
        rules,
        ..PolicyConfig::default()
    };
    Engine::new(
        Policy::new(
            policy,
            ["chat", "sms"].map(|id| ChannelSpec::new(id, 1)).into(),
        ),
        Outbox::new(OutboxConfig::default(), vec![queue(), queue()]),
        channels.into(),
        Some(1),
        ActiveSet::new(4_096),
        ("svc".to_owned(), "test".to_owned()),
        7,
    )
}

fn send(engine: &mut Engine, title: &str, tag: &str) {
    let alert = Alert::new(AlertLevel::Critical, title, "m", "src").tag(tag);
    let plan = engine
        .accept(now(0), alert, AlertStatus::Firing, None)
        .unwrap();
    engine.committed(now(0), &plan.accepted, &plan.rows, &Ok(()));
}

#[test]
fn many_deadlines_at_once_are_met_a_part_at_a_time() {
    let mut engine = engine();
    for n in 0..1_000 {
        send(&mut engine, &format!("t{n}"), "one");
    }
    let late = now(30 * 24 * 3_600);
    let given_up: Vec<usize> = std::iter::from_fn(|| {
        let work = engine.poll(late);
        let dead = |event: &&AlertEvent| matches!(event, AlertEvent::Dead { .. });
        let count = work.effects.events.iter().filter(dead).count();
        // Whoever comes back finds the next part without waiting for it.
        assert!(count < 256 || work.wake <= late.tick);
        (count > 0).then_some(count)
    })
    .collect();
    // The last attempts are under way: as many as may be at once.
    assert_eq!(given_up, [256, 256, 256, 228]);
}

#[test]
fn what_waits_for_a_broken_channel_takes_the_fallback_once() {
    let mut engine = engine();
    for n in 0..20 {
        let tag = if n % 2 == 0 { "both" } else { "one" };
        send(&mut engine, &format!("t{n}"), tag);
    }
    let jobs = engine.poll(now(1)).jobs;
    let job = jobs.iter().find(|job| job.channel == 0).unwrap();
    let effects = engine.settle(now(2), job.id, Outcome::broken("invalid_token"));
    let added = |change: &&Change| matches!(change, Change::Add { .. });
    assert_eq!(effects.changes.iter().filter(added).count(), 10);
}

/// What a look makes due is claimed by the poll after it, which follows at once.
fn looked(engine: &mut Engine, seconds: i64) -> Vec<Job> {
    let first = engine.poll(now(seconds));
    assert!(first.wake <= now(seconds).tick);
    engine.poll(now(seconds)).jobs
}

/// A record as it was written before there were events and scopes.
fn old_record(kind: &str, key: &str) -> crate::store::ActiveAlert {
    let alert = Alert::new(AlertLevel::Error, key, "m", "src").kind(kind);
    serde_json::from_value(serde_json::json!({
        "key": key,
        "alert": alert.key(key),
        "since": now(-100).wall,
        "last": now(-100).wall,
        "count": 1,
        "channels": ["chat"],
        "acknowledged_by": null,
        "acknowledged_at": null,
        "escalated": 0,
        "rule": null,
    }))
    .unwrap()
}

#[test]
fn what_an_earlier_version_left_firing_is_taken_up() {
    let mut engine = engine();
    let recovered = crate::store::Recovered {
        active: vec![old_record("error", "e"), old_record("health", "health|db")],
        ..crate::store::Recovered::default()
    };
    engine.recover(now(0), recovered);
    assert_eq!(engine.active.len(), 2);
    // Told already: nothing is told again.
    assert!(engine.poll(now(1)).jobs.is_empty());
    // The error was an event all along: it ends half an hour after it was last sent.
    let jobs = looked(&mut engine, 30 * 60);
    let ended = jobs.iter().map(|job| &job.notification);
    let ended: Vec<_> = ended
        .map(|it| (it.status, it.alert.title.as_str()))
        .collect();
    assert_eq!(ended, [(crate::AlertStatus::Resolved, "e")]);
    // A check that is not configured any more is over, whoever wrote its record.
    let unsure = std::collections::HashSet::new();
    let difference = engine.compare(now(2_000), &Arc::from("health"), Vec::new(), &unsure);
    let over: Vec<&str> = difference.over.iter().map(|it| it.key.as_str()).collect();
    assert_eq!(over, ["health|db"]);
}

#[test]
fn fault_2_a_flap_hold_outlives_the_process() {
    let mut engine = engine();
    let mut held = old_record("custom", "link");
    held.format = 1;
    held.channels = Vec::new();
    held.held = Some(crate::Suppressed::Flapping);
    held.held_until = Some(now(300).wall);
    let recovered = crate::store::Recovered {
        active: vec![held],
        ..crate::store::Recovered::default()
    };
    engine.recover(now(0), recovered);
    assert!(engine.poll(now(1)).jobs.is_empty());
    let listed = engine.active_alerts(now(1));
    assert_eq!(listed[0].held, Some(crate::Suppressed::Flapping));
    let jobs = looked(&mut engine, 301);
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0].notification.alert.title, "link");
}

#[test]
fn a_step_that_is_told_late_stands_for_itself_and_not_for_the_same_step_of_later() {
    let minutes = |minutes: u64| std::time::Duration::from_secs(60 * minutes);
    let rule = AlertRule::new("page").channel("chat");
    let mut engine = ruled(vec![rule.escalate(minutes(20), ["sms"])]);
    send(&mut engine, "down", "one");
    let jobs = engine.poll(now(0)).jobs;
    engine.settle(now(0), jobs[0].id, Outcome::delivered());
    let due = engine.poll(now(20 * 60)).escalations;
    assert_eq!(due.len(), 1);
    engine.escalate(now(20 * 60), &due[0]);
    let mut quiet = Vec::new();
    for late in [20, 26, 32] {
        let work = engine.poll(now(late * 60));
        let step = work.jobs.iter().find(|job| job.channel == 1).unwrap();
        let asked = step.shared.as_ref().unwrap();
        assert!(asked.key.ends_with("|not acknowledged within 20 minutes"));
        quiet.push(asked.cooldown);
        let busy = Outcome::Transient {
            reason: "429".to_owned(),
            retry_after: Some(minutes(6)),
            maybe_delivered: false,
        };
        engine.settle(now(late * 60), step.id, busy);
    }
    assert_eq!(quiet, [minutes(10), minutes(4), minutes(0)]);
}
