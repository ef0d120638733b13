//! Samples of resources as gauges, as they arrive.

use std::time::Duration;

use bongsu_metrics::{
    ContainerUsage, Packets, PressureUsage, ProcessUsage, ServiceMetrics, SystemUsage, Waited,
};
use bongsu_resources::{ContainerResources, Pressure, PressureLine, SystemResources};

/// Sets the gauges of the host, the process and the container from a sample.
pub fn show(metrics: &ServiceMetrics, sample: &SystemResources) {
    let mut machine = SystemUsage::default();
    machine.cpu_percent = Some(sample.cpu_percent);
    machine.memory_percent = Some(sample.memory_percent);
    machine.memory_used_bytes = Some(sample.memory_used_bytes);
    machine.memory_available_bytes = Some(sample.memory_available_bytes);
    machine.disk_percent = sample.disk_percent();
    machine.disk_used_bytes = sample.disk_used_bytes();
    machine.disk_free_bytes = sample.disk_free_bytes();
    machine.process_count = sample.process_count;
    if let Some(network) = &sample.network {
        machine.network_sent_bytes = Some(network.sent_bytes_total);
        machine.network_received_bytes = Some(network.received_bytes_total);
        machine.network_errors = Some(Packets {
            sent: network.sent_errors_total,
            received: network.received_errors_total,
        });
        machine.network_dropped = Some(Packets {
            sent: network.sent_dropped_total,
            received: network.received_dropped_total,
        });
    }
    let cores = sample.cpu_per_core.len();
    machine.cpu_count = (cores > 0).then_some(cores as u64);
    machine.load_average = sample.load_average;
    machine.swap_total_bytes = Some(sample.swap_total_bytes);
    machine.swap_used_bytes = Some(sample.swap_used_bytes);
    machine.pressure = pressure(sample.pressure.as_ref());
    metrics.update_system(&machine);
    if let Some(process) = &sample.process {
        metrics.update_process(&of_process(process));
    }
    if let Some(container) = &sample.container {
        metrics.update_container(&of_container(container));
    }
}

fn of_process(process: &bongsu_resources::ProcessUsage) -> ProcessUsage {
    let mut usage = ProcessUsage::default();
    usage.cpu_percent = Some(process.cpu_percent);
    usage.memory_percent = Some(process.memory_percent);
    usage.resident_memory_bytes = Some(process.resident_memory_bytes);
    usage.cpu_time = Duration::try_from_secs_f64(process.cpu_seconds_total).ok();
    usage.open_fds = process.open_fds;
    usage.max_fds = process.max_fds;
    usage.threads = process.threads;
    usage.start_time_seconds = Some(process.start_time_seconds);
    usage
}

fn of_container(container: &ContainerResources) -> ContainerUsage {
    let throttled = container.cpu_throttled_seconds_total;
    let mut usage = ContainerUsage::default();
    usage.cpu_percent = container.cpu_percent;
    usage.cpu_limit_cores = container.cpu_limit_cores;
    usage.cpu_throttled_percent = container.cpu_throttled_percent;
    usage.cpu_throttled_periods = container.cpu_throttled_periods_total;
    usage.cpu_throttled_time =
        throttled.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    usage.memory_percent = container.memory_percent;
    usage.memory_used_bytes = container.memory_used_bytes;
    usage.memory_limit_bytes = container.memory_limit_bytes;
    usage.oom_kills = container.oom_kills_total;
    usage.pressure = pressure(container.pressure.as_ref());
    usage
}

fn pressure(pressure: Option<&Pressure>) -> PressureUsage {
    let waited = |line: Option<PressureLine>| {
        line.map(|line| Waited {
            some: Duration::from_micros(line.some.total_micros),
            all: line.full.map(|all| Duration::from_micros(all.total_micros)),
        })
    };
    let pressure = pressure.copied().unwrap_or_default();
    PressureUsage {
        cpu: waited(pressure.cpu),
        memory: waited(pressure.memory),
        io: waited(pressure.io),
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::fs;

    use bongsu_resources::{ResourceMonitor, source::linux::LinuxSource};

    use super::*;

    const STALLED: &str = "some avg10=1.00 avg60=2.00 avg300=3.00 total=4000000\n\
                           full avg10=0.50 avg60=0.00 avg300=0.00 total=1500000\n";

    /// What `/metrics` says of a machine of 1,000 MB whose files these are.
    fn page(files: &[(&str, &str)]) -> String {
        let root = tempfile::tempdir().unwrap();
        let machine = [
            ("proc/stat", "cpu 1 0 0 9\ncpu0 1 0 0 9\nbtime 1000\n"),
            (
                "proc/meminfo",
                "MemTotal: 1000000 kB\nMemAvailable: 900000 kB\n",
            ),
            ("proc/loadavg", "1.50 1.25 0.50 1/100 7\n"),
            (
                "proc/self/net/dev",
                "h\nh\n eth0: 10 1 2 3 0 0 0 0 20 1 4 5 0 0 0 0\n",
            ),
            (
                "proc/self/limits",
                "Max open files            512                  4096                 files     \n",
            ),
            ("proc/pressure/cpu", STALLED),
        ];
        for (path, text) in machine.iter().chain(files) {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        // A process of its own is what the real machine has.
        std::os::unix::fs::symlink("/proc/self/stat", root.path().join("proc/self/stat")).unwrap();
        let monitor = ResourceMonitor::builder()
            .interval(Duration::from_millis(10))
            .source(LinuxSource::open_at(root.path()).unwrap())
            .build()
            .unwrap();
        let _guard = monitor.start();
        // A sample needs a processor whose ticks go on.
        let stat = root.path().join("proc/stat");
        let mut ticks = 1;
        let sample = loop {
            if let Some(sample) = monitor.get_resources() {
                break sample;
            }
            ticks += 10;
            let text = format!(
                "cpu {ticks} 0 0 {0}\ncpu0 {ticks} 0 0 {0}\nbtime 1000\n",
                9 * ticks
            );
            fs::write(&stat, text).unwrap();
            std::thread::yield_now();
        };
        let metrics = ServiceMetrics::new("engine").unwrap();
        show(&metrics, &sample);
        metrics.export_metrics()
    }

    #[track_caller]
    fn check(page: &str, expected: &[&str], absent: &[&str]) {
        for line in expected {
            assert!(page.contains(&format!("\n{line}\n")), "no {line} in {page}");
        }
        for name in absent {
            assert!(!page.contains(&format!("\n{name}")), "{name} in {page}");
        }
    }

    #[test]
    fn a_container_of_version_2() {
        let page = page(&[
            ("proc/self/cgroup", "0::/engine\n"),
            (
                "proc/self/mountinfo",
                "24 30 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
            ),
            ("sys/fs/cgroup/engine/memory.current", "67108864\n"),
            ("sys/fs/cgroup/engine/memory.max", "268435456\n"),
            ("sys/fs/cgroup/engine/memory.stat", "inactive_file 0\n"),
            ("sys/fs/cgroup/engine/memory.events", "oom_kill 2\n"),
            ("sys/fs/cgroup/engine/cpu.max", "50000 100000\n"),
            (
                "sys/fs/cgroup/engine/cpu.stat",
                "usage_usec 500\nnr_periods 9\nnr_throttled 3\nthrottled_usec 250000\n",
            ),
            ("sys/fs/cgroup/engine/memory.pressure", STALLED),
        ]);
        check(
            &page,
            &[
                "container_memory_percent 25",
                "container_memory_used_bytes 67108864",
                "container_memory_limit_bytes 268435456",
                "container_cpu_limit_cores 0.5",
                "container_cpu_throttled_periods_total 3",
                "container_cpu_throttled_seconds_total 0.25",
                "container_oom_kills_total 2",
                "container_pressure_waiting_seconds_total{resource=\"memory\"} 4",
                "container_pressure_stalled_seconds_total{resource=\"memory\"} 1.5",
                // The machine's figures stay the machine's.
                "system_memory_percent 10",
                "system_pressure_waiting_seconds_total{resource=\"cpu\"} 4",
                "system_cpus 1",
                "system_load_average{minutes=\"5\"} 1.25",
                "system_network_errors_total{direction=\"received\"} 2",
                "system_network_dropped_total{direction=\"sent\"} 5",
                "process_max_fds 512",
            ],
            &["container_pressure_waiting_seconds_total{resource=\"io\"}"],
        );
        assert!(page.contains("\ncontainer_cpu_percent "), "{page}");
    }

    #[test]
    fn a_container_of_version_1() {
        let page = page(&[
            (
                "proc/self/cgroup",
                "3:cpu,cpuacct:/engine\n2:memory:/engine\n",
            ),
            (
                "proc/self/mountinfo",
                "25 24 0:22 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                 26 24 0:23 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n",
            ),
            (
                "sys/fs/cgroup/memory/engine/memory.usage_in_bytes",
                "134217728\n",
            ),
            (
                "sys/fs/cgroup/memory/engine/memory.limit_in_bytes",
                "268435456\n",
            ),
            (
                "sys/fs/cgroup/memory/engine/memory.stat",
                "total_inactive_file 0\n",
            ),
            (
                "sys/fs/cgroup/memory/engine/memory.oom_control",
                "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
            ),
            (
                "sys/fs/cgroup/cpu,cpuacct/engine/cpu.cfs_quota_us",
                "200000\n",
            ),
            (
                "sys/fs/cgroup/cpu,cpuacct/engine/cpu.cfs_period_us",
                "100000\n",
            ),
            ("sys/fs/cgroup/cpu,cpuacct/engine/cpuacct.usage", "1000\n"),
            (
                "sys/fs/cgroup/cpu,cpuacct/engine/cpu.stat",
                "nr_periods 9\nnr_throttled 4\nthrottled_time 500000000\n",
            ),
        ]);
        check(
            &page,
            &[
                "container_memory_percent 50",
                "container_memory_limit_bytes 268435456",
                "container_cpu_limit_cores 2",
                "container_cpu_throttled_periods_total 4",
                "container_cpu_throttled_seconds_total 0.5",
                "container_oom_kills_total 1",
            ],
            &["container_pressure"],
        );
    }

    #[test]
    fn outside_a_container_there_is_no_figure_of_one() {
        check(&page(&[]), &["system_memory_percent 10"], &["container_"]);
    }
}
