//! What comes of an attempt that fails.

use super::*;

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
