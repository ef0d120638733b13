//! Every metric the service exports of itself, as data.
//!
//! The storage, the page, the table in the documentation, the dashboards and the alert rules all come
//! from [`CATALOG`].
//!
//! ```
//! use bongsu_metrics::catalog::{self, CATALOG};
//!
//! assert!(CATALOG.iter().any(|family| family.name == "http_requests_total"));
//! assert!(catalog::markdown_table().contains("| `http_requests_total` | counter |"));
//! ```

use std::fmt::{self, Write as _};

use crate::http::Part;

mod families;

pub use families::CATALOG;
pub(crate) use families::Id;

/// What a family's samples mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A total that only grows.
    Counter,
    /// A level that goes up and down.
    Gauge,
    /// A distribution over fixed buckets.
    Histogram,
}

impl Kind {
    /// The word of the exposition format.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a family's numbers count. Decides how they are stored: seconds of a histogram as whole
/// nanoseconds, bytes and won as whole numbers, everything else as `f64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// A count of things.
    None,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// Percent, 0 to 100.
    Percent,
    /// Korean won.
    Krw,
}

impl Unit {
    /// The word used in names, empty for [`Unit::None`].
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Seconds => "seconds",
            Self::Bytes => "bytes",
            Self::Percent => "percent",
            Self::Krw => "krw",
        }
    }
}

/// One family, declared.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct FamilySpec {
    /// The name on the page; a counter's ends in `_total`.
    pub name: &'static str,
    /// Counter, gauge or histogram.
    pub kind: Kind,
    /// One sentence.
    pub help: &'static str,
    /// What the numbers count.
    pub unit: Unit,
    /// Label names, in alphabetical order.
    pub labels: &'static [&'static str],
    /// Upper bounds of a histogram's buckets, rising, without `+Inf`; empty for other kinds.
    pub buckets: &'static [f64],
    /// Most series; what comes after goes to the series whose labels are all `other`.
    pub budget: usize,
    /// Exported at 0 from the start, because alert rules divide by it or take its rate. A family with
    /// labels starts with its `other` series.
    pub starts_at_zero: bool,
    pub(crate) keeps: Keeps,
    pub(crate) source: Source,
}

/// How a family's numbers are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// A total that is added to.
    Total,
    /// A total that is set from outside, in whole numbers.
    Raised,
    /// The same in floats.
    RaisedF64,
    /// A level in floats.
    Level,
    /// A level in whole won.
    LevelI64,
    /// A level that is moved up and down by whole numbers.
    Balance,
    /// Buckets: nanoseconds where the unit is seconds, whole numbers otherwise.
    Buckets,
}

/// Where a family's series come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The family's own cells.
    Series,
    /// The name, version and environment of the service.
    Info,
    /// What every family, its own included, could not record.
    Overflow,
    /// The status counts of the HTTP routes, and the family's own cells for rare ones.
    HttpCounts,
    /// A histogram of the HTTP routes.
    Http(Part),
}

/// Buckets of HTTP durations, a superset of the Python original's: a trading service that answers in 200 µs
/// wants to see when it takes a millisecond.
pub const HTTP_DURATION_BUCKETS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// Buckets of request and response sizes: 256 B to 16 MiB by fours.
pub const SIZE_BUCKETS: &[f64] = &[
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
];
/// Buckets of database queries.
pub const DB_DURATION_BUCKETS: &[f64] = &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];
/// Buckets of timed operations and of histograms that name none.
pub const DEFAULT_BUCKETS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

const fn family(
    name: &'static str,
    kind: Kind,
    unit: Unit,
    labels: &'static [&'static str],
    budget: usize,
    help: &'static str,
) -> FamilySpec {
    FamilySpec {
        name,
        kind,
        help,
        unit,
        labels,
        buckets: &[],
        budget,
        starts_at_zero: false,
        keeps: match kind {
            Kind::Counter => Keeps::Total,
            Kind::Gauge => Keeps::Level,
            Kind::Histogram => Keeps::Buckets,
        },
        source: Source::Series,
    }
}

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    budget: usize,
    help: &'static str,
) -> FamilySpec {
    let mut spec = family(name, Kind::Counter, Unit::None, labels, budget, help);
    spec.starts_at_zero = labels.is_empty();
    spec
}

const fn gauge(
    name: &'static str,
    unit: Unit,
    labels: &'static [&'static str],
    budget: usize,
    help: &'static str,
) -> FamilySpec {
    family(name, Kind::Gauge, unit, labels, budget, help)
}

const fn histogram(
    name: &'static str,
    unit: Unit,
    labels: &'static [&'static str],
    buckets: &'static [f64],
    budget: usize,
    help: &'static str,
) -> FamilySpec {
    let mut spec = family(name, Kind::Histogram, unit, labels, budget, help);
    spec.buckets = buckets;
    spec
}

impl FamilySpec {
    const fn starting_at_zero(mut self) -> Self {
        self.starts_at_zero = true;
        self
    }

    const fn unit(mut self, unit: Unit) -> Self {
        self.unit = unit;
        self
    }

    const fn keeps(mut self, keeps: Keeps) -> Self {
        self.keeps = keeps;
        self
    }

    const fn source(mut self, source: Source) -> Self {
        self.source = source;
        self
    }
}

/// The catalogue as a table in Markdown, for the documentation.
#[must_use]
pub fn markdown_table() -> String {
    let mut table = String::from(
        "| name | kind | labels | buckets | budget | help |\n|---|---|---|---|---|---|\n",
    );
    for family in CATALOG {
        let labels: Vec<String> = family.labels.iter().map(|l| format!("`{l}`")).collect();
        let buckets: Vec<String> = family.buckets.iter().map(f64::to_string).collect();
        let _ = writeln!(
            table,
            "| `{}` | {} | {} | {} | {} | {} |",
            family.name,
            family.kind,
            labels.join(" "),
            buckets.join(" "),
            family.budget,
            family.help,
        );
    }
    table
}
