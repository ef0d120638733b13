//! The processes that use most.

use serde::Serialize;
use std::time::Duration;

use crate::error::SourceError;

/// The time over which CPU figures are measured.
const SPAN: Duration = Duration::from_millis(250);

/// What the list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProcessSort {
    /// CPU time over the measured span.
    Cpu,
    /// Resident memory.
    Memory,
}

/// One process.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ProcessInfo {
    /// Process id.
    pub pid: u32,
    /// Its short name (Linux: at most 15 bytes). Never its arguments, which may hold secrets.
    pub name: String,
    /// `running`, `sleeping`, `disk_sleep`, `stopped`, `zombie`, `idle` or `unknown`.
    pub status: &'static str,
    /// CPU time over wall time, percent of one CPU.
    pub cpu_percent: f64,
    /// Resident memory over the host's memory, percent.
    pub memory_percent: f64,
    /// Resident memory, bytes.
    pub memory_bytes: u64,
    /// Threads.
    pub threads: Option<u64>,
    /// Start, seconds since 1970.
    pub start_time_seconds: f64,
}

/// Measures and sorts; sleeps for [`SPAN`].
pub(crate) fn top(n: usize, by: ProcessSort) -> Result<Vec<ProcessInfo>, SourceError> {
    let mut all = platform::measure(SPAN)?;
    sort(&mut all, by);
    all.truncate(n);
    Ok(all)
}

/// Most first; equals by the other figure, then by pid, so that the order is stable.
fn sort(all: &mut [ProcessInfo], by: ProcessSort) {
    all.sort_by(|a, b| {
        let cpu = b.cpu_percent.total_cmp(&a.cpu_percent);
        let memory = b.memory_bytes.cmp(&a.memory_bytes);
        let order = match by {
            ProcessSort::Cpu => cpu.then(memory),
            ProcessSort::Memory => memory.then(cpu),
        };
        order.then(a.pid.cmp(&b.pid))
    });
}

#[cfg(target_os = "linux")]
mod platform {
    use std::collections::HashMap;
    use std::fs::File;
    use std::io::Read;
    use std::time::Duration;

    use super::ProcessInfo;
    use crate::clock;
    use crate::error::SourceError;
    use crate::source::linux::file::KernelFile;
    use crate::source::linux::parse;

    /// CPU ticks by process; the start tells a process from a later one with its id.
    type Ticks = HashMap<(u64, u64), u64>;

    pub(super) fn measure(span: Duration) -> Result<Vec<ProcessInfo>, SourceError> {
        let mut buffer = vec![0; 16 * 1024];
        let stat = KernelFile::open("/proc/stat".as_ref(), "/proc/stat")?;
        let boot = parse::boot_time(stat.read(&mut buffer)?).ok_or_else(|| stat.broken())?;
        let meminfo = KernelFile::open("/proc/meminfo".as_ref(), "/proc/meminfo")?;
        let memory = parse::meminfo(meminfo.read(&mut buffer)?)
            .ok_or_else(|| meminfo.broken())?
            .total;
        let page = rustix::param::page_size() as u64;
        let tick = rustix::param::clock_ticks_per_second().max(1) as f64;

        let mut before = Ticks::new();
        let started = clock::monotonic();
        each(&mut buffer, |stat| {
            before.insert((stat.pid, stat.start_ticks), stat.cpu_ticks);
        })?;
        std::thread::sleep(span);
        let seconds = clock::monotonic()
            .saturating_duration_since(started)
            .as_secs_f64();
        let mut all = Vec::with_capacity(before.len());
        each(&mut buffer, |stat| {
            // a process that was born in between has used all its time in between
            let earlier = before
                .get(&(stat.pid, stat.start_ticks))
                .copied()
                .unwrap_or(0);
            let used = stat.cpu_ticks.saturating_sub(earlier) as f64 / tick;
            let bytes = stat.resident_pages.saturating_mul(page);
            all.push(ProcessInfo {
                pid: u32::try_from(stat.pid).unwrap_or(0),
                name: String::from_utf8_lossy(stat.name).into_owned(),
                status: status(stat.state),
                cpu_percent: used * 100.0 / seconds,
                memory_percent: if memory == 0 {
                    0.0
                } else {
                    bytes as f64 * 100.0 / memory as f64
                },
                memory_bytes: bytes,
                threads: Some(stat.threads),
                start_time_seconds: boot as f64 + stat.start_ticks as f64 / tick,
            });
        })?;
        Ok(all)
    }

    /// Every process that can be read; one that ends meanwhile is left out.
    fn each(
        buffer: &mut [u8],
        mut visit: impl FnMut(&parse::PidStat<'_>),
    ) -> Result<(), SourceError> {
        let unreadable = |source| SourceError::Read {
            what: "/proc",
            source,
        };
        for entry in std::fs::read_dir("/proc").map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            if !entry
                .file_name()
                .as_encoded_bytes()
                .iter()
                .all(u8::is_ascii_digit)
            {
                continue;
            }
            let read = File::open(entry.path().join("stat")).and_then(|mut file| file.read(buffer));
            let stat = read
                .ok()
                .and_then(|length| parse::pid_stat(buffer.get(..length)?));
            if let Some(stat) = stat {
                visit(&stat);
            }
        }
        Ok(())
    }

    fn status(state: u8) -> &'static str {
        match state {
            b'R' => "running",
            b'S' => "sleeping",
            b'D' => "disk_sleep",
            b'T' | b't' => "stopped",
            b'Z' => "zombie",
            b'I' => "idle",
            _ => "unknown",
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use std::collections::HashMap;
    use std::time::Duration;

    use sysinfo::{
        MemoryRefreshKind, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System,
    };

    use super::ProcessInfo;
    use crate::clock;
    use crate::error::SourceError;

    pub(super) fn measure(span: Duration) -> Result<Vec<ProcessInfo>, SourceError> {
        let mut system = System::new().map_err(|_| SourceError::Unsupported { what: "sysinfo" })?;
        let kind = ProcessRefreshKind::nothing()
            .with_cpu()
            .with_memory()
            .without_tasks();
        system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        let memory = system.total_memory().max(1) as f64;
        let started = clock::monotonic();
        system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
        let times = system
            .processes()
            .iter()
            .map(|(pid, p)| (*pid, p.accumulated_cpu_time()));
        let before: HashMap<_, _> = times.collect();
        std::thread::sleep(span);
        system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
        let millis = clock::monotonic()
            .saturating_duration_since(started)
            .as_secs_f64()
            * 1000.0;
        let info = |(pid, process): (&sysinfo::Pid, &sysinfo::Process)| {
            let earlier = before.get(pid).copied().unwrap_or(0);
            ProcessInfo {
                pid: pid.as_u32(),
                name: process.name().to_string_lossy().into_owned(),
                status: status(process.status()),
                cpu_percent: process.accumulated_cpu_time().saturating_sub(earlier) as f64 * 100.0
                    / millis,
                memory_percent: process.memory() as f64 * 100.0 / memory,
                memory_bytes: process.memory(),
                threads: None,
                start_time_seconds: process.start_time() as f64,
            }
        };
        Ok(system.processes().iter().map(info).collect())
    }

    fn status(status: ProcessStatus) -> &'static str {
        match status {
            ProcessStatus::Run => "running",
            ProcessStatus::Sleep => "sleeping",
            ProcessStatus::UninterruptibleDiskSleep => "disk_sleep",
            ProcessStatus::Stop => "stopped",
            ProcessStatus::Zombie => "zombie",
            ProcessStatus::Idle => "idle",
            _ => "unknown",
        }
    }
}

#[cfg(test)]
mod tests;
