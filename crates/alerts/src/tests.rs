//! The whole manager with doubles and paused time.

use std::time::Duration;

use tokio::sync::oneshot;

use crate::testing::{ScriptedChannel, Step};
use crate::{
    Alert, AlertEvent, AlertLevel, AlertManager, AlertManagerBuilder, AlertRule, AlertStatus,
    BuildError, Outcome, Suppressed, What, templates,
};

const LONG: Duration = Duration::from_secs(100 * 3_600);

/// Runs `body` beside a dispatcher, under paused time.
async fn with<F>(builder: AlertManagerBuilder, body: impl FnOnce(AlertManager) -> F)
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
async fn retries_carry_the_same_bytes_and_key() {
    let chat = ScriptedChannel::new("chat")
        .step(Step::Answer(Outcome::transient("503")))
        .step(Step::Panic)
        .step(Step::Hang)
        .step(Step::Answer(Outcome::transient("reset")));
    let retry = crate::RetryConfig {
        doubtful_repeats: 5,
        ..crate::RetryConfig::default()
    };
    with(
        manager().channel(chat.clone()).retry(retry),
        |alerts| async move {
            alerts
                .send_alert(alert(AlertLevel::Error, "t"))
                .await
                .unwrap();
            assert!(chat.wait_for(1, LONG).await);
            let attempts = chat.attempts();
            assert_eq!(attempts.len(), 5);
            for (index, attempt) in attempts.iter().enumerate() {
                assert_eq!(attempt.attempt as usize, index + 1);
                assert_eq!(attempt.body, attempts[0].body);
                assert_eq!(attempt.delivery_id, attempts[0].delivery_id);
            }
            assert_eq!(alerts.get_statistics().panics, 1);
            assert_eq!(alerts.get_statistics().channels["chat"].retried, 4);
        },
    )
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
async fn a_dead_delivery_gives_the_cooldown_back_and_tells_another_channel() {
    let chat = ScriptedChannel::new("chat").step(Step::Answer(Outcome::permanent("400 no_text")));
    let log = ScriptedChannel::new("log");
    let builder = manager()
        .channel(chat.clone())
        .channel(log.clone())
        .rule(AlertRule::new("r").channel("chat"));
    with(builder, |alerts| async move {
        alerts
            .send_alert(alert(AlertLevel::Error, "t"))
            .await
            .unwrap();
        assert!(log.wait_for(1, LONG).await);
        assert_eq!(log.received()[0].title, "Alert channel chat lost a message");
        alerts
            .send_alert(alert(AlertLevel::Error, "t"))
            .await
            .unwrap();
        assert!(chat.wait_for(1, LONG).await);
        assert_eq!(alerts.get_statistics().channels["chat"].dead, 1);
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
async fn critical_takes_the_fallback_while_its_channel_fails() {
    let chat = ScriptedChannel::new("chat").otherwise(Step::Answer(Outcome::transient("503")));
    let sms = ScriptedChannel::new("sms");
    let builder = manager()
        .channel(chat.clone())
        .channel(sms.clone())
        .rule(AlertRule::new("r").channel("chat"))
        .fallback("sms");
    with(builder, |alerts| async move {
        alerts
            .send_alert(alert(AlertLevel::Critical, "fire"))
            .await
            .unwrap();
        assert!(sms.wait_for(2, LONG).await);
        let titles: Vec<String> = sms.received().into_iter().map(|r| r.title).collect();
        assert!(titles.contains(&"fire".to_owned()), "{titles:?}");
        assert!(titles.contains(&"Alert channel chat is failing".to_owned()));
        alerts
            .send_alert(alert(AlertLevel::Critical, "second fire"))
            .await
            .unwrap();
        assert!(sms.wait_for(3, LONG).await);
        chat.set_otherwise(Step::Answer(Outcome::delivered()));
        assert!(chat.wait_for(2, LONG).await);
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

/// Accepted without an answer, it is said once more, not for three days.
#[tokio::test(start_paused = true)]
async fn a_message_that_may_have_arrived_is_repeated_once() {
    for level in AlertLevel::ALL {
        let unsure = Step::Answer(Outcome::unanswered("closed after the message"));
        let chat = ScriptedChannel::new("chat").otherwise(unsure);
        let builder = manager().channel(chat.clone()).repeat_interval(None);
        with(builder, |alerts| async move {
            alerts.send_alert(alert(level, "t")).await.unwrap();
            tokio::time::sleep(Duration::from_secs(80 * 3_600)).await;
            assert_eq!(chat.attempts().len(), 2, "{level}");
            let stats = alerts.get_statistics();
            assert_eq!((stats.pending, stats.channels["chat"].dead), (0, 1));
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn retry_after_pauses_the_whole_channel_and_no_longer_than_an_hour() {
    let asks = |seconds| {
        Step::Answer(Outcome::Transient {
            reason: "429".to_owned(),
            retry_after: Some(Duration::from_secs(seconds)),
            maybe_delivered: false,
        })
    };
    for (asked, waited) in [(7, 7), (86_400, 3_600)] {
        let chat = ScriptedChannel::new("chat").step(asks(asked));
        with(manager().channel(chat.clone()), |alerts| async move {
            let begin = tokio::time::Instant::now();
            let first = alert(AlertLevel::Critical, "first");
            alerts.send_alert(first).await.unwrap();
            assert!(chat.wait_for_attempts(1, LONG).await);
            let second = alert(AlertLevel::Critical, "second");
            alerts.send_alert(second).await.unwrap();
            assert!(chat.wait_for(2, LONG).await);
            let took = begin.elapsed().as_secs();
            assert!((waited..waited + 2).contains(&took), "{took}");
            assert_eq!(chat.attempts().len(), 3);
            assert!(!alerts.get_statistics().channels["chat"].failing);
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_delivery_is_given_up_at_its_deadline_and_not_before() {
    let chat = ScriptedChannel::new("chat").otherwise(Step::Answer(Outcome::transient("503")));
    let log = ScriptedChannel::new("log");
    let builder = manager()
        .channel(chat.clone())
        .channel(log.clone())
        .rule(AlertRule::new("r").channel("chat"));
    with(builder, |alerts| async move {
        let begin = tokio::time::Instant::now();
        let mut events = alerts.subscribe();
        alerts
            .send_alert(alert(AlertLevel::Info, "t"))
            .await
            .unwrap();
        let reason = loop {
            if let AlertEvent::Dead { reason, .. } = events.recv().await.unwrap() {
                break reason;
            }
        };
        let took = begin.elapsed().as_secs();
        assert!((3_590..3_700).contains(&took), "{took}");
        assert!(reason.contains("deadline passed"), "{reason}");
        // The breaker spared the far side most of the attempts.
        assert!(chat.attempts().len() < 40, "{}", chat.attempts().len());
    })
    .await;
}

/// An attempt that is under way when its deadline passes: the dispatcher sleeps until it ends. Were it
/// awake for the deadline all the time, paused time would stand still and this would never end.
#[tokio::test(start_paused = true)]
async fn the_last_attempt_is_made_at_the_deadline_and_may_outlast_it() {
    // Whatever the jitter: the second attempt is due after the deadline, and so at it.
    let retry = crate::RetryConfig {
        base: LONG * 100_000,
        cap: LONG * 100_000,
        ..crate::RetryConfig::default()
    };
    let deadline = Duration::from_secs(3_600);
    let slow = Duration::from_secs(10);
    let chat = ScriptedChannel::new("chat")
        .step(Step::Answer(Outcome::transient("503")))
        .step(Step::After(slow, Outcome::delivered()));
    let builder = manager().channel(chat.clone()).retry(retry);
    with(builder, |alerts| async move {
        let begin = tokio::time::Instant::now();
        alerts
            .send_alert(alert(AlertLevel::Info, "t"))
            .await
            .unwrap();
        assert!(chat.wait_for(1, LONG).await);
        let took = begin.elapsed();
        assert_eq!(chat.attempts().len(), 2);
        assert!(took <= deadline + slow + Duration::from_secs(1), "{took:?}");
        assert_eq!(alerts.get_statistics().channels["chat"].dead, 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_broken_channel_is_told_once_and_tried_every_quarter_of_an_hour() {
    let chat = ScriptedChannel::new("chat")
        .step(Step::Answer(Outcome::broken("invalid_token")))
        .step(Step::Answer(Outcome::broken("invalid_token")));
    let log = ScriptedChannel::new("log");
    let builder = manager()
        .channel(chat.clone())
        .channel(log.clone())
        .rule(AlertRule::new("r").channel("chat"));
    with(builder, |alerts| async move {
        let begin = tokio::time::Instant::now();
        alerts
            .send_alert(alert(AlertLevel::Error, "t"))
            .await
            .unwrap();
        assert!(log.wait_for(1, LONG).await);
        assert_eq!(log.received()[0].title, "Alert channel chat needs mending");
        assert!(alerts.get_statistics().channels["chat"].broken);
        assert!(chat.wait_for(1, LONG).await);
        assert_eq!(begin.elapsed().as_secs() / 60, 30);
        assert!(!alerts.get_statistics().channels["chat"].broken);
        assert_eq!(log.received().len(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_form_that_is_refused_goes_out_plain_once() {
    let refuse = || {
        Step::Answer(Outcome::Degrade {
            to: crate::Degrade::Plain,
            reason: "invalid_payload".to_owned(),
        })
    };
    let chat = ScriptedChannel::new("chat").step(refuse());
    let log = ScriptedChannel::new("log").step(refuse()).step(refuse());
    let builder = manager().channel(chat.clone()).channel(log.clone());
    with(builder, |alerts| async move {
        let mut events = alerts.subscribe();
        alerts
            .send_alert(alert(AlertLevel::Error, "t"))
            .await
            .unwrap();
        assert!(chat.wait_for(1, LONG).await);
        assert_eq!(chat.received()[0].body, b"t");
        loop {
            if let AlertEvent::Dead { channel, .. } = events.recv().await.unwrap() {
                assert_eq!(channel, "log");
                break;
            }
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn critical_has_a_lane_of_its_own() {
    let chat = ScriptedChannel::new("chat");
    for _ in 0..4 {
        let _ = chat.clone().step(Step::Hang);
    }
    with(manager().channel(chat.clone()), |alerts| async move {
        let begin = tokio::time::Instant::now();
        for n in 0..8 {
            let alert = alert(AlertLevel::Info, &format!("t{n}"));
            alerts.send_alert(alert).await.unwrap();
        }
        assert!(chat.wait_for_attempts(4, LONG).await);
        let fire = alert(AlertLevel::Critical, "fire");
        alerts.send_alert(fire).await.unwrap();
        assert!(chat.wait_for(1, LONG).await);
        assert_eq!(chat.received()[0].title, "fire");
        assert!(begin.elapsed() < Duration::from_secs(1));
        assert!(chat.wait_for(9, LONG).await);
    })
    .await;
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

mod histories {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Act {
        Send(AlertLevel, u8),
        Resolve(u8),
        Wait(u16),
        Silence,
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let level = (0_usize..4).prop_map(AlertLevel::from_index);
        let act = prop_oneof![
            8 => (level, 0_u8..12).prop_map(|(level, key)| Act::Send(level, key)),
            2 => (0_u8..12).prop_map(Act::Resolve),
            3 => (0_u16..900).prop_map(Act::Wait),
            1 => Just(Act::Silence),
        ];
        proptest::collection::vec(act, 1..80)
    }

    fn script() -> impl Strategy<Value = Vec<Step>> {
        let after = proptest::option::of((0_u64..4_000).prop_map(Duration::from_secs));
        let step = prop_oneof![
            6 => Just(Step::Answer(Outcome::delivered())),
            3 => (after, any::<bool>()).prop_map(|(retry_after, maybe_delivered)| {
                Step::Answer(Outcome::Transient {
                    reason: "503".to_owned(),
                    retry_after,
                    maybe_delivered,
                })
            }),
            1 => Just(Step::Answer(Outcome::permanent("400"))),
            1 => Just(Step::Answer(Outcome::broken("token"))),
            1 => Just(Step::Hang),
            1 => (0_u64..80).prop_map(|s| {
                Step::After(Duration::from_secs(s), Outcome::delivered())
            }),
        ];
        proptest::collection::vec(step, 0..60)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever the channels do, every delivery ends, the counts add up, and one key never
        /// reaches a target under more keys than there were decisions to send it.
        #[test]
        fn everything_accepted_ends(acts in acts(), script in script(), storm in 1_usize..30) {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .unwrap();
            runtime.block_on(run(acts, script, storm));
        }
    }

    async fn run(acts: Vec<Act>, script: Vec<Step>, storm: usize) {
        let chat = ScriptedChannel::new("chat").targets(["a", "b"]);
        let pager = ScriptedChannel::new("pager");
        for (n, step) in script.into_iter().enumerate() {
            let channel = if n % 3 == 0 { &pager } else { &chat };
            let _ = channel.clone().step(step);
        }
        let builder = manager()
            .channel(chat.clone())
            .channel(pager.clone())
            .rule(
                AlertRule::new("page")
                    .min_level(AlertLevel::Error)
                    .channels(["chat", "pager"])
                    .escalate(Duration::from_secs(1_800), ["pager"]),
            )
            .rule(AlertRule::new("rest").channel("chat"))
            .fallback("pager")
            .storm(storm);
        with(builder, |alerts| async move {
            let mut going = 0;
            for act in acts {
                match act {
                    Act::Send(level, key) => {
                        let alert = alert(level, &format!("t{key}")).key(format!("k{key}"));
                        going += alerts.send_alert(alert).await.unwrap().deliveries();
                    }
                    Act::Resolve(key) => {
                        if let Ok(receipt) = alerts.resolve(&format!("k{key}")).await {
                            going += receipt.deliveries();
                        }
                    }
                    Act::Wait(seconds) => {
                        tokio::time::sleep(Duration::from_secs(u64::from(seconds))).await;
                    }
                    Act::Silence => {
                        let until = jiff::Timestamp::now() + Duration::from_secs(300);
                        let matcher = crate::Matcher::new().key("k1");
                        let silence = crate::Silence::new(matcher, until, "kim");
                        alerts.silence(silence).await.unwrap();
                    }
                }
            }
            // Longer than the longest deadline.
            tokio::time::sleep(Duration::from_secs(80 * 3_600)).await;
            let stats = alerts.get_statistics();
            assert_eq!(stats.pending, 0, "{stats:#?}");
            assert_eq!(stats.pending_bytes, 0);
            let delivered: u64 = stats.channels.values().map(|c| c.delivered).sum();
            let dead: u64 = stats.channels.values().map(|c| c.dead).sum();
            let digested: u64 = stats.channels.values().map(|c| c.digested).sum();
            assert!(
                delivered + dead + digested >= going as u64,
                "{going} {stats:#?}"
            );
            let received = chat.received().len() + pager.received().len();
            assert_eq!(delivered, received as u64);
            let mut ids = std::collections::HashMap::new();
            for attempt in chat.attempts().into_iter().chain(pager.attempts()) {
                let plain = attempt.body.first() != Some(&b'{');
                let first = ids
                    .entry(attempt.delivery_id.clone())
                    .or_insert_with(|| attempt.clone());
                assert!(plain || first.body == attempt.body);
                assert_eq!(first.target, attempt.target);
            }
        })
        .await;
    }
}
