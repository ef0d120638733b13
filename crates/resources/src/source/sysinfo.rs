//! The portable source: the `sysinfo` crate, told exactly what to refresh.

use std::fmt;
use std::time::{Duration, Instant};

use sysinfo::{MemoryRefreshKind, Networks, Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use super::traffic::{Interface, Traffic};
use super::{CpuReading, MemoryReading, NetworkReading, ProcessReading, Reading, Source};
use crate::clock;
use crate::error::SourceError;

/// Reads through the `sysinfo` crate; works on Linux, macOS, Windows and FreeBSD.
///
/// It knows no containers and no pressure, and its CPU figure needs 200 ms between
/// two readings; an earlier one repeats the figure before.
pub struct SysinfoSource {
    system: System,
    networks: Networks,
    traffic: Traffic,
    pid: Pid,
    cpu_read_at: Option<Instant>,
    cpu_known: bool,
}

impl fmt::Debug for SysinfoSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SysinfoSource")
            .field("pid", &self.pid)
            .finish_non_exhaustive()
    }
}

impl SysinfoSource {
    /// Prepares the source; nothing is read yet.
    ///
    /// # Errors
    ///
    /// [`SourceError::Unsupported`] on systems that `sysinfo` does not know.
    pub fn new() -> Result<Self, SourceError> {
        let unsupported = |what| move |_| SourceError::Unsupported { what };
        Ok(Self {
            system: System::new().map_err(unsupported("sysinfo"))?,
            networks: Networks::new_with_refreshed_list().map_err(unsupported("network list"))?,
            traffic: Traffic::default(),
            pid: Pid::from_u32(std::process::id()),
            cpu_read_at: None,
            cpu_known: false,
        })
    }

    /// CPU goes before processes: the other way round, per-core figures stay at zero.
    fn cpu(&mut self, out: &mut Reading) {
        let now = clock::monotonic();
        let due = self.cpu_read_at.is_none_or(|at| {
            now.saturating_duration_since(at) >= sysinfo::MINIMUM_CPU_UPDATE_INTERVAL
        });
        if due {
            // the first figure is the average since boot, so it is not one
            self.cpu_known = self.cpu_read_at.is_some();
            self.system.refresh_cpu_usage();
            self.cpu_read_at = Some(now);
        }
        let known = self.cpu_known;
        let figure = |percent: f32| match known {
            true => CpuReading::Percent(f64::from(percent)),
            false => CpuReading::Unknown,
        };
        out.cpu = figure(self.system.global_cpu_usage());
        out.cores
            .extend(self.system.cpus().iter().map(|cpu| figure(cpu.usage())));
    }

    fn own_process(&mut self) -> Option<ProcessReading> {
        // `nothing()` still lists every task of the process
        let kind = ProcessRefreshKind::nothing()
            .with_cpu()
            .with_memory()
            .without_tasks();
        self.system
            .refresh_processes_specifics(ProcessesToUpdate::Some(&[self.pid]), false, kind);
        let process = self.system.process(self.pid)?;
        Some(ProcessReading {
            pid: self.pid.as_u32(),
            cpu_time: Duration::from_millis(process.accumulated_cpu_time()),
            resident: process.memory(),
            open_fds: process.open_files().and_then(|n| u64::try_from(n).ok()),
            max_fds: process
                .open_files_limit()
                .and_then(|n| u64::try_from(n).ok()),
            threads: None,
            started: process.start_time() as f64,
        })
    }
}

impl Source for SysinfoSource {
    fn read(&mut self, out: &mut Reading) -> Result<(), SourceError> {
        out.clear();
        out.container = None;
        self.cpu(out);
        self.system
            .refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram().with_swap());
        out.memory = MemoryReading {
            total: self.system.total_memory(),
            available: self.system.available_memory(),
            swap_total: self.system.total_swap(),
            swap_free: self.system.free_swap(),
        };
        if out.memory.total == 0 {
            return Err(SourceError::Parse {
                what: "memory size",
            });
        }
        out.load = System::load_average()
            .ok()
            .map(|l| [l.one, l.five, l.fifteen]);
        self.networks.refresh(true);
        for (name, data) in &self.networks {
            let counters = NetworkReading {
                received: data.total_received(),
                received_errors: data.total_errors_on_received(),
                sent: data.total_transmitted(),
                sent_errors: data.total_errors_on_transmitted(),
                ..NetworkReading::default()
            };
            self.traffic.add(name.as_encoded_bytes(), counters);
        }
        out.network = Some(self.traffic.finish(look));
        out.process = self.own_process();
        out.process_count = process_count();
        Ok(())
    }
}

#[cfg(target_os = "linux")]
fn look(name: &[u8]) -> Interface {
    super::linux::interfaces::Interfaces::new(std::path::Path::new("/")).look(name)
}

#[cfg(not(target_os = "linux"))]
fn look(name: &[u8]) -> Interface {
    Interface::by_name(name)
}

/// Counting through `sysinfo` would read every process's files.
#[cfg(target_os = "linux")]
fn process_count() -> Option<u64> {
    let entries = std::fs::read_dir("/proc").ok()?;
    let numeric = entries.flatten().filter(|e| {
        e.file_name()
            .as_encoded_bytes()
            .first()
            .is_some_and(u8::is_ascii_digit)
    });
    u64::try_from(numeric.count()).ok()
}

#[cfg(not(target_os = "linux"))]
fn process_count() -> Option<u64> {
    let mut system = System::new().ok()?;
    system.refresh_processes_specifics(
        ProcessesToUpdate::All,
        true,
        ProcessRefreshKind::nothing().without_tasks(),
    );
    u64::try_from(system.processes().len()).ok()
}
