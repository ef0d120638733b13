//! The last 24 hours in a ring of a fixed size.

mod sample;
mod trend;

use std::{collections::VecDeque, time::Duration};

use jiff::Timestamp;

pub use self::{
    sample::{Sample, Series},
    trend::{Band, Trend},
};
use crate::Mark;

/// Time between two samples.
pub const RESOLUTION: Duration = Duration::from_secs(10);
/// Samples kept: 24 hours.
pub const SLOTS: usize = 24 * 3600 / 10;
/// Most dependencies whose latency is kept.
pub const MAX_DEPENDENCIES: usize = 64;
/// Most marks that are kept; the oldest gives way.
pub const MAX_MARKS: usize = 1_000;
/// Most bytes that a history's samples take: 2.8 MB.
pub const MAX_BYTES: usize =
    (Series::ALL.len() + MAX_DEPENDENCIES) * SLOTS * size_of::<f32>() + SLOTS * size_of::<u32>();

const STEP: i64 = RESOLUTION.as_secs() as i64;
/// A dependency's name is cut to this many characters' worth of memory.
const MAX_NAME: usize = 128;

/// The last 24 hours, one sample every ten seconds.
///
/// Its size does not grow with time: [`MAX_BYTES`] at most, however long it runs. Time is given, so
/// that a stretch without samples stays a gap instead of being drawn together.
///
/// ```
/// use std::time::Duration;
/// use bongsu_console::history::{History, Sample, Series};
/// use jiff::Timestamp;
///
/// let mut history = History::new();
/// let mut sample = Sample::default();
/// sample.set(Series::Requests, Some(12.5));
/// history.push(Timestamp::UNIX_EPOCH, &sample);
///
/// let hour = history.trend(Timestamp::UNIX_EPOCH, Duration::from_secs(3600), 120);
/// assert_eq!(hour.series(Series::Requests).len(), 120);
/// assert_eq!(hour.series(Series::Requests)[119].map(|band| band.max), Some(12.5));
/// assert_eq!(hour.series(Series::Requests)[0], None);
/// ```
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Ten-second steps since 1970 of each place's sample; 0 for none.
    steps: Vec<u32>,
    newest: u32,
    fixed: Vec<Column>,
    dependencies: Vec<Latency>,
    marks: VecDeque<Mark>,
    refused: u64,
}

/// The latency of one dependency.
#[derive(Debug, Clone)]
struct Latency {
    name: String,
    /// The step of its last value.
    last: u32,
    column: Column,
}

/// One value a place; NaN is a gap. Not allocated before the first value.
#[derive(Debug, Clone, Default)]
struct Column(Vec<f32>);

impl Column {
    fn put(&mut self, place: usize, value: Option<f64>) {
        let value = value.map_or(f32::NAN, |value| value as f32);
        if self.0.is_empty() {
            if value.is_nan() {
                return;
            }
            self.0 = vec![f32::NAN; SLOTS];
        }
        self.0[place] = value;
    }

    fn at(&self, place: usize) -> Option<f32> {
        self.0.get(place).copied().filter(|value| value.is_finite())
    }
}

impl History {
    /// An empty history.
    #[must_use]
    pub fn new() -> Self {
        Self {
            fixed: vec![Column::default(); Series::ALL.len()],
            ..Self::default()
        }
    }

    /// Keeps a sample under `now`, in place of one of the same ten seconds; false when `now` lies
    /// before the newest sample's ten seconds, which a clock that was set back does.
    pub fn push(&mut self, now: Timestamp, sample: &Sample) -> bool {
        let Some(step) = step(now).filter(|step| *step >= self.newest) else {
            self.refused += 1;
            return false;
        };
        if self.steps.is_empty() {
            self.steps = vec![0; SLOTS];
        }
        let place = place(step);
        self.steps[place] = step;
        self.newest = step;
        for event in &sample.events {
            if self.marks.len() == MAX_MARKS {
                self.marks.pop_front();
            }
            let event = event.clone();
            self.marks.push_back(Mark { at: now, event });
        }
        for (column, value) in self.fixed.iter_mut().zip(sample.fixed) {
            column.put(place, value);
        }
        for dependency in &mut self.dependencies {
            dependency.column.put(place, None);
        }
        for (name, value) in &sample.dependencies {
            match self.dependency(step, bongsu_text::cut(name, MAX_NAME)) {
                Some(dependency) => {
                    dependency.last = step;
                    dependency.column.put(place, Some(*value));
                }
                None => self.refused += 1,
            }
        }
        true
    }

    /// Samples and latencies that were not kept: from before the newest, or of a dependency past
    /// [`MAX_DEPENDENCIES`].
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Bytes that the samples take now; never more than [`MAX_BYTES`].
    #[must_use]
    pub fn bytes(&self) -> usize {
        let columns = self
            .fixed
            .iter()
            .chain(self.dependencies.iter().map(|d| &d.column));
        let values: usize = columns.map(|column| column.0.capacity()).sum();
        values * size_of::<f32>() + self.steps.capacity() * size_of::<u32>()
    }

    /// How long ago the oldest sample was that is kept of the last 24 hours; nothing where there is none.
    #[must_use]
    pub fn known(&self, now: Timestamp) -> Duration {
        let last = step(now).unwrap_or(0);
        let kept = self.steps.iter().filter(|step| **step > 0);
        let ago = kept.filter_map(|step| last.checked_sub(*step));
        let longest = ago.filter(|ago| *ago < SLOTS as u32).max();
        RESOLUTION * longest.unwrap_or(0)
    }

    /// The `span` up to `now` in `columns` columns of equal width, at most 24 hours.
    #[must_use]
    pub fn trend(&self, now: Timestamp, span: Duration, columns: usize) -> Trend {
        let span = span.clamp(RESOLUTION, RESOLUTION * SLOTS as u32);
        let reader = Reader {
            history: self,
            last: step(now).unwrap_or(0),
            count: (span.as_secs() / RESOLUTION.as_secs()) as u32,
            columns: columns.clamp(1, SLOTS),
        };
        let from = now.saturating_sub(span).unwrap_or(Timestamp::MIN);
        let marks = self.marks.iter();
        Trend {
            span,
            marks: marks
                .filter(|mark| from < mark.at && mark.at <= now)
                .cloned()
                .collect(),
            fixed: self.fixed.iter().map(|c| reader.read(c)).collect(),
            dependencies: self
                .dependencies
                .iter()
                .map(|d| (d.name.clone(), reader.read(&d.column)))
                .collect(),
        }
    }

    /// A dependency's place; past the bound, that of one without a value in 24 hours.
    fn dependency(&mut self, step: u32, name: &str) -> Option<&mut Latency> {
        let fresh = || Latency {
            name: name.to_owned(),
            last: step,
            column: Column::default(),
        };
        let known = self.dependencies.iter().position(|d| d.name == name);
        let found = match known {
            Some(found) => found,
            None if self.dependencies.len() < MAX_DEPENDENCIES => {
                self.dependencies.push(fresh());
                self.dependencies.len() - 1
            }
            None => {
                let silent = |d: &Latency| step - d.last >= SLOTS as u32;
                let found = self.dependencies.iter().position(silent)?;
                self.dependencies[found] = fresh();
                found
            }
        };
        self.dependencies.get_mut(found)
    }
}

/// Reads one stretch of columns.
struct Reader<'a> {
    history: &'a History,
    last: u32,
    count: u32,
    columns: usize,
}

impl Reader<'_> {
    fn read(&self, column: &Column) -> Vec<Option<Band>> {
        let mut bands = vec![None::<(Band, f64, u32)>; self.columns];
        if column.0.is_empty() {
            return vec![None; self.columns];
        }
        for back in 0..self.count.min(self.last) {
            let step = self.last - back;
            let place = place(step);
            if self.history.steps[place] != step {
                continue;
            }
            let Some(value) = column.at(place) else {
                continue;
            };
            // Whole steps to whole columns, counted from the right, so that the newest column is full.
            let from_right = back as usize * self.columns / self.count as usize;
            let band = &mut bands[self.columns - 1 - from_right];
            *band = Some(match *band {
                None => {
                    let band = Band {
                        min: value,
                        max: value,
                        mean: value,
                    };
                    (band, f64::from(value), 1)
                }
                Some((band, sum, n)) => {
                    let (sum, n) = (sum + f64::from(value), n + 1);
                    let band = Band {
                        min: band.min.min(value),
                        max: band.max.max(value),
                        mean: (sum / f64::from(n)) as f32,
                    };
                    (band, sum, n)
                }
            });
        }
        bands
            .into_iter()
            .map(|band| band.map(|(band, ..)| band))
            .collect()
    }
}

/// Ten-second steps since 1970; none before it.
fn step(at: Timestamp) -> Option<u32> {
    // The first step stands for "no sample".
    u32::try_from(at.as_second() / STEP + 1).ok()
}

fn place(step: u32) -> usize {
    step as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Event;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn requests(value: f64) -> Sample {
        let mut sample = Sample::default();
        sample.set(Series::Requests, Some(value));
        sample
    }

    /// The means of the series over the last `seconds`, gaps as -1.
    fn means(history: &History, now: i64, seconds: u64, columns: usize) -> Vec<f32> {
        let trend = history.trend(at(now), Duration::from_secs(seconds), columns);
        let bands = trend.series(Series::Requests).iter();
        bands.map(|band| band.map_or(-1.0, |b| b.mean)).collect()
    }

    #[test]
    fn the_bound_is_stated_and_kept() {
        const { assert!(MAX_BYTES <= 16 << 20) }
        assert_eq!(MAX_BYTES, 2_833_920);
        let mut history = History::new();
        assert_eq!(history.bytes(), 0);
        for minute in 0..100 {
            let mut sample = Sample::default();
            for series in Series::ALL {
                sample.set(series, Some(1.0));
            }
            for name in 0..200 {
                sample.set_dependency(format!("dependency {name}"), 1.0);
            }
            history.push(at(minute * 60), &sample);
        }
        assert_eq!(history.bytes(), MAX_BYTES);
        assert_eq!(history.refused(), 100 * (200 - MAX_DEPENDENCIES as u64));
    }

    #[test]
    fn a_gap_stays_a_gap() {
        let mut history = History::new();
        for (second, value) in [(0, 1.0), (10, 2.0), (40, 5.0)] {
            history.push(at(second), &requests(value));
        }
        assert_eq!(means(&history, 40, 50, 5), [1.0, 2.0, -1.0, -1.0, 5.0]);
        assert_eq!(means(&history, 60, 50, 5), [-1.0, -1.0, 5.0, -1.0, -1.0]);
    }

    #[test]
    fn peaks_survive_the_narrowing() {
        let mut history = History::new();
        for i in 0..360 {
            history.push(at(i * 10), &requests(if i == 100 { 900.0 } else { 1.0 }));
        }
        let trend = history.trend(at(3590), Duration::from_secs(3600), 12);
        let bands: Vec<_> = trend.series(Series::Requests).iter().flatten().collect();
        assert_eq!(bands.len(), 12);
        assert_eq!(bands.iter().filter(|band| band.max == 900.0).count(), 1);
        assert!(bands.iter().all(|band| band.min == 1.0));
    }

    #[test]
    fn how_much_is_known() {
        let mut history = History::new();
        let known = |history: &History, now| history.known(at(now)).as_secs();
        assert_eq!(known(&history, 0), 0);
        history.push(at(0), &requests(1.0));
        history.push(at(50), &requests(1.0));
        assert_eq!(known(&history, 50), 50);
        assert_eq!(known(&history, 120), 120);
        // What is older than a day is known no more.
        assert_eq!(known(&history, 86_400 + 20), 86_400 - 30);
        assert_eq!(known(&history, 10 * 86_400), 0);
    }

    #[test]
    fn what_is_older_than_a_day_is_gone() {
        let mut history = History::new();
        history.push(at(0), &requests(7.0));
        let day = SLOTS as i64 * 10;
        assert_eq!(means(&history, day - 10, 86_400, 1), [7.0]);
        assert_eq!(means(&history, day, 86_400, 1), [-1.0]);
        // A pause of a whole day and a bit must not bring old values back.
        history.push(at(day + 500), &requests(3.0));
        assert_eq!(means(&history, day + 500, 86_400, 1), [3.0]);
    }

    #[test]
    fn marks_belong_to_their_stretch_and_are_bounded() {
        let mut history = History::new();
        for i in 0..MAX_MARKS as i64 + 5 {
            let mut sample = Sample::default();
            sample.happened(Event::Level(i.to_string()));
            history.push(at(i * 10), &sample);
        }
        let marks = |now: i64, seconds| {
            let trend = history.trend(at(now), Duration::from_secs(seconds), 1);
            let of = |mark: &Mark| mark.event.clone();
            trend.marks().iter().map(of).collect::<Vec<_>>()
        };
        let level = |i: i64| Event::Level(i.to_string());
        assert_eq!(marks(1_000, 20), [level(99), level(100)]);
        assert_eq!(marks(40, 86_400), [], "the oldest gave way");
        assert_eq!(marks(50, 86_400), [level(5)]);
    }

    #[test]
    fn a_clock_set_back_is_counted() {
        let mut history = History::new();
        assert!(history.push(at(100), &requests(1.0)));
        assert!(
            history.push(at(105), &requests(2.0)),
            "the same ten seconds"
        );
        assert!(!history.push(at(50), &requests(9.0)));
        assert!(!history.push(Timestamp::MIN, &requests(9.0)));
        assert_eq!(history.refused(), 2);
        assert_eq!(means(&history, 100, 10, 1), [2.0]);
    }

    #[test]
    fn a_dependency_gone_for_a_day_makes_room() {
        let mut history = History::new();
        let mut old = Sample::default();
        for name in 0..MAX_DEPENDENCIES {
            old.set_dependency(format!("old {name}"), 1.0);
        }
        history.push(at(0), &old);
        let mut new = Sample::default();
        new.set_dependency("new", 4.0);
        history.push(at(10), &new);
        assert_eq!(history.refused(), 1);
        history.push(at(86_400 + 10), &new);
        assert_eq!(history.refused(), 1);
        let trend = history.trend(at(86_400 + 10), Duration::from_secs(10), 1);
        assert_eq!(trend.dependency("new")[0].map(|band| band.max), Some(4.0));
    }

    proptest! {
        #[test]
        fn nothing_breaks_it(
            pushes in prop::collection::vec((any::<i32>(), any::<f64>(), ".{0,200}"), 0..40),
            now in any::<i32>(),
            span in any::<u32>(),
            columns in 0_usize..500,
        ) {
            let mut history = History::new();
            for (second, value, name) in pushes {
                let mut sample = requests(value);
                sample.set_dependency(name, value);
                history.push(at(i64::from(second)), &sample);
            }
            prop_assert!(history.bytes() <= MAX_BYTES);
            let span = Duration::from_secs(span.into());
            let trend = history.trend(at(i64::from(now)), span, columns);
            for band in trend.series(Series::Requests).iter().flatten() {
                prop_assert!(band.min <= band.mean && band.mean <= band.max || band.max.is_infinite());
            }
        }
    }
}
