//! What the resource sampler knows, as plain numbers.

use std::time::Duration;

/// The machine. A field that is `None` leaves its metric as it was; one never set is not exported.
///
/// ```
/// let mut machine = bongsu_metrics::SystemUsage::default();
/// machine.cpu_percent = Some(12.5);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub struct SystemUsage {
    /// All processors, in percent.
    pub cpu_percent: Option<f64>,
    /// Memory in use, in percent.
    pub memory_percent: Option<f64>,
    /// Memory in use.
    pub memory_used_bytes: Option<u64>,
    /// Memory that can be had without swapping.
    pub memory_available_bytes: Option<u64>,
    /// Disk space in use, in percent.
    pub disk_percent: Option<f64>,
    /// Disk space in use.
    pub disk_used_bytes: Option<u64>,
    /// Disk space left.
    pub disk_free_bytes: Option<u64>,
    /// Processes on the machine.
    pub process_count: Option<u64>,
    /// Bytes sent since the machine started; a smaller figure than before is ignored.
    pub network_sent_bytes: Option<u64>,
    /// Bytes received since the machine started; a smaller figure than before is ignored.
    pub network_received_bytes: Option<u64>,
    /// Packets with errors, sent and received; a smaller figure than before is ignored.
    pub network_errors: Option<Packets>,
    /// Packets dropped, sent and received; a smaller figure than before is ignored.
    pub network_dropped: Option<Packets>,
    /// Processors.
    pub cpu_count: Option<u64>,
    /// Processes that ran or wanted to, averaged over 1, 5 and 15 minutes.
    pub load_average: Option<[f64; 3]>,
    /// Swap space.
    pub swap_total_bytes: Option<u64>,
    /// Swap space in use.
    pub swap_used_bytes: Option<u64>,
    /// Who waited for what on the machine.
    pub pressure: PressureUsage,
}

/// Packets by direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Packets {
    /// Sent.
    pub sent: u64,
    /// Received.
    pub received: u64,
}

/// Time that tasks waited for a resource since the machine started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waited {
    /// At least one task waited.
    pub some: Duration,
    /// All tasks waited at once, where the kernel counts that.
    pub all: Option<Duration>,
}

/// Pressure stall information, by resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PressureUsage {
    /// Waiting for a processor.
    pub cpu: Option<Waited>,
    /// Waiting for memory.
    pub memory: Option<Waited>,
    /// Waiting for storage.
    pub io: Option<Waited>,
}

/// The container (control group) around this process. A field that is `None` leaves its metric as it was;
/// one never set is not exported.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub struct ContainerUsage {
    /// Processor use over the quota, in percent.
    pub cpu_percent: Option<f64>,
    /// Processors that may be used.
    pub cpu_limit_cores: Option<f64>,
    /// Share of the latest scheduling periods that were throttled, in percent.
    pub cpu_throttled_percent: Option<f64>,
    /// Scheduling periods that were throttled so far.
    pub cpu_throttled_periods: Option<u64>,
    /// Time throttled so far.
    pub cpu_throttled_time: Option<Duration>,
    /// Working set over the limit, in percent.
    pub memory_percent: Option<f64>,
    /// Working set.
    pub memory_used_bytes: Option<u64>,
    /// Memory that may be used.
    pub memory_limit_bytes: Option<u64>,
    /// Processes that the kernel killed for memory so far.
    pub oom_kills: Option<u64>,
    /// Who waited for what in the container.
    pub pressure: PressureUsage,
}

/// This process. A field that is `None` leaves its metric as it was; one never set is not exported.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub struct ProcessUsage {
    /// Percent of one processor.
    pub cpu_percent: Option<f64>,
    /// Percent of all memory.
    pub memory_percent: Option<f64>,
    /// Memory held; exported as `process_memory_bytes` and `process_resident_memory_bytes`.
    pub resident_memory_bytes: Option<u64>,
    /// Processor time used so far.
    pub cpu_time: Option<Duration>,
    /// Open file descriptors.
    pub open_fds: Option<u64>,
    /// File descriptors that may be open.
    pub max_fds: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
    /// When the process started, as Unix time in seconds.
    pub start_time_seconds: Option<f64>,
}
