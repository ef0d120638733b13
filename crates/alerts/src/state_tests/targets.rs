//! One target that fails holds nobody else up.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_rise_does_not_wait_for_something_milder_that_fails() {
    let chat = ScriptedChannel::new("chat").step(Step::Answer(Outcome::Transient {
        reason: "500".to_owned(),
        retry_after: None,
        maybe_delivered: false,
    }));
    let retry = crate::RetryConfig {
        base: 1_000 * HOUR,
        cap: 1_000 * HOUR,
        ..crate::RetryConfig::default()
    };
    with(manager(&[&chat]).retry(retry), |alerts| async move {
        fire(&alerts, Warning, "db").await;
        assert!(chat.wait_for_attempts(1, HOUR).await);
        pass(Duration::from_secs(1)).await;
        fire(&alerts, Critical, "db").await;
        pass(Duration::from_secs(1)).await;
        assert_eq!(told(&chat), ["firing critical db"]);
        assert_eq!(chat.received()[0].suppressed, 1);
        assert_eq!(alerts.get_statistics().pending, 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn d1_a_sick_target_holds_nobody_else_up() {
    let answers: [fn() -> Outcome; 3] = [
        || Outcome::transient("452 mailbox full"),
        || Outcome::Transient {
            reason: "429".to_owned(),
            retry_after: Some(HOUR),
            maybe_delivered: false,
        },
        || Outcome::permanent("550"),
    ];
    for answer in answers {
        let mail = ScriptedChannel::new("mail").targets(["sick", "well"]);
        mail.answer_target("sick", answer());
        with(
            manager(&[&mail]).repeat_interval(None),
            |alerts| async move {
                for n in 0..30 {
                    fire(&alerts, Critical, &format!("k{n}")).await;
                    pass(10 * MINUTE).await;
                }
                let well = mail.received();
                assert_eq!(well.len(), 30);
                for (n, it) in well.iter().enumerate() {
                    let sent = start() + Duration::from_secs(600 * n as u64);
                    let late = it.at.duration_since(sent).as_millis();
                    assert!(late < 1_000, "{n}: {late} ms late");
                }
            },
        )
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_probe_of_a_broken_channel_goes_round() {
    let mail = ScriptedChannel::new("mail").targets(["sick", "well"]);
    mail.answer_target("sick", Outcome::broken("535"));
    with(manager(&[&mail]), |alerts| async move {
        for n in 0..3 {
            fire(&alerts, Critical, &format!("k{n}")).await;
        }
        pass(2 * HOUR).await;
        assert_eq!(mail.received().len(), 3, "{:?}", told(&mail));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_is_not_tried_with_every_sweep() {
    let chat = ScriptedChannel::new("chat").otherwise(Step::Answer(Outcome::permanent("400")));
    let builder = manager(&[&chat]).repeat_interval(Some(4 * HOUR));
    with(builder, |alerts| async move {
        fire(&alerts, Error, "db").await;
        pass(3 * HOUR).await;
        assert_eq!(chat.attempts().len(), 1);
        pass(2 * HOUR).await;
        assert_eq!(chat.attempts().len(), 2);
        chat.set_otherwise(Step::Answer(Outcome::delivered()));
        pass(4 * HOUR).await;
        assert_eq!(told(&chat), ["firing error db"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_target_that_was_away_is_not_told_the_same_twice_when_it_is_back() {
    let mail = ScriptedChannel::new("mail").targets(["kim", "lee"]);
    with(manager(&[&mail]), |alerts| async move {
        mail.answer_target("lee", Outcome::transient("full"));
        let to = |name: &str| {
            let all = mail.received();
            all.iter().filter(|it| it.target.as_str() == name).count()
        };
        fire(&alerts, Error, "db").await;
        pass(20 * MINUTE).await;
        // Past the cooldown of those who were told; for the other the first is still on its way.
        let again = fire(&alerts, Error, "db").await;
        assert_eq!(again.deliveries(), 2);
        pass(MINUTE).await;
        assert_eq!((to("kim"), to("lee")), (2, 0));
        mail.answer_target("lee", Outcome::delivered());
        pass(HOUR).await;
        assert_eq!((to("kim"), to("lee")), (2, 1));
        // And hears of the end as everybody does, once.
        end(&alerts, Error, "db").await;
        pass(MINUTE).await;
        assert_eq!((to("kim"), to("lee")), (3, 2));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_quiet_of_a_channel_counts_from_the_last_of_its_targets() {
    let mail = ScriptedChannel::new("mail").targets(["kim", "lee"]);
    with(manager(&[&mail]), |alerts| async move {
        mail.answer_target("lee", Outcome::transient("full"));
        fire(&alerts, Error, "db").await;
        pass(MINUTE).await;
        mail.answer_target("lee", Outcome::delivered());
        assert_eq!(mail.received().len(), 1);
        pass(13 * MINUTE).await;
        assert_eq!(mail.received().len(), 2, "the other was told late");
        pass(MINUTE + MINUTE / 2).await;
        fire(&alerts, Error, "db").await;
        pass(MINUTE / 4).await;
        assert_eq!(mail.received().len(), 2, "and is not told again so soon");
        pass(15 * MINUTE).await;
        fire(&alerts, Error, "db").await;
        pass(MINUTE).await;
        assert_eq!(mail.received().len(), 4);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_target_that_was_away_hears_once_of_what_a_channel_lost() {
    let mail = ScriptedChannel::new("mail").targets(["kim", "lee"]);
    let pager = ScriptedChannel::new("pager").otherwise(Step::Answer(Outcome::permanent("400")));
    let rule = AlertRule::new("r").channel("pager").repeat_interval(None);
    with(manager(&[&mail, &pager]).rule(rule), |alerts| async move {
        mail.answer_target("lee", Outcome::transient("full"));
        let to = |name: &str| {
            let all = mail.received();
            let of = |it: &&Received| it.target.as_str() == name && it.title.contains("lost");
            all.iter().filter(of).count()
        };
        fire(&alerts, Error, "a").await;
        pass(20 * MINUTE).await;
        // Past the cooldown of those who were told; for the other the first is still on its way.
        fire(&alerts, Error, "b").await;
        pass(MINUTE).await;
        assert_eq!((to("kim"), to("lee")), (2, 0));
        mail.answer_target("lee", Outcome::delivered());
        pass(HOUR).await;
        assert_eq!((to("kim"), to("lee")), (2, 1));
    })
    .await;
}
