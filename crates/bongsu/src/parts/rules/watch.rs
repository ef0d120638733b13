//! What the rules are evaluated over, and what is known of them: on disk too, so that a restart goes on.

use std::{
    fs, io,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use bongsu_rules::{External, LoadError, Memory, Round, RuleFile, RuleSet, Segments};

use super::Wanted;
use crate::Config;

/// What the rules know, beside the samples.
const STATE: &str = "state.json";
/// So often what came is written to disk: a kill loses as much. Within as long after the start it is written at
/// each step, so that a service that does not live for long leaves what it saw.
const WRITE_MS: u64 = 60_000;
/// After so long without a sample what an earlier run saw is of the past, as in Prometheus.
const LOOK_BACK_MS: i64 = 300_000;
/// A little more than the rules ask for: a sample may come late.
const MARGIN: Duration = Duration::from_secs(60);

/// The rules in force over the service's own metrics.
#[derive(Debug)]
pub(crate) struct Watch(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    rules: RuleSet,
    memory: Memory,
    disk: Option<Segments>,
    wanted: Wanted,
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
    pub(crate) fn open(config: &Config, wanted: Wanted, files: Vec<RuleFile>) -> Self {
        let bound = config.rules.memory_mib << 20;
        let (mut rules, mut memory) =
            (RuleSet::new(files, External::default()), Memory::new(bound));
        let now_ms = now_ms();
        let reach = rules.reach_ms();
        memory.set_reach(reach_of(reach));
        let disk = match open(config, &mut rules, &mut memory, now_ms) {
            Ok(disk) => Some(disk),
            Err(error) => {
                tracing::warn!(%error, "rules: nothing of them is kept over a restart");
                None
            }
        };
        let last_ms = disk.as_ref().and_then(Segments::last_ms);
        let goes_on = last_ms.is_some_and(|last| (0..LOOK_BACK_MS).contains(&(now_ms - last)));
        let stamps = stamps(&wanted);
        Self(Mutex::new(Inner {
            rules,
            memory,
            disk,
            wanted,
            stamps,
            every: config.rules.interval,
            started_ms: None,
            goes_on,
            written_ms: now_ms,
            full: false,
        }))
    }

    /// Takes what `see` shows as the sample of this time, and evaluates what is due. Gives whether any rule was.
    /// It blocks.
    pub(crate) fn step(&self, now_ms: i64, see: impl FnOnce(&mut Round<'_>)) -> bool {
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
    pub(crate) fn follow(&self, asked: bool, now_ms: i64) {
        if !asked && !self.lock().changed() {
            return;
        }
        match self.reload(now_ms) {
            Ok((alerts, records)) => tracing::info!(alerts, records, "rules read anew"),
            Err(error) => tracing::error!(
                variable = "BONGSU_RULES",
                "{error}\nthe rules that were in force stay so"
            ),
        }
    }

    /// Reads the files anew: all of them, or the old ones stay. Gives how many rules alert and record. It blocks.
    pub(crate) fn reload(&self, now_ms: i64) -> Result<(usize, usize), LoadError> {
        let mut inner = self.lock();
        inner.stamps = stamps(&inner.wanted);
        let files = inner.wanted.load()?;
        let Inner { rules, memory, .. } = &mut *inner;
        rules.replace(files, memory, now_ms);
        memory.set_reach(reach_of(rules.reach_ms()));
        Ok(rules.count())
    }

    /// What the rules see, as `show` makes it.
    pub(crate) fn look<T>(&self, show: impl FnOnce(&RuleSet) -> T) -> T {
        show(&self.lock().rules)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an operator asks.
impl Watch {
    /// How much the rules see.
    pub(crate) fn memory(&self) -> bongsu_rules::MemoryStatistics {
        self.lock().memory.statistics()
    }

    /// Time between two evaluations of a group that has none of its own.
    pub(crate) fn every(&self) -> Duration {
        self.lock().every
    }

    /// What `BONGSU_RULES` asks for.
    pub(crate) fn asked(&self) -> String {
        self.lock().wanted.to_string()
    }
}

impl Inner {
    /// Whether the files are others than when they were last looked at.
    fn changed(&self) -> bool {
        stamps(&self.wanted) != self.stamps
    }

    fn keep(&mut self, now_ms: i64, evaluated: bool, lives_ms: u64) {
        let statistics = self.memory.statistics();
        let full = statistics.refused + statistics.forgotten > 0;
        if full && !self.full {
            tracing::warn!(
                series = statistics.series,
                bytes = statistics.bytes,
                "rules: BONGSU_RULES_MEMORY_MIB is full; new series and the oldest samples are left out"
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
    config: &Config,
    rules: &mut RuleSet,
    memory: &mut Memory,
    now_ms: i64,
) -> Result<Segments, String> {
    config.create_data_dir()?;
    let folder = config.data_dir.join("rules");
    let cannot = |error: io::Error| format!("{}: {error}", folder.display());
    let (segments, damaged) = Segments::open(&folder, memory).map_err(cannot)?;
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
        Err(error) => return Err(cannot(error)),
    }
    Ok(segments)
}

fn reach_of(reach_ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(reach_ms).unwrap_or(0)) + MARGIN
}

fn stamps(wanted: &Wanted) -> Vec<Stamp> {
    let stamp = |path: PathBuf| {
        let known = fs::metadata(&path).ok();
        let stamp = known.and_then(|it| Some((it.modified().ok()?, it.len())));
        (path, stamp)
    };
    wanted
        .paths()
        .unwrap_or_default()
        .into_iter()
        .map(stamp)
        .collect()
}

pub(crate) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
