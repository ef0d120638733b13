//! Doubles for tests of what is built on this crate.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::disk::DiskProbe;
use crate::error::{DiskError, SourceError};
use crate::sample::DiskFigures;
use crate::source::{
    ContainerReading, CpuReading, MemoryReading, NetworkReading, ProcessReading, Reading, Source,
};

/// A source whose figures a test sets while the monitor runs; clones share them.
///
/// ```
/// use bongsu_resources::testing::FakeSource;
/// use bongsu_resources::ResourceMonitor;
/// use std::time::Duration;
///
/// let source = FakeSource::new();
/// source.set_cpu_percent(97.0);
/// let monitor = ResourceMonitor::builder()
///     .interval(Duration::from_millis(5))
///     .source(source.clone())
///     .build()?;
/// let _guard = monitor.start();
/// while monitor.get_resources().is_none() {
///     std::thread::yield_now();
/// }
/// assert_eq!(monitor.get_resources().unwrap().cpu_percent, 97.0);
/// # Ok::<(), bongsu_resources::ResourceError>(())
/// ```
#[derive(Debug, Clone)]
pub struct FakeSource {
    state: Arc<Mutex<FakeState>>,
}

#[derive(Debug)]
struct FakeState {
    reading: Reading,
    reads: u64,
    failing: bool,
    panicking: bool,
}

impl Default for FakeSource {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeSource {
    /// An idle machine of 16 GB, half of it available, with one process.
    #[must_use]
    pub fn new() -> Self {
        let total = 16 << 30;
        let process = ProcessReading {
            pid: 42,
            cpu_time: Duration::from_secs(1),
            resident: 64 << 20,
            open_fds: Some(10),
            max_fds: Some(1_024),
            threads: Some(4),
            started: 1_779_958_800.0,
        };
        let reading = Reading {
            cpu: CpuReading::Percent(0.0),
            memory: MemoryReading {
                total,
                available: total / 2,
                swap_total: 0,
                swap_free: 0,
            },
            network: Some(NetworkReading::default()),
            process_count: Some(1),
            process: Some(process),
            ..Reading::default()
        };
        Self {
            state: Arc::new(Mutex::new(FakeState {
                reading,
                reads: 0,
                failing: false,
                panicking: false,
            })),
        }
    }

    fn state(&self) -> MutexGuard<'_, FakeState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes anything of the next readings.
    pub fn update(&self, change: impl FnOnce(&mut Reading)) {
        change(&mut self.state().reading);
    }

    /// Sets the host's CPU figure, percent.
    pub fn set_cpu_percent(&self, percent: f64) {
        self.update(|reading| reading.cpu = CpuReading::Percent(percent));
    }

    /// Sets the host's memory figure, percent.
    pub fn set_memory_percent(&self, percent: f64) {
        self.update(|reading| {
            let available = reading.memory.total as f64 * (100.0 - percent) / 100.0;
            reading.memory.available = available as u64;
        });
    }

    /// Sets the container.
    pub fn set_container(&self, container: Option<ContainerReading>) {
        self.update(|reading| reading.container = container);
    }

    /// Makes the next readings fail, or work again.
    pub fn set_failing(&self, failing: bool) {
        self.state().failing = failing;
    }

    /// Makes the next readings panic, or work again.
    pub fn set_panicking(&self, panicking: bool) {
        self.state().panicking = panicking;
    }

    /// How often it was read.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.state().reads
    }
}

impl Source for FakeSource {
    fn read(&mut self, out: &mut Reading) -> Result<(), SourceError> {
        let mut state = self.state();
        state.reads += 1;
        let (failing, panicking) = (state.failing, state.panicking);
        if failing {
            return Err(SourceError::Unsupported {
                what: "failing double",
            });
        }
        out.clone_from(&state.reading);
        drop(state);
        assert!(!panicking, "double told to panic");
        Ok(())
    }
}

/// A disk probe whose answers a test sets; a path may hang until it is released.
#[derive(Debug, Clone, Default)]
pub struct FakeDisks {
    shared: Arc<FakeDisksShared>,
}

#[derive(Debug, Default)]
struct FakeDisksShared {
    answers: Mutex<HashMap<PathBuf, Answer>>,
    changed: Condvar,
}

#[derive(Debug, Clone)]
enum Answer {
    Is(Result<DiskFigures, DiskError>),
    Hangs,
}

impl FakeDisks {
    /// A probe that knows no path.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn set(&self, path: &Path, answer: Answer) {
        self.shared
            .answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(path.to_path_buf(), answer);
        self.shared.changed.notify_all();
    }

    /// Makes a path answer with this used share of 1 TB; releases it when it hung.
    pub fn set_percent(&self, path: impl AsRef<Path>, percent: f64) {
        let total_bytes = 1_000_000_000_000;
        let used_bytes = (1e10 * percent) as u64;
        let free_bytes = total_bytes - used_bytes.min(total_bytes);
        let figures = DiskFigures {
            total_bytes,
            used_bytes,
            free_bytes,
            inodes_total: 0,
            inodes_free: 0,
        };
        self.set(path.as_ref(), Answer::Is(Ok(figures)));
    }

    /// Makes a path fail.
    pub fn set_error(&self, path: impl AsRef<Path>, error: DiskError) {
        self.set(path.as_ref(), Answer::Is(Err(error)));
    }

    /// Makes every question about a path hang, as a dead mount does.
    pub fn hang(&self, path: impl AsRef<Path>) {
        self.set(path.as_ref(), Answer::Hangs);
    }
}

impl DiskProbe for FakeDisks {
    fn usage(&self, path: &Path) -> Result<DiskFigures, DiskError> {
        let answers = self
            .shared
            .answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let hangs = |answers: &mut HashMap<PathBuf, Answer>| {
            matches!(answers.get(path), Some(Answer::Hangs))
        };
        let answers = self
            .shared
            .changed
            .wait_while(answers, hangs)
            .unwrap_or_else(PoisonError::into_inner);
        match answers.get(path) {
            Some(Answer::Is(answer)) => answer.clone(),
            _ => Err(DiskError::NotFound),
        }
    }
}
