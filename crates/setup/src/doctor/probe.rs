//! Facts about this machine. Thin: what they mean is said in `judge`.
#![allow(dead_code, reason = "who asks depends on the features")]

use std::{fs, io, path::Path};

use bongsu_config::doctor::judge::{self, Folder};
use jiff::Timestamp;

/// Writes and removes a file in `path`, or, when there is no such folder yet, in the folder above
/// it. The folder itself is not made: it would belong to whoever asks, not to the service's user.
pub(super) fn folder(path: &Path) -> io::Result<Folder> {
    if path.exists() {
        return try_write(path).map(|()| Folder::There);
    }
    let above = path
        .ancestors()
        .skip(1)
        .map(|above| {
            if above == Path::new("") {
                Path::new(".")
            } else {
                above
            }
        })
        .find(|above| above.exists());
    try_write(above.unwrap_or(Path::new("."))).map(|()| Folder::ToBeMade)
}

pub(crate) fn try_write(folder: &Path) -> io::Result<()> {
    let file = folder.join(format!(".bongsu-doctor-{}", std::process::id()));
    fs::write(&file, b"may be removed\n")?;
    fs::remove_file(file)
}

/// Bytes that an ordinary user may still write to the file system of `path`, or of the nearest
/// folder above it that exists.
pub(super) fn free(path: &Path) -> Option<u64> {
    let path = std::path::absolute(path).ok()?;
    let there = path.ancestors().find(|above| above.exists())?;
    room(there)
}

#[cfg(feature = "resources")]
fn room(path: &Path) -> Option<u64> {
    crate::resources::free_bytes(path)
}

#[cfg(not(feature = "resources"))]
fn room(_: &Path) -> Option<u64> {
    None
}

/// Listens for a moment.
pub(crate) fn listen(address: std::net::SocketAddr) -> io::Result<()> {
    std::net::TcpListener::bind(address).map(drop)
}

/// Whether a file of this name can be made; its folder has to be there.
pub(crate) fn beside(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if folder != Path::new("") => try_write(folder),
        _ => try_write(Path::new(".")),
    }
}

/// The soft limit of open files, where `/proc` tells it.
pub(super) fn descriptors() -> Option<u64> {
    judge::soft_descriptors(&fs::read_to_string("/proc/self/limits").ok()?)
}

/// The year in which this program was written to disk; never before the year of this source.
pub(super) fn built() -> i16 {
    const SOURCE: i16 = 2026;
    let modified = std::env::current_exe()
        .and_then(fs::metadata)
        .and_then(|file| file.modified());
    let modified = modified.ok().and_then(|at| Timestamp::try_from(at).ok());
    let year = modified.map(|at| at.to_zoned(jiff::tz::TimeZone::UTC).year());
    year.map_or(SOURCE, |year| year.max(SOURCE))
}

/// Whether the system's time zone data knows the exchange.
pub(super) fn knows_seoul() -> bool {
    jiff::tz::TimeZone::get("Asia/Seoul").is_ok()
}
