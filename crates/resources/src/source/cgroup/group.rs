//! The files of one control group, kept open.

use std::path::Path;
use std::time::Duration;

use super::resolve::Version;
use crate::source::linux::file::KernelFile;
use crate::source::linux::parse;
use crate::source::{CpuGroup, MemoryGroup, Throttling};

/// Version 1 writes "no limit" as the largest page-aligned number.
const V1_UNLIMITED: u64 = 1 << 60;

/// Memory of one group.
#[derive(Debug)]
pub(crate) struct MemoryFiles {
    version: Version,
    usage: KernelFile,
    stat: KernelFile,
    limit: KernelFile,
    /// The visible top counts as a container only when something limits it.
    top: bool,
}

impl MemoryFiles {
    pub(crate) fn open(folder: &Path, version: Version, top: bool) -> Option<Self> {
        let (usage, limit) = match version {
            Version::V1 => ("memory.usage_in_bytes", "memory.limit_in_bytes"),
            Version::V2 => ("memory.current", "memory.max"),
        };
        Some(Self {
            version,
            usage: KernelFile::optional(&folder.join(usage), usage)?,
            stat: KernelFile::optional(&folder.join("memory.stat"), "memory.stat")?,
            limit: KernelFile::optional(&folder.join(limit), limit)?,
            top,
        })
    }

    /// `Err` when the group is gone, `Ok(None)` when it is not a container's.
    pub(crate) fn read(&self, buffer: &mut Vec<u8>) -> Result<Option<MemoryGroup>, Gone> {
        let usage = parse::number(self.usage.read(buffer)?.trim_ascii());
        let limit = parse::number(self.limit.read(buffer)?.trim_ascii());
        let stat = self.stat.read(buffer)?;
        // the totals of version 1 include the groups below, as all figures of version 2 do
        let key: &[u8] = match self.version {
            Version::V1 => b"total_inactive_file",
            Version::V2 => b"inactive_file",
        };
        let inactive = parse::keyed(stat, key).unwrap_or(0);
        let above = match self.version {
            Version::V1 => parse::keyed(stat, b"hierarchical_memory_limit"),
            Version::V2 => None,
        };
        let limit = [limit, above]
            .into_iter()
            .flatten()
            .min()
            .filter(|l| *l < V1_UNLIMITED);
        if self.top && limit.is_none() {
            return Ok(None);
        }
        Ok(usage.map(|usage| MemoryGroup {
            working_set: usage.saturating_sub(inactive),
            limit,
        }))
    }
}

/// CPU of one group.
#[derive(Debug)]
pub(crate) struct CpuFiles {
    top: bool,
    kind: CpuKind,
}

#[derive(Debug)]
enum CpuKind {
    V1 {
        usage: KernelFile,
        quota: KernelFile,
        period: KernelFile,
        stat: KernelFile,
    },
    V2 {
        stat: KernelFile,
        max: KernelFile,
    },
}

impl CpuFiles {
    /// `usage_folder` is the same group in the hierarchy that counts CPU time (version 1).
    pub(crate) fn open(
        folder: &Path,
        usage_folder: &Path,
        version: Version,
        top: bool,
    ) -> Option<Self> {
        let file =
            |folder: &Path, name: &'static str| KernelFile::optional(&folder.join(name), name);
        let kind = match version {
            Version::V1 => CpuKind::V1 {
                usage: file(usage_folder, "cpuacct.usage")?,
                quota: file(folder, "cpu.cfs_quota_us")?,
                period: file(folder, "cpu.cfs_period_us")?,
                stat: file(folder, "cpu.stat")?,
            },
            Version::V2 => CpuKind::V2 {
                stat: file(folder, "cpu.stat")?,
                max: file(folder, "cpu.max")?,
            },
        };
        Some(Self { top, kind })
    }

    /// As [`MemoryFiles::read`].
    pub(crate) fn read(
        &self,
        buffer: &mut Vec<u8>,
    ) -> Result<Option<(CpuGroup, Throttling)>, Gone> {
        let read = match &self.kind {
            CpuKind::V1 {
                usage,
                quota,
                period,
                stat,
            } => {
                let nanos = parse::number(usage.read(buffer)?.trim_ascii());
                let quota = parse::number(quota.read(buffer)?.trim_ascii()); // -1: none
                let period = parse::number(period.read(buffer)?.trim_ascii());
                let stat = stat.read(buffer)?;
                let throttled = parse::keyed(stat, b"throttled_time").map(Duration::from_nanos);
                let group = nanos.map(|n| CpuGroup {
                    usage: Duration::from_nanos(n),
                    quota_cores: cores(quota, period),
                });
                group.map(|group| (group, throttling(stat, throttled)))
            }
            CpuKind::V2 { stat, max } => {
                let text = max.read(buffer)?;
                let quota_cores = max_cores(text);
                let stat = stat.read(buffer)?;
                let throttled = parse::keyed(stat, b"throttled_usec").map(Duration::from_micros);
                let micros = parse::keyed(stat, b"usage_usec");
                let group = micros.map(|m| CpuGroup {
                    usage: Duration::from_micros(m),
                    quota_cores,
                });
                group.map(|group| (group, throttling(stat, throttled)))
            }
        };
        Ok(read.filter(|(group, _)| !self.top || group.quota_cores.is_some()))
    }
}

/// `cpu.max`: quota and period, or `max` for no quota.
fn max_cores(text: &[u8]) -> Option<f64> {
    let mut words = parse::words(text);
    cores(
        words.next().and_then(parse::number),
        words.next().and_then(parse::number),
    )
}

fn throttling(stat: &[u8], throttled_time: Option<Duration>) -> Throttling {
    Throttling {
        periods: parse::keyed(stat, b"nr_periods").unwrap_or(0),
        throttled: parse::keyed(stat, b"nr_throttled").unwrap_or(0),
        throttled_time: throttled_time.unwrap_or_default(),
    }
}

fn cores(quota: Option<u64>, period: Option<u64>) -> Option<f64> {
    let (quota, period) = (quota?, period.filter(|p| *p > 0)?);
    Some(quota as f64 / period as f64)
}

/// The group was removed, or cannot be read any more.
#[derive(Debug)]
pub(crate) struct Gone;

impl From<crate::error::SourceError> for Gone {
    fn from(_: crate::error::SourceError) -> Self {
        Self
    }
}
