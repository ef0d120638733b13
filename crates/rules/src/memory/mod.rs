//! A short memory of series: packed, as far back as it is asked, within a bound, kept over a restart.

mod chunk;
mod segments;

use std::{
    borrow::Cow,
    collections::{HashMap, VecDeque},
    time::Duration,
};

use chunk::Chunk;
pub use segments::Segments;

use crate::{Labels, Sample, Selected, Selector, SeriesSource, group::Storage, is_stale, stale};

/// Names, values and places of a series, in bytes besides its labels' text: about what the allocator takes.
const OVERHEAD: usize = 400;

/// Samples of one chunk where there is little room.
const CROWDED: u16 = 16;

/// The last samples of every series of one service.
#[derive(Debug)]
pub struct Memory {
    series: Vec<Kept>,
    places: HashMap<Labels, usize>,
    names: HashMap<String, Vec<usize>>,
    /// Places of series that are gone.
    free: Vec<usize>,
    samples: usize,
    bytes: usize,
    /// Of them, those that series take without samples.
    weight: usize,
    bound: usize,
    reach_ms: i64,
    /// Whether somebody writes what comes to a file.
    is_written: bool,
    statistics: MemoryStatistics,
}

/// How much a memory holds, and what it could not take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryStatistics {
    /// Series.
    pub series: usize,
    /// Samples.
    pub samples: usize,
    /// Bytes, about.
    pub bytes: usize,
    /// Samples of new series that found no room, since the start.
    pub refused: u64,
    /// Chunks that were forgotten before their time, since the start: the bound was reached.
    pub forgotten: u64,
}

#[derive(Debug, Default)]
struct Kept {
    labels: Labels,
    /// The oldest first; samples are added to the last.
    chunks: VecDeque<Chunk>,
    last: Option<Sample>,
    /// Samples since the last was written to a file.
    unwritten: Chunk,
    /// The round of sampling in which it was last seen; none for what rules record.
    sampled: Option<u64>,
}

/// What is seen at one time: given to [`Memory::sample`].
#[derive(Debug)]
pub struct Round<'a> {
    memory: &'a mut Memory,
    time_ms: i64,
    number: u64,
}

impl Memory {
    /// Of at most so many bytes, about.
    #[must_use]
    pub fn new(bound: usize) -> Self {
        Self {
            series: Vec::new(),
            places: HashMap::new(),
            names: HashMap::new(),
            free: Vec::new(),
            samples: 0,
            bytes: 0,
            weight: 0,
            bound,
            reach_ms: 0,
            is_written: false,
            statistics: MemoryStatistics::default(),
        }
    }

    /// How far back samples are of use: older ones are forgotten.
    pub fn set_reach(&mut self, reach: Duration) {
        self.reach_ms = i64::try_from(reach.as_millis()).unwrap_or(i64::MAX);
    }

    /// Takes what is seen at one time, in milliseconds since 1970: `see` is given a round that takes each series
    /// with its value. What was seen before and is not now has ended, and is marked so.
    ///
    /// ```
    /// use bongsu_rules::{Labels, Memory};
    ///
    /// let mut memory = Memory::new(1 << 20);
    /// memory.set_reach(std::time::Duration::from_secs(600));
    /// let up = Labels::new([("__name__", "up")]);
    /// memory.sample(0, |round| round.see(&up, 1.0));
    /// memory.sample(5_000, |round| round.see(&up, 0.0));
    /// assert_eq!(memory.statistics().samples, 2);
    /// ```
    pub fn sample(&mut self, time_ms: i64, see: impl FnOnce(&mut Round<'_>)) {
        let rounds = self.series.iter().filter_map(|it| it.sampled);
        let number = rounds.max().unwrap_or(0) + 1;
        see(&mut Round {
            memory: self,
            time_ms,
            number,
        });
        for place in 0..self.series.len() {
            let kept = &self.series[place];
            let seen = kept.sampled.is_none_or(|it| it == number);
            if !seen && kept.last.is_some_and(|last| !is_stale(last.value)) {
                self.push(
                    place,
                    Sample {
                        time_ms,
                        value: stale(),
                    },
                );
            }
        }
        self.forget(time_ms);
    }

    /// How much it holds.
    #[must_use]
    pub fn statistics(&self) -> MemoryStatistics {
        MemoryStatistics {
            series: self.places.len(),
            samples: self.samples,
            bytes: self.bytes,
            ..self.statistics
        }
    }

    /// The place of a series, if there is room for it.
    fn place(&mut self, labels: &Labels) -> Option<usize> {
        if let Some(place) = self.places.get(labels) {
            return Some(*place);
        }
        let bytes = weight(labels);
        // Half is for samples.
        if self.weight + bytes > self.bound / 2 {
            self.statistics.refused += 1;
            return None;
        }
        self.bytes += bytes;
        self.weight += bytes;
        let kept = Kept {
            labels: labels.clone(),
            ..Kept::default()
        };
        let place = match self.free.pop() {
            Some(place) => {
                self.series[place] = kept;
                place
            }
            None => {
                self.series.push(kept);
                self.series.len() - 1
            }
        };
        self.places.insert(labels.clone(), place);
        self.names
            .entry(labels.get("__name__").to_owned())
            .or_default()
            .push(place);
        Some(place)
    }

    /// Adds a sample that is later than those of its series; another is left out.
    fn push(&mut self, place: usize, sample: Sample) {
        self.keep(place, sample, self.is_written);
    }

    fn keep(&mut self, place: usize, sample: Sample, unwritten: bool) {
        // Where room is short, what can be forgotten at once is short too.
        let most = if self.bytes > self.bound / 4 * 3 {
            CROWDED
        } else {
            chunk::SAMPLES
        };
        let kept = &mut self.series[place];
        if kept.last.is_some_and(|last| last.time_ms >= sample.time_ms) {
            return;
        }
        let before = kept.chunks.back().map_or(0, Chunk::bytes);
        let (mut grown, mut shrunk) = (0, 0);
        match kept.chunks.back_mut() {
            Some(chunk) if chunk.count() < usize::from(most) => {
                chunk.push(sample);
                grown = chunk.bytes() - before;
            }
            last => {
                if let Some(full) = last {
                    full.close();
                    shrunk = before - full.bytes();
                }
                let mut chunk = Chunk::default();
                chunk.push(sample);
                grown += chunk.bytes();
                kept.chunks.push_back(chunk);
            }
        }
        self.samples += 1;
        kept.last = Some(sample);
        if unwritten && !kept.unwritten.is_full() {
            kept.unwritten.push(sample);
        }
        self.bytes = self.bytes + grown - shrunk;
    }

    /// Lets go of what nobody asks for, and of the oldest where it is too much.
    fn forget(&mut self, now_ms: i64) {
        let oldest = now_ms.saturating_sub(self.reach_ms);
        self.forget_before(oldest);
        let (mut from, step) = (oldest, (self.reach_ms / 16).max(1_000));
        while self.bytes > self.bound && from < now_ms {
            from = from.saturating_add(step);
            let before = self.chunks();
            self.forget_before(from);
            self.statistics.forgotten += (before - self.chunks()) as u64;
        }
    }

    fn chunks(&self) -> usize {
        self.series.iter().map(|it| it.chunks.len()).sum()
    }

    fn forget_before(&mut self, oldest: i64) {
        for place in 0..self.series.len() {
            let kept = &mut self.series[place];
            while let Some(gone) = kept.chunks.pop_front_if(|chunk| chunk.last_ms() < oldest) {
                self.bytes -= gone.bytes();
                self.samples -= gone.count();
            }
            if kept.chunks.is_empty() && self.places.remove(&kept.labels).is_some() {
                let gone = std::mem::take(kept);
                self.bytes -= weight(&gone.labels);
                self.weight -= weight(&gone.labels);
                if let Some(places) = self.names.get_mut(gone.labels.get("__name__")) {
                    places.retain(|it| *it != place);
                    if places.is_empty() {
                        self.names.remove(gone.labels.get("__name__"));
                    }
                }
                self.free.push(place);
            }
        }
    }

    /// Takes a sample of an earlier run.
    fn recall(&mut self, labels: &Labels, sample: Sample, sampled: bool) {
        if let Some(place) = self.place(labels) {
            self.keep(place, sample, false);
            // Seen in an earlier round: unless it is seen again, it ends.
            self.series[place].sampled = sampled.then_some(0);
        }
    }

    /// What came since this was last asked, by series.
    fn unwritten(&mut self) -> impl Iterator<Item = (&Labels, bool, Chunk)> {
        self.series
            .iter_mut()
            .filter(|it| it.unwritten.count() > 0)
            .map(|it| {
                let chunk = std::mem::take(&mut it.unwritten);
                (&it.labels, it.sampled.is_some(), chunk)
            })
    }
}

/// Bytes of a series without samples, about.
fn weight(labels: &Labels) -> usize {
    // Each name and each value is shared text with its counts.
    let text: usize = labels
        .iter()
        .map(|(name, value)| name.len() + value.len() + 64)
        .sum();
    text + OVERHEAD
}

impl Round<'_> {
    /// This series has this value now.
    pub fn see(&mut self, labels: &Labels, value: f64) {
        if let Some(place) = self.memory.place(labels) {
            let time_ms = self.time_ms;
            self.memory.push(place, Sample { time_ms, value });
            self.memory.series[place].sampled = Some(self.number);
        }
    }
}

impl Storage for Memory {
    fn append(&mut self, labels: &Labels, sample: Sample) {
        if let Some(place) = self.place(labels) {
            self.push(place, sample);
        }
    }
}

impl SeriesSource for Memory {
    fn select(&self, selector: &Selector, from_ms: i64, to_ms: i64) -> Vec<Selected<'_>> {
        let samples = |kept: &Kept| {
            let chunks = kept.chunks.iter();
            let within = chunks.filter(|it| it.last_ms() >= from_ms && it.first_ms() <= to_ms);
            let all = within.flat_map(Chunk::samples);
            all.filter(|it| (from_ms..=to_ms).contains(&it.time_ms))
                .collect::<Vec<_>>()
        };
        let one = |kept: &Kept| {
            let taken = !kept.chunks.is_empty() && selector.takes(&kept.labels);
            let samples = if taken { samples(kept) } else { Vec::new() };
            (!samples.is_empty()).then(|| Selected {
                labels: kept.labels.clone(),
                samples: Cow::Owned(samples),
            })
        };
        match selector.name() {
            Some(name) => {
                let places = self.names.get(name).map(Vec::as_slice).unwrap_or_default();
                places
                    .iter()
                    .filter_map(|place| one(self.series.get(*place)?))
                    .collect()
            }
            None => self.series.iter().filter_map(one).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
