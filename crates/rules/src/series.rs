//! What an expression is evaluated over: labelled samples in the order of their times.

use std::{fmt, sync::Arc};

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

/// Names and values, sorted by name, none empty; `__name__` is the metric's name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Labels(Arc<[(Arc<str>, Arc<str>)]>);

impl Labels {
    /// Of pairs in any order: a value that is empty is no label, the last of two with one name counts.
    pub fn new<N: Into<Arc<str>>, V: Into<Arc<str>>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let mut all = std::collections::BTreeMap::new();
        for (name, value) in pairs {
            all.insert(name.into(), value.into());
        }
        Self(
            all.into_iter()
                .filter(|(_, value): &(_, Arc<str>)| !value.is_empty())
                .collect(),
        )
    }

    /// The value of a name; what is not there is empty, as in PromQL.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        let found = self.0.binary_search_by(|(it, _)| (**it).cmp(name));
        found.map_or("", |index| &*self.0[index].1)
    }

    /// Each name with its value, by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// One labelled sequence of samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its identity, `__name__` among them.
    pub labels: Labels,
    /// In the order of time, at most one an instant.
    pub samples: Vec<Sample>,
}

/// Where an expression finds its series: the memory of a service, a file, a table in a test.
pub trait SeriesSource {
    /// Every series that `wanted` takes, with its samples from `from_ms` to `to_ms`, both included.
    fn select(&self, wanted: &dyn Fn(&Labels) -> bool, from_ms: i64, to_ms: i64) -> Vec<Series>;
}

impl SeriesSource for [Series] {
    fn select(&self, wanted: &dyn Fn(&Labels) -> bool, from_ms: i64, to_ms: i64) -> Vec<Series> {
        let within = |series: &Series| {
            let from = series.samples.partition_point(|it| it.time_ms < from_ms);
            let to = series.samples.partition_point(|it| it.time_ms <= to_ms);
            Series {
                labels: series.labels.clone(),
                samples: series.samples.get(from..to).unwrap_or_default().to_vec(),
            }
        };
        self.iter()
            .filter(|series| wanted(&series.labels))
            .map(within)
            .filter(|series| !series.samples.is_empty())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_sorted_and_none_is_empty() {
        let labels = Labels::new([("b", "2"), ("a", "1"), ("c", "")]);
        assert_eq!(labels.iter().collect::<Vec<_>>(), [("a", "1"), ("b", "2")]);
        assert_eq!((labels.get("b"), labels.get("c")), ("2", ""));
    }

    #[test]
    fn a_source_gives_what_lies_within_both_ends() {
        let at = |time_ms| Sample {
            time_ms,
            value: 1.0,
        };
        let all = [Series {
            labels: Labels::new([("__name__", "up")]),
            samples: vec![at(1), at(2), at(3)],
        }];
        let found = all.select(&|labels| labels.get("__name__") == "up", 2, 3);
        assert_eq!(found[0].samples, [at(2), at(3)]);
        assert!(all.select(&|_| true, 4, 9).is_empty());
    }

    #[test]
    fn a_measured_nan_is_not_the_mark() {
        assert!(is_stale(stale()) && !is_stale(f64::NAN));
    }
}
