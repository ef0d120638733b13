//! The service's log file.

use super::flusher::Voice;
use super::output::{Backoff, Carry};
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The active file.
#[derive(Debug)]
pub(crate) struct FileOutput {
    path: PathBuf,
    file: Option<File>,
    carry: Carry,
    backoff: Backoff,
    opened: bool,
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)?;
    }
    OpenOptions::new().create(true).append(true).open(path)
}

impl FileOutput {
    /// Opens the file; when that fails it is tried again from time to time.
    pub(crate) fn new(path: PathBuf, now: Instant) -> (FileOutput, Option<io::Error>) {
        let mut output = FileOutput {
            path,
            file: None,
            carry: Carry::default(),
            backoff: Backoff::default(),
            opened: false,
        };
        let error = output.try_open(now).err();
        (output, error)
    }

    pub(crate) fn ever_opened(&self) -> bool {
        self.opened
    }

    fn try_open(&mut self, now: Instant) -> io::Result<()> {
        match open(&self.path) {
            Ok(file) => {
                self.file = Some(file);
                self.opened = true;
                self.backoff.succeeded();
                Ok(())
            }
            Err(e) => {
                self.backoff.failed(now);
                Err(e)
            }
        }
    }

    pub(crate) fn reopen(&mut self, now: Instant) {
        self.file = None;
        self.carry.forget_rest();
        let _tried_again_later = self.try_open(now);
    }

    /// Gives the number of lines lost.
    pub(crate) fn write(&mut self, bytes: &[u8], lines: u64, now: Instant, voice: &Voice) -> u64 {
        if self.backoff.waiting(now) {
            return self.carry.lose(lines);
        }
        if self.file.is_none() && self.try_open(now).is_err() {
            return self.carry.lose(lines);
        }
        let Some(file) = &mut self.file else {
            return self.carry.lose(lines);
        };
        match self.carry.write(file, bytes, voice, "the log file failed") {
            Ok(()) => {
                self.backoff.succeeded();
                0
            }
            Err((lost, _)) => {
                self.backoff.failed(now);
                lost
            }
        }
    }
}
