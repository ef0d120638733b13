//! Free space of paths, asked on threads of their own: a mount that hangs holds up
//! nothing but its own figure.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::clock;
use crate::error::DiskError;
use crate::sample::{DiskFigures, DiskUsage};

/// Asks the system about the file system of a path. May block for as long as it likes.
pub trait DiskProbe: Send + Sync + fmt::Debug + 'static {
    /// Size and use of the file system that holds `path`.
    ///
    /// # Errors
    ///
    /// [`DiskError`] when the path cannot be asked about.
    fn usage(&self, path: &Path) -> Result<DiskFigures, DiskError>;
}

/// The operating system: `statvfs`, or the list of volumes where there is none.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemProbe;

impl DiskProbe for SystemProbe {
    #[cfg(unix)]
    fn usage(&self, path: &Path) -> Result<DiskFigures, DiskError> {
        let stat = rustix::fs::statvfs(path).map_err(std::io::Error::from)?;
        let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
        Ok(DiskFigures {
            total_bytes: bytes(stat.f_blocks),
            used_bytes: bytes(stat.f_blocks.saturating_sub(stat.f_bfree)),
            free_bytes: bytes(stat.f_bavail),
            inodes_total: stat.f_files,
            inodes_free: stat.f_favail,
        })
    }

    #[cfg(not(unix))]
    fn usage(&self, path: &Path) -> Result<DiskFigures, DiskError> {
        if !path.try_exists()? {
            return Err(DiskError::NotFound);
        }
        let path = std::path::absolute(path)?; // a canonical path has a prefix that volumes have not
        let disks = sysinfo::Disks::new_with_refreshed_list()
            .map_err(|_| DiskError::Other("volumes cannot be listed".to_owned()))?;
        let mounts = disks.iter().filter(|d| path.starts_with(d.mount_point()));
        let disk = mounts
            .max_by_key(|d| d.mount_point().as_os_str().len())
            .ok_or(DiskError::NotFound)?;
        let (total, free) = (disk.total_space(), disk.available_space());
        Ok(DiskFigures {
            total_bytes: total,
            used_bytes: total.saturating_sub(free),
            free_bytes: free,
            inodes_total: 0,
            inodes_free: 0,
        })
    }
}

/// Runs a probe and turns its panic into an error.
pub(crate) fn ask(probe: &dyn DiskProbe, path: &Path) -> Result<DiskFigures, DiskError> {
    catch_unwind(AssertUnwindSafe(|| probe.usage(path)))
        .unwrap_or_else(|_| Err(DiskError::Other("disk probe panicked".to_owned())))
}

/// One thread a path, each waiting to be asked.
#[derive(Debug)]
pub(crate) struct DiskWorkers {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    slots: Mutex<Slots>,
    asked: Condvar,
    answered: Condvar,
}

#[derive(Debug)]
struct Slots {
    stop: bool,
    slots: Vec<Slot>,
}

#[derive(Debug)]
struct Slot {
    path: Arc<Path>,
    /// A question stands that was not answered yet.
    waiting: bool,
    /// The answer was not there when it was wanted: do not wait for it again.
    stuck: bool,
    figures: Option<(DiskFigures, Instant)>,
    error: Option<DiskError>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DiskWorkers {
    /// Starts the threads. A thread that cannot be started leaves its path without figures.
    pub(crate) fn start(paths: &[Arc<Path>], probe: &Arc<dyn DiskProbe>) -> Self {
        let slot = |path: &Arc<Path>| Slot {
            path: Arc::clone(path),
            waiting: false,
            stuck: false,
            figures: None,
            error: None,
        };
        let slots = Slots {
            stop: false,
            slots: paths.iter().map(slot).collect(),
        };
        let shared = Arc::new(Shared {
            slots: Mutex::new(slots),
            asked: Condvar::new(),
            answered: Condvar::new(),
        });
        for (index, path) in paths.iter().enumerate() {
            let (shared, probe, path) = (Arc::clone(&shared), Arc::clone(probe), Arc::clone(path));
            let thread = std::thread::Builder::new().name(format!("bongsu-disk-{index}"));
            if let Err(error) = thread.spawn(move || work(&shared, index, &*probe, &path)) {
                tracing::warn!(%error, "disk thread cannot be started");
            }
        }
        Self { shared }
    }

    /// Asks about every path whose last question was answered.
    pub(crate) fn ask(&self) {
        let mut slots = self.shared.lock();
        for slot in &mut slots.slots {
            slot.waiting = true;
        }
        drop(slots);
        self.shared.asked.notify_all();
    }

    /// Takes the answers, waiting no longer than `patience` and not at all for paths
    /// that are known to be stuck. Gives the number of paths that did not answer.
    pub(crate) fn collect(&self, out: &mut Vec<DiskUsage>, patience: Duration) -> u64 {
        let outstanding =
            |slots: &mut Slots| slots.slots.iter().any(|slot| slot.waiting && !slot.stuck);
        let waited =
            self.shared
                .answered
                .wait_timeout_while(self.shared.lock(), patience, outstanding);
        let (mut slots, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let now = clock::monotonic();
        let mut missing = 0;
        out.clear();
        for slot in &mut slots.slots {
            if slot.waiting {
                missing += 1;
                if !slot.stuck {
                    slot.stuck = true;
                    tracing::warn!(path = %slot.path.display(), "file system does not answer, its last figures are kept");
                }
            }
            out.push(slot.usage(now));
        }
        missing
    }
}

impl Slot {
    fn usage(&self, now: Instant) -> DiskUsage {
        let fresh = !self.waiting && self.error.is_none() && self.figures.is_some();
        let age = self
            .figures
            .map_or(Duration::ZERO, |(_, at)| now.saturating_duration_since(at));
        DiskUsage {
            path: Arc::clone(&self.path),
            figures: self.figures.map(|(figures, _)| figures),
            age: if fresh { Duration::ZERO } else { age },
            stale: !fresh,
            error: if self.waiting {
                Some(DiskError::TimedOut)
            } else {
                self.error.clone()
            },
        }
    }
}

impl Drop for DiskWorkers {
    /// Lets the threads end; one that hangs ends when its mount answers.
    fn drop(&mut self) {
        self.shared.lock().stop = true;
        self.shared.asked.notify_all();
    }
}

fn work(shared: &Shared, index: usize, probe: &dyn DiskProbe, path: &Path) {
    loop {
        let idle = |slots: &mut Slots| {
            !slots.stop && !slots.slots.get(index).is_some_and(|slot| slot.waiting)
        };
        let slots = shared
            .asked
            .wait_while(shared.lock(), idle)
            .unwrap_or_else(PoisonError::into_inner);
        if slots.stop {
            return;
        }
        drop(slots);
        let answer = ask(probe, path);
        let now = clock::monotonic();
        let mut slots = shared.lock();
        if let Some(slot) = slots.slots.get_mut(index) {
            if slot.stuck {
                tracing::info!(path = %path.display(), "file system answers again");
            }
            (slot.waiting, slot.stuck) = (false, false);
            match answer {
                Ok(figures) => (slot.figures, slot.error) = (Some((figures, now)), None),
                Err(error) => slot.error = Some(error),
            }
        }
        drop(slots);
        shared.answered.notify_all();
    }
}

#[cfg(test)]
mod tests;
