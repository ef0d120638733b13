use super::*;

fn at(seconds: i64) -> Now {
    Now {
        tick: Tick(seconds * 1_000),
        wall: jiff::Timestamp::from_second(1_700_000_000 + seconds).unwrap(),
    }
}

fn one() -> Policy {
    Policy::new(PolicyConfig::default(), vec![ChannelSpec::new("a", 1)])
}

fn verdict(policy: &mut Policy, seconds: i64, alert: &Alert, status: AlertStatus) -> Verdict {
    let decision = policy.decide(at(seconds), alert, status);
    decision.routes[0].verdict.clone()
}

#[test]
fn reserved_confirmed_released() {
    let mut policy = one();
    let alert = Alert::new(AlertLevel::Error, "t", "m", "s");
    let key = alert.dedup_key();
    assert!(verdict(&mut policy, 0, &alert, AlertStatus::Firing).is_deliver());
    // On its way for longer than the cooldown: still quiet.
    assert_eq!(
        verdict(&mut policy, 5_000, &alert, AlertStatus::Firing),
        Verdict::Suppress(Suppressed::Cooldown)
    );
    policy.delivered(at(5_000).tick, &key, 0);
    assert_eq!(
        verdict(&mut policy, 5_899, &alert, AlertStatus::Firing),
        Verdict::Suppress(Suppressed::Cooldown)
    );
    assert_eq!(
        verdict(&mut policy, 5_900, &alert, AlertStatus::Firing),
        Verdict::Deliver {
            why: Pass::CooldownOver,
            suppressed: 2,
            cooldown: Duration::from_secs(900)
        }
    );
    policy.dead(&key, 0);
    assert!(verdict(&mut policy, 5_901, &alert, AlertStatus::Firing).is_deliver());
}
