//! Series in memory as they are, for tests of rules.

use std::collections::HashMap;

use crate::{Labels, Sample, Selected, Selector, Series, SeriesSource, group::Storage};

/// Series as they are, in the order in which they came.
#[derive(Debug, Default)]
pub struct Table {
    series: Vec<Series>,
    places: HashMap<Labels, usize>,
}

impl Table {
    /// Every series.
    #[must_use]
    pub fn series(&self) -> &[Series] {
        &self.series
    }
}

impl SeriesSource for Table {
    fn select(&self, selector: &Selector, from_ms: i64, to_ms: i64) -> Vec<Selected<'_>> {
        self.series.select(selector, from_ms, to_ms)
    }
}

impl Storage for Table {
    fn append(&mut self, labels: &Labels, sample: Sample) {
        let place = *self.places.entry(labels.clone()).or_insert_with(|| {
            self.series.push(Series {
                labels: labels.clone(),
                samples: Vec::new(),
            });
            self.series.len() - 1
        });
        let samples = &mut self.series[place].samples;
        // At most one at an instant, and none goes back in time.
        if samples
            .last()
            .is_none_or(|last| last.time_ms < sample.time_ms)
        {
            samples.push(sample);
        }
    }
}
