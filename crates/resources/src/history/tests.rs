use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

fn point(cpu: f64, disk: Option<f64>) -> HistoryPoint {
    HistoryPoint {
        timestamp: Timestamp::UNIX_EPOCH,
        cpu_percent: cpu,
        memory_percent: cpu / 2.0,
        disk_percent: disk,
    }
}

fn start() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "any instant to count from")]
    Instant::now()
}

#[test]
fn figures_of_a_window() {
    let origin = start();
    let at = |n: u32| origin + Duration::from_secs(u64::from(n));
    let mut history = History::new(100);
    assert_eq!(history.statistics(Duration::MAX, at(0)), None);
    for n in 1..=20 {
        history.push(at(n), point(f64::from(n), (n > 15).then_some(50.0)));
    }
    let all = history.statistics(Duration::MAX, at(20)).unwrap();
    assert_eq!((all.samples, all.span), (20, Duration::from_secs(19)));
    assert_eq!(
        all.cpu,
        Summary {
            min: 1.0,
            max: 20.0,
            avg: 10.5,
            p95: 19.0
        }
    );
    assert_eq!(
        all.memory,
        Summary {
            min: 0.5,
            max: 10.0,
            avg: 5.25,
            p95: 9.5
        }
    );
    assert_eq!(
        all.disk,
        Some(Summary {
            min: 50.0,
            max: 50.0,
            avg: 50.0,
            p95: 50.0
        })
    );

    let last = history.statistics(Duration::from_secs(9), at(20)).unwrap();
    assert_eq!(
        (last.samples, last.cpu.min),
        (10, 11.0),
        "the edge of the window is inside"
    );
    let none = history.statistics(Duration::from_secs(1), at(22));
    assert_eq!(none, None, "everything is older");
    let early = history.statistics(Duration::from_secs(9), at(5)).unwrap();
    assert_eq!(
        early.samples, 20,
        "a clock reading from before the samples makes them young, not old"
    );
}

#[test]
fn the_ring_keeps_the_last() {
    let origin = start();
    let mut history = History::new(3);
    for n in 0..10 {
        history.push(origin + Duration::from_secs(n), point(n as f64, None));
    }
    let kept: Vec<f64> = history
        .points(Duration::MAX, origin + Duration::from_secs(10))
        .iter()
        .map(|p| p.cpu_percent)
        .collect();
    assert_eq!(kept, [7.0, 8.0, 9.0]);
    assert_eq!(
        history.ring.capacity(),
        History::new(3).ring.capacity(),
        "it does not grow"
    );
}

proptest! {
    #[test]
    fn a_percentile_has_enough_values_at_or_below(mut values in prop::collection::vec(0.0f64..100.0, 1..200)) {
        let summary = Summary::of(&mut values).unwrap();
        let at_or_below = |limit: f64| values.iter().filter(|v| **v <= limit).count();
        let needed = (0.95 * values.len() as f64 - 1e-9).ceil() as usize;
        prop_assert!(at_or_below(summary.p95) >= needed);
        let smaller = values.iter().copied().filter(|v| *v < summary.p95).fold(f64::MIN, f64::max);
        prop_assert!(at_or_below(smaller) < needed, "the smallest such value");
        prop_assert!(summary.min <= summary.avg && summary.avg <= summary.max);
        prop_assert!(values.contains(&summary.p95));
    }
}
