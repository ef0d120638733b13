//! What a memory holds, in files: appended once a minute, each record with a checksum, read at the start up to
//! the first that is not whole.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use super::{Memory, chunk::Samples};
use crate::Labels;

/// What every file begins with: its form.
const MAGIC: &[u8; 8] = b"bongsu1\n";
/// A new file begins when one has so many bytes.
const LARGEST: u64 = 4 << 20;
/// No record is longer; what says so is damaged.
const RECORD: usize = 1 << 20;

/// The files of one memory, in a folder of their own.
#[derive(Debug)]
pub struct Segments {
    folder: PathBuf,
    open: Option<Open>,
    /// Each file that is whole, with the time of its last sample.
    closed: Vec<(PathBuf, i64)>,
    last_ms: i64,
}

/// The file that is written to.
#[derive(Debug)]
struct Open {
    file: File,
    path: PathBuf,
    written: u64,
}

impl Segments {
    /// Those of a folder, which is made for its owner alone if it is not there; what they hold is taken into `memory`. Gives also
    /// how many bytes were damaged and left out.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made or read.
    pub fn open(folder: &Path, memory: &mut Memory) -> io::Result<(Self, u64)> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|it| it == "seg") {
                paths.push(path);
            }
        }
        paths.sort();
        let mut segments = Self {
            folder: folder.to_owned(),
            open: None,
            closed: Vec::new(),
            last_ms: i64::MIN,
        };
        let (mut damaged, mut last) = (0, None);
        for path in paths {
            let bytes = fs::read(&path)?;
            let read = bytes
                .strip_prefix(MAGIC)
                .map_or(0, |body| segments.recall(body, memory) + MAGIC.len());
            let lost = bytes.len() - read;
            damaged += lost as u64;
            segments.closed.push((path, segments.last_ms));
            last = (lost == 0 && read > 0).then_some(read as u64);
        }
        if let Some(written) = last {
            segments.go_on(written);
        }
        memory.is_written = true;
        Ok((segments, damaged))
    }

    /// Writes to the newest file on, which is whole: whoever starts again and again has few files all the same.
    fn go_on(&mut self, written: u64) {
        let Some((path, last_ms)) = self.closed.pop_if(|_| written < LARGEST) else {
            return;
        };
        match File::options().append(true).open(&path) {
            Ok(file) => {
                self.open = Some(Open {
                    file,
                    path,
                    written,
                });
            }
            Err(_) => self.closed.push((path, last_ms)),
        }
    }

    /// When the newest sample was, in milliseconds since 1970; none before the first.
    #[must_use]
    pub fn last_ms(&self) -> Option<i64> {
        (self.last_ms != i64::MIN).then_some(self.last_ms)
    }

    /// Takes whole records into `memory`; gives how many bytes they were.
    fn recall(&mut self, body: &[u8], memory: &mut Memory) -> usize {
        let mut rest = body;
        while let Some((record, after)) = record(rest) {
            let Some((labels, sampled, count, bits)) = entry(record) else {
                break;
            };
            for sample in Samples::of(bits, count) {
                self.last_ms = self.last_ms.max(sample.time_ms);
                memory.recall(&labels, sample, sampled);
            }
            rest = after;
        }
        body.len() - rest.len()
    }

    /// Appends what came to `memory` since it was last written, and removes files that nobody asks for at
    /// `now_ms`. What could not be written is lost to the next start alone.
    ///
    /// # Errors
    ///
    /// When a file cannot be written; the next call begins another.
    pub fn write(&mut self, memory: &mut Memory, now_ms: i64) -> io::Result<()> {
        let mut records = Vec::new();
        for (labels, sampled, chunk) in memory.unwritten() {
            self.last_ms = self.last_ms.max(chunk.last_ms());
            let (bits, count) = chunk.packed();
            append(&mut records, labels, sampled, count, bits);
        }
        let written = self.append(&records, now_ms);
        if written.is_err()
            || self
                .open
                .as_ref()
                .is_some_and(|open| open.written >= LARGEST)
        {
            let whole = self.open.take().map(|open| (open.path, self.last_ms));
            self.closed.extend(whole);
        }
        let oldest = now_ms.saturating_sub(memory.reach_ms);
        self.closed
            .retain(|(path, last_ms)| *last_ms >= oldest || fs::remove_file(path).is_err());
        written
    }

    /// Writes a file of this name beside them: whole and on the disk, or as it was.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.folder.join(name);
        let beside = path.with_extension("tmp");
        let mut file = own().create(true).truncate(true).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(beside, path)
    }

    fn append(&mut self, records: &[u8], now_ms: i64) -> io::Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        let open = match &mut self.open {
            Some(open) => open,
            none => {
                let path = path(&self.folder, now_ms);
                let mut file = own().create_new(true).open(&path)?;
                file.write_all(MAGIC)?;
                none.insert(Open {
                    file,
                    path,
                    written: 0,
                })
            }
        };
        open.written += records.len() as u64;
        open.file.write_all(records)
    }
}

/// Others need not read what is traded.
fn own() -> OpenOptions {
    let mut options = File::options();
    options.write(true).mode(0o600);
    options
}

fn path(folder: &Path, now_ms: i64) -> PathBuf {
    folder.join(format!("{now_ms:020}.seg"))
}

/// Length, checksum and body.
fn append(out: &mut Vec<u8>, labels: &Labels, sampled: bool, count: u16, bits: &[u8]) {
    let mut body = vec![u8::from(sampled)];
    body.extend(count.to_le_bytes());
    body.extend((labels.iter().len() as u16).to_le_bytes());
    for text in labels.iter().flat_map(|(name, value)| [name, value]) {
        body.extend((text.len() as u32).to_le_bytes());
        body.extend(text.as_bytes());
    }
    body.extend(bits);
    out.extend((body.len() as u32).to_le_bytes());
    out.extend(crc32fast::hash(&body).to_le_bytes());
    out.extend(body);
}

/// The first record's body, and what comes after it; none when it is not whole.
fn record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    let (body, rest) = rest.split_at_checked(length).filter(|_| length <= RECORD)?;
    (crc32fast::hash(body) == u32::from_le_bytes(*sum)).then_some((body, rest))
}

fn entry(body: &[u8]) -> Option<(Labels, bool, u16, &[u8])> {
    let (sampled, rest) = body.split_first()?;
    let (count, rest) = rest.split_first_chunk::<2>()?;
    let (labels, mut rest) = rest.split_first_chunk::<2>()?;
    let mut text = || {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (text, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        rest = after;
        std::str::from_utf8(text).ok()
    };
    let mut pairs = Vec::new();
    for _ in 0..u16::from_le_bytes(*labels) {
        pairs.push((text()?, text()?));
    }
    Some((
        Labels::new(pairs),
        *sampled == 1,
        u16::from_le_bytes(*count),
        rest,
    ))
}
