//! What the rules are evaluated over, and what is known of them: on disk too, so that a restart goes on.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use crate::{
    External, LoadError, Memory, MemoryStatistics, Round, RuleFile, RuleSet, Segments, Sources,
};

/// What the rules know, beside the samples.
const STATE: &str = "state.json";
/// So often what came is written to disk: a kill loses as much. Within as long after the start it is written at
/// each step, so that a service that does not live for long leaves what it saw.
const WRITE_MS: u64 = 60_000;
/// After so long without a sample what an earlier run saw is of the past, as in Prometheus.
const LOOK_BACK_MS: i64 = 300_000;
/// A little more than the rules ask for: a sample may come late.
const MARGIN: Duration = Duration::from_secs(60);

/// How rules are watched over; see [`Watch::open`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WatchOptions {
    /// Most bytes that the samples may take. Default: 64 MiB.
    pub most_bytes: usize,
    /// Between two evaluations of a group that has no interval of its own. Default: 15 s.
    pub every: Duration,
    /// Where samples and state outlive the process. Default: nowhere.
    pub folder: Option<PathBuf>,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            most_bytes: 64 << 20,
            every: Duration::from_secs(15),
            folder: None,
        }
    }
}

/// The rules in force over the service's own metrics.
///
/// ```
/// use bongsu_rules::{Labels, RuleFile, Sources, Watch, WatchOptions};
///
/// let text = "groups:\n- name: g\n  rules:\n  - {alert: Halted, expr: trading_halted == 1}\n";
/// let file = RuleFile::read("desk.yml", text)?;
/// let watch = Watch::open(Sources::default(), vec![file], WatchOptions::default());
/// let halted = Labels::new([("__name__", "trading_halted")]);
/// for now_ms in [0, 15_000] {
///     watch.step(now_ms, |round| round.see(&halted, 1.0));
/// }
/// assert_eq!(watch.look(|rules| rules.firing().count()), 1);
/// # Ok::<(), bongsu_rules::Problems>(())
/// ```
#[derive(Debug)]
pub struct Watch(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    rules: RuleSet,
    memory: Memory,
    disk: Option<Segments>,
    sources: Sources,
    /// The files as they were when they were last looked at.
    stamps: Vec<Stamp>,
    every: Duration,
    started_ms: Option<i64>,
    /// An earlier run ended just now: this one goes on with it.
    goes_on: bool,
    written_ms: i64,
    /// Whether the memory was told to be full.
    full: bool,
}

/// A file's path, when it was written, and its length.
type Stamp = (PathBuf, Option<(SystemTime, u64)>);

impl Watch {
    /// These rules, and what an earlier run left of their state and of the samples. It blocks.
    pub fn open(sources: Sources, files: Vec<RuleFile>, options: WatchOptions) -> Self {
        let mut rules = RuleSet::new(files, External::default());
        let mut memory = Memory::new(options.most_bytes);
        let now_ms = now_ms();
        let reach = rules.reach_ms();
        memory.set_reach(reach_of(reach));
        let disk = options.folder.and_then(|folder| {
            let opened = open(&folder, &mut rules, &mut memory, now_ms);
            opened
                .inspect_err(|error| {
                    let folder = folder.display();
                    tracing::warn!(%folder, %error, "rules: nothing of them is kept over a restart");
                })
                .ok()
        });
        let last_ms = disk.as_ref().and_then(Segments::last_ms);
        let goes_on = last_ms.is_some_and(|last| (0..LOOK_BACK_MS).contains(&(now_ms - last)));
        let stamps = stamps(&sources);
        Self(Mutex::new(Inner {
            rules,
            memory,
            disk,
            sources,
            stamps,
            every: options.every,
            started_ms: None,
            goes_on,
            written_ms: now_ms,
            full: false,
        }))
    }

    /// Takes what `see` shows as the sample of this time, and evaluates what is due. Gives whether any rule was.
    /// It blocks.
    pub fn step(&self, now_ms: i64, see: impl FnOnce(&mut Round<'_>)) -> bool {
        let mut inner = self.lock();
        let Inner {
            rules,
            memory,
            every,
            started_ms,
            goes_on,
            ..
        } = &mut *inner;
        memory.sample(now_ms, see);
        // What a service does while it starts is no ground for an alert; that it starts again and again is.
        let lives_ms = now_ms.abs_diff(*started_ms.get_or_insert(now_ms));
        let settled = *goes_on || lives_ms >= every.as_millis() as u64;
        let evaluated = settled && rules.evaluate(memory, now_ms, *every);
        inner.keep(now_ms, evaluated, lives_ms);
        evaluated
    }

    /// Reads the files anew where they changed, or where somebody asks, and tells the log what came of it.
    pub fn follow(&self, asked: bool, now_ms: i64) {
        if !asked && !self.lock().changed() {
            return;
        }
        match self.reload(now_ms) {
            Ok((alerts, records)) => tracing::info!(alerts, records, "rules read anew"),
            Err(error) => tracing::error!("{error}\nthe rules that were in force stay so"),
        }
    }

    /// Reads the files anew: all of them, or the old ones stay. Gives how many rules alert and record. It blocks.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with any of them.
    pub fn reload(&self, now_ms: i64) -> Result<(usize, usize), LoadError> {
        let mut inner = self.lock();
        inner.stamps = stamps(&inner.sources);
        let files = inner.sources.load()?;
        let Inner { rules, memory, .. } = &mut *inner;
        rules.replace(files, memory, now_ms);
        memory.set_reach(reach_of(rules.reach_ms()));
        Ok(rules.count())
    }

    /// What the rules see, as `show` makes it.
    pub fn look<T>(&self, show: impl FnOnce(&RuleSet) -> T) -> T {
        show(&self.lock().rules)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an operator asks.
impl Watch {
    /// How much the rules see.
    pub fn memory(&self) -> MemoryStatistics {
        self.lock().memory.statistics()
    }

    /// The rules and the samples that they see, as `show` makes it of them.
    pub fn see<T>(&self, show: impl FnOnce(&RuleSet, &Memory) -> T) -> T {
        let inner = self.lock();
        show(&inner.rules, &inner.memory)
    }

    /// Time between two evaluations of a group that has none of its own.
    pub fn every(&self) -> Duration {
        self.lock().every
    }

    /// Where the rules come from, as it was asked for.
    pub fn sources(&self) -> String {
        self.lock().sources.to_string()
    }
}

impl Inner {
    /// Whether the files are others than when they were last looked at.
    fn changed(&self) -> bool {
        stamps(&self.sources) != self.stamps
    }

    fn keep(&mut self, now_ms: i64, evaluated: bool, lives_ms: u64) {
        let statistics = self.memory.statistics();
        let full = statistics.refused + statistics.forgotten > 0;
        if full && !self.full {
            tracing::warn!(
                series = statistics.series,
                bytes = statistics.bytes,
                "rules: their memory is full; new series and the oldest samples are left out"
            );
        }
        self.full |= full;
        let Some(disk) = &mut self.disk else {
            return;
        };
        let state = match evaluated {
            true => self
                .rules
                .to_json()
                .map_err(io::Error::other)
                .and_then(|json| disk.put(STATE, &json)),
            false => Ok(()),
        };
        let due = lives_ms < WRITE_MS || now_ms.abs_diff(self.written_ms) >= WRITE_MS;
        let samples = match due {
            true => disk.write(&mut self.memory, now_ms),
            false => Ok(()),
        };
        if due {
            self.written_ms = now_ms;
        }
        if let Err(error) = state.and(samples) {
            tracing::warn!(%error, "rules: what they know could not be written");
        }
    }
}

fn open(
    folder: &Path,
    rules: &mut RuleSet,
    memory: &mut Memory,
    now_ms: i64,
) -> io::Result<Segments> {
    let (segments, damaged) = Segments::open(folder, memory)?;
    if damaged > 0 {
        tracing::warn!(
            bytes = damaged,
            "rules: samples that were not whole are left out"
        );
    }
    match fs::read(folder.join(STATE)) {
        Ok(json) => {
            if let Err(error) = rules.restore(&json, now_ms) {
                tracing::warn!(%error, "rules: what they knew cannot be read; they begin anew");
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(segments)
}

fn reach_of(reach_ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(reach_ms).unwrap_or(0)) + MARGIN
}

fn stamps(sources: &Sources) -> Vec<Stamp> {
    let stamp = |path: PathBuf| {
        let known = fs::metadata(&path).ok();
        let stamp = known.and_then(|it| Some((it.modified().ok()?, it.len())));
        (path, stamp)
    };
    sources
        .paths()
        .unwrap_or_default()
        .into_iter()
        .map(stamp)
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests;
