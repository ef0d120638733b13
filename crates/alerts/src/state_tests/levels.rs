//! Rises, falls, and who knows.

use super::*;

#[tokio::test(start_paused = true)]
async fn d3_a_rise_matches_the_rule_anew_and_escalates() {
    let (chat, phone) = (ScriptedChannel::new("chat"), ScriptedChannel::new("phone"));
    with(paged(&chat, &phone), |alerts| async move {
        fire(&alerts, Warning, "disk").await;
        pass(HOUR).await;
        fire(&alerts, Critical, "disk").await;
        pass(14 * MINUTE).await;
        assert!(
            phone.received().is_empty(),
            "the clock starts with the rise"
        );
        pass(2 * MINUTE).await;
        assert_eq!(told(&phone), ["firing critical disk"]);
        let active = &alerts.active()[0];
        assert_eq!(active.rule.as_deref(), Some("pager"));
        assert_eq!(active.escalated, 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn d3b_a_rise_clears_the_acknowledgment() {
    let (chat, phone) = (ScriptedChannel::new("chat"), ScriptedChannel::new("phone"));
    with(paged(&chat, &phone), |alerts| async move {
        fire(&alerts, Warning, "disk").await;
        alerts.acknowledge("disk", "kim").await.unwrap();
        fire(&alerts, Critical, "disk").await;
        assert_eq!(alerts.active()[0].acknowledged_by, None);
        pass(16 * MINUTE).await;
        assert_eq!(told(&phone), ["firing critical disk"]);
        // Acknowledged at this level, it stays so when it falls.
        alerts.acknowledge("disk", "lee").await.unwrap();
        fire(&alerts, Error, "disk").await;
        assert_eq!(alerts.active()[0].acknowledged_by.as_deref(), Some("lee"));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_fall_is_told_to_all_who_were_told_the_worse() {
    let (chat, phone) = (ScriptedChannel::new("chat"), ScriptedChannel::new("phone"));
    with(paged(&chat, &phone), |alerts| async move {
        fire(&alerts, Critical, "disk").await;
        pass(16 * MINUTE).await;
        fire(&alerts, Warning, "disk").await;
        pass(MINUTE).await;
        for channel in [&chat, &phone] {
            assert_eq!(
                told(channel),
                ["firing critical disk", "firing warning disk"]
            );
        }
        end(&alerts, Info, "disk").await;
        pass(MINUTE).await;
        for channel in [&chat, &phone] {
            assert_eq!(told(channel)[2..], ["resolved info disk"]);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn d4_whoever_was_told_by_an_escalation_hears_of_the_end() {
    let (chat, phone) = (ScriptedChannel::new("chat"), ScriptedChannel::new("phone"));
    with(paged(&chat, &phone), |alerts| async move {
        fire(&alerts, Critical, "disk").await;
        pass(20 * MINUTE).await;
        end(&alerts, Info, "disk").await;
        pass(MINUTE).await;
        for channel in [&chat, &phone] {
            assert_eq!(
                told(channel),
                ["firing critical disk", "resolved info disk"]
            );
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn d14_what_is_acknowledged_is_not_repeated() {
    let chat = ScriptedChannel::new("chat");
    let rule = AlertRule::new("r").channel("chat").remind_after(10 * HOUR);
    let builder = manager(&[&chat]).rule(rule.repeat_interval(HOUR));
    with(builder, |alerts| async move {
        fire(&alerts, Error, "db").await;
        pass(MINUTE).await;
        alerts.acknowledge("db", "kim").await.unwrap();
        for _ in 0..20 {
            pass(16 * MINUTE).await;
            let receipt = fire(&alerts, Error, "db").await;
            let reason = Suppressed::Acknowledged;
            assert_eq!(receipt.channels[0].what, What::Suppress(reason));
        }
        assert_eq!(chat.received().len(), 1);
        pass(5 * HOUR).await;
        assert_eq!(
            chat.received().len(),
            2,
            "after ten hours somebody is reminded"
        );
        // Taken back, it is repeated as before.
        alerts.unacknowledge("db", "lee").await.unwrap();
        assert_eq!(alerts.active()[0].acknowledged_by, None);
        pass(HOUR + 2 * MINUTE).await;
        assert_eq!(chat.received().len(), 3);
        assert!(alerts.unacknowledge("nothing", "lee").await.is_err());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_fires_on_is_repeated_and_an_event_is_not() {
    let chat = ScriptedChannel::new("chat");
    with(
        manager(&[&chat]).repeat_interval(Some(HOUR)),
        |alerts| async move {
            fire(&alerts, Error, "condition").await;
            let event = alert(Error, "event").lasts(100 * HOUR);
            alerts.send_alert(event).await.unwrap();
            pass(3 * HOUR + 10 * MINUTE).await;
            let told = told(&chat);
            let count = |key: &str| told.iter().filter(|it| it.ends_with(key)).count();
            assert_eq!((count("condition"), count("event")), (4, 1), "{told:?}");
        },
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn unacknowledged_the_clock_of_the_escalation_starts_anew() {
    let (chat, phone) = (ScriptedChannel::new("chat"), ScriptedChannel::new("phone"));
    with(paged(&chat, &phone), |alerts| async move {
        fire(&alerts, Critical, "disk").await;
        alerts.acknowledge("disk", "kim").await.unwrap();
        pass(HOUR).await;
        assert!(phone.received().is_empty());
        alerts.unacknowledge("disk", "kim").await.unwrap();
        pass(14 * MINUTE).await;
        assert!(phone.received().is_empty());
        pass(2 * MINUTE).await;
        assert_eq!(phone.received().len(), 1);
    })
    .await;
}
