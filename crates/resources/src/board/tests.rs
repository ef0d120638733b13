use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::*;
use crate::evaluate;
use crate::sample::{ContainerResources, DiskFigures, DiskUsage};
use crate::source::{CpuReading, MemoryReading, Reading};
use crate::threshold::Threshold;

fn sample(cpu: f64, memory: u64, disks: &[(&str, u64, bool)]) -> SystemResources {
    let reading = Reading {
        cpu: CpuReading::Percent(cpu),
        memory: MemoryReading {
            total: 100,
            available: 100 - memory,
            swap_total: 0,
            swap_free: 0,
        },
        ..Reading::default()
    };
    let mut out = evaluate::blank();
    assert!(evaluate::fill(
        &mut out,
        &reading,
        &reading,
        Duration::from_secs(1),
        Timestamp::UNIX_EPOCH
    ));
    out.disks = disks
        .iter()
        .map(|&(path, used, stale)| DiskUsage {
            path: Path::new(path).into(),
            figures: Some(DiskFigures {
                total_bytes: 100,
                used_bytes: used,
                free_bytes: 100 - used,
                inodes_total: 0,
                inodes_free: 0,
            }),
            age: Duration::ZERO,
            stale,
            error: None,
        })
        .collect();
    out
}

fn instant_thresholds() -> ResourceThresholds {
    let bare = |t: Threshold| Threshold::new(t.warning, t.critical);
    let defaults = ResourceThresholds::default();
    defaults
        .cpu(bare(defaults.cpu))
        .memory(bare(defaults.memory))
        .disk(bare(defaults.disk))
}

#[expect(clippy::disallowed_methods, reason = "any instant will do")]
fn feed(board: &mut Board, sample: &SystemResources) -> Vec<String> {
    let mut events = Vec::new();
    board.feed(sample, Instant::now(), |event| events.push(event.message));
    events
}

#[test]
fn every_resource_speaks_for_itself() {
    let mut board = Board::new(instant_thresholds(), 2);
    assert_eq!(
        feed(
            &mut board,
            &sample(10.0, 10, &[("/", 10, false), ("/data", 10, false)])
        ),
        [""; 0]
    );
    assert_eq!(
        feed(
            &mut board,
            &sample(93.44, 82, &[("/", 10, false), ("/data", 99, false)])
        ),
        [
            "CPU usage is 93.4%, at or over the critical threshold of 90%",
            "memory usage is 82.0%, at or over the warning threshold of 80%",
            "disk usage of /data is 99.0%, at or over the critical threshold of 95%",
        ]
    );
    assert_eq!(
        feed(
            &mut board,
            &sample(10.0, 82, &[("/", 10, false), ("/data", 10, false)])
        ),
        [
            "CPU usage is back to normal at 10.0% (warning threshold 70%)",
            "disk usage of /data is back to normal at 10.0% (warning threshold 85%)",
        ]
    );
}

#[test]
fn a_stale_disk_keeps_its_level() {
    let mut board = Board::new(instant_thresholds(), 1);
    assert_eq!(
        feed(&mut board, &sample(0.0, 0, &[("/", 99, false)])).len(),
        1
    );
    assert_eq!(
        feed(&mut board, &sample(0.0, 0, &[("/", 1, true)])).len(),
        0
    );
    assert_eq!(board.disks[0].level(), Level::Critical);
}

#[test]
fn alerts_tell_the_value_from_the_announced_level() {
    let mut board = Board::new(ResourceThresholds::default(), 0);
    let hot = sample(95.0, 0, &[]);
    assert_eq!(
        feed(&mut board, &hot),
        [""; 0],
        "CPU has to hold for two minutes"
    );
    let alerts = board.alerts(&hot);
    assert_eq!(alerts.len(), 1);
    assert_eq!(
        (alerts[0].level, alerts[0].firing, alerts[0].threshold),
        (Level::Critical, Level::Normal, 90.0)
    );

    let keep = Threshold::new(70.0, 90.0).keep(Duration::from_secs(3600));
    let mut board = Board::new(ResourceThresholds::default().cpu(keep), 0);
    feed(&mut board, &hot);
    let alerts = board.alerts(&sample(5.0, 0, &[]));
    assert_eq!(
        (alerts[0].level, alerts[0].firing),
        (Level::Normal, Level::Critical)
    );
    assert_eq!(
        alerts[0].message,
        "CPU usage is 5.0%, not long enough below the critical threshold of 90%"
    );
}

#[test]
fn whose_figures_are_compared() {
    let check = |scope, host: f64, inside: Option<f64>, expected: f64| {
        let mut sample = sample(host, host as u64, &[]);
        sample.container = Some(ContainerResources {
            cpu_percent: inside,
            memory_percent: inside,
            ..ContainerResources::default()
        });
        assert_eq!(
            scoped(&sample, scope),
            (expected, expected),
            "{scope:?} {host} {inside:?}"
        );
    };
    check(ThresholdScope::Worst, 10.0, Some(97.0), 97.0);
    check(ThresholdScope::Worst, 97.0, Some(10.0), 97.0);
    check(ThresholdScope::Worst, 10.0, None, 10.0);
    check(ThresholdScope::Host, 10.0, Some(97.0), 10.0);
    check(ThresholdScope::Container, 97.0, Some(10.0), 10.0);
    check(ThresholdScope::Container, 97.0, None, 97.0);
}

#[test]
fn other_thresholds_hold_from_the_next_sample_on() {
    let limits = instant_thresholds();
    let mut board = Board::new(limits, 0);
    assert_eq!(feed(&mut board, &sample(75.0, 10, &[])).len(), 1);
    board.set_thresholds(limits.cpu_warning(80.0));
    assert_eq!(
        board.cpu.level(),
        Level::Warning,
        "until a sample says otherwise"
    );
    assert_eq!(feed(&mut board, &sample(75.0, 10, &[])).len(), 1);
    assert_eq!(board.cpu.level(), Level::Normal);
    board.set_thresholds(limits.cpu_warning(60.0).cpu_critical(70.0));
    assert_eq!(feed(&mut board, &sample(75.0, 10, &[])).len(), 1);
    assert_eq!(board.cpu.level(), Level::Critical);
}
