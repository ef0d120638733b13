//! A kernel file that stays open.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::error::SourceError;

/// Larger than any of these files; a bound against reading without end.
const MAX_FILE: usize = 4 << 20;

/// A kernel file, opened once and read from its start as often as wanted.
#[derive(Debug)]
pub(crate) struct KernelFile {
    file: File,
    what: &'static str,
}

impl KernelFile {
    pub(crate) fn open(path: &Path, what: &'static str) -> Result<Self, SourceError> {
        let file = File::open(path).map_err(|source| SourceError::Read { what, source })?;
        Ok(Self { file, what })
    }

    /// Opens what may be missing on this kernel.
    pub(crate) fn optional(path: &Path, what: &'static str) -> Option<Self> {
        Self::open(path, what).ok()
    }

    /// Reads a file that the kernel writes in one go: a single call unless the buffer is too small.
    pub(crate) fn read<'b>(&self, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], SourceError> {
        loop {
            let length = self.at(buffer, 0)?;
            if length < buffer.len() {
                return Ok(buffer.get(..length).unwrap_or_default());
            }
            self.grow(buffer)?;
        }
    }

    /// Reads a file that the kernel hands out in pages of whole lines.
    pub(crate) fn read_pages<'b>(&self, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], SourceError> {
        const SURELY_LAST: usize = 3 * 1024; // a page holds 4 KiB and no line is as long as the rest
        let mut length = 0;
        loop {
            let more = self.at(buffer, length)?;
            length += more;
            if more < SURELY_LAST && length < buffer.len() {
                return Ok(buffer.get(..length).unwrap_or_default());
            }
            if length == buffer.len() {
                self.grow(buffer)?;
            }
        }
    }

    /// The descriptor, for calls other than reading.
    pub(crate) const fn file(&self) -> &File {
        &self.file
    }

    pub(crate) const fn broken(&self) -> SourceError {
        SourceError::Parse { what: self.what }
    }

    fn at(&self, buffer: &mut [u8], start: usize) -> Result<usize, SourceError> {
        let rest = buffer.get_mut(start..).unwrap_or_default();
        loop {
            match self.file.read_at(rest, start as u64) {
                Ok(length) => return Ok(length),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => {
                    return Err(SourceError::Read {
                        what: self.what,
                        source,
                    });
                }
            }
        }
    }

    fn grow(&self, buffer: &mut Vec<u8>) -> Result<(), SourceError> {
        if buffer.len() >= MAX_FILE {
            return Err(self.broken());
        }
        buffer.resize((buffer.len() * 2).max(4096), 0);
        Ok(())
    }
}
