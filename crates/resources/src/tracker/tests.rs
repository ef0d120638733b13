use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

fn start() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "any instant to count from")]
    Instant::now()
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// Feeds `(second, value)` pairs and gives `(second, level)` of every step that is not quiet.
fn run(limits: &Threshold, repeat: Option<Duration>, values: &[(u64, f64)]) -> Vec<(u64, Level)> {
    let origin = start();
    let mut tracker = Tracker::default();
    let mut said = Vec::new();
    for &(second, value) in values {
        if tracker.feed(limits, repeat, value, origin + seconds(second)) != Step::Quiet {
            said.push((second, tracker.level()));
        }
    }
    said
}

use Level::{Critical, Normal, Warning};

#[test]
fn without_timers_the_value_is_the_level() {
    let limits = Threshold::new(70.0, 90.0);
    let values = [
        (0, 69.9),
        (1, 70.0),
        (2, 89.9),
        (3, 90.0),
        (4, 100.0),
        (5, 89.9),
        (6, 69.9),
        (7, 95.0),
    ];
    let expected = [
        (1, Warning),
        (3, Critical),
        (5, Warning),
        (6, Normal),
        (7, Critical),
    ];
    assert_eq!(run(&limits, None, &values), expected);
}

#[test]
fn a_level_has_to_hold_before_it_fires() {
    let limits = Threshold::new(70.0, 90.0).hold(seconds(120));
    let interrupted: Vec<_> = (0..60)
        .map(|n| (n * 10, if n % 12 == 11 { 60.0 } else { 80.0 }))
        .collect();
    assert_eq!(
        run(&limits, None, &interrupted),
        [],
        "a dip starts the time over"
    );
    let steady: Vec<_> = (0..20).map(|n| (n * 10, 80.0)).collect();
    assert_eq!(run(&limits, None, &steady), [(120, Warning)]);
}

#[test]
fn critical_counts_its_own_time() {
    let limits = Threshold::new(70.0, 90.0)
        .hold(seconds(120))
        .critical_hold(seconds(20));
    let values: Vec<_> = (0..20).map(|n| (n * 10, 95.0)).collect();
    assert_eq!(run(&limits, None, &values), [(20, Critical)]);
    // warning's time runs while the value is critical, and the other way round it does not
    let limits = Threshold::new(70.0, 90.0).hold(seconds(60));
    let values: Vec<_> = (0..20)
        .map(|n| (n * 10, if n < 6 { 80.0 } else { 95.0 }))
        .collect();
    assert_eq!(
        run(&limits, None, &values),
        [(60, Warning), (120, Critical)]
    );
}

#[test]
fn inside_the_margin_nothing_clears() {
    let limits = Threshold::new(70.0, 90.0).margin(10.0);
    let values = [
        (0, 75.0),
        (1, 69.0),
        (2, 60.0),
        (3, 59.9),
        (4, 69.9),
        (5, 70.0),
    ];
    assert_eq!(
        run(&limits, None, &values),
        [(0, Warning), (3, Normal), (5, Warning)]
    );
    // and critical falls to warning only below its own margin
    let values = [(0, 95.0), (1, 80.0), (2, 79.9), (3, 60.0), (4, 59.0)];
    assert_eq!(
        run(&limits, None, &values),
        [(0, Critical), (2, Warning), (4, Normal)]
    );
}

#[test]
fn keep_is_counted_from_the_last_high_value() {
    let limits = Threshold::new(70.0, 90.0).keep(seconds(300));
    let values = [
        (0, 80.0),
        (10, 50.0),
        (300, 50.0),
        (305, 72.0),
        (310, 50.0),
        (609, 50.0),
        (610, 50.0),
    ];
    assert_eq!(run(&limits, None, &values), [(0, Warning), (610, Normal)]);
    // one fall from critical to normal is one event
    let values = [(0, 95.0), (10, 50.0), (309, 50.0), (310, 50.0)];
    assert_eq!(run(&limits, None, &values), [(0, Critical), (310, Normal)]);
}

#[test]
fn repeat_says_a_lasting_level_again() {
    let limits = Threshold::new(70.0, 90.0);
    let values: Vec<_> = (0..=100)
        .map(|n| (n, if n < 80 { 75.0 } else { 5.0 }))
        .collect();
    let expected = [(0, Warning), (30, Warning), (60, Warning), (80, Normal)];
    assert_eq!(run(&limits, Some(seconds(30)), &values), expected);
}

#[test]
fn a_value_that_is_no_number_changes_nothing() {
    let limits = Threshold::new(70.0, 90.0);
    assert_eq!(
        run(
            &limits,
            None,
            &[(0, 75.0), (1, f64::NAN), (2, f64::INFINITY), (3, 75.0)]
        ),
        [(0, Warning)]
    );
}

/// A day of samples every 10 s: load that swings over the threshold with noise, plus one
/// incident of 40 minutes at 99 %. Small steps of a fixed generator, so that it is the
/// same day every time.
fn day(seed: u64) -> Vec<(u64, f64)> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut noise = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1u32 << 31) - 0.5
    };
    (0..8640)
        .map(|n| {
            let second = n * 10;
            let incident = (36_000..38_400).contains(&second);
            let busy = (28_800..72_000).contains(&second);
            let level = if incident {
                99.0
            } else if busy {
                66.0
            } else {
                30.0
            };
            // a spike of one or two samples now and then, as compilers and backups make them
            let spike = if !incident && noise() > 0.47 {
                30.0
            } else {
                0.0
            };
            (second, (level + noise() * 16.0 + spike).clamp(0.0, 100.0))
        })
        .collect()
}

#[test]
fn one_day_with_one_incident_makes_few_events() {
    let full = crate::ResourceThresholds::default().cpu;
    let edges = Threshold::new(70.0, 90.0);
    let held = Threshold::new(70.0, 90.0).hold(seconds(60));
    for seed in 0..20 {
        let day = day(seed);
        let over = day.iter().filter(|(_, v)| *v >= 70.0).count();
        let events = run(&full, None, &day);
        assert!((1..=5).contains(&events.len()), "{seed}: {events:?}");
        assert!(
            events.iter().any(|e| e.1 == Critical),
            "{seed}: the incident is critical: {events:?}"
        );
        let noticed = events.iter().find(|e| e.1 == Critical).unwrap().0;
        assert!(
            (36_060..36_200).contains(&noticed),
            "{seed}: within the hold time: {noticed}"
        );
        assert_eq!(events.last().unwrap().1, Normal, "{seed}: it ends");
        // what each part of the rule is for
        assert!(over > 800, "{seed}: an event a sample would be {over}");
        let edges = run(&edges, None, &day).len();
        assert!(edges > 400, "{seed}: edges alone {edges}");
        assert!(run(&held, None, &day).len() < edges / 10, "{seed}");
    }
}

/// The rule once more, from all the values so far instead of from timers.
fn model(limits: &Threshold, past: &[(u64, f64)], previous: Level) -> Level {
    let now = past.last().unwrap().0;
    // for how long the condition has held without a break, up to now
    let lasted = |holds: &dyn Fn(f64) -> bool, span: Duration| {
        let unbroken = past.iter().rev().take_while(|(_, v)| holds(*v));
        unbroken
            .last()
            .is_some_and(|(since, _)| seconds(now - since) >= span)
    };
    let over = |limit: f64, span: Duration| lasted(&|v| v >= limit, span);
    let below = |limit: f64| lasted(&|v| v < limit - limits.margin, limits.keep);
    let critical = if previous == Critical {
        !below(limits.critical)
    } else {
        over(limits.critical, limits.critical_hold)
    };
    let warning = if previous == Normal {
        over(limits.warning, limits.hold)
    } else {
        !below(limits.warning)
    };
    if critical {
        Critical
    } else if warning {
        Warning
    } else {
        Normal
    }
}

proptest! {
    #[test]
    fn timers_agree_with_the_whole_history(
        values in prop::collection::vec((1u64..40, 0u32..101), 1..120),
        hold in 0u64..60, critical_hold in 0u64..60, margin in 0u32..20, keep in 0u64..60,
    ) {
        let limits = Threshold::new(70.0, 90.0)
            .hold(seconds(hold))
            .critical_hold(seconds(critical_hold))
            .margin(f64::from(margin))
            .keep(seconds(keep));
        let origin = start();
        let mut tracker = Tracker::default();
        let mut past = Vec::new();
        let mut at = 0;
        let mut previous = Normal;
        for (step, value) in values {
            at += step;
            past.push((at, f64::from(value)));
            let told = tracker.feed(&limits, None, f64::from(value), origin + seconds(at));
            let expected = model(&limits, &past, previous);
            prop_assert_eq!(tracker.level(), expected);
            let changed = if expected == previous { Step::Quiet } else { Step::Changed { previous } };
            prop_assert_eq!(told, changed);
            previous = expected;
        }
    }
}
