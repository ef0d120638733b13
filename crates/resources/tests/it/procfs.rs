//! The monitor and both sources against the files of `/proc`, read the plain way.

use std::fs;
use std::time::{Duration, SystemTime};

use bongsu_resources::source::linux::LinuxSource;
use bongsu_resources::source::sysinfo::SysinfoSource;
use bongsu_resources::source::{Reading, Source};
use bongsu_resources::{MonitorGuard, ResourceMonitor};

use crate::support::eventually;

fn field(path: &str, key: &str) -> u64 {
    let text = fs::read_to_string(path).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with(key))
        .unwrap_or_else(|| panic!("{key} in {path}"));
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn listed(path: &str) -> u64 {
    let numbered = |name: &std::ffi::OsStr| {
        name.to_str()
            .is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
    };
    fs::read_dir(path)
        .unwrap()
        .flatten()
        .filter(|e| numbered(&e.file_name()))
        .count() as u64
}

fn running(source: Option<SysinfoSource>) -> (ResourceMonitor, MonitorGuard) {
    let mut builder = ResourceMonitor::builder().interval(Duration::from_millis(300));
    if let Some(source) = source {
        builder = builder.source(source);
    }
    let monitor = builder.build().unwrap();
    let guard = monitor.start();
    (monitor, guard)
}

fn check_sources(what: &str, check: impl Fn(&Reading) -> Result<(), String>) {
    let sources: [(&str, Box<dyn Source>); 2] = [
        ("linux", Box::new(LinuxSource::open().unwrap())),
        ("sysinfo", Box::new(SysinfoSource::new().unwrap())),
    ];
    for (name, mut source) in sources {
        eventually(&format!("{what} of {name}"), || {
            let mut reading = Reading::default();
            source.read(&mut reading).unwrap();
            check(&reading)
        });
    }
}

fn near(ours: u64, theirs: u64, tolerance: u64) -> Result<(), String> {
    if ours.abs_diff(theirs) <= tolerance {
        Ok(())
    } else {
        Err(format!("{ours}, not {theirs} ± {tolerance}"))
    }
}

#[test]
fn memory_within_one_percent() {
    check_sources("memory", |reading| {
        let total = field("/proc/meminfo", "MemTotal:") * 1024;
        assert_eq!(reading.memory.total, total);
        assert_eq!(
            reading.memory.swap_total,
            field("/proc/meminfo", "SwapTotal:") * 1024
        );
        near(
            reading.memory.available,
            field("/proc/meminfo", "MemAvailable:") * 1024,
            total / 100,
        )
    });
}

/// Exactly, once nobody starts or ends a process in between. Read often, so that the link
/// count is used and checked against a listing many times.
#[test]
fn process_count_is_the_listing_s() {
    check_sources("process count", |reading| {
        near(reading.process_count.unwrap(), listed("/proc"), 0)
    });
    let mut source = LinuxSource::open().unwrap();
    let mut reading = Reading::default();
    let mut agreed = 0;
    eventually(
        "100 readings that agree with the listing around them",
        || {
            for _ in 0..100 {
                let before = listed("/proc");
                source.read(&mut reading).unwrap();
                let after = listed("/proc");
                agreed += u64::from(before == after && reading.process_count == Some(before));
            }
            if agreed >= 100 { Ok(()) } else { Err(agreed) }
        },
    );
}

#[test]
fn own_process() {
    check_sources("resident memory", |reading| {
        let theirs = field("/proc/self/status", "VmRSS:") * 1024;
        near(reading.process.unwrap().resident, theirs, 2 << 20)
    });
    check_sources("descriptors", |reading| {
        // the listing itself has one open
        near(
            reading.process.unwrap().open_fds.unwrap(),
            listed("/proc/self/fd") - 1,
            1,
        )
    });
    let mut source = LinuxSource::open().unwrap();
    let mut reading = Reading::default();
    eventually("threads", || {
        source.read(&mut reading).unwrap();
        near(
            reading.process.unwrap().threads.unwrap(),
            field("/proc/self/status", "Threads:"),
            0,
        )
    });
    assert_eq!(reading.process.unwrap().pid, std::process::id());
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs_f64();
    let started = reading.process.unwrap().started;
    assert!(
        started < now + 2.0 && started > now - 3600.0,
        "{started} {now}"
    );
}

/// The first sample is a difference already, and a busy thread shows, with both sources.
#[test]
fn a_busy_thread_shows() {
    for source in [None, Some(SysinfoSource::new().unwrap())] {
        let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let spinning = std::sync::Arc::clone(&stop);
        let spinner = std::thread::spawn(move || {
            while !spinning.load(std::sync::atomic::Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        });
        let name = source.as_ref().map_or("linux", |_| "sysinfo");
        let (monitor, _guard) = running(source);
        let cores = std::thread::available_parallelism().unwrap().get() as f64;
        let sample = eventually("a sample", || monitor.get_resources().ok_or("none"));
        let process = sample.process.unwrap().cpu_percent;
        assert!(
            process > 0.0 && process < cores * 150.0,
            "{name}: {process}"
        );
        // a crowded machine may leave the thread little at times
        eventually("a sample with the busy thread in it", || {
            let sample = monitor.get_resources().ok_or((0.0, 0.0))?;
            let (host, process) = (sample.cpu_percent, sample.process.unwrap().cpu_percent);
            if host > 30.0 / cores && process > 15.0 {
                Ok(())
            } else {
                Err((host, process))
            }
        });
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        spinner.join().unwrap();
        assert!(!sample.cpu_per_core.is_empty(), "{name}");
        assert!(
            sample.period >= Duration::from_millis(200),
            "{name}: {:?}",
            sample.period
        );
        assert!(
            sample.disk_percent().is_some() && !sample.disks[0].stale,
            "{name}"
        );
    }
}
