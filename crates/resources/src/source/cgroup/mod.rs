//! What the container may use: control groups of version 1, 2 and both at once.
//!
//! The group of this process is looked up once; all its files and its ancestors' stay open.

use std::path::{Path, PathBuf};

use self::group::{CpuFiles, Gone, MemoryFiles, Position};
use self::resolve::{Place, Places, Version};
use super::ContainerReading;
use super::linux::PressureFiles;
use super::linux::file::KernelFile;
use super::linux::parse;

mod group;
mod resolve;

/// Deeper trees than this are cut off above; systemd and Kubernetes use four or five.
const MAX_LEVELS: usize = 16;

/// The control groups of this process.
#[derive(Debug)]
pub(crate) struct Cgroup {
    root: PathBuf,
    groups: Option<Groups>,
    /// A group that goes away (the process was moved) is looked up anew, once each time.
    reopen: bool,
}

#[derive(Debug)]
struct Groups {
    memory: Vec<MemoryFiles>,
    cpu: Vec<CpuFiles>,
    oom: Option<KernelFile>,
    pressure: Option<PressureFiles>,
}

impl Cgroup {
    pub(crate) fn open(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
            groups: Groups::open(root),
            reopen: false,
        }
    }

    /// Overwrites `out`; `None` where no group limits or accounts for this process.
    pub(crate) fn read(&mut self, buffer: &mut Vec<u8>, out: &mut Option<ContainerReading>) {
        if std::mem::take(&mut self.reopen) {
            self.groups = Groups::open(&self.root);
        }
        let Some(groups) = &self.groups else {
            *out = None;
            return;
        };
        let reading = out.get_or_insert_default();
        self.reopen = groups.read(buffer, reading).is_err();
        if self.reopen || (reading.cpu.is_empty() && reading.memory.is_empty()) {
            *out = None;
        }
    }
}

impl Groups {
    fn open(root: &Path) -> Option<Self> {
        let cgroup = std::fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
        let mountinfo = std::fs::read_to_string(root.join("proc/self/mountinfo")).ok()?;
        let Places {
            memory,
            cpu,
            cpuacct,
            unified,
        } = resolve::resolve(&cgroup, &mountinfo);
        let under = |folder: &Path| root.join(folder.strip_prefix("/").unwrap_or(folder));

        let oom = memory.as_ref().and_then(|place| {
            let name = match place.version {
                Version::V1 => "memory.oom_control",
                Version::V2 => "memory.events",
            };
            KernelFile::optional(&under(&place.mount.join(&place.below)).join(name), name)
        });
        let memory_v2 = memory
            .as_ref()
            .is_some_and(|place| place.version == Version::V2);
        let memory = levels(memory.as_ref(), |folder, place, position| {
            MemoryFiles::open(&under(folder), place.version, position)
        });
        let cpu = levels(cpu.as_ref(), |folder, place, position| {
            let below = folder.strip_prefix(&place.mount).unwrap_or(folder);
            let counted = cpuacct
                .as_ref()
                .map_or_else(|| folder.to_path_buf(), |c| c.mount.join(below));
            CpuFiles::open(&under(folder), &under(&counted), place.version, position)
        });
        // at the visible top only a version 2 container has its own; elsewhere it is the machine's
        let contained = memory_v2 && !memory.is_empty();
        let pressure = unified.filter(|place| contained || !place.below.as_os_str().is_empty());
        let pressure = pressure.map(|place| {
            let folder = under(&place.mount.join(&place.below));
            PressureFiles::open(&folder, ["cpu.pressure", "memory.pressure", "io.pressure"])
        });
        (!memory.is_empty() || !cpu.is_empty()).then_some(Self {
            memory,
            cpu,
            oom,
            pressure,
        })
    }

    fn read(&self, buffer: &mut Vec<u8>, out: &mut ContainerReading) -> Result<(), Gone> {
        out.memory.clear();
        out.cpu.clear();
        out.throttling = None;
        for files in &self.memory {
            out.memory.extend(files.read(buffer)?);
        }
        for files in &self.cpu {
            if let Some((group, throttling)) = files.read(buffer)? {
                out.cpu.push(group);
                if group.quota_cores.is_some() {
                    out.throttling.get_or_insert(throttling);
                }
            }
        }
        out.oom_kills = self
            .oom
            .as_ref()
            .and_then(|f| parse::keyed(f.read(buffer).ok()?, b"oom_kill"));
        out.pressure = self.pressure.as_ref().and_then(|files| files.read(buffer));
        Ok(())
    }
}

fn levels<T>(
    place: Option<&Place>,
    mut open: impl FnMut(&Path, &Place, Position) -> Option<T>,
) -> Vec<T> {
    let Some(place) = place else {
        return Vec::new();
    };
    let folders = place.folders().take(MAX_LEVELS).enumerate();
    let files = folders.filter_map(|(level, (folder, top))| {
        let maybe_machine = top && place.version == Version::V1;
        open(
            &folder,
            place,
            Position {
                own: level == 0,
                maybe_machine,
            },
        )
    });
    files.collect()
}

#[cfg(test)]
mod tests;
