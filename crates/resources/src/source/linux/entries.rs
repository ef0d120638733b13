//! Numbers of processes and descriptors, listed only where the kernel does not count them.

use std::fmt;
use std::mem::MaybeUninit;

use rustix::fs::{FileType, RawDir, SeekFrom};

use super::file::KernelFile;

/// Samples between two listings of `/proc` that check the link count.
const CHECK_EVERY: u32 = 64;

/// Counts directory entries into a buffer of its own.
pub(crate) struct Entries {
    buffer: Vec<MaybeUninit<u8>>,
    /// Links of `/proc` that are not processes, once that is known.
    other_links: Option<u64>,
    until_check: u32,
}

impl fmt::Debug for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entries")
            .field("other_links", &self.other_links)
            .finish_non_exhaustive()
    }
}

impl Entries {
    pub(crate) fn new() -> Self {
        Self {
            buffer: vec![MaybeUninit::uninit(); 32 * 1024],
            other_links: None,
            until_check: 0,
        }
    }

    /// Processes in `/proc`.
    ///
    /// Listing them costs more than all the rest of a sample. The kernel adds the machine's
    /// processes to the link count of `/proc`; where a listing confirms that (it does not in a
    /// process namespace, or where `hidepid` hides others), the link count is taken and
    /// checked again every 64 samples.
    pub(crate) fn processes(&mut self, proc: &KernelFile) -> Option<u64> {
        #[allow(
            clippy::useless_conversion,
            reason = "32 bits wide on some architectures"
        )]
        let links = u64::from(rustix::fs::fstat(proc.file()).ok()?.st_nlink);
        if let (Some(other), 1..) = (self.other_links, self.until_check) {
            self.until_check -= 1;
            return links.checked_sub(other);
        }
        let (processes, folders) = self.list(proc)?;
        let other = folders + 2; // `.` and the parent's entry
        self.other_links = (links == processes + other).then_some(other);
        self.until_check = CHECK_EVERY;
        Some(processes)
    }

    /// Descriptors in `/proc/self/fd`: since kernel 6.2 its size; before, they are counted.
    pub(crate) fn descriptors(&mut self, fds: &KernelFile) -> Option<u64> {
        let size = rustix::fs::fstat(fds.file()).ok()?.st_size;
        match u64::try_from(size) {
            Ok(size) if size > 0 => Some(size),
            _ => self.list(fds).map(|(numbered, _)| numbered),
        }
    }

    /// Entries named by a number, and folders named otherwise.
    fn list(&mut self, folder: &KernelFile) -> Option<(u64, u64)> {
        rustix::fs::seek(folder.file(), SeekFrom::Start(0)).ok()?;
        let mut listing = RawDir::new(folder.file(), &mut self.buffer);
        let (mut numbered, mut folders) = (0, 0);
        while let Some(entry) = listing.next() {
            let entry = entry.ok()?;
            let first = entry
                .file_name()
                .to_bytes()
                .first()
                .copied()
                .unwrap_or(b'.');
            if first.is_ascii_digit() {
                numbered += 1;
            } else if first != b'.' && entry.file_type() == FileType::Directory {
                folders += 1;
            }
        }
        Some((numbered, folders))
    }
}
