use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::source::{CpuGroup, MemoryGroup, MemoryReading, NetworkReading, Throttling};

const SECOND: Duration = Duration::from_secs(1);

fn sample(before: &Reading, now: &Reading, period: Duration) -> Option<SystemResources> {
    let mut out = blank();
    fill(&mut out, before, now, period, Timestamp::UNIX_EPOCH).then_some(out)
}

fn times(busy: u64, total: u64) -> CpuReading {
    CpuReading::Times { busy, total }
}

fn with_cpu(cpu: CpuReading) -> Reading {
    Reading {
        cpu,
        memory: MemoryReading {
            total: 1000,
            available: 250,
            ..MemoryReading::default()
        },
        ..Reading::default()
    }
}

#[test]
fn cpu_is_the_share_between_two_readings() {
    let check = |before, now, expected: Option<f64>| {
        let got = sample(&with_cpu(before), &with_cpu(now), SECOND).map(|s| s.cpu_percent);
        assert_eq!(got, expected, "{before:?} → {now:?}");
    };
    check(times(100, 1000), times(150, 1200), Some(25.0));
    check(times(100, 1000), times(300, 1200), Some(100.0));
    check(times(100, 1000), times(90, 1200), Some(0.0));
    check(times(100, 1000), times(301, 1200), Some(100.0));
    check(times(100, 1000), times(100, 1000), None);
    check(times(100, 1000), times(50, 900), None);
    check(CpuReading::Unknown, times(100, 1000), None);
    check(CpuReading::Unknown, CpuReading::Unknown, None);
    check(CpuReading::Unknown, CpuReading::Percent(33.0), Some(33.0));
    check(
        CpuReading::Percent(1.0),
        CpuReading::Percent(107.7),
        Some(100.0),
    );
}

#[test]
fn cores_memory_traffic_and_process() {
    let process = |millis, resident| ProcessReading {
        pid: 7,
        cpu_time: Duration::from_millis(millis),
        resident,
        open_fds: Some(3),
        max_fds: Some(1_024),
        threads: None,
        started: 5.0,
    };
    let mut before = with_cpu(times(0, 0));
    before.cores = vec![times(0, 0), times(0, 0)];
    before.network = Some(NetworkReading {
        received: 1000,
        sent: 50,
        ..NetworkReading::default()
    });
    before.process = Some(process(100, 1));
    let mut now = with_cpu(times(10, 20));
    now.cores = vec![times(10, 10), times(0, 10)];
    now.network = Some(NetworkReading {
        received: 3000,
        sent: 40,
        ..NetworkReading::default()
    });
    now.process = Some(process(400, 100));
    now.memory.swap_total = 10;
    now.memory.swap_free = 4;
    let s = sample(&before, &now, 2 * SECOND).unwrap();
    assert_eq!(s.cpu_per_core, [100.0, 0.0]);
    assert_eq!(
        (
            s.memory_percent,
            s.memory_used_bytes,
            s.memory_available_bytes
        ),
        (75.0, 750, 250)
    );
    assert_eq!(s.swap_used_bytes, 6);
    let network = s.network.unwrap();
    assert_eq!(
        (
            network.received_bytes_total,
            network.received_bytes_per_second
        ),
        (3000, 1000.0)
    );
    assert_eq!(
        network.sent_bytes_per_second, 0.0,
        "a counter that fell is no rate"
    );
    let process = s.process.unwrap();
    assert_eq!((process.cpu_percent, process.memory_percent), (15.0, 10.0));
    assert_eq!(
        (process.cpu_seconds_total, process.open_fds, process.threads),
        (0.4, Some(3), None)
    );

    now.cores.pop(); // a CPU was taken away
    assert!(
        sample(&before, &now, SECOND)
            .unwrap()
            .cpu_per_core
            .is_empty()
    );
}

#[test]
fn available_over_total_is_no_underflow() {
    let mut now = with_cpu(CpuReading::Percent(1.0));
    now.memory.available = 2000;
    let s = sample(&now, &now, SECOND).unwrap();
    assert_eq!((s.memory_percent, s.memory_used_bytes), (0.0, 0));
}

#[test]
fn the_limit_that_is_nearest_counts() {
    let group = |usage_ms, quota_cores| CpuGroup {
        usage: Duration::from_millis(usage_ms),
        quota_cores,
    };
    let memory = |working_set, limit| MemoryGroup { working_set, limit };
    let reading = |cpu, memory, throttling| {
        let mut reading = with_cpu(CpuReading::Percent(1.0));
        reading.container = Some(ContainerReading {
            cpu,
            memory,
            throttling,
            oom_kills: Some(2),
            pressure: None,
        });
        reading
    };
    let throttled = |periods, throttled| {
        Some(Throttling {
            periods,
            throttled,
            throttled_time: SECOND,
        })
    };
    let before = reading(
        vec![group(0, None), group(0, Some(2.0)), group(0, Some(1.0))],
        vec![],
        throttled(100, 5),
    );
    let now = reading(
        vec![
            group(500, None),
            group(500, Some(2.0)),
            group(900, Some(1.0)),
        ],
        vec![
            memory(100, Some(1000)),
            memory(1990, Some(2000)),
            memory(5000, None),
        ],
        throttled(110, 9),
    );
    let c = sample(&before, &now, SECOND).unwrap().container.unwrap();
    assert_eq!(
        c.cpu_percent,
        Some(90.0),
        "the grandparent's quota is nearest"
    );
    assert_eq!(
        (c.cpu_cores_used, c.cpu_limit_cores),
        (Some(0.5), Some(1.0))
    );
    assert_eq!(
        (c.cpu_throttled_percent, c.cpu_throttled_periods_total),
        (Some(40.0), Some(9))
    );
    assert_eq!(
        c.memory_percent,
        Some(99.5),
        "the parent's limit is nearest"
    );
    assert_eq!(
        (c.memory_used_bytes, c.memory_limit_bytes),
        (Some(100), Some(1000))
    );
    assert_eq!(c.oom_kills_total, Some(2));

    let first = sample(&with_cpu(CpuReading::Percent(1.0)), &now, SECOND)
        .unwrap()
        .container
        .unwrap();
    assert_eq!(
        (first.cpu_percent, first.cpu_throttled_percent),
        (None, None),
        "nothing to compare with yet"
    );
    let free = reading(vec![group(0, None)], vec![memory(1, None)], None);
    let c = sample(&free, &free, SECOND).unwrap().container.unwrap();
    assert_eq!(
        (c.cpu_percent, c.memory_percent, c.memory_limit_bytes),
        (None, None, None)
    );
}

#[test]
fn the_whole_sample_as_json() {
    let mut s = sample(&with_cpu(times(0, 0)), &with_cpu(times(1, 4)), SECOND).unwrap();
    s.disks.push(crate::DiskUsage {
        path: std::path::Path::new("/data").into(),
        figures: Some(crate::DiskFigures {
            total_bytes: 100,
            used_bytes: 30,
            free_bytes: 60,
            inodes_total: 0,
            inodes_free: 0,
        }),
        age: Duration::from_millis(1500),
        stale: true,
        error: Some(crate::DiskError::TimedOut),
    });
    let json = serde_json::to_value(&s).unwrap();
    assert_eq!(json["timestamp"], "1970-01-01T00:00:00.000Z");
    assert_eq!(json["cpu_percent"], 25.0);
    assert_eq!(json["period_seconds"], 1.0);
    let disk = serde_json::json!({
        "path": "/data", "total_bytes": 100, "used_bytes": 30, "free_bytes": 60, "inodes_total": 0, "inodes_free": 0,
        "age_seconds": 1.5, "stale": true, "error": "timed_out",
    });
    assert_eq!(json["disks"][0], disk);
    assert!(
        (s.disk_percent().unwrap() - 100.0 / 3.0).abs() < 1e-9,
        "as df: 30 of 90"
    );
}

proptest! {
    #[test]
    fn every_percentage_is_one(
        counters in prop::array::uniform8(any::<u64>()), memory in prop::array::uniform4(any::<u64>()), millis in 0u64..10_000,
    ) {
        let [b0, t0, b1, t1, r0, s0, r1, s1] = counters;
        let [total, available, swap_total, swap_free] = memory;
        let mut before = with_cpu(times(b0, t0));
        before.network = Some(NetworkReading { received: r0, sent: s0, ..NetworkReading::default() });
        let mut now = with_cpu(times(b1, t1));
        now.network = Some(NetworkReading { received: r1, sent: s1, ..NetworkReading::default() });
        now.memory = MemoryReading { total, available, swap_total, swap_free };
        if let Some(s) = sample(&before, &now, Duration::from_millis(millis)) {
            prop_assert!((0.0..=100.0).contains(&s.cpu_percent));
            prop_assert!((0.0..=100.0).contains(&s.memory_percent));
            let network = s.network.unwrap();
            prop_assert!(network.sent_bytes_per_second >= 0.0 && network.received_bytes_per_second.is_finite());
        }
    }
}

#[test]
fn the_time_of_a_sample_is_written_to_the_millisecond() {
    for (millis, written) in [
        (0, "1970-01-01T00:00:00.000Z"),
        (951_868_800_007, "2000-03-01T00:00:00.007Z"),
        (1_779_958_800_999, "2026-05-28T09:00:00.999Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
    ] {
        let sample = SystemResources {
            timestamp: Timestamp::from_millisecond(millis).unwrap(),
            ..blank()
        };
        let json = serde_json::to_value(&sample).unwrap();
        assert_eq!(json["timestamp"], written);
    }
}
