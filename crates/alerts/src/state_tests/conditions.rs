//! What a watcher says is so, and what would become of an alert.

use super::*;

#[tokio::test(start_paused = true)]
async fn conditions_are_handed_over_as_a_set() {
    let chat = ScriptedChannel::new("chat");
    with(manager(&[&chat]), |alerts| async move {
        let disks = alerts.conditions("disks");
        let full = |level| templates::resource("disk", level, 90.0, 85.0);
        let holding = Holding::new()
            .holds(full(Warning))
            .holds(alert(Error, "raid"));
        assert_eq!(disks.sync(holding.clone()).await.unwrap().sent, 2);
        for _ in 0..100 {
            assert_eq!(disks.sync(holding.clone()).await.unwrap().sent, 0);
            pass(MINUTE).await;
        }
        // Somebody else's conditions and alerts are theirs.
        fire(&alerts, Error, "mine").await;
        alerts
            .conditions("links")
            .sync(Holding::new())
            .await
            .unwrap();
        assert_eq!(alerts.active().len(), 3);
        // A rise, an end in words of its own, and one that nobody is sure of.
        let rise = Holding::new().holds(full(Critical)).unsure("raid");
        assert_eq!(disks.sync(rise).await.unwrap().sent, 1);
        let over = Holding::new()
            .unsure("raid")
            .over(templates::resource_resolved("disk", 20.0, 85.0));
        assert_eq!(disks.sync(over).await.unwrap().resolved, 1);
        assert_eq!(disks.sync(Holding::new()).await.unwrap().resolved, 1);
        assert_eq!(alerts.active().len(), 1);
        pass(MINUTE).await;
        let told = told(&chat);
        assert_eq!(told.len(), 6, "{told:?}");
        assert!(told.contains(&"resolved info DISK Usage Back to Normal".to_owned()));
        assert!(told.contains(&"resolved error raid".to_owned()));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn explaining_leaves_nothing_behind() {
    let (chat, phone) = (ScriptedChannel::new("chat"), ScriptedChannel::new("phone"));
    with(paged(&chat, &phone), |alerts| async move {
        let critical = alert(Critical, "disk");
        for _ in 0..3 {
            let explained = alerts.explain(&critical);
            assert_eq!(explained.channels[0].channel, "chat");
            assert_eq!(explained.channels[0].rule.as_deref(), Some("pager"));
            let What::Deliver { why, .. } = &explained.channels[0].what else {
                panic!("{explained:?}");
            };
            assert_eq!(*why, Pass::First);
            assert_eq!(
                explained.escalations,
                [(15 * MINUTE, vec!["phone".to_owned()])]
            );
            assert_eq!(explained.cooldown, Some(15 * MINUTE));
        }
        assert_eq!(alerts.get_statistics().keys, 0);
        let receipt = alerts.send_alert(critical.clone()).await.unwrap();
        assert_eq!(receipt.deliveries(), 1);
        let explained = alerts.explain(&critical);
        let reason = Suppressed::Cooldown;
        assert_eq!(explained.channels[0].what, What::Suppress(reason));
        silence(&alerts, Matcher::new(), HOUR).await;
        let explained = alerts.explain(&critical);
        assert_eq!(explained.held, Some(Suppressed::Silence));
        assert_eq!(explained.held_until, Some(start() + HOUR));
        alerts.acknowledge("disk", "kim").await.unwrap();
        pass(2 * HOUR).await;
        let explained = alerts.explain(&critical);
        let reason = Suppressed::Acknowledged;
        assert_eq!(explained.channels[0].what, What::Suppress(reason));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_two_watchers_hold_is_as_bad_as_the_worse_says_and_over_when_neither_does() {
    let chat = ScriptedChannel::new("chat");
    with(manager(&[&chat]), |alerts| async move {
        let (health, rules) = (alerts.conditions("health"), alerts.conditions("rules"));
        let holds = |level| Holding::new().holds(alert(level, "db"));
        health.sync(holds(Error)).await.unwrap();
        rules.sync(holds(Warning)).await.unwrap();
        // However often each says what it did.
        for _ in 0..10 {
            assert_eq!(health.sync(holds(Error)).await.unwrap().sent, 0);
            assert_eq!(rules.sync(holds(Warning)).await.unwrap().sent, 0);
            pass(MINUTE).await;
        }
        assert_eq!(told(&chat), ["firing error db"]);
        let db = alerts.active().pop().unwrap();
        assert_eq!(db.alert.metadata["watchers"], "health, rules");
        // One rises, and falls again: the other holds it where it is.
        rules.sync(holds(Critical)).await.unwrap();
        health.sync(holds(Error)).await.unwrap();
        rules.sync(holds(Info)).await.unwrap();
        pass(MINUTE).await;
        let levels = ["firing error db", "firing critical db", "firing error db"];
        assert_eq!(told(&chat), levels);
        // It is over for one; for the other it is not, when it looks again.
        let left = health.sync(Holding::new()).await.unwrap();
        assert_eq!((left.sent, left.resolved), (0, 0));
        assert_eq!(rules.sync(holds(Info)).await.unwrap().sent, 1);
        let db = alerts.active().pop().unwrap();
        assert!(!db.alert.metadata.contains_key("watchers"));
        pass(MINUTE).await;
        assert_eq!(rules.sync(Holding::new()).await.unwrap().resolved, 1);
        pass(MINUTE).await;
        assert_eq!(told(&chat)[3..], ["firing info db", "resolved info db"]);
        assert!(alerts.active().is_empty());
        // It is over for both, and one sees it first: it is told once, whoever that is.
        for (first, name) in [(&health, "one"), (&rules, "two")] {
            let before = told(&chat).len();
            let holds = |level| Holding::new().holds(alert(level, name));
            health.sync(holds(Error)).await.unwrap();
            rules.sync(holds(Warning)).await.unwrap();
            first.sync(Holding::new()).await.unwrap();
            for each in [&health, &rules] {
                each.sync(Holding::new()).await.unwrap();
            }
            assert!(alerts.active().is_empty());
            pass(HOUR).await;
            let all = [
                format!("firing error {name}"),
                format!("resolved error {name}"),
            ];
            assert_eq!(told(&chat)[before..], all);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_held_of_an_event_is_named_in_it_and_not_told_again() {
    let chat = ScriptedChannel::new("chat");
    with(manager(&[&chat]), |alerts| async move {
        let rules = alerts.conditions("rules");
        let holds = |level| Holding::new().holds(alert(level, "panic"));
        alerts
            .send_alert(alert(Error, "panic").event())
            .await
            .unwrap();
        for _ in 0..3 {
            assert_eq!(rules.sync(holds(Warning)).await.unwrap().sent, 0);
            pass(MINUTE).await;
        }
        let panic = alerts.active().pop().unwrap();
        let names = panic.alert.metadata["watchers"].as_str().unwrap();
        assert!(names.ends_with(", rules"), "{names}");
        assert_eq!(rules.sync(Holding::new()).await.unwrap().resolved, 0);
        assert_eq!(told(&chat), ["firing error panic"]);
        // It says worse than the event did.
        assert_eq!(rules.sync(holds(Critical)).await.unwrap().sent, 1);
        pass(MINUTE).await;
        assert_eq!(told(&chat)[1..], ["firing critical panic"]);
    })
    .await;
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_watcher_that_has_not_spoken_since_the_restart_still_holds_what_it_did() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.db");
    for run in 0..2 {
        let chat = ScriptedChannel::new("chat");
        let store = crate::store::SqliteStore::open(&path).unwrap();
        let builder = manager(&[&chat]).store(store).drain(Duration::ZERO);
        with(builder, |alerts| async move {
            let (health, rules) = (alerts.conditions("health"), alerts.conditions("rules"));
            let holds = |level| Holding::new().holds(alert(level, "db"));
            if run == 0 {
                assert_eq!(health.sync(holds(Critical)).await.unwrap().sent, 1);
                return;
            }
            assert_eq!(rules.sync(holds(Warning)).await.unwrap().sent, 0);
            assert_eq!(alerts.active()[0].alert.level, Critical);
            // Now it has: what it does not say is over.
            health.sync(Holding::new()).await.unwrap();
            rules.sync(holds(Warning)).await.unwrap();
            assert_eq!(alerts.active()[0].alert.level, Warning);
        })
        .await;
    }
}
