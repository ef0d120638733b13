//! The whole manager with doubles and paused time.

mod attempts;
mod histories;

use std::time::Duration;

use tokio::sync::oneshot;

use crate::testing::{ScriptedChannel, Step};
use crate::{
    Alert, AlertEvent, AlertLevel, AlertManager, AlertManagerBuilder, AlertRule, AlertStatus,
    BuildError, Outcome, Suppressed, What, templates,
};

const LONG: Duration = Duration::from_secs(100 * 3_600);

/// Runs `body` beside a dispatcher and waits for both.
pub(crate) async fn with<F>(builder: AlertManagerBuilder, body: impl FnOnce(AlertManager) -> F)
where
    F: Future<Output = ()>,
{
    let (alerts, dispatcher) = builder.build().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let body = async {
        body(alerts).await;
        let _ = stop.send(());
    };
    tokio::join!(body, dispatcher.run(stopped));
}

fn manager() -> AlertManagerBuilder {
    AlertManager::builder("svc", "test")
}

fn alert(level: AlertLevel, title: &str) -> Alert {
    Alert::new(level, title, "m", "src")
}

#[tokio::test(start_paused = true)]
async fn delivers_to_every_target_and_counts() {
    let mail = ScriptedChannel::new("mail").targets(["a@x", "b@x"]);
    let chat = ScriptedChannel::new("chat");
    let builder = manager().channel(mail.clone()).channel(chat.clone());
    with(builder, |alerts| async move {
        let mut events = alerts.subscribe();
        let receipt = alerts
            .send_alert(alert(AlertLevel::Error, "t"))
            .await
            .unwrap();
        assert_eq!(receipt.deliveries(), 3);
        assert!(mail.wait_for(2, LONG).await);
        assert!(chat.wait_for(1, LONG).await);
        let stats = alerts.get_statistics();
        assert_eq!(stats.total_alerts, 1);
        assert_eq!(stats.alerts_sent[&AlertLevel::Error], 3);
        assert_eq!(stats.channels["mail"].delivered, 2);
        assert_eq!(stats.pending, 0);
        let AlertEvent::Accepted { deliveries, .. } = events.try_recv().unwrap() else {
            panic!("accepted comes first");
        };
        assert_eq!(deliveries, 3);
        let mut targets: Vec<String> = mail.received().into_iter().map(|r| r.target).collect();
        targets.sort();
        assert_eq!(targets, ["a@x", "b@x"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_second_of_two_is_held_back_and_said_later() {
    let chat = ScriptedChannel::new("chat");
    with(manager().channel(chat.clone()), |alerts| async move {
        for _ in 0..3 {
            alerts
                .send_alert(alert(AlertLevel::Error, "t"))
                .await
                .unwrap();
        }
        assert!(chat.wait_for(1, LONG).await);
        let again = alerts
            .send_alert(alert(AlertLevel::Error, "t"))
            .await
            .unwrap();
        assert_eq!(again.channels[0].what, What::Suppress(Suppressed::Cooldown));
        tokio::time::sleep(Duration::from_secs(901)).await;
        alerts
            .send_alert(alert(AlertLevel::Error, "t"))
            .await
            .unwrap();
        assert!(chat.wait_for(2, LONG).await);
        assert_eq!(chat.received()[1].suppressed, 3);
        assert_eq!(alerts.get_statistics().suppressed[&Suppressed::Cooldown], 3);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn resolve_goes_where_the_alert_went() {
    let chat = ScriptedChannel::new("chat");
    let log = ScriptedChannel::new("log");
    let builder = manager()
        .channel(chat.clone())
        .channel(log.clone())
        .rule(AlertRule::new("r").channel("chat"));
    with(builder, |alerts| async move {
        let key = templates::risk("var", 2.0, 1.0).dedup_key();
        assert!(alerts.resolve(&key).await.is_err());
        assert!(!alerts.is_firing(&key));
        alerts
            .send_alert(templates::risk("var", 2.0, 1.0))
            .await
            .unwrap();
        assert!(chat.wait_for(1, LONG).await);
        assert!(alerts.is_firing(&key));
        assert_eq!(alerts.active().len(), alerts.get_statistics().active);
        alerts.resolve(&key).await.unwrap();
        assert!(chat.wait_for(2, LONG).await);
        assert_eq!(chat.received()[1].status, AlertStatus::Resolved);
        assert!(alerts.active().is_empty());
        assert!(!alerts.is_firing(&key));
        let none = alerts
            .send_resolved(templates::risk_resolved("var", 0.5, 1.0))
            .await
            .unwrap();
        assert_eq!(none.deliveries(), 0);
        assert!(log.received().is_empty());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_storm_becomes_a_digest_and_critical_does_not() {
    let chat = ScriptedChannel::new("chat").limits(crate::Limits::new(1.0, 1));
    with(manager().channel(chat.clone()), |alerts| async move {
        for n in 0..2_000 {
            alerts
                .send_alert(alert(AlertLevel::Warning, &format!("t{n}")))
                .await
                .unwrap();
        }
        alerts
            .send_alert(alert(AlertLevel::Critical, "fire"))
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_secs(120)).await;
        let received = chat.received();
        assert!(received.len() < 10, "{}", received.len());
        assert!(received.iter().any(|r| r.title == "fire"));
        let told: u64 = received
            .iter()
            .map(|r| match r.status {
                AlertStatus::Digest => r.counted,
                _ => 1,
            })
            .sum();
        let digest = received
            .iter()
            .find(|r| r.status == AlertStatus::Digest)
            .unwrap();
        assert!(digest.title.contains("alerts from svc"), "{}", digest.title);
        assert!(told > 100, "{told}");
        assert_eq!(alerts.get_statistics().pending, 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn nobody_acknowledges_and_the_next_is_told() {
    let chat = ScriptedChannel::new("chat");
    let phone = ScriptedChannel::new("phone");
    let builder = manager().channel(chat.clone()).channel(phone.clone()).rule(
        AlertRule::new("r")
            .channel("chat")
            .escalate(Duration::from_secs(600), ["phone"]),
    );
    with(builder, |alerts| async move {
        alerts
            .send_alert(alert(AlertLevel::Error, "known").key("known"))
            .await
            .unwrap();
        alerts
            .send_alert(alert(AlertLevel::Error, "unknown").key("unknown"))
            .await
            .unwrap();
        alerts.acknowledge("known", "kim").await.unwrap();
        assert!(phone.wait_for(1, LONG).await);
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        let received = phone.received();
        assert_eq!(received.len(), 1);
        assert_eq!(received[0].title, "unknown");
        let active = alerts.active();
        assert_eq!(active[0].acknowledged_by.as_deref(), Some("kim"));
        assert_eq!(active[1].escalated, 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_test_message_tells_the_reason_in_words() {
    let chat = ScriptedChannel::new("chat").step(Step::Answer(Outcome::broken("invalid_token")));
    with(manager().channel(chat.clone()), |alerts| async move {
        let outcome = alerts.test_fire("chat").await.unwrap();
        assert_eq!(outcome.reason(), "invalid_token");
        assert!(alerts.test_fire("chat").await.unwrap().is_delivered());
        assert_eq!(chat.received()[0].status, AlertStatus::Test);
        let error = alerts.test_fire("chatt").await.unwrap_err();
        assert!(error.to_string().contains("known: chat"), "{error}");
    })
    .await;
}

#[test]
fn every_mistake_is_named_at_once() {
    let error = AlertManager::builder("", "test")
        .channel(ScriptedChannel::new("a"))
        .channel(ScriptedChannel::new("a"))
        .channel(ScriptedChannel::new("b").targets(Vec::<String>::new()))
        .channel(ScriptedChannel::new("c").limits(crate::Limits::new(0.0, 1)))
        .channel(ScriptedChannel::new("d").targets(["x", "x"]))
        .rule(AlertRule::new("r"))
        .rule(AlertRule::new("r").channel("nowhere"))
        .fallback("nobody")
        .storm(0)
        .build()
        .unwrap_err();
    let BuildError::Invalid { problems } = error else {
        panic!("{error:?}");
    };
    assert_eq!(problems.len(), 10, "{problems:#?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_mild_gives_way_and_what_is_critical_never_does() {
    let chat = ScriptedChannel::new("chat").otherwise(Step::Hang);
    let builder = manager()
        .channel(chat)
        .bounds(10, 1 << 20)
        .storm(1_000)
        .drain(Duration::ZERO);
    with(builder, |alerts| async move {
        let send = async |level, n: usize| {
            let alert = Alert::new(level, format!("{level}{n}"), "m", "s");
            alerts.send_alert(alert).await
        };
        for n in 0..10 {
            send(AlertLevel::Info, n).await.unwrap();
        }
        // Four are under way and stay.
        tokio::task::yield_now().await;
        for n in 0..6 {
            send(AlertLevel::Critical, n).await.unwrap();
        }
        let error = send(AlertLevel::Critical, 99).await.unwrap_err();
        assert!(matches!(error, crate::SendError::Full), "{error}");
        let stats = alerts.get_statistics();
        assert_eq!(stats.evicted[&AlertLevel::Info], 6);
        assert_eq!(stats.evicted[&AlertLevel::Critical], 0);
        assert_eq!(stats.refused_full, 1);
        assert_eq!(stats.pending, 10);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_jumping_wall_clock_changes_nothing() {
    let wall = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(1_700_000_000));
    let theirs = std::sync::Arc::clone(&wall);
    let chat = ScriptedChannel::new("chat").step(Step::Answer(Outcome::transient("503")));
    let builder = manager().channel(chat.clone()).wall_clock(move || {
        let seconds = theirs.load(std::sync::atomic::Ordering::Relaxed);
        jiff::Timestamp::from_second(seconds).unwrap()
    });
    let jump = move |years: i64| {
        wall.fetch_add(years * 31_556_952, std::sync::atomic::Ordering::Relaxed);
    };
    with(builder, |alerts| async move {
        let begin = tokio::time::Instant::now();
        let send = async || {
            let alert = alert(AlertLevel::Error, "t");
            alerts.send_alert(alert).await.unwrap().deliveries()
        };
        assert_eq!(send().await, 1);
        assert!(chat.wait_for_attempts(1, LONG).await);
        jump(-20);
        assert!(chat.wait_for(1, LONG).await);
        assert!(begin.elapsed() < Duration::from_secs(3));
        for years in [20, 20, -60, 80] {
            jump(years);
            assert_eq!(send().await, 0);
            tokio::time::sleep(Duration::from_secs(200)).await;
        }
        jump(-50);
        tokio::time::sleep(Duration::from_secs(101)).await;
        assert_eq!(send().await, 1);
        assert!(chat.wait_for(2, LONG).await);
        assert_eq!(chat.received()[1].suppressed, 4);
        assert_eq!(alerts.get_statistics().channels["chat"].dead, 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_flaps_is_told_in_the_end() {
    let chat = ScriptedChannel::new("chat");
    with(manager().channel(chat.clone()), |alerts| async move {
        for _ in 0..20 {
            let firing = alert(AlertLevel::Error, "t").key("k");
            alerts.send_alert(firing.clone()).await.unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
            alerts.send_resolved(firing).await.unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let last = alert(AlertLevel::Error, "it stays").key("k");
        alerts.send_alert(last).await.unwrap();
        assert_eq!(chat.received().len(), 6);
        tokio::time::sleep(Duration::from_secs(700)).await;
        let received = chat.received();
        assert_eq!(received.len(), 7);
        assert_eq!(received[6].title, "it stays");
        assert_eq!(received[6].status, AlertStatus::Firing);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_rule_may_gather_and_a_channel_may_be_switched_off() {
    let chat = ScriptedChannel::new("chat");
    let log = ScriptedChannel::new("log");
    let builder = manager().channel(chat.clone()).channel(log.clone()).rule(
        AlertRule::new("r")
            .channels(["chat", "log"])
            .digest_every(Duration::from_secs(600)),
    );
    with(builder, |alerts| async move {
        alerts.set_channel_enabled("log", false).unwrap();
        for n in 0..250 {
            let alert = alert(AlertLevel::Warning, &format!("t{}", n % 125));
            let receipt = alerts.send_alert(alert).await.unwrap();
            assert_eq!(
                receipt.channels[1].what,
                What::Suppress(Suppressed::Disabled)
            );
        }
        assert!(chat.received().is_empty());
        assert!(chat.wait_for(1, LONG).await);
        let digest = &chat.received()[0];
        // A hundred lines, and the rest as a number in the text.
        assert_eq!((digest.status, digest.lines), (AlertStatus::Digest, 100));
        assert!(digest.title.starts_with("125 alerts"), "{}", digest.title);
        assert!(log.received().is_empty());
        assert!(alerts.get_statistics().channels["log"].disabled);
    })
    .await;
}
