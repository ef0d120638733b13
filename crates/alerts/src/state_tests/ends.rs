//! Whoever was told hears of the end.

use super::*;

#[tokio::test(start_paused = true)]
async fn whoever_was_told_by_the_fallback_hears_of_the_end() {
    let chat = ScriptedChannel::new("chat").otherwise(Step::Answer(Outcome::broken("token")));
    let sms = ScriptedChannel::new("sms");
    let builder = manager(&[&chat, &sms])
        .rule(AlertRule::new("r").channel("chat"))
        .fallback("sms");
    with(builder, |alerts| async move {
        fire(&alerts, Critical, "disk").await;
        pass(MINUTE).await;
        end(&alerts, Info, "disk").await;
        pass(MINUTE).await;
        let told: Vec<String> = told(&sms);
        assert!(
            told.contains(&"firing critical disk".to_owned()),
            "{told:?}"
        );
        assert_eq!(told.last().unwrap(), "resolved info disk");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn d5_the_end_of_what_was_told_is_told_within_a_silence() {
    let chat = ScriptedChannel::new("chat");
    with(manager(&[&chat]), |alerts| async move {
        fire(&alerts, Critical, "disk").await;
        pass(MINUTE).await;
        silence(&alerts, Matcher::new(), HOUR).await;
        end(&alerts, Info, "disk").await;
        // Nobody was told of this one, and nobody hears of its end.
        fire(&alerts, Error, "unheard").await;
        end(&alerts, Info, "unheard").await;
        pass(2 * HOUR).await;
        assert_eq!(told(&chat), ["firing critical disk", "resolved info disk"]);
        assert!(alerts.active().is_empty());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_end_while_its_channel_is_off_is_told_when_it_is_on_again() {
    let chat = ScriptedChannel::new("chat");
    with(manager(&[&chat]), |alerts| async move {
        fire(&alerts, Critical, "disk").await;
        pass(MINUTE).await;
        alerts.set_channel_enabled("chat", false).unwrap();
        end(&alerts, Info, "disk").await;
        fire(&alerts, Error, "missed").await;
        pass(MINUTE).await;
        assert_eq!(alerts.active().len(), 1);
        assert_eq!(alerts.active()[0].held, Some(Suppressed::Disabled));
        assert_eq!(chat.received().len(), 1);
        alerts.set_channel_enabled("chat", true).unwrap();
        pass(MINUTE).await;
        let mut told = told(&chat);
        told[1..].sort();
        assert_eq!(told[1..], ["firing error missed", "resolved info disk"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn d13_an_event_ends_by_itself_and_a_condition_does_not() {
    let chat = ScriptedChannel::new("chat");
    with(
        manager(&[&chat]).repeat_interval(None),
        |alerts| async move {
            let error = templates::error_text("feed", "E", "refused");
            let key = error.dedup_key();
            alerts.send_alert(error.clone()).await.unwrap();
            fire(&alerts, Error, "condition").await;
            pass(20 * MINUTE).await;
            // Repeated, it lasts longer.
            alerts.send_alert(error).await.unwrap();
            pass(20 * MINUTE).await;
            assert!(alerts.is_firing(&key));
            let active = alerts.active();
            let event = active.iter().find(|it| it.key == key).unwrap();
            assert_eq!(event.ends, Some(start() + 50 * MINUTE));
            pass(11 * MINUTE).await;
            assert!(!alerts.is_firing(&key));
            assert_eq!(told(&chat).last().unwrap(), "resolved error Error in feed");
            pass(30 * 24 * HOUR).await;
            assert_eq!(alerts.active().len(), 1);
            assert_eq!(alerts.active()[0].key, "condition");
            let short = alert(Info, "short").lasts(Duration::from_secs(5));
            alerts.send_alert(short).await.unwrap();
            pass(Duration::from_secs(7)).await;
            assert!(!alerts.is_firing("short"));
        },
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn d20_an_end_without_a_key_is_an_error() {
    let chat = ScriptedChannel::new("chat");
    with(manager(&[&chat]), |alerts| async move {
        let error = Alert::new(Error, "DB down", "m", "db");
        alerts.send_alert(error).await.unwrap();
        let end = alerts
            .send_resolved(Alert::new(Info, "DB down", "m", "db"))
            .await;
        let end = end.unwrap_err();
        assert!(matches!(end, SendError::NoKey), "{end}");
        assert!(end.to_string().contains("Alert::key"), "{end}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn d16_an_alert_from_before_1970_is_delivered() {
    let chat = ScriptedChannel::new("chat");
    with(manager(&[&chat]), |alerts| async move {
        let old = alert(Critical, "old").timestamp("1969-12-31T15:00:00Z".parse().unwrap());
        alerts.send_alert(old).await.unwrap();
        pass(MINUTE).await;
        assert_eq!(chat.received().len(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn fault_1_an_end_never_arrives_before_its_beginning() {
    for failures in 1..6 {
        let chat = ScriptedChannel::new("chat");
        for _ in 0..failures {
            let _ = chat.clone().step(Step::Answer(Outcome::transient("500")));
        }
        with(manager(&[&chat]), |alerts| async move {
            for n in 0..5 {
                fire(&alerts, Critical, &format!("k{n}")).await;
            }
            assert!(chat.wait_for_attempts(1, HOUR).await);
            for n in 0..5 {
                end(&alerts, Info, &format!("k{n}")).await;
            }
            assert!(chat.wait_for(10, 10 * HOUR).await, "{:?}", told(&chat));
            let told = told(&chat);
            for n in 0..5 {
                let key = format!("k{n}");
                let of: Vec<&String> = told.iter().filter(|it| it.ends_with(&key)).collect();
                assert!(
                    of[0].starts_with("firing") && of[1].starts_with("resolved"),
                    "{told:?}"
                );
            }
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_what_nobody_heard_goes_with_its_beginning() {
    let refused = Outcome::transient("500");
    let slow = Step::After(Duration::from_secs(5), refused.clone());
    for (first, attempts) in [
        (slow, 1),
        (Step::Answer(refused), 1),
        (Step::Answer(Outcome::transient("503")), 0),
    ] {
        let chat = ScriptedChannel::new("chat").step(first);
        with(manager(&[&chat]), |alerts| async move {
            fire(&alerts, Warning, "disk").await;
            assert!(chat.wait_for_attempts(attempts, HOUR).await);
            end(&alerts, Info, "disk").await;
            fire(&alerts, Error, "disk").await;
            pass(HOUR).await;
            assert_eq!(told(&chat), ["firing error disk"]);
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_what_may_have_arrived_is_told() {
    let doubtful = || {
        Step::Answer(Outcome::Transient {
            reason: "connection lost after the message".to_owned(),
            retry_after: None,
            maybe_delivered: true,
        })
    };
    let chat = ScriptedChannel::new("chat")
        .step(doubtful())
        .step(doubtful());
    with(manager(&[&chat]), |alerts| async move {
        fire(&alerts, Critical, "disk").await;
        pass(MINUTE).await;
        assert_eq!(chat.attempts().len(), 2, "repeated once and no more");
        end(&alerts, Info, "disk").await;
        pass(MINUTE).await;
        assert_eq!(told(&chat), ["resolved info disk"]);
    })
    .await;
}
