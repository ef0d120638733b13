//! Where counters come from.
//!
//! A [`Source`] copies the system's counters into a [`Reading`] and computes
//! nothing; the crate turns two readings into percentages and rates.

use std::fmt;
use std::time::Duration;

use crate::error::SourceError;
use crate::sample::Pressure;

#[cfg(target_os = "linux")]
mod cgroup;
#[cfg(target_os = "linux")]
pub mod linux;
pub mod sysinfo;
mod traffic;

/// Reads the system's counters. Called from the monitor's own thread, so it may block;
/// what it does not return, the monitor waits for, so a source must not touch file
/// systems that can hang (disks have [`DiskProbe`](crate::disk::DiskProbe)s of their own).
pub trait Source: Send + fmt::Debug + 'static {
    /// Overwrites `out` with the counters of this moment. `out` is one of two that take
    /// turns; its vectors keep their capacity, so a source need not allocate.
    ///
    /// # Errors
    ///
    /// When CPU or memory cannot be read. Anything else that fails is `None` in `out`.
    fn read(&mut self, out: &mut Reading) -> Result<(), SourceError>;
}

/// The best source for this system: the Linux one on Linux, sysinfo elsewhere.
///
/// # Errors
///
/// [`SourceError`] when the system cannot be read at all.
pub fn native() -> Result<Box<dyn Source>, SourceError> {
    #[cfg(target_os = "linux")]
    {
        Ok(Box::new(linux::LinuxSource::open()?))
    }
    #[cfg(not(target_os = "linux"))]
    {
        Ok(Box::new(sysinfo::SysinfoSource::new()?))
    }
}

/// Raw counters of one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// All CPUs together.
    pub cpu: CpuReading,
    /// Each CPU.
    pub cores: Vec<CpuReading>,
    /// Memory of the host.
    pub memory: MemoryReading,
    /// Load averages over 1, 5 and 15 minutes.
    pub load: Option<[f64; 3]>,
    /// Traffic.
    pub network: Option<NetworkReading>,
    /// Processes of the host.
    pub process_count: Option<u64>,
    /// This process.
    pub process: Option<ProcessReading>,
    /// The control group of this process.
    pub container: Option<ContainerReading>,
    /// Pressure of the host.
    pub pressure: Option<Pressure>,
}

/// CPU use so far, or over the time since the reading before.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum CpuReading {
    /// Nothing that a figure can be made of yet.
    #[default]
    Unknown,
    /// Counters since boot in any unit; a percentage needs two readings.
    Times {
        /// Time not idle and not waiting for I/O.
        busy: u64,
        /// All time.
        total: u64,
    },
    /// A percentage that the system computed itself since the last reading.
    Percent(f64),
}

/// Memory of the host, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemoryReading {
    /// Physical memory.
    pub total: u64,
    /// What new work could get without swapping.
    pub available: u64,
    /// Swap space.
    pub swap_total: u64,
    /// Swap not in use.
    pub swap_free: u64,
}

/// Traffic counters, monotone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NetworkReading {
    /// Bytes received.
    pub received: u64,
    /// Bytes sent.
    pub sent: u64,
    /// Packets received with errors.
    pub received_errors: u64,
    /// Packets received and dropped.
    pub received_dropped: u64,
    /// Packets sent with errors.
    pub sent_errors: u64,
    /// Packets dropped before they were sent.
    pub sent_dropped: u64,
}

/// This process.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ProcessReading {
    /// Process id.
    pub pid: u32,
    /// User and system time so far.
    pub cpu_time: Duration,
    /// Resident memory, bytes.
    pub resident: u64,
    /// Open descriptors.
    pub open_fds: Option<u64>,
    /// Descriptors that may be open, when that is limited.
    pub max_fds: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
    /// Start, seconds since 1970.
    pub started: f64,
}

/// A control group and its ancestors, innermost first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ContainerReading {
    /// CPU use and quota of each group on the way up.
    pub cpu: Vec<CpuGroup>,
    /// Memory use and limit of each group on the way up.
    pub memory: Vec<MemoryGroup>,
    /// Throttling of the innermost group that has a quota.
    pub throttling: Option<Throttling>,
    /// Processes of the own group killed for memory.
    pub oom_kills: Option<u64>,
    /// Pressure of the own group.
    pub pressure: Option<Pressure>,
}

/// CPU of one control group.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CpuGroup {
    /// CPU time so far.
    pub usage: Duration,
    /// CPUs that the group may use, when limited.
    pub quota_cores: Option<f64>,
}

/// Memory of one control group, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemoryGroup {
    /// Usage without inactive page cache.
    pub working_set: u64,
    /// The limit, when there is one.
    pub limit: Option<u64>,
}

/// Throttling counters of a control group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Throttling {
    /// Scheduling periods so far.
    pub periods: u64,
    /// Periods in which the group was throttled.
    pub throttled: u64,
    /// Time throttled.
    pub throttled_time: Duration,
}

impl Reading {
    /// Empties the reading and keeps the capacity of its vectors.
    pub fn clear(&mut self) {
        let mut cores = std::mem::take(&mut self.cores);
        cores.clear();
        let container = self.container.take();
        *self = Self {
            cores,
            container,
            ..Self::default()
        };
        if let Some(container) = &mut self.container {
            container.cpu.clear();
            container.memory.clear();
            container.throttling = None;
            container.oom_kills = None;
            container.pressure = None;
        }
    }
}
