//! What a run finds of the one before it.

use super::*;

#[tokio::test]
async fn what_was_accepted_is_delivered_by_the_next_run() {
    let folder = folder();
    let chat = ScriptedChannel::new("chat").targets(["a", "b"]);
    let key = alert(AlertLevel::Error, "t").dedup_key();
    {
        let (alerts, _dispatcher) = manager(&folder).channel(chat.clone()).build().unwrap();
        alerts
            .send_alert(alert(AlertLevel::Error, "t"))
            .await
            .unwrap();
        alerts
            .send_alert(alert(AlertLevel::Error, "t"))
            .await
            .unwrap();
    }
    assert!(chat.attempts().is_empty());
    with(
        manager(&folder).channel(chat.clone()),
        |alerts| async move {
            assert!(chat.wait_for(2, LONG).await);
            // The cooldown and the firing state outlive the restart.
            let again = alerts
                .send_alert(alert(AlertLevel::Error, "t"))
                .await
                .unwrap();
            assert_eq!(again.deliveries(), 0);
            assert_eq!(alerts.active().len(), 1);
            alerts.resolve(&key).await.unwrap();
            assert!(chat.wait_for(4, LONG).await);
            assert_eq!(chat.received()[2].suppressed, 2);
        },
    )
    .await;
}

#[tokio::test]
async fn a_retry_after_a_restart_sends_the_same_bytes() {
    let folder = folder();
    let chat = ScriptedChannel::new("chat").step(Step::Answer(Outcome::transient("503")));
    {
        let chat = chat.clone();
        with(
            manager(&folder)
                .channel(chat.clone())
                .drain(Duration::ZERO)
                .retry(crate::RetryConfig {
                    base: Duration::from_secs(60),
                    ..crate::RetryConfig::default()
                }),
            |alerts| async move {
                alerts
                    .send_alert(alert(AlertLevel::Error, "t"))
                    .await
                    .unwrap();
                assert!(chat.wait_for_attempts(1, LONG).await);
            },
        )
        .await;
    }
    with(
        // A longest wait of nothing brings the retry forward.
        manager(&folder)
            .channel(chat.clone())
            .retry(crate::RetryConfig {
                base: Duration::from_millis(1),
                cap: Duration::from_millis(1),
                ..crate::RetryConfig::default()
            }),
        |_| async {
            assert!(chat.wait_for(1, LONG).await);
        },
    )
    .await;
    let attempts = chat.attempts();
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0].delivery_id, attempts[1].delivery_id);
    assert_eq!(attempts[0].body, attempts[1].body);
    assert_eq!(attempts[1].attempt, 2);
}

#[tokio::test]
async fn an_open_digest_outlives_a_restart() {
    let folder = folder();
    let chat = ScriptedChannel::new("chat");
    let rule = |every| {
        AlertRule::new("r")
            .channel("chat")
            .digest_every(Duration::from_millis(every))
    };
    {
        let (alerts, _dispatcher) = manager(&folder)
            .channel(chat.clone())
            .rule(rule(1_000))
            .build()
            .unwrap();
        for title in ["a", "b", "c"] {
            alerts
                .send_alert(alert(AlertLevel::Warning, title))
                .await
                .unwrap();
        }
    }
    let builder = manager(&folder).channel(chat.clone()).rule(rule(1_000));
    with(builder, |_| async {
        assert!(chat.wait_for(1, LONG).await);
        let received = chat.received();
        assert_eq!((received[0].lines, received[0].counted), (3, 3));
    })
    .await;
}

/// What an open digest only counts is not read again, however much of it there is.
#[tokio::test]
async fn a_digest_that_outlives_a_restart_reads_no_more_than_its_lines() {
    let folder = folder();
    let chat = ScriptedChannel::new("chat");
    let gathering = || {
        let rule = AlertRule::new("r").channel("chat");
        let rule = rule.digest_every(Duration::from_secs(1));
        manager(&folder).channel(chat.clone()).rule(rule)
    };
    {
        let (alerts, _dispatcher) = gathering().build().unwrap();
        for n in 0..150 {
            let warning = alert(AlertLevel::Warning, &format!("t{n}"));
            alerts.send_alert(warning).await.unwrap();
        }
    }
    let torn = Connection::open(folder.path().join("alerts.db"))
        .unwrap()
        .execute(
            "UPDATE alerts SET alert = 'torn'
             WHERE id IN (SELECT id FROM alerts ORDER BY id DESC LIMIT 50)",
            [],
        );
    assert_eq!(torn, Ok(50));
    with(gathering(), |_| async {
        assert!(chat.wait_for(1, LONG).await);
        let received = chat.received();
        assert_eq!(received[0].lines, 100);
        assert_eq!(received[0].title, "150 alerts from svc");
    })
    .await;
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test at the present time")]
async fn silences_and_acknowledgments_outlive_a_restart() {
    let folder = folder();
    let chat = ScriptedChannel::new("chat");
    let until = jiff::Timestamp::now() + Duration::from_secs(600);
    {
        let (alerts, _dispatcher) = manager(&folder).channel(chat.clone()).build().unwrap();
        let matcher = crate::Matcher::new().source("src").tag("quiet");
        let silence = crate::Silence::new(matcher, until, "kim").comment("known");
        alerts.silence(silence).await.unwrap();
        alerts
            .send_alert(alert(AlertLevel::Error, "t").key("k"))
            .await
            .unwrap();
        alerts.acknowledge("k", "lee").await.unwrap();
    }
    let (alerts, _dispatcher) = manager(&folder).channel(chat.clone()).build().unwrap();
    assert_eq!(alerts.silences()[0].comment, "known");
    assert_eq!(alerts.active()[0].acknowledged_by.as_deref(), Some("lee"));
    let held = alerts
        .send_alert(alert(AlertLevel::Critical, "x").tag("quiet"))
        .await
        .unwrap();
    assert_eq!(held.deliveries(), 0);
    let id = alerts.silences()[0].id.clone();
    assert!(alerts.unsilence(&id).await.unwrap());
    assert!(alerts.silences().is_empty());
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test at the present time")]
async fn a_clock_set_wrong_between_runs_loses_nothing_and_hushes_nothing_for_long() {
    const YEAR: i64 = 31_556_952;
    for (first, second) in [(10 * YEAR, 0), (0, 10 * YEAR), (0, -10 * YEAR)] {
        let folder = folder();
        let chat = ScriptedChannel::new("chat");
        let at = |shift: i64| {
            move || {
                let now = jiff::Timestamp::now().as_second();
                jiff::Timestamp::from_second(now + shift).unwrap()
            }
        };
        let rule = || {
            AlertRule::new("r")
                .channel("chat")
                .cooldown(Duration::from_secs(2))
        };
        {
            let (alerts, _dispatcher) = manager(&folder)
                .channel(chat.clone())
                .rule(rule())
                .wall_clock(at(first))
                .build()
                .unwrap();
            alerts
                .send_alert(alert(AlertLevel::Error, "t"))
                .await
                .unwrap();
        }
        let builder = manager(&folder)
            .channel(chat.clone())
            .rule(rule())
            .wall_clock(at(second));
        with(builder, |alerts| async move {
            assert!(chat.wait_for(1, LONG).await);
            let mut tries = 0;
            while chat.received().len() < 2 {
                assert!(tries < 300, "the cooldown never ended");
                tries += 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
                alerts
                    .send_alert(alert(AlertLevel::Error, "t"))
                    .await
                    .unwrap();
            }
        })
        .await;
    }
}

/// What is held back is counted in the order in which it came, whatever the wall clock said.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test at the present time")]
async fn what_was_held_back_is_counted_after_a_clock_was_set_back() {
    const YEAR: i64 = 31_556_952;
    let folder = folder();
    let chat = ScriptedChannel::new("chat");
    let run = |shift: i64| {
        manager(&folder).channel(chat.clone()).wall_clock(move || {
            let now = jiff::Timestamp::now().as_second();
            jiff::Timestamp::from_second(now + shift).unwrap()
        })
    };
    with(run(0), |alerts| {
        let chat = chat.clone();
        async move {
            alerts
                .send_alert(alert(AlertLevel::Error, "t"))
                .await
                .unwrap();
            assert!(chat.wait_for(1, LONG).await);
        }
    })
    .await;
    with(run(-YEAR), |alerts| async move {
        for _ in 0..20 {
            let receipt = alerts.send_alert(alert(AlertLevel::Error, "t")).await;
            assert_eq!(receipt.unwrap().deliveries(), 0);
        }
    })
    .await;
    with(run(-YEAR), |alerts| {
        let chat = chat.clone();
        async move {
            let key = alert(AlertLevel::Error, "t").dedup_key();
            alerts.resolve(&key).await.unwrap();
            assert!(chat.wait_for(2, LONG).await);
            assert_eq!(chat.received()[1].suppressed, 20);
        }
    })
    .await;
}

#[test]
fn whoever_has_a_digest_that_is_not_over_is_known_to_the_next_run() {
    use AlertStatus::{Digest, Resolved};
    use DeliveryState::{Dead, Delivered, Pending, Suppressed};
    let told = |history: &[(AlertStatus, DeliveryState)]| {
        let folder = folder();
        let store = SqliteStore::open(folder.path().join("alerts.db")).unwrap();
        for (n, (status, state)) in (1..).zip(history) {
            let at = jiff::Timestamp::from_second(n).unwrap();
            let id = |random| Ulid::from_parts(n.unsigned_abs(), random);
            let accepted = Arc::new(Accepted {
                id: id(0),
                alert: alert(AlertLevel::Info, "Alert digest"),
                key: Arc::from(DIGEST_KEY),
                status: *status,
                at,
            });
            let delivery = Delivery {
                channel: Arc::from("pager"),
                target: Arc::from("kim"),
                ..samples::delivery(id(1), *state, at)
            };
            let changes = vec![Change::Accept {
                accepted,
                deliveries: vec![delivery],
            }];
            store.commit(changes, Box::new(|written| written.unwrap()));
        }
        store.close();
        let store = SqliteStore::open(folder.path().join("alerts.db")).unwrap();
        let told = store.recover().unwrap().told_digests;
        assert!(told.iter().all(|it| (&*it.0, &*it.1) == ("pager", "kim")));
        told.len()
    };
    assert_eq!(told(&[]), 0);
    assert_eq!(told(&[(Digest, Delivered)]), 1);
    assert_eq!(told(&[(Digest, Pending)]), 0, "it tells when it arrives");
    assert_eq!(told(&[(Digest, Dead)]), 0);
    assert_eq!(told(&[(Digest, Delivered), (Resolved, Pending)]), 0);
    assert_eq!(told(&[(Digest, Delivered), (Resolved, Delivered)]), 0);
    // The end was taken back: something else began.
    assert_eq!(told(&[(Digest, Delivered), (Resolved, Suppressed)]), 1);
    let again = [
        (Digest, Delivered),
        (Resolved, Delivered),
        (Digest, Delivered),
    ];
    assert_eq!(told(&again), 1);
}
