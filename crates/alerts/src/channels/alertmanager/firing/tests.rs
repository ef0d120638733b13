use super::*;

const TIMES: Times = Times {
    ttl: Duration::from_secs(300),
    hold: Duration::from_secs(3_600),
    refreshing: true,
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn stored(key: &str, severity: &str, status: AlertStatus, starts: i64) -> Stored {
    Stored {
        key: key.to_owned(),
        status,
        labels: [("alertname", key), ("severity", severity)]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into(),
        annotations: BTreeMap::new(),
        starts_at: at(starts),
    }
}

fn ends(wires: &[Wire]) -> Vec<(String, i64)> {
    wires
        .iter()
        .map(|wire| (wire.labels["severity"].clone(), wire.ends_at.as_second()))
        .collect()
}

fn want(list: &[(&str, i64)]) -> Vec<(String, i64)> {
    list.iter().map(|(s, at)| ((*s).to_owned(), *at)).collect()
}

/// A whole round.
fn refresh(firing: &mut Firing, now: Timestamp, times: Times) -> Vec<Wire> {
    let (mut posts, mut last) = firing.refresh(None, now, times);
    while let Some(key) = last {
        let more;
        (more, last) = firing.refresh(Some(&key), now, times);
        posts.extend(more);
    }
    posts
}

#[test]
fn fires_refreshes_resolves_and_forgets() {
    let mut firing = Firing::default();
    let posts = firing.accept(
        stored("cpu", "warning", AlertStatus::Firing, 0),
        at(0),
        TIMES,
    );
    assert_eq!(ends(&posts), want(&[("warning", 300)]));
    assert_eq!(
        ends(&refresh(&mut firing, at(60), TIMES)),
        want(&[("warning", 360)])
    );
    let posts = firing.accept(
        stored("cpu", "info", AlertStatus::Resolved, 90),
        at(90),
        TIMES,
    );
    assert_eq!(
        ends(&posts),
        want(&[("warning", 90)]),
        "under the labels it fired with"
    );
    assert_eq!(
        ends(&refresh(&mut firing, at(120), TIMES)),
        want(&[("warning", 90)])
    );
    assert_eq!(
        ends(&refresh(&mut firing, at(389), TIMES)),
        want(&[("warning", 90)])
    );
    assert_eq!(ends(&refresh(&mut firing, at(390), TIMES)), want(&[]));
    assert_eq!(firing.len(), 0);
}

#[test]
fn a_rise_in_level_ends_the_milder_one() {
    let mut firing = Firing::default();
    firing.accept(
        stored("cpu", "warning", AlertStatus::Firing, 0),
        at(0),
        TIMES,
    );
    let posts = firing.accept(
        stored("cpu", "critical", AlertStatus::Firing, 10),
        at(10),
        TIMES,
    );
    assert_eq!(ends(&posts), want(&[("warning", 10), ("critical", 310)]));
    let posts = firing.accept(
        stored("cpu", "critical", AlertStatus::Resolved, 20),
        at(20),
        TIMES,
    );
    assert_eq!(ends(&posts), want(&[("critical", 20)]));
}

#[test]
fn a_late_retry_does_not_bring_a_resolved_alert_back() {
    let mut firing = Firing::default();
    firing.accept(
        stored("cpu", "warning", AlertStatus::Firing, 0),
        at(0),
        TIMES,
    );
    firing.accept(
        stored("cpu", "warning", AlertStatus::Resolved, 5),
        at(5),
        TIMES,
    );
    assert!(
        firing
            .accept(
                stored("cpu", "warning", AlertStatus::Firing, 0),
                at(8),
                TIMES
            )
            .is_empty()
    );
    let again = firing.accept(
        stored("cpu", "warning", AlertStatus::Firing, 9),
        at(9),
        TIMES,
    );
    assert_eq!(ends(&again), want(&[("warning", 309)]));
    assert_eq!(again[0].starts_at, at(9));
}

#[test]
fn nobody_refreshes_or_nobody_resolves() {
    let mut firing = Firing::default();
    let alone = Times {
        refreshing: false,
        ..TIMES
    };
    let posts = firing.accept(stored("a", "error", AlertStatus::Firing, 0), at(0), alone);
    assert_eq!(ends(&posts), want(&[("error", 3_600)]));
    assert_eq!(
        ends(&refresh(&mut firing, at(3_500), TIMES)),
        want(&[("error", 3_600)])
    );
    assert!(refresh(&mut firing, at(3_600), TIMES).is_empty());
    let unknown = firing.accept(stored("b", "info", AlertStatus::Resolved, 0), at(7), TIMES);
    assert_eq!(ends(&unknown), want(&[("info", 7)]));
}

#[test]
fn past_the_bound_an_alert_is_sent_once_and_counted() {
    let mut firing = Firing::default();
    for i in 0..=MOST {
        let posts = firing.accept(
            stored(&i.to_string(), "info", AlertStatus::Firing, 0),
            at(0),
            TIMES,
        );
        assert_eq!(
            ends(&posts),
            want(&[("info", if i < MOST { 300 } else { 3_600 })])
        );
    }
    assert_eq!((firing.len(), firing.not_repeated()), (MOST, 1));
}

#[test]
fn a_round_is_made_a_part_at_a_time() {
    let mut firing = Firing::default();
    for i in 0..2 * KEYS {
        let alert = stored(&format!("{i:04}"), "info", AlertStatus::Firing, 0);
        firing.accept(alert, at(0), TIMES);
    }
    let (first, last) = firing.refresh(None, at(60), TIMES);
    assert_eq!((first.len(), last.as_deref()), (KEYS, Some("0499")));
    // What fires or ends between two parts changes nothing for the others.
    firing.accept(
        stored("0001", "error", AlertStatus::Firing, 61),
        at(61),
        TIMES,
    );
    let (second, last) = firing.refresh(last.as_deref(), at(62), TIMES);
    assert_eq!((second.len(), last.as_deref()), (KEYS, Some("0999")));
    assert_eq!(
        firing.refresh(last.as_deref(), at(62), TIMES),
        (vec![], None)
    );
    assert_eq!(refresh(&mut firing, at(63), TIMES).len(), 2 * KEYS + 1);
    assert!(refresh(&mut firing, at(4_000), TIMES).is_empty());
    assert_eq!(firing.len(), 0);
}
