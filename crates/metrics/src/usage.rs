//! What the resource sampler knows, as plain numbers.

use std::time::Duration;

/// The machine. A field that is `None` leaves its metric as it was; one never set is not exported.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
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
}

/// This process. A field that is `None` leaves its metric as it was; one never set is not exported.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
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
    /// Threads.
    pub threads: Option<u64>,
    /// When the process started, as Unix time in seconds.
    pub start_time_seconds: Option<f64>,
}
