//! The recent past: a ring of samples and figures over a window of it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;

use crate::sample::SystemResources;

/// One remembered sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HistoryPoint {
    /// When it was taken.
    pub timestamp: Timestamp,
    /// Host CPU, percent.
    pub cpu_percent: f64,
    /// Host memory, percent.
    pub memory_percent: f64,
    /// The main file system, percent; `None` when it was not measured for this sample.
    pub disk_percent: Option<f64>,
}

impl HistoryPoint {
    pub(crate) fn of(sample: &SystemResources) -> Self {
        let disk = sample.disk().filter(|disk| !disk.stale);
        Self {
            timestamp: sample.timestamp,
            cpu_percent: sample.cpu_percent,
            memory_percent: sample.memory_percent,
            disk_percent: disk.and_then(|disk| disk.figures).map(|f| f.percent()),
        }
    }
}

/// Figures of one resource over a window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Summary {
    /// Lowest value.
    pub min: f64,
    /// Highest value.
    pub max: f64,
    /// Arithmetic mean.
    pub avg: f64,
    /// 95th percentile by nearest rank: the smallest value that at least 95 % of the values do not exceed.
    pub p95: f64,
}

impl Summary {
    /// Sorts the values and sums them up; `None` of none.
    fn of(values: &mut [f64]) -> Option<Self> {
        values.sort_unstable_by(f64::total_cmp);
        let (&min, &max) = (values.first()?, values.last()?);
        let rank = (values.len() * 95).div_ceil(100).max(1);
        let p95 = values.get(rank - 1).copied()?;
        let avg = values.iter().sum::<f64>() / values.len() as f64;
        Some(Self {
            min,
            max,
            avg: avg.clamp(min, max),
            p95,
        })
    }
}

/// Figures over a window of the history.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Statistics {
    /// Samples in the window.
    pub samples: usize,
    /// Age of the oldest of them; shorter than the window while the history is young.
    #[serde(skip)]
    pub span: Duration,
    /// CPU, percent.
    pub cpu: Summary,
    /// Memory, percent.
    pub memory: Summary,
    /// Main file system, percent; `None` when it was never measured in the window.
    pub disk: Option<Summary>,
}

/// A ring of the last samples, oldest first.
#[derive(Debug)]
pub(crate) struct History {
    ring: VecDeque<(Instant, HistoryPoint)>,
    capacity: usize,
}

impl History {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            ring: VecDeque::with_capacity(capacity),
            capacity,
        }
    }

    pub(crate) fn push(&mut self, now: Instant, point: HistoryPoint) {
        if self.ring.len() == self.capacity {
            self.ring.pop_front();
        }
        self.ring.push_back((now, point));
    }

    /// The samples that are at most `window` old, oldest first.
    fn within(
        &self,
        window: Duration,
        now: Instant,
    ) -> impl Iterator<Item = &(Instant, HistoryPoint)> {
        let first = self
            .ring
            .partition_point(|(at, _)| now.saturating_duration_since(*at) > window);
        self.ring.range(first..)
    }

    pub(crate) fn points(&self, window: Duration, now: Instant) -> Vec<HistoryPoint> {
        self.within(window, now).map(|(_, point)| *point).collect()
    }

    pub(crate) fn statistics(&self, window: Duration, now: Instant) -> Option<Statistics> {
        let (oldest, _) = self.within(window, now).next()?;
        let span = now.saturating_duration_since(*oldest);
        let column = |of: fn(&HistoryPoint) -> Option<f64>| -> Vec<f64> {
            self.within(window, now)
                .filter_map(|(_, point)| of(point))
                .collect()
        };
        let mut cpu = column(|p| Some(p.cpu_percent));
        Some(Statistics {
            samples: cpu.len(),
            span,
            cpu: Summary::of(&mut cpu)?,
            memory: Summary::of(&mut column(|p| Some(p.memory_percent)))?,
            disk: Summary::of(&mut column(|p| p.disk_percent)),
        })
    }
}

#[cfg(test)]
mod tests;
