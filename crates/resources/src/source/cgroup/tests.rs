use std::fs;
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::source::linux::LinuxSource;
use crate::source::{CpuGroup, MemoryGroup, Reading, Source, Throttling};

/// A machine in a folder: the files a test names, and a minimal `/proc`.
struct Machine(TempDir);

impl Machine {
    fn new(cgroup: &str, mountinfo: &str) -> Self {
        let machine = Self(TempDir::new().unwrap());
        machine.write("proc/stat", "cpu 1 0 0 9\nbtime 1000\n");
        machine.write("proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 500 kB\n");
        machine.write("proc/self/cgroup", cgroup);
        machine.write("proc/self/mountinfo", mountinfo);
        machine
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn group(&self, folder: &str, files: &[(&str, &str)]) {
        for (name, text) in files {
            self.write(&format!("{folder}/{name}"), text);
        }
    }

    fn read(&self) -> Option<ContainerReading> {
        let mut out = None;
        Cgroup::open(self.0.path()).read(&mut vec![0; 64], &mut out);
        out
    }
}

const V2: &str = "24 30 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
const PRESSURE: &str = "some avg10=1.00 avg60=2.00 avg300=3.00 total=4\nfull avg10=0.50 avg60=0.00 avg300=0.00 total=1\n";

fn memory(working_set: u64, limit: Option<u64>) -> MemoryGroup {
    MemoryGroup { working_set, limit }
}

fn cpu(micros: u64, quota_cores: Option<f64>) -> CpuGroup {
    CpuGroup {
        usage: Duration::from_micros(micros),
        quota_cores,
    }
}

#[test]
fn a_kubernetes_pod_in_version_2() {
    let machine = Machine::new("0::/pods/pod1/engine\n", V2);
    let base = "sys/fs/cgroup";
    machine.group(
        base,
        &[
            ("cpu.stat", "usage_usec 999999\n"),
            ("memory.stat", "inactive_file 5\n"),
        ],
    ); // the machine: no limits
    machine.group(
        &format!("{base}/pods"),
        &[
            ("memory.current", "9000\n"),
            ("memory.max", "max\n"),
            ("memory.stat", "anon 1\ninactive_file 1000\n"),
            ("cpu.max", "max 100000\n"),
            ("cpu.stat", "usage_usec 700\nnr_periods 0\n"),
        ],
    );
    machine.group(
        &format!("{base}/pods/pod1"),
        &[
            ("memory.current", "8000\n"),
            ("memory.max", "8192\n"),
            ("memory.stat", "inactive_file 0\n"),
            ("cpu.max", "150000 100000\n"),
            (
                "cpu.stat",
                "usage_usec 600\nnr_periods 9\nnr_throttled 2\nthrottled_usec 30\n",
            ),
        ],
    );
    machine.group(
        &format!("{base}/pods/pod1/engine"),
        &[
            ("memory.current", "500\n"),
            ("memory.max", "max\n"),
            ("memory.stat", "inactive_file 100\n"),
            (
                "memory.events",
                "low 0\nhigh 0\nmax 7\noom 1\noom_kill 2\noom_group_kill 0\n",
            ),
            ("cpu.max", "max 100000\n"),
            ("cpu.stat", "usage_usec 500\n"),
            ("cpu.pressure", PRESSURE),
            ("memory.pressure", PRESSURE),
        ],
    );
    let read = machine.read().unwrap();
    assert_eq!(
        read.memory,
        [
            memory(400, None),
            memory(8000, Some(8192)),
            memory(8000, None)
        ]
    );
    assert_eq!(
        read.cpu,
        [cpu(500, None), cpu(600, Some(1.5)), cpu(700, None)]
    );
    let expected = Throttling {
        periods: 9,
        throttled: 2,
        throttled_time: Duration::from_micros(30),
    };
    assert_eq!(
        read.throttling,
        Some(expected),
        "of the group that has the quota"
    );
    assert_eq!(read.oom_kills, Some(2));
    let pressure = read.pressure.unwrap();
    assert_eq!(pressure.cpu.unwrap().some.avg60, 2.0);
    assert_eq!(pressure.memory.unwrap().full.unwrap().avg10, 0.5);
    assert_eq!(pressure.io, None);
}

#[test]
fn a_container_in_version_2_sees_itself_as_the_top() {
    let machine = Machine::new("0::/\n", V2);
    let files = [
        ("memory.current", "1000"),
        ("memory.max", "2000"),
        ("memory.stat", "inactive_file 2000\n"),
        ("cpu.max", "50000 100000"),
        ("cpu.stat", "usage_usec 5\n"),
    ];
    machine.group("sys/fs/cgroup", &files);
    let read = machine.read().unwrap();
    assert_eq!(
        read.memory,
        [memory(0, Some(2000))],
        "no underflow when the cache is larger"
    );
    assert_eq!(read.cpu, [cpu(5, Some(0.5))]);
    assert_eq!(read.throttling, Some(Throttling::default()));
    assert_eq!(read.oom_kills, None);
}

const V1: &str = "\
35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
";
const NO_LIMIT: &str = "9223372036854771712\n";

#[test]
fn version_1_with_a_limit_on_an_ancestor() {
    let machine = Machine::new("4:memory:/jobs/7\n3:cpu,cpuacct:/jobs/7\n", V1);
    let base = "sys/fs/cgroup/memory";
    machine.group(
        &format!("{base}/jobs/7"),
        &[
            ("memory.usage_in_bytes", "5000\n"),
            ("memory.limit_in_bytes", NO_LIMIT),
            (
                "memory.stat",
                "inactive_file 1\nhierarchical_memory_limit 20000\ntotal_inactive_file 1500\n",
            ),
            (
                "memory.oom_control",
                "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
            ),
        ],
    );
    machine.group(
        &format!("{base}/jobs"),
        &[
            ("memory.usage_in_bytes", "19000\n"),
            ("memory.limit_in_bytes", "20000\n"),
            (
                "memory.stat",
                "hierarchical_memory_limit 20000\ntotal_inactive_file 0\n",
            ),
        ],
    );
    machine.group(
        base,
        &[
            ("memory.usage_in_bytes", "999999\n"),
            ("memory.limit_in_bytes", NO_LIMIT),
            (
                "memory.stat",
                "hierarchical_memory_limit 9223372036854771712\n",
            ),
        ],
    );
    let base = "sys/fs/cgroup/cpu,cpuacct";
    for (folder, usage, quota) in [
        ("/jobs/7", "7000000\n", "-1\n"),
        ("/jobs", "9000000\n", "250000\n"),
        ("", "1\n", "-1\n"),
    ] {
        machine.group(
            &format!("{base}{folder}"),
            &[
                ("cpuacct.usage", usage),
                ("cpu.cfs_quota_us", quota),
                ("cpu.cfs_period_us", "100000\n"),
                (
                    "cpu.stat",
                    "nr_periods 10\nnr_throttled 4\nthrottled_time 5000\n",
                ),
            ],
        );
    }
    let read = machine.read().unwrap();
    assert_eq!(
        read.memory,
        [memory(3500, Some(20000)), memory(19000, Some(20000))],
        "the machine is no container"
    );
    assert_eq!(read.cpu, [cpu(7000, None), cpu(9000, Some(2.5))]);
    let expected = Throttling {
        periods: 10,
        throttled: 4,
        throttled_time: Duration::from_micros(5),
    };
    assert_eq!(read.throttling, Some(expected));
    assert_eq!(read.oom_kills, Some(3));
    assert_eq!(read.pressure, None);
}

#[test]
fn version_1_docker_whose_limit_is_on_the_visible_top() {
    let mounts = V1.replace(" / /sys", " /docker/abc /sys");
    let machine = Machine::new("4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n", &mounts);
    machine.group(
        "sys/fs/cgroup/memory",
        &[
            ("memory.usage_in_bytes", "500\n"),
            ("memory.limit_in_bytes", "1000\n"),
            ("memory.stat", "total_inactive_file 100\n"),
        ],
    );
    assert_eq!(machine.read().unwrap().memory, [memory(400, Some(1000))]);
}

#[test]
fn no_container() {
    assert_eq!(Machine::new("", "").read(), None);
    // the machine itself, version 1 and 2
    let machine = Machine::new("4:memory:/\n", V1);
    let files = [
        ("memory.usage_in_bytes", "500\n"),
        ("memory.limit_in_bytes", NO_LIMIT),
        ("memory.stat", "total_inactive_file 1\n"),
    ];
    machine.group("sys/fs/cgroup/memory", &files);
    assert_eq!(machine.read(), None);
    let machine = Machine::new("0::/\n", V2);
    machine.group(
        "sys/fs/cgroup",
        &[("cpu.stat", "usage_usec 1\n"), ("cpu.pressure", PRESSURE)],
    );
    assert_eq!(machine.read(), None);
}

#[test]
fn the_source_reports_both_scopes_and_follows_changes() {
    let machine = Machine::new("0::/\n", V2);
    let limit = |text: &str| machine.write("sys/fs/cgroup/memory.max", text);
    machine.group(
        "sys/fs/cgroup",
        &[
            ("memory.current", "1000"),
            ("memory.max", "2000"),
            ("memory.stat", "inactive_file 1\n"),
        ],
    );
    let mut source = LinuxSource::open_at(machine.0.path()).unwrap();
    let mut reading = Reading::default();
    source.read(&mut reading).unwrap();
    assert_eq!(reading.memory.total, 1000 * 1024);
    assert_eq!(
        reading.container.as_ref().unwrap().memory,
        [memory(999, Some(2000))]
    );
    // what this machine does not have is left out
    assert_eq!(
        (reading.load, reading.network, reading.pressure),
        (None, None, None)
    );
    // a limit that is changed while the container runs
    limit("4000");
    source.read(&mut reading).unwrap();
    assert_eq!(
        reading.container.as_ref().unwrap().memory,
        [memory(999, Some(4000))]
    );
    limit("max");
    source.read(&mut reading).unwrap();
    assert_eq!(
        reading.container.as_ref().unwrap().memory,
        [memory(999, None)]
    );
}

#[test]
fn a_machine_without_proc_is_an_error() {
    let empty = TempDir::new().unwrap();
    assert!(LinuxSource::open_at(empty.path()).is_err());
    let machine = Machine::new("", "");
    machine.write("proc/meminfo", "nothing\n");
    let error = LinuxSource::open_at(machine.0.path())
        .unwrap()
        .read(&mut Reading::default())
        .unwrap_err();
    assert_eq!(error.to_string(), "/proc/meminfo has an unexpected form");
}
