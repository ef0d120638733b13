use std::time::{Duration, Instant};

use super::*;
use crate::error::DiskError;
use crate::testing::{FakeDisks, FakeSource};
use crate::threshold::{Level, Resource, Threshold};

const TICK: Duration = Duration::from_millis(5);

/// Waits for a condition, generously.
#[expect(clippy::disallowed_methods, reason = "a test's deadline")]
fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "not within 30 s: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn fake() -> (FakeSource, FakeDisks, ResourceMonitorBuilder) {
    let (source, disks) = (FakeSource::new(), FakeDisks::new());
    disks.set_percent("/", 40.0);
    let builder = ResourceMonitor::builder()
        .interval(TICK)
        .source(source.clone())
        .disk_probe(disks.clone());
    (source, disks, builder)
}

#[test]
fn bad_settings_are_typed_errors() {
    type Change = fn(ResourceMonitorBuilder) -> ResourceMonitorBuilder;
    let check = |change: Change, expected: ResourceError| {
        let error = change(ResourceMonitor::builder())
            .build()
            .map(drop)
            .unwrap_err();
        assert_eq!(error, expected);
    };
    check(|b| b.interval(Duration::ZERO), ResourceError::ZeroInterval);
    check(
        |b| b.thresholds(ResourceThresholds::default().cpu_warning(90.0)),
        ResourceError::ThresholdsCross {
            resource: Resource::Cpu,
            warning: 90.0,
            critical: 90.0,
        },
    );
    check(
        |b| b.thresholds(ResourceThresholds::default().memory_critical(101.0)),
        ResourceError::NotAPercentage {
            resource: Resource::Memory,
            field: "critical",
            value: 101.0,
        },
    );
    check(
        |b| b.thresholds(ResourceThresholds::default().disk_warning(-1.0)),
        ResourceError::NotAPercentage {
            resource: Resource::Disk,
            field: "warning",
            value: -1.0,
        },
    );
    check(
        |b| b.thresholds(ResourceThresholds::default().cpu(Threshold::new(5.0, 90.0).margin(5.0))),
        ResourceError::MarginTooWide {
            resource: Resource::Cpu,
            margin: 5.0,
            warning: 5.0,
        },
    );
    check(
        |b| b.thresholds(ResourceThresholds::default().repeat(Some(Duration::ZERO))),
        ResourceError::ZeroRepeat,
    );
    check(
        |b| b.history(0),
        ResourceError::HistoryCapacity {
            capacity: 0,
            max: 1_000_000,
        },
    );
    check(
        |b| b.disk_path("/a").disk_path("/a"),
        ResourceError::DuplicateDisk { path: "/a".into() },
    );
    check(
        |b| (0..17).fold(b, |b, n| b.disk_path(format!("/{n}"))),
        ResourceError::TooManyDisks { count: 17, max: 16 },
    );
    check(
        |b| b.interval(Duration::ZERO).history(0),
        ResourceError::Several(vec![
            ResourceError::ZeroInterval,
            ResourceError::HistoryCapacity {
                capacity: 0,
                max: 1_000_000,
            },
        ]),
    );
    let nan = ResourceThresholds::default().cpu_warning(f64::NAN);
    assert!(matches!(
        ResourceMonitor::builder().thresholds(nan).build(),
        Err(ResourceError::NotAPercentage {
            field: "warning",
            ..
        })
    ));
}

#[test]
fn samples_statistics_and_restart() {
    let (source, _, builder) = fake();
    source.set_cpu_percent(50.0);
    let monitor = builder.history(4).build().unwrap();
    assert!(monitor.get_statistics(Duration::MAX).is_none());
    assert!(monitor.check_thresholds().is_empty());
    let guard = monitor.start();
    let again = monitor.start();
    drop(guard);
    let sample = eventually("a sample", || monitor.get_resources());
    assert_eq!((sample.cpu_percent, sample.memory_percent), (50.0, 50.0));
    assert_eq!(sample.disk_percent(), Some(40.0));
    assert!(again.is_running(), "the second guard keeps the run alive");
    eventually("a full history", || {
        (monitor.history(Duration::MAX).len() == 4).then_some(())
    });
    let statistics = monitor.get_statistics(Duration::from_secs(3600)).unwrap();
    assert_eq!(statistics.samples, 4);
    assert_eq!(
        (statistics.cpu.p95, statistics.disk.unwrap().max),
        (50.0, 40.0)
    );

    drop(again);
    eventually("the thread to end", || {
        (!monitor.stats().running).then_some(())
    });
    let _third = monitor.start();
    let samples = monitor.stats().samples_total;
    eventually("samples after a restart", || {
        (monitor.stats().samples_total > samples).then_some(())
    });
}

#[test]
fn transitions_reach_subscribers_once() {
    let (source, _, builder) = fake();
    let cpu = Threshold::new(70.0, 90.0);
    let monitor = builder
        .thresholds(ResourceThresholds::default().cpu(cpu))
        .build()
        .unwrap();
    let mut events = monitor.subscribe();
    let _guard = monitor.start();
    for (percent, level, previous) in [
        (95.0, Level::Critical, Level::Normal),
        (75.0, Level::Warning, Level::Critical),
        (5.0, Level::Normal, Level::Warning),
    ] {
        source.set_cpu_percent(percent);
        let event = eventually("an event", || events.try_recv().ok());
        assert_eq!(
            (event.resource, event.level, event.previous),
            (Resource::Cpu, level, previous)
        );
        assert_eq!(event.value, percent);
        let samples = monitor.stats().samples_total;
        eventually("further samples", || {
            (monitor.stats().samples_total > samples + 3).then_some(())
        });
        assert!(
            events.try_recv().is_err(),
            "a level that holds is said once"
        );
        let now: Vec<_> = monitor
            .check_thresholds()
            .into_iter()
            .map(|a| (a.level, a.firing))
            .collect();
        assert_eq!(
            now,
            if level == Level::Normal {
                vec![]
            } else {
                vec![(level, level)]
            }
        );
    }
    assert_eq!(monitor.stats().events_total, 3);
}

#[test]
fn a_hung_mount_takes_nothing_else_with_it() {
    let (source, disks, builder) = fake();
    disks.set_percent("/data", 60.0);
    let monitor = builder.disk_path("/data").disk_path("/").build().unwrap();
    let guard = monitor.start();
    eventually("a sample", || monitor.get_resources());

    disks.hang("/data");
    let fresh = |percent: f64| {
        source.set_cpu_percent(percent);
        eventually("fresh figures beside the hung mount", || {
            monitor
                .get_resources()
                .filter(|s| s.cpu_percent == percent && s.disks[0].stale)
        })
    };
    let sample = fresh(11.0);
    let hung = &sample.disks[0];
    assert_eq!(
        hung.figures.unwrap().percent(),
        60.0,
        "the last figure stays"
    );
    assert_eq!(hung.error, Some(DiskError::TimedOut));
    let other = &sample.disks[1];
    assert!(
        !other.stale && other.age.is_zero(),
        "the other mount is measured: {other:?}"
    );
    let later = fresh(12.0);
    assert!(later.disks[0].age > hung.age, "its age grows");
    assert!(monitor.stats().disk_timeouts_total >= 2);

    disks.set_percent("/data", 61.0);
    eventually("the mount's recovery", || {
        monitor
            .get_resources()
            .filter(|s| !s.disks[0].stale && s.disk_percent() == Some(61.0))
    });

    // stopping does not wait for a mount that hangs
    disks.hang("/data");
    fresh(13.0);
    drop(guard);
    eventually("the thread to end", || {
        (!monitor.stats().running).then_some(())
    });
    disks.set_percent("/data", 0.0);
}

#[test]
fn a_disk_that_hangs_from_the_start_or_fails() {
    let (_, disks, builder) = fake();
    disks.hang("/never");
    disks.set_error("/gone", DiskError::NotFound);
    let monitor = builder
        .disk_path("/never")
        .disk_path("/gone")
        .build()
        .unwrap();
    let _guard = monitor.start();
    let sample = eventually("a sample", || monitor.get_resources());
    assert_eq!(sample.disk_percent(), None);
    let errors: Vec<_> = sample
        .disks
        .iter()
        .map(|d| (d.figures, d.stale, d.error.clone()))
        .collect();
    assert_eq!(
        errors,
        [
            (None, true, Some(DiskError::TimedOut)),
            (None, true, Some(DiskError::NotFound))
        ]
    );
    assert!(
        monitor
            .get_statistics(Duration::MAX)
            .unwrap()
            .disk
            .is_none()
    );
    disks.set_percent("/never", 0.0);
}

#[test]
fn wrong_thresholds_leave_those_before() {
    let (_, _, builder) = fake();
    let monitor = builder.build().unwrap();
    let before = monitor.thresholds();
    assert!(monitor.set_thresholds(before.cpu_warning(90.0)).is_err());
    assert_eq!(monitor.thresholds(), before);
    monitor.set_thresholds(before.cpu_warning(42.0)).unwrap();
    assert_eq!(monitor.thresholds().cpu.warning, 42.0);
}

#[test]
fn a_failing_or_panicking_source_is_counted_and_outlived() {
    let (source, _, builder) = fake();
    let monitor = builder.build().unwrap();
    let _guard = monitor.start();
    eventually("a sample", || monitor.get_resources());
    for set in [FakeSource::set_failing, FakeSource::set_panicking] {
        let before = monitor.stats().failures_total;
        set(&source, true);
        eventually("failures", || {
            (monitor.stats().failures_total > before + 1).then_some(())
        });
        assert!(monitor.get_resources().is_some(), "the last sample stays");
        set(&source, false);
        let samples = monitor.stats().samples_total;
        eventually("recovery", || {
            (monitor.stats().samples_total > samples).then_some(())
        });
    }
}

#[test]
fn a_source_that_never_returns_is_seen_and_left_behind() {
    #[derive(Debug)]
    struct Hangs(std::sync::mpsc::Receiver<()>);
    impl Source for Hangs {
        fn read(&mut self, _: &mut crate::source::Reading) -> Result<(), crate::SourceError> {
            let _ = self.0.recv();
            Err(crate::SourceError::Unsupported {
                what: "hanging double",
            })
        }
    }
    let (release, receiver) = std::sync::mpsc::channel();
    let monitor = ResourceMonitor::builder()
        .interval(TICK)
        .source(Hangs(receiver))
        .build()
        .unwrap();
    let guard = monitor.start();
    assert!(monitor.get_resources().is_none());
    assert_eq!(monitor.stats().last_sample_age, None);
    drop(guard); // returns at once
    drop(release);
    eventually("the thread to end", || {
        (!monitor.stats().running).then_some(())
    });
}
