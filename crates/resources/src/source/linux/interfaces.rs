//! What `/sys/class/net` tells of an interface.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::source::traffic::{Interface, Place};

/// `ARPHRD_ETHER`; tunnels have types of their own.
const ETHERNET: u64 = 1;
/// `ARPHRD_LOOPBACK`.
const LOOPBACK: u64 = 772;

/// The folder of all interfaces.
#[derive(Debug)]
pub(crate) struct Interfaces(PathBuf);

impl Interfaces {
    pub(crate) fn new(root: &Path) -> Self {
        Self(root.join("sys/class/net"))
    }

    /// What is known of the interface with this name.
    pub(crate) fn look(&self, name: &[u8]) -> Interface {
        let folder = self.0.join(OsStr::from_bytes(name));
        let Some(index) = number(&folder.join("ifindex")) else {
            return Interface::by_name(name);
        };
        Interface {
            index: Some(index),
            place: place(&folder, name, index),
        }
    }
}

fn place(folder: &Path, name: &[u8], index: u64) -> Place {
    let there = |link: &str| folder.join(link).symlink_metadata().is_ok();
    let kind = number(&folder.join("type"));
    if kind == Some(LOOPBACK) || name == b"lo" {
        return Place::Stacked;
    }
    // The card behind a paravirtual device: the device counts for both. A bridge or a bond is no device.
    if there("master/device") {
        return Place::Stacked;
    }
    if there("device") {
        return Place::Hardware;
    }
    if there("bridge") || there("bonding") || stands_on_another(folder) {
        return Place::Stacked;
    }
    // An end whose other end, or whose device, is in another network namespace.
    let outward = number(&folder.join("iflink")).is_some_and(|link| link != index && link != 0);
    if outward && kind.is_none_or(|kind| kind == ETHERNET) && !Interface::named_virtual(name) {
        Place::Outward
    } else {
        Place::Virtual
    }
}

/// VLANs, bonds, teams, bridges, macvlans and tunnels over a given device have a link to what is below.
fn stands_on_another(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .into_iter()
        .any(|entry| entry.file_name().as_bytes().starts_with(b"lower_"))
}

fn number(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests;
