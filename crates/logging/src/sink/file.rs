//! The service's log file: opened, rotated, opened again, never trusted to be there.

use super::output::{Backoff, Carry, count_lines, whole_lines};
use super::rotate::{Rotation, base, rotated_name};
use super::sweep::{FileFigures, Sweeper};
use crate::clock;
use crate::json::time;
use crate::voice::Voice;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// Bytes written before rotation is thought of again.
const CHUNK: usize = 64 * 1024;
/// How often the path is compared with the open file.
const LOOK: Duration = Duration::from_secs(1);

/// The open file.
#[derive(Debug)]
struct Active {
    file: File,
    /// Device and inode.
    identity: (u64, u64),
    /// Pipes and devices are neither measured nor rotated.
    regular: bool,
    /// It ended in half a line when it was opened: a process was killed while it wrote.
    torn: bool,
    size: u64,
    /// Shifted Unix seconds of the last write.
    last_write: i64,
    looked: Instant,
}

/// The path and whatever is behind it at the moment.
#[derive(Debug)]
pub(crate) struct FileOutput {
    path: PathBuf,
    base: String,
    rotation: Rotation,
    offset_seconds: i64,
    active: Option<Active>,
    carry: Carry,
    backoff: Backoff,
    rotate_backoff: Backoff,
    sweeper: Sweeper,
    figures: Arc<FileFigures>,
    opened: bool,
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

impl FileOutput {
    /// Opens the file; when that fails it is tried again from time to time.
    pub(crate) fn new(
        path: PathBuf,
        rotation: Rotation,
        offset_seconds: i64,
        figures: Arc<FileFigures>,
        now: Instant,
    ) -> (FileOutput, Option<io::Error>) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let base = base(&name).to_owned();
        let dir = path.parent().unwrap_or(Path::new(".")).to_owned();
        let mut output = FileOutput {
            sweeper: Sweeper::new(dir, base.clone(), rotation.clone(), Arc::clone(&figures)),
            base,
            path,
            rotation,
            offset_seconds,
            active: None,
            carry: Carry::default(),
            backoff: Backoff::default(),
            rotate_backoff: Backoff::default(),
            figures,
            opened: false,
        };
        let error = output.try_open(now).err();
        if error.is_none() {
            // What a run before left uncompressed or too much.
            output.sweeper.ask();
        }
        (output, error)
    }

    /// Whether the path could ever be opened.
    pub(crate) fn ever_opened(&self) -> bool {
        self.opened
    }

    fn unix_now(&self) -> i64 {
        time::split(clock::now()).0
    }

    fn try_open(&mut self, now: Instant) -> io::Result<()> {
        match self.open(now) {
            Ok(active) => {
                self.adopt(active);
                Ok(())
            }
            Err(e) => {
                self.backoff.failed(now);
                Err(e)
            }
        }
    }

    fn adopt(&mut self, active: Active) {
        self.carry.new_stream(active.torn);
        self.active = Some(active);
        self.opened = true;
        self.backoff.succeeded();
    }

    fn open(&self, now: Instant) -> io::Result<Active> {
        if let Some(dir) = self.path.parent() {
            fs::create_dir_all(dir)?;
        }
        let options = |read: bool| {
            let mut options = OpenOptions::new();
            // A pipe that nobody reads must be an error, not a wait.
            options
                .create(true)
                .append(true)
                .read(read)
                .custom_flags(libc::O_NONBLOCK);
            options
        };
        let file = options(true)
            .open(&self.path)
            .or_else(|_| options(false).open(&self.path))?;
        let metadata = file.metadata()?;
        let size = metadata.len();
        let mut last = [b'\n'];
        let read = metadata.is_file() && size > 0 && file.read_at(&mut last, size - 1).is_ok();
        Ok(Active {
            identity: identity(&metadata),
            regular: metadata.is_file(),
            torn: read && last[0] != b'\n',
            size,
            last_write: metadata.mtime() + self.offset_seconds,
            looked: now,
            file,
        })
    }

    /// Opens the path anew; lines go on into the old file if that fails.
    pub(crate) fn reopen(&mut self, now: Instant) {
        if let Ok(active) = self.open(now) {
            self.adopt(active);
        }
    }

    /// Notices that the file was renamed, deleted or truncated by somebody else.
    fn look(&mut self, now: Instant) {
        let Some(active) = &mut self.active else {
            return;
        };
        if !active.regular || now.saturating_duration_since(active.looked) < LOOK {
            return;
        }
        active.looked = now;
        match fs::metadata(&self.path) {
            Ok(metadata) if identity(&metadata) == active.identity => active.size = metadata.len(),
            _ => self.reopen(now),
        }
    }

    fn rotate_if_due(&mut self, incoming: usize, now: Instant) {
        let unix = self.unix_now();
        let local = unix + self.offset_seconds;
        let Some(active) = &self.active else { return };
        let due = active.regular
            && self
                .rotation
                .due(active.size, incoming as u64, active.last_write, local);
        if !due || self.rotate_backoff.waiting(now) {
            return;
        }
        match self.rotate(unix, now) {
            Ok(()) => {
                self.rotate_backoff.succeeded();
                self.figures.rotations.fetch_add(1, Relaxed);
                self.sweeper.ask();
            }
            Err(_) => {
                // The file goes on growing; that is better than losing lines.
                self.rotate_backoff.failed(now);
                self.figures.errors.fetch_add(1, Relaxed);
            }
        }
    }

    fn rotate(&mut self, unix: i64, now: Instant) -> io::Result<()> {
        // Only what is still ours is renamed.
        let metadata = fs::metadata(&self.path)?;
        if self
            .active
            .as_ref()
            .is_some_and(|a| a.identity != identity(&metadata))
        {
            self.reopen(now);
            return Ok(());
        }
        for number in 1..=u32::MAX {
            let target = self
                .path
                .with_file_name(rotated_name(&self.base, unix, number));
            let mut packed = target.clone().into_os_string();
            packed.push(".gz");
            if target.exists() || Path::new(&packed).exists() {
                continue;
            }
            fs::rename(&self.path, target)?;
            break;
        }
        self.active = None;
        self.try_open(now)
    }

    /// Gives the number of lines lost.
    pub(crate) fn write(&mut self, bytes: &[u8], lines: u64, now: Instant, voice: &Voice) -> u64 {
        if self.backoff.waiting(now) {
            self.carry.lose(lines);
        } else {
            self.look(now);
            let mut rest = bytes;
            while !rest.is_empty() {
                match self.write_chunk(rest, now, voice) {
                    Some(n) => rest = &rest[n..],
                    None => break,
                }
            }
        }
        self.carry.take_lost()
    }

    /// Writes as many lines as the file has room for, or gives `None` and the rest up.
    fn write_chunk(&mut self, bytes: &[u8], now: Instant, voice: &Voice) -> Option<usize> {
        let first = whole_lines(bytes, 1);
        self.rotate_if_due(first, now);
        if self.active.is_none() {
            let _missing_is_seen_below = self.try_open(now);
        }
        let local = self.unix_now() + self.offset_seconds;
        let Some(active) = &mut self.active else {
            self.carry.lose(count_lines(bytes));
            return None;
        };
        let room = match self.rotation.max_bytes {
            Some(max) if active.regular => max.saturating_sub(active.size),
            _ => u64::MAX,
        };
        let limit = usize::try_from(room)
            .unwrap_or(usize::MAX)
            .min(CHUNK)
            .max(first);
        let (chunk, rest) = bytes.split_at(whole_lines(bytes, limit));
        match self
            .carry
            .write(&mut active.file, chunk, voice, "the log file failed")
        {
            Ok(()) => {
                active.size += chunk.len() as u64;
                active.last_write = local;
                self.backoff.succeeded();
                Some(chunk.len())
            }
            Err(_) => {
                self.carry.lose(count_lines(rest));
                self.backoff.failed(now);
                None
            }
        }
    }
}
