//! Compressing and deleting rotated files, on a thread of its own: the flusher never waits for it.

use super::rotate::{Rotated, Rotation, parse_rotated};
use crate::clock;
use crate::json::time;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

/// Compressed in one go.
const PIECE: usize = 16 * 1024;
/// Between two of them; what the system adds to a sleep makes it some 260 µs.
const REST: Duration = Duration::from_micros(200);

/// What happened to the file and its rotated ones.
#[derive(Debug, Default)]
pub(crate) struct FileFigures {
    pub(crate) rotations: AtomicU64,
    pub(crate) errors: AtomicU64,
}

/// Asks the sweeping thread for a round.
#[derive(Debug)]
pub(crate) struct Sweeper {
    dir: PathBuf,
    base: String,
    rotation: Rotation,
    figures: Arc<FileFigures>,
    thread: Option<SyncSender<()>>,
}

impl Sweeper {
    pub(crate) fn new(
        dir: PathBuf,
        base: String,
        rotation: Rotation,
        figures: Arc<FileFigures>,
    ) -> Sweeper {
        Sweeper {
            dir,
            base,
            rotation,
            figures,
            thread: None,
        }
    }

    /// A round soon; rounds asked for while one waits are one round.
    pub(crate) fn ask(&mut self) {
        if self.rotation == Rotation::never() {
            return;
        }
        if self.thread.is_none() {
            let (ask, asked) = sync_channel::<()>(1);
            let (dir, base) = (self.dir.clone(), self.base.clone());
            let (rotation, figures) = (self.rotation.clone(), Arc::clone(&self.figures));
            let started = std::thread::Builder::new()
                .name("bongsu-log-gz".to_owned())
                .spawn(move || {
                    while asked.recv().is_ok() {
                        let errors = sweep(&dir, &base, &rotation, time::split(clock::now()).0);
                        figures.errors.fetch_add(errors, Relaxed);
                    }
                });
            match started {
                Ok(_) => self.thread = Some(ask),
                Err(_) => {
                    self.figures.errors.fetch_add(1, Relaxed);
                    return;
                }
            }
        }
        if let Some(thread) = &self.thread {
            let _a_round_is_waiting_already = thread.try_send(());
        }
    }
}

/// One round; gives the number of files it failed on.
pub(crate) fn sweep(dir: &Path, base: &str, rotation: &Rotation, now: i64) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else {
        return 1;
    };
    let mut errors = 0;
    let mut files: Vec<Rotated> = Vec::new();
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        // What a killed round left behind.
        if let Some(stem) = name.strip_suffix(".tmp")
            && parse_rotated(base, stem).is_some_and(|r| r.gzip)
        {
            errors += u64::from(fs::remove_file(entry.path()).is_err());
            continue;
        }
        let Some(mut rotated) = parse_rotated(base, &name) else {
            continue;
        };
        rotated.bytes = entry.metadata().map_or(0, |m| m.len());
        files.push(rotated);
    }
    for gone in rotation.expired(files.clone(), now) {
        files.retain(|file| *file != gone);
        errors += u64::from(fs::remove_file(dir.join(&gone.name)).is_err());
    }
    if rotation.gzip {
        for file in files.iter().filter(|file| !file.gzip) {
            errors += u64::from(compress(&dir.join(&file.name)).is_err());
        }
    }
    errors
}

/// `x.log` becomes `x.log.gz`; at no moment is there neither.
fn compress(path: &Path) -> io::Result<()> {
    let named = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let (temporary, finished) = (named(".gz.tmp"), named(".gz"));
    let mut source = File::open(path)?;
    let written = File::create(&temporary).and_then(|file| {
        // What does not repeat in a log is ids, which no level makes smaller: the fast one is seven times
        // as fast and takes 3 % more room.
        let mut encoder = GzEncoder::new(BufWriter::new(file), Compression::fast());
        copy_gently(&mut source, &mut encoder)?;
        let file = encoder
            .finish()?
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        fs::rename(&temporary, &finished)
    });
    if let Err(e) = written {
        let _the_next_round_tries_again = fs::remove_file(&temporary);
        return Err(e);
    }
    fs::remove_file(path)
}

/// Some 40 µs of work at a time, and then a rest: an eighth of a core, taken from no request for long.
fn copy_gently(source: &mut impl Read, target: &mut impl Write) -> io::Result<()> {
    let mut piece = [0; PIECE];
    loop {
        match source.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(n) => target.write_all(&piece[..n])?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        }
        std::thread::sleep(REST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::rotate::rotated_name;

    /// More than is compressed in one go.
    fn text(file: usize) -> String {
        (0..PIECE)
            .map(|line| format!("{line} of file {file}\n"))
            .collect()
    }

    #[test]
    fn compresses_deletes_and_leaves_the_rest_alone() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for (i, unix) in [1_000_000, 1_000_001, 1_000_002].into_iter().enumerate() {
            fs::write(at(&rotated_name("svc", unix, 1)), text(i)).unwrap();
        }
        let strangers = [
            "svc.log",
            "svc.db",
            "application.db",
            "svc.log.1",
            "other.tmp",
        ];
        for name in strangers {
            fs::write(at(name), "mine").unwrap();
        }
        let left = at(&format!("{}.gz.tmp", rotated_name("svc", 7, 1)));
        fs::write(&left, "half").unwrap();

        let rotation = Rotation::never().keep_files(2).gzip(true);
        assert_eq!(sweep(dir.path(), "svc", &rotation, 1_000_010), 0);

        for name in strangers {
            assert_eq!(fs::read_to_string(at(name)).unwrap(), "mine", "{name}");
        }
        assert!(!left.exists());
        assert!(!at(&rotated_name("svc", 1_000_000, 1)).exists());
        for (i, unix) in [(1, 1_000_001), (2, 1_000_002)] {
            let name = rotated_name("svc", unix, 1);
            assert!(!at(&name).exists());
            let gz = File::open(at(&format!("{name}.gz"))).unwrap();
            let mut text = String::new();
            flate2::read::GzDecoder::new(gz)
                .read_to_string(&mut text)
                .unwrap();
            assert_eq!(text, self::text(i));
        }
    }

    #[test]
    fn a_folder_that_is_gone_is_an_error_not_a_panic() {
        let missing = Path::new("/nonexistent/bongsu");
        assert_eq!(sweep(missing, "svc", &Rotation::default(), 0), 1);
    }
}
