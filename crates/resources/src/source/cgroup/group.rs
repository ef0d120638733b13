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
    place: Position,
}

/// What a group's place in its hierarchy says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// The group of this process, not an ancestor.
    pub(crate) own: bool,
    /// The top of what version 1 shows: the machine itself, unless something limits it.
    /// (In version 2 the machine has no such files.)
    pub(crate) maybe_machine: bool,
}

impl MemoryFiles {
    pub(crate) fn open(folder: &Path, version: Version, place: Position) -> Option<Self> {
        let (usage, limit) = match version {
            Version::V1 => ("memory.usage_in_bytes", "memory.limit_in_bytes"),
            Version::V2 => ("memory.current", "memory.max"),
        };
        Some(Self {
            version,
            usage: KernelFile::optional(&folder.join(usage), usage)?,
            stat: KernelFile::optional(&folder.join("memory.stat"), "memory.stat")?,
            limit: KernelFile::optional(&folder.join(limit), limit)?,
            place,
        })
    }

    /// `Err` when the group is gone, `Ok(None)` when it is not a container's.
    pub(crate) fn read(&self, buffer: &mut Vec<u8>) -> Result<Option<MemoryGroup>, Gone> {
        let limited = |limit: &u64| *limit < V1_UNLIMITED;
        let limit = parse::number(self.limit.read(buffer)?.trim_ascii()).filter(limited);
        if limit.is_none() && self.place.maybe_machine && !self.place.own {
            return Ok(None);
        }
        let usage = parse::number(self.usage.read(buffer)?.trim_ascii());
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
        let limit = [limit, above.filter(limited)].into_iter().flatten().min();
        if limit.is_none() && self.place.maybe_machine {
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
    version: Version,
    place: Position,
    usage: KernelFile,
    quota: KernelFile,
    /// Version 2 has the period beside the quota.
    period: Option<KernelFile>,
    stat: KernelFile,
}

impl CpuFiles {
    /// `usage_folder` is the same group in the hierarchy that counts CPU time (version 1).
    pub(crate) fn open(
        folder: &Path,
        usage_folder: &Path,
        version: Version,
        place: Position,
    ) -> Option<Self> {
        let file =
            |folder: &Path, name: &'static str| KernelFile::optional(&folder.join(name), name);
        let (usage, quota, period) = match version {
            Version::V1 => (
                file(usage_folder, "cpuacct.usage")?,
                file(folder, "cpu.cfs_quota_us")?,
                Some(file(folder, "cpu.cfs_period_us")?),
            ),
            Version::V2 => (file(folder, "cpu.stat")?, file(folder, "cpu.max")?, None),
        };
        Some(Self {
            version,
            place,
            usage,
            quota,
            period,
            stat: file(folder, "cpu.stat")?,
        })
    }

    /// As [`MemoryFiles::read`].
    pub(crate) fn read(
        &self,
        buffer: &mut Vec<u8>,
    ) -> Result<Option<(CpuGroup, Throttling)>, Gone> {
        let quota_cores = match &self.period {
            None => max_cores(self.quota.read(buffer)?),
            Some(period) => {
                let quota = parse::number(self.quota.read(buffer)?.trim_ascii()); // -1: none
                match quota {
                    Some(_) => cores(quota, parse::number(period.read(buffer)?.trim_ascii())),
                    None => None,
                }
            }
        };
        if quota_cores.is_none() && self.place.maybe_machine {
            return Ok(None);
        }
        let usage = match self.version {
            Version::V1 => {
                parse::number(self.usage.read(buffer)?.trim_ascii()).map(Duration::from_nanos)
            }
            Version::V2 => {
                parse::keyed(self.usage.read(buffer)?, b"usage_usec").map(Duration::from_micros)
            }
        };
        let Some(usage) = usage else { return Ok(None) };
        let throttling = match quota_cores {
            Some(_) => self.throttling(self.stat.read(buffer)?),
            None => Throttling::default(), // without a quota nothing is throttled
        };
        Ok(Some((CpuGroup { usage, quota_cores }, throttling)))
    }

    fn throttling(&self, stat: &[u8]) -> Throttling {
        let time = match self.version {
            Version::V1 => parse::keyed(stat, b"throttled_time").map(Duration::from_nanos),
            Version::V2 => parse::keyed(stat, b"throttled_usec").map(Duration::from_micros),
        };
        Throttling {
            periods: parse::keyed(stat, b"nr_periods").unwrap_or(0),
            throttled: parse::keyed(stat, b"nr_throttled").unwrap_or(0),
            throttled_time: time.unwrap_or_default(),
        }
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
