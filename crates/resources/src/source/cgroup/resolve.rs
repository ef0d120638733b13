//! Finds this process's control groups from `/proc/self/cgroup` and `/proc/self/mountinfo`. Pure.

use std::path::{Component, Path, PathBuf};

/// A control group in the file system: where its hierarchy is mounted and where below that it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) version: Version,
    pub(crate) mount: PathBuf,
    /// Relative to `mount`; empty for the top that is visible.
    pub(crate) below: PathBuf,
}

/// The two interfaces of the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    V2,
}

/// Where each controller accounts for this process.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Places {
    pub(crate) memory: Option<Place>,
    pub(crate) cpu: Option<Place>,
    /// Version 1 counts CPU time in a hierarchy of its own.
    pub(crate) cpuacct: Option<Place>,
    /// The version 2 group, which alone has pressure files.
    pub(crate) unified: Option<Place>,
}

impl Place {
    /// The group's folder and its ancestors' up to the mount point, innermost first;
    /// the flag says whether it is the visible top.
    pub(crate) fn folders(&self) -> impl Iterator<Item = (PathBuf, bool)> + '_ {
        self.below
            .ancestors()
            .map(|below| (self.mount.join(below), below.as_os_str().is_empty()))
    }
}

struct Mount<'a> {
    root: String,
    point: PathBuf,
    version: Version,
    options: &'a str,
}

/// `mountinfo`: `36 35 98:0 /root /point opts [optional…] - type source superoptions`.
fn mounts(mountinfo: &str) -> impl Iterator<Item = Mount<'_>> {
    mountinfo.lines().filter_map(|line| {
        let (head, tail) = line.split_once(" - ")?;
        let mut head = head.split(' ').skip(3);
        let mut tail = tail.split(' ');
        let version = match tail.next()? {
            "cgroup" => Version::V1,
            "cgroup2" => Version::V2,
            _ => return None,
        };
        let (root, point) = (unescape(head.next()?), unescape(head.next()?));
        Some(Mount {
            root,
            point: point.into(),
            version,
            options: tail.nth(1).unwrap_or(""),
        })
    })
}

/// The kernel writes blanks, tabs, line feeds and backslashes as three octal digits.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let code = rest
            .get(at + 1..at + 4)
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code {
            Some(code) => {
                out.push(char::from(code));
                rest = &rest[at + 4..];
            }
            None => {
                out.push('\\');
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// Resolves every controller. A controller that version 1 has bound is looked for there,
/// else in version 2, as the kernel itself binds it to one of the two.
pub(crate) fn resolve(cgroup: &str, mountinfo: &str) -> Places {
    let mounts: Vec<Mount<'_>> = mounts(mountinfo).collect();
    let unified = group_path(cgroup, "").and_then(|path| place(&mounts, Version::V2, "", path));
    let controller = |name: &str| match group_path(cgroup, name) {
        Some(path) => place(&mounts, Version::V1, name, path),
        None => unified.clone(),
    };
    Places {
        memory: controller("memory"),
        cpu: controller("cpu"),
        cpuacct: controller("cpuacct"),
        unified,
    }
}

/// The path of a controller's line in `/proc/self/cgroup` (`id:controllers:path`); `""` is version 2.
fn group_path<'a>(cgroup: &'a str, controller: &str) -> Option<&'a str> {
    cgroup.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (_, names, path) = (parts.next()?, parts.next()?, parts.next()?);
        names
            .split(',')
            .any(|name| name == controller)
            .then_some(path)
    })
}

fn place(mounts: &[Mount<'_>], version: Version, controller: &str, path: &str) -> Option<Place> {
    let fits = |mount: &&Mount<'_>| {
        mount.version == version
            && (controller.is_empty() || mount.options.split(',').any(|o| o == controller))
    };
    // a bind mount may show a part of the hierarchy only: the path counts from its root
    let candidates = mounts.iter().filter(fits);
    let best = candidates.clone().find_map(|mount| {
        let below = Path::new(path).strip_prefix(&mount.root).ok()?;
        let inside = below
            .components()
            .all(|c| matches!(c, Component::Normal(_)));
        inside.then(|| Place {
            version,
            mount: mount.point.clone(),
            below: below.to_path_buf(),
        })
    });
    // a path outside the namespace (`/../..`) or the mount: what is mounted is all that can be seen
    best.or_else(|| {
        let mount = candidates.into_iter().next()?;
        Some(Place {
            version,
            mount: mount.point.clone(),
            below: PathBuf::new(),
        })
    })
}

#[cfg(test)]
mod tests;
