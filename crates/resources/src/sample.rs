//! What one sample says: plain figures with their units in their names.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::error::DiskError;

/// One sample of the machine, the container and this process.
///
/// Percentages are 0–100. Figures that a system may not have are `Option`s;
/// `None` means "not known here", never zero.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SystemResources {
    /// When the sample was taken; RFC 3339 in UTC when serialised.
    #[serde(serialize_with = "as_rfc3339")]
    pub timestamp: Timestamp,
    /// The time over which the rates and CPU percentages are averages.
    #[serde(serialize_with = "as_seconds", rename = "period_seconds")]
    pub period: Duration,
    /// Busy share of all CPUs of the host; steal counts as busy, I/O wait does not.
    pub cpu_percent: f64,
    /// Busy share of each CPU, in the kernel's order; empty where not known.
    pub cpu_per_core: Vec<f64>,
    /// Processes that ran or wanted to, averaged over 1, 5 and 15 minutes.
    pub load_average: Option<[f64; 3]>,
    /// Share of memory that is not available to new work: (total − available) / total.
    pub memory_percent: f64,
    /// Physical memory of the host, bytes.
    pub memory_total_bytes: u64,
    /// Total − available, bytes.
    pub memory_used_bytes: u64,
    /// What new work could get without swapping, bytes.
    pub memory_available_bytes: u64,
    /// Swap space, bytes.
    pub swap_total_bytes: u64,
    /// Swap in use, bytes.
    pub swap_used_bytes: u64,
    /// The watched file systems in the order of the builder; the first is the main one.
    pub disks: Vec<DiskUsage>,
    /// Traffic of the interfaces at the bottom: bridges, bonds, VLANs and tunnels stand on others whose
    /// bytes are counted, and loopback and veth lead nowhere.
    pub network: Option<NetworkUsage>,
    /// Processes of the host (threads not counted).
    pub process_count: Option<u64>,
    /// This process.
    pub process: Option<ProcessUsage>,
    /// The container (control group) that this process runs in, if any.
    pub container: Option<ContainerResources>,
    /// Pressure stall information of the host (Linux with PSI).
    pub pressure: Option<Pressure>,
}

impl SystemResources {
    /// The main file system: the first watched path.
    #[must_use]
    pub fn disk(&self) -> Option<&DiskUsage> {
        self.disks.first()
    }

    /// Used share of the main file system as `df` counts it; the last known one when stale.
    #[must_use]
    pub fn disk_percent(&self) -> Option<f64> {
        self.disk()?.figures.map(|f| f.percent())
    }

    /// Used bytes of the main file system.
    #[must_use]
    pub fn disk_used_bytes(&self) -> Option<u64> {
        self.disk()?.figures.map(|f| f.used_bytes)
    }

    /// Bytes of the main file system that an ordinary user may still write.
    #[must_use]
    pub fn disk_free_bytes(&self) -> Option<u64> {
        self.disk()?.figures.map(|f| f.free_bytes)
    }

    /// CPU share that matters most: the higher of host and container.
    #[must_use]
    pub fn worst_cpu_percent(&self) -> f64 {
        let inside = self.container.as_ref().and_then(|c| c.cpu_percent);
        inside.map_or(self.cpu_percent, |p| p.max(self.cpu_percent))
    }

    /// Memory share that matters most: the higher of host and container.
    #[must_use]
    pub fn worst_memory_percent(&self) -> f64 {
        let inside = self.container.as_ref().and_then(|c| c.memory_percent);
        inside.map_or(self.memory_percent, |p| p.max(self.memory_percent))
    }
}

/// Size and use of one file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DiskFigures {
    /// Size, bytes.
    pub total_bytes: u64,
    /// In use: blocks − free blocks, bytes.
    pub used_bytes: u64,
    /// Free for an ordinary user (the reserve of root left out), bytes.
    pub free_bytes: u64,
    /// File entries (inodes); 0 where the file system has no fixed number.
    pub inodes_total: u64,
    /// File entries that are free for an ordinary user.
    pub inodes_free: u64,
}

impl DiskFigures {
    /// Used share as `df` counts it: used / (used + free for an ordinary user).
    ///
    /// `total − available` would count the reserve of root as used: 75 % where `df` says 32 %.
    #[must_use]
    pub fn percent(&self) -> f64 {
        let reachable = self.used_bytes.saturating_add(self.free_bytes);
        if reachable == 0 {
            return 0.0;
        }
        self.used_bytes as f64 * 100.0 / reachable as f64
    }

    /// Used share of the file entries; `None` where their number is not fixed.
    #[must_use]
    pub fn inodes_percent(&self) -> Option<f64> {
        let used = self.inodes_total.checked_sub(self.inodes_free)?;
        (self.inodes_total > 0).then(|| used as f64 * 100.0 / self.inodes_total as f64)
    }
}

/// The last known state of one watched path.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DiskUsage {
    /// The watched path.
    #[serde(serialize_with = "path_text")]
    pub path: Arc<Path>,
    /// The last good figures; `None` until the first answer.
    #[serde(flatten)]
    pub figures: Option<DiskFigures>,
    /// How old the figures are; zero in a sample that measured them.
    #[serde(serialize_with = "as_seconds", rename = "age_seconds")]
    pub age: Duration,
    /// The file system did not answer for this sample: the figures are older ones.
    pub stale: bool,
    /// Why there is no fresh figure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<DiskError>,
}

/// Traffic since the counters of each interface began; never falls while the monitor runs.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct NetworkUsage {
    /// Bytes sent, in total.
    pub sent_bytes_total: u64,
    /// Bytes received, in total.
    pub received_bytes_total: u64,
    /// Bytes sent a second over the sample's period.
    pub sent_bytes_per_second: f64,
    /// Bytes received a second over the sample's period.
    pub received_bytes_per_second: f64,
    /// Packets sent with errors, in total.
    pub sent_errors_total: u64,
    /// Packets received with errors, in total.
    pub received_errors_total: u64,
    /// Packets dropped instead of sent, in total.
    pub sent_dropped_total: u64,
    /// Packets dropped instead of received, in total.
    pub received_dropped_total: u64,
}

/// This process.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ProcessUsage {
    /// Process id.
    pub pid: u32,
    /// CPU time over wall time, percent of one CPU (over 100 with several busy threads).
    pub cpu_percent: f64,
    /// User and system CPU time since the start, seconds.
    pub cpu_seconds_total: f64,
    /// Resident memory over the host's memory, percent.
    pub memory_percent: f64,
    /// Resident memory, bytes.
    pub resident_memory_bytes: u64,
    /// Open file descriptors.
    pub open_fds: Option<u64>,
    /// File descriptors that may be open; `None` where there is no limit.
    pub max_fds: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
    /// Start, seconds since 1970.
    pub start_time_seconds: f64,
}

/// What the control group of this process may use and does use (cgroup v1 and v2).
///
/// A limit may sit on any ancestor: the percentages are the highest of "use of that
/// group over its limit" on the way up, because that is the limit that will be hit.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct ContainerResources {
    /// CPU use over the quota, percent; `None` without a quota.
    pub cpu_percent: Option<f64>,
    /// CPUs that the group used on average over the period.
    pub cpu_cores_used: Option<f64>,
    /// The smallest CPU quota on the way up, in CPUs.
    pub cpu_limit_cores: Option<f64>,
    /// Share of scheduling periods of the last sample in which the group was throttled, percent.
    pub cpu_throttled_percent: Option<f64>,
    /// Times the group was throttled, in total.
    pub cpu_throttled_periods_total: Option<u64>,
    /// Time the group was throttled, in total, seconds.
    pub cpu_throttled_seconds_total: Option<f64>,
    /// Working set over the limit, percent; `None` without a limit.
    pub memory_percent: Option<f64>,
    /// Working set of the own group: usage without inactive page cache, bytes.
    pub memory_used_bytes: Option<u64>,
    /// The smallest memory limit on the way up, bytes.
    pub memory_limit_bytes: Option<u64>,
    /// Processes of the group that the kernel killed for memory, in total.
    pub oom_kills_total: Option<u64>,
    /// Pressure stall information of the group (cgroup v2).
    pub pressure: Option<Pressure>,
}

/// Pressure stall information: who waited for what.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Pressure {
    /// Waiting for a CPU.
    pub cpu: Option<PressureLine>,
    /// Waiting for memory (reclaim, refault, swap).
    pub memory: Option<PressureLine>,
    /// Waiting for storage.
    pub io: Option<PressureLine>,
}

/// The two lines of one pressure file.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct PressureLine {
    /// At least one task waited.
    pub some: Stall,
    /// All tasks waited at once; `None` where the kernel has no such line.
    pub full: Option<Stall>,
}

/// Share of time that tasks stalled.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Stall {
    /// Percent of the last 10 seconds.
    pub avg10: f64,
    /// Percent of the last 60 seconds.
    pub avg60: f64,
    /// Percent of the last 300 seconds.
    pub avg300: f64,
    /// Stalled time in total, microseconds.
    pub total_micros: u64,
}

fn as_seconds<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(value.as_secs_f64())
}

fn as_rfc3339<S: Serializer>(value: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&value.strftime("%Y-%m-%dT%H:%M:%S.%3fZ"))
}

/// A path that is not UTF-8 is no reason to lose the sample.
fn path_text<S: Serializer>(value: &Arc<Path>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&value.display())
}

pub(crate) fn optional_path_text<S: Serializer>(
    value: &Option<Arc<Path>>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(path) => path_text(path, to),
        None => to.serialize_none(),
    }
}
