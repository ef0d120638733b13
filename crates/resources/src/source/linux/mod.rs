//! The Linux source: descriptors kept open, one `pread` a file, no allocation after warm-up.

use std::path::Path;
use std::time::Duration;

use self::entries::Entries;
use self::file::KernelFile;
use self::interfaces::Interfaces;
use super::cgroup::Cgroup;
use super::traffic::Traffic;
use super::{NetworkReading, ProcessReading, Reading, Source};
use crate::error::SourceError;
use crate::sample::Pressure;

mod entries;
pub(crate) mod file;
pub(crate) mod interfaces;
pub(crate) mod parse;

/// Reads `/proc` and the control groups through descriptors that stay open.
#[derive(Debug)]
pub struct LinuxSource {
    stat: KernelFile,
    meminfo: KernelFile,
    loadavg: Option<KernelFile>,
    net_dev: Option<KernelFile>,
    own_stat: Option<KernelFile>,
    own_fds: Option<KernelFile>,
    own_limits: Option<KernelFile>,
    proc: Option<KernelFile>,
    pressure: PressureFiles,
    cgroup: Cgroup,
    traffic: Traffic,
    interfaces: Interfaces,
    buffer: Vec<u8>,
    entries: Entries,
    boot_seconds: u64,
    page_bytes: u64,
    ticks_per_second: u64,
}

impl LinuxSource {
    /// Opens the files of this machine.
    ///
    /// # Errors
    ///
    /// [`SourceError`] when `/proc/stat` or `/proc/meminfo` cannot be read; everything else may be missing.
    pub fn open() -> Result<Self, SourceError> {
        Self::open_at(Path::new("/"))
    }

    /// Opens the files of a machine whose `/proc` and `/sys` lie below `root`, as a
    /// container sees its host's (or a test a recorded one).
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_at(root: &Path) -> Result<Self, SourceError> {
        let proc = root.join("proc");
        let mut buffer = vec![0; 16 * 1024];
        let stat = KernelFile::open(&proc.join("stat"), "/proc/stat")?;
        let boot_seconds =
            parse::boot_time(stat.read(&mut buffer)?).ok_or_else(|| stat.broken())?;
        Ok(Self {
            stat,
            meminfo: KernelFile::open(&proc.join("meminfo"), "/proc/meminfo")?,
            loadavg: KernelFile::optional(&proc.join("loadavg"), "/proc/loadavg"),
            net_dev: KernelFile::optional(&proc.join("self/net/dev"), "/proc/self/net/dev"),
            own_stat: KernelFile::optional(&proc.join("self/stat"), "/proc/self/stat"),
            own_fds: KernelFile::optional(&proc.join("self/fd"), "/proc/self/fd"),
            own_limits: KernelFile::optional(&proc.join("self/limits"), "/proc/self/limits"),
            pressure: PressureFiles::open(&proc.join("pressure"), ["cpu", "memory", "io"]),
            proc: KernelFile::optional(&proc, "/proc"),
            cgroup: Cgroup::open(root),
            traffic: Traffic::default(),
            interfaces: Interfaces::new(root),
            buffer,
            entries: Entries::new(),
            boot_seconds,
            page_bytes: rustix::param::page_size() as u64,
            ticks_per_second: rustix::param::clock_ticks_per_second().max(1),
        })
    }

    fn network(&mut self) -> Option<NetworkReading> {
        let text = self.net_dev.as_ref()?.read_pages(&mut self.buffer).ok()?;
        let look = |name: &[u8]| self.interfaces.look(name);
        parse::net_dev(text, &mut self.traffic, look)
    }

    fn max_fds(&mut self) -> Option<u64> {
        parse::max_open_files(self.own_limits.as_ref()?.read(&mut self.buffer).ok()?)
    }

    fn own_process(&mut self) -> Option<ProcessReading> {
        let max_fds = self.max_fds();
        let stat = parse::pid_stat(self.own_stat.as_ref()?.read(&mut self.buffer).ok()?)?;
        let started =
            self.boot_seconds as f64 + stat.start_ticks as f64 / self.ticks_per_second as f64;
        Some(ProcessReading {
            pid: u32::try_from(stat.pid).ok()?,
            cpu_time: own_cpu_time(),
            resident: stat.resident_pages.saturating_mul(self.page_bytes),
            open_fds: self
                .own_fds
                .as_ref()
                .and_then(|dir| self.entries.descriptors(dir)),
            max_fds,
            threads: Some(stat.threads),
            started,
        })
    }
}

impl Source for LinuxSource {
    fn read(&mut self, out: &mut Reading) -> Result<(), SourceError> {
        out.clear();
        let text = self.stat.read(&mut self.buffer)?;
        parse::stat(text, out).ok_or_else(|| self.stat.broken())?;
        let text = self.meminfo.read(&mut self.buffer)?;
        out.memory = parse::meminfo(text).ok_or_else(|| self.meminfo.broken())?;
        out.load = self
            .loadavg
            .as_ref()
            .and_then(|f| parse::loadavg(f.read(&mut self.buffer).ok()?));
        out.network = self.network();
        out.process_count = self
            .proc
            .as_ref()
            .and_then(|dir| self.entries.processes(dir));
        out.process = self.own_process();
        out.pressure = self.pressure.read(&mut self.buffer);
        self.cgroup.read(&mut self.buffer, &mut out.container);
        Ok(())
    }
}

/// To the nanosecond, where `/proc/self/stat` counts in ticks of 10 ms.
fn own_cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// The pressure files of the machine or of one control group.
#[derive(Debug)]
pub(crate) struct PressureFiles {
    cpu: Option<KernelFile>,
    memory: Option<KernelFile>,
    io: Option<KernelFile>,
}

impl PressureFiles {
    pub(crate) fn open(folder: &Path, [cpu, memory, io]: [&str; 3]) -> Self {
        Self {
            cpu: KernelFile::optional(&folder.join(cpu), "cpu pressure"),
            memory: KernelFile::optional(&folder.join(memory), "memory pressure"),
            io: KernelFile::optional(&folder.join(io), "io pressure"),
        }
    }

    pub(crate) fn read(&self, buffer: &mut Vec<u8>) -> Option<Pressure> {
        let mut line =
            |file: &Option<KernelFile>| parse::pressure(file.as_ref()?.read(buffer).ok()?);
        let pressure = Pressure {
            cpu: line(&self.cpu),
            memory: line(&self.memory),
            io: line(&self.io),
        };
        (pressure != Pressure::default()).then_some(pressure)
    }
}
