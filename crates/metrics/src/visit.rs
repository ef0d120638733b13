//! Every figure, read once: what the page is written from, and the console, and whoever asks.
//!
//! ```
//! use bongsu_metrics::ServiceMetrics;
//! use bongsu_metrics::visit::{Family, Sample, Value};
//!
//! # fn main() -> Result<(), bongsu_metrics::MetricsError> {
//! let metrics = ServiceMetrics::new("trading_engine")?;
//! metrics.update_trade_pnl("005930", -15_000);
//!
//! let mut losers = Vec::new();
//! metrics.visit(&mut |family: &Family<'_>, sample: &Sample<'_>| {
//!     if family.name() == "trade_pnl_krw"
//!         && let Value::Number(krw) = sample.value()
//!         && krw.as_f64() < 0.0
//!     {
//!         losers.extend(sample.label("symbol"));
//!     }
//! });
//! assert_eq!(losers, ["005930"]);
//! # Ok(())
//! # }
//! ```

use crate::bounds::{Bounds, Scale};
use crate::catalog::{Kind, Unit};
pub use crate::exemplar::Exemplar;
use crate::http::Http;
use crate::index::{Entry, Template};

/// Who is shown every family and every series of it, in the order of the page. A closure is one that
/// wants all of them.
pub trait Visitor {
    /// A family that has series begins. `false` passes over its series, which are not read then.
    fn family(&mut self, family: &Family<'_>) -> bool {
        let _ = family;
        true
    }

    /// A series of the family at hand. What is read costs no allocation.
    fn sample(&mut self, family: &Family<'_>, sample: &Sample<'_>);
}

impl<F: FnMut(&Family<'_>, &Sample<'_>)> Visitor for F {
    #[inline]
    fn sample(&mut self, family: &Family<'_>, sample: &Sample<'_>) {
        self(family, sample);
    }
}

/// A family: what all its series have in common.
#[derive(Debug, Clone, Copy)]
pub struct Family<'a> {
    pub(crate) name: &'a str,
    pub(crate) help: &'a str,
    pub(crate) kind: Kind,
    pub(crate) unit: Unit,
}

impl<'a> Family<'a> {
    /// The name in the text format; a counter's ends in `_total`.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// What it says of itself; empty for a metric of the macros that nobody described.
    #[must_use]
    pub fn help(&self) -> &'a str {
        self.help
    }

    /// Counter, gauge or histogram.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What its numbers count.
    #[must_use]
    pub fn unit(&self) -> Unit {
        self.unit
    }
}

/// One series: its labels, and what it says now.
#[derive(Debug)]
pub struct Sample<'a> {
    pub(crate) names: &'a [Box<str>],
    pub(crate) values: Values<'a>,
    /// A label besides.
    pub(crate) more: Option<(&'a str, &'a str)>,
    pub(crate) value: Value<'a>,
}

/// Where the label values lie.
#[derive(Debug)]
pub(crate) enum Values<'a> {
    /// In an index; the template is that of the family's lines.
    Stored(Entry<'a>, Option<&'a Template>),
    /// At hand.
    Given(&'a [&'a str]),
}

impl<'a> Sample<'a> {
    /// What it says.
    #[must_use]
    pub fn value(&self) -> &Value<'a> {
        &self.value
    }

    /// Calls `label` with each label's name and value, not escaped.
    pub fn each_label(&self, mut label: impl FnMut(&str, &str)) {
        let mut names = self.names.iter();
        let mut next = |value: &str| {
            if let Some(name) = names.next() {
                label(name, value);
            }
        };
        match &self.values {
            Values::Stored(entry, _) => {
                entry.each_value(|value| next(std::str::from_utf8(value).unwrap_or_default()));
            }
            Values::Given(values) => values.iter().for_each(|value| next(value)),
        }
        if let Some((name, value)) = self.more {
            label(name, value);
        }
    }

    /// The value of a label.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<String> {
        let mut found = None;
        self.each_label(|label, value| {
            if label == name {
                found = Some(value.to_owned());
            }
        });
        found
    }
}

/// What a series says.
#[derive(Debug)]
pub enum Value<'a> {
    /// A total or a level.
    Number(Number),
    /// A distribution.
    Histogram(Distribution<'a>),
}

/// A number as it is kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// A whole number that is not negative.
    U64(u64),
    /// A whole number.
    I64(i64),
    /// Any number, an infinity or none.
    F64(f64),
}

impl Number {
    /// The nearest float.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::U64(number) => number as f64,
            Self::I64(number) => number as f64,
            Self::F64(number) => number,
        }
    }
}

/// A histogram's buckets and sum.
pub struct Distribution<'a> {
    pub(crate) bounds: &'a Bounds,
    /// Samples of each bucket, then the sum in the stored scale.
    pub(crate) counts: &'a [u64],
    /// The sum of a histogram that keeps floats.
    pub(crate) float_sum: f64,
    /// The routes and the number of the one whose exemplars are to be had.
    pub(crate) exemplars: Option<(&'a Http, usize)>,
}

impl Distribution<'_> {
    /// The upper bound of each bucket and the samples up to it, the lowest first; the last bound is
    /// infinite.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        let mut total = 0;
        let upper = self.bounds.upper.iter().copied();
        upper
            .chain([f64::INFINITY])
            .zip(self.counts)
            .map(move |(bound, count)| {
                total += count;
                (bound, total)
            })
    }

    /// All samples.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().take(self.bounds.buckets()).sum()
    }

    /// The sum of the samples, in the family's unit.
    #[must_use]
    pub fn sum(&self) -> f64 {
        match self.bounds.scale {
            Scale::Nanos => self.whole_sum() as f64 / 1e9,
            Scale::Whole => self.whole_sum() as f64,
            Scale::Float => self.float_sum,
        }
    }

    pub(crate) fn whole_sum(&self) -> u64 {
        self.counts.last().copied().unwrap_or_default()
    }

    /// One recent sample of each bucket, where such are kept; nothing where they are not.
    #[must_use]
    pub fn exemplars(&self) -> Vec<Option<Exemplar>> {
        self.exemplars
            .map(|(http, route)| http.exemplars(route))
            .unwrap_or_default()
    }
}

impl std::fmt::Debug for Distribution<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Distribution")
            .field("count", &self.count())
            .field("sum", &self.sum())
            .finish_non_exhaustive()
    }
}
