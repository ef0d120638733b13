//! A stretch of the history, as wide as a chart.

use std::time::Duration;

use super::{MAX_NAME, Series};
use crate::Mark;

/// What happened in one column of a chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// The least value.
    pub min: f32,
    /// The greatest value.
    pub max: f32,
    /// The average.
    pub mean: f32,
}

/// A stretch of the history at a chart's width; a column without samples is a gap.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trend {
    pub(super) span: Duration,
    pub(super) marks: Vec<Mark>,
    pub(super) fixed: Vec<Vec<Option<Band>>>,
    pub(super) dependencies: Vec<(String, Vec<Option<Band>>)>,
}

impl Trend {
    /// How far back it goes.
    #[must_use]
    pub fn span(&self) -> Duration {
        self.span
    }

    /// What happened in it, the oldest first.
    #[must_use]
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// The dependencies of which anything is known in it.
    pub fn dependencies(&self) -> impl Iterator<Item = (&str, &[Option<Band>])> {
        let known = self.dependencies.iter();
        known
            .map(|(name, bands)| (name.as_str(), bands.as_slice()))
            .filter(|(_, bands)| bands.iter().any(Option::is_some))
    }

    /// A series, the oldest column first; empty when nothing was ever kept.
    #[must_use]
    pub fn series(&self, series: Series) -> &[Option<Band>] {
        self.fixed.get(series as usize).map_or(&[], Vec::as_slice)
    }

    /// A dependency's latency in milliseconds.
    #[must_use]
    pub fn dependency(&self, name: &str) -> &[Option<Band>] {
        let found = self
            .dependencies
            .iter()
            .find(|(known, _)| known == bongsu_text::cut(name, MAX_NAME));
        found.map_or(&[], |(_, bands)| bands)
    }
}
