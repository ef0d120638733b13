//! What an expression is evaluated over: labelled samples in the order of their times.

use std::borrow::Cow;

use crate::{labels::Labels, selector::Selector};

/// One value at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Milliseconds since 1970, UTC.
    pub time_ms: i64,
    /// May be NaN; [`stale`] marks the end of a series.
    pub value: f64,
}

/// Prometheus' mark of a series that has ended: one certain NaN (`0x7ff0_0000_0000_0002`).
#[must_use]
pub const fn stale() -> f64 {
    f64::from_bits(0x7ff0_0000_0000_0002)
}

/// Whether a value is the mark of [`stale`], rather than a NaN that was measured.
#[must_use]
pub const fn is_stale(value: f64) -> bool {
    value.to_bits() == stale().to_bits()
}

/// One labelled sequence of samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its identity, `__name__` among them.
    pub labels: Labels,
    /// In the order of time, at most one an instant.
    pub samples: Vec<Sample>,
}

/// One series as a source gives it: samples that lie in memory are lent, those that are unpacked are given.
#[derive(Debug, Clone, PartialEq)]
pub struct Selected<'a> {
    /// Its identity, `__name__` among them.
    pub labels: Labels,
    /// In the order of time, at most one an instant; marks of [`stale`] among them.
    pub samples: Cow<'a, [Sample]>,
}

/// Where an expression finds its series: the memory of a service, a file, a table in a test.
///
/// It is asked once for each selector of an expression and each evaluation, a range of steps or a subquery
/// included, so what it unpacks it unpacks once.
pub trait SeriesSource {
    /// Every series that `selector` takes, in any order, each once, with its samples from `from_ms` to `to_ms`,
    /// both included. More samples than asked for do no harm; a series without one may be left out.
    ///
    /// A source with an index begins with [`Selector::name`].
    fn select(&self, selector: &Selector, from_ms: i64, to_ms: i64) -> Vec<Selected<'_>>;
}

impl SeriesSource for [Series] {
    fn select(&self, selector: &Selector, from_ms: i64, to_ms: i64) -> Vec<Selected<'_>> {
        let taken = self.iter().filter(|series| selector.takes(&series.labels));
        taken
            .map(|series| Selected {
                labels: series.labels.clone(),
                samples: Cow::Borrowed(within(&series.samples, from_ms, to_ms)),
            })
            .filter(|series| !series.samples.is_empty())
            .collect()
    }
}

/// The samples from one time to another, both included.
pub(crate) fn within(samples: &[Sample], from_ms: i64, to_ms: i64) -> &[Sample] {
    let from = samples.partition_point(|it| it.time_ms < from_ms);
    let to = samples.partition_point(|it| it.time_ms <= to_ms);
    samples.get(from..to).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_lends_what_lies_within_both_ends() {
        let at = |time_ms| Sample {
            time_ms,
            value: 1.0,
        };
        let all = [Series {
            labels: Labels::new([("__name__", "up")]),
            samples: vec![at(1), at(2), at(3)],
        }];
        let up = Selector::of_name("up");
        let found = all.select(&up, 2, 3);
        assert!(matches!(&found[0].samples, Cow::Borrowed(it) if *it == [at(2), at(3)]));
        assert!(all.select(&up, 4, 9).is_empty());
        assert!(all.select(&up, 3, 2).is_empty());
        assert!(all.select(&Selector::of_name("down"), 1, 3).is_empty());
    }

    #[test]
    fn a_measured_nan_is_not_the_mark() {
        assert!(is_stale(stale()) && !is_stale(f64::NAN));
    }
}
