//! Whatever comes, in any order: each alert ends somewhere.

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

#[expect(clippy::disallowed_methods, reason = "a test at the present time")]
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
