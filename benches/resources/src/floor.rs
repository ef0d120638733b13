//! The floor: the system calls that the figures need, and not an instruction more.

use std::fs::{self, File};
use std::hint::black_box;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::time::ClockId;

pub struct Floor {
    files: Vec<File>,
    proc: File,
    fds: File,
    buffer: Vec<u8>,
}

impl Floor {
    pub fn open() -> Self {
        let mut paths: Vec<PathBuf> = ["stat", "meminfo", "loadavg", "self/net/dev", "self/stat"]
            .iter()
            .chain(&["pressure/cpu", "pressure/memory", "pressure/io"])
            .map(|name| Path::new("/proc").join(name))
            .collect();
        paths.extend(group_files());
        Self {
            files: paths
                .iter()
                .filter_map(|path| File::open(path).ok())
                .collect(),
            proc: File::open("/proc").expect("/proc"),
            fds: File::open("/proc/self/fd").expect("/proc/self/fd"),
            buffer: vec![0; 64 * 1024],
        }
    }

    pub fn sample(&mut self) {
        for file in &self.files {
            // a group whose pressure cannot be read is read all the same by everybody
            black_box(file.read_at(&mut self.buffer, 0).unwrap_or(0));
        }
        black_box(rustix::fs::fstat(&self.proc).expect("fstat"));
        black_box(rustix::fs::fstat(&self.fds).expect("fstat"));
        black_box(rustix::time::clock_gettime(ClockId::ProcessCPUTime));
        black_box(rustix::fs::statvfs("/").expect("statvfs"));
    }
}

/// The files of this process's control groups that a figure comes from, found by name.
fn group_files() -> Vec<PathBuf> {
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let mut found = Vec::new();
    for line in own.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else {
            continue;
        };
        let (per_level, own_only): (&[&str], &[&str]) = match controllers {
            "memory" => (
                &[
                    "memory.limit_in_bytes",
                    "memory.usage_in_bytes",
                    "memory.stat",
                ],
                &["memory.oom_control"],
            ),
            "cpu" | "cpu,cpuacct" => (&["cpu.cfs_quota_us"], &[]),
            "" => (
                &[
                    "memory.max",
                    "memory.current",
                    "memory.stat",
                    "cpu.max",
                    "cpu.stat",
                ],
                &[
                    "memory.events",
                    "cpu.pressure",
                    "memory.pressure",
                    "io.pressure",
                ],
            ),
            _ => continue,
        };
        let mount = match controllers {
            "" if Path::new("/sys/fs/cgroup/unified").exists() => "unified",
            other => other,
        };
        let base = Path::new("/sys/fs/cgroup").join(mount);
        let group = base.join(path.trim_start_matches('/'));
        // the machine itself limits nothing: of the top only the limit is looked at
        let limits = group
            .ancestors()
            .take_while(|folder| folder.starts_with(&base))
            .flat_map(|folder| {
                let names = if folder == base {
                    &per_level[..1]
                } else {
                    per_level
                };
                names.iter().map(move |name| folder.join(name))
            });
        found.extend(limits.filter(|path| path.exists()));
        found.extend(
            own_only
                .iter()
                .map(|name| group.join(name))
                .filter(|path| path.exists()),
        );
    }
    found
}
