//! A snapshot of metrics on its way out: cumulative, as they are counted.

use jiff::Timestamp;

use crate::attributes::attribute;
use crate::model::nanos;
use crate::wire::Message;

/// `AGGREGATION_TEMPORALITY_CUMULATIVE`.
const CUMULATIVE: u64 = 2;

/// Every family of a service as it is now, written down one after the other.
///
/// ```
/// use bongsu_otlp::{Exemplar, MetricKind, Snapshot};
/// use jiff::Timestamp;
///
/// let (start, now) = (Timestamp::UNIX_EPOCH, Timestamp::now());
/// let mut snapshot = Snapshot::new(start, now);
/// snapshot.family("http_requests", "Requests.", "", MetricKind::Counter, |points| {
///     points.number(&[("method", "GET")], 17.0);
/// });
/// snapshot.family("http_request_duration_seconds", "", "s", MetricKind::Histogram, |points| {
///     points.histogram(&[], 0.4, &[(0.1, 2), (f64::INFINITY, 3)], &[]);
/// });
/// # let _: Option<Exemplar> = None;
/// ```
#[derive(Debug)]
pub struct Snapshot {
    start: u64,
    now: u64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) points: u32,
}

/// What a family's points are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetricKind {
    /// A total that only grows.
    Counter,
    /// A level.
    Gauge,
    /// A distribution.
    Histogram,
}

/// A sample that stands for others, with the trace that it is of.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Exemplar {
    /// What was measured.
    pub value: f64,
    /// When.
    pub at: Timestamp,
    /// The trace.
    pub trace_id: u128,
}

impl Exemplar {
    /// A sample of a trace.
    #[must_use]
    pub const fn new(value: f64, at: Timestamp, trace_id: u128) -> Self {
        Self {
            value,
            at,
            trace_id,
        }
    }
}

/// The points of one family.
#[derive(Debug)]
pub struct Points<'a> {
    m: &'a mut Message,
    start: u64,
    now: u64,
    count: u32,
}

impl Snapshot {
    /// Nothing yet: what is counted since `start`, as it is `now`.
    #[must_use]
    pub fn new(start: Timestamp, now: Timestamp) -> Self {
        Self {
            start: nanos(start),
            now: nanos(now),
            bytes: Vec::new(),
            points: 0,
        }
    }

    /// One family, with its unit in UCUM (`s`, `By`, `%`), if it has one.
    pub fn family(
        &mut self,
        name: &str,
        help: &str,
        unit: &str,
        kind: MetricKind,
        write: impl FnOnce(&mut Points<'_>),
    ) {
        let (start, now) = (self.start, self.now);
        let mut count = 0;
        let encoded = Message::of(|m| {
            m.inside(2, |m| {
                m.text(1, name);
                m.text(2, help);
                m.text(3, unit);
                let field = match kind {
                    MetricKind::Gauge => 5,
                    MetricKind::Counter => 7,
                    MetricKind::Histogram => 9,
                };
                m.inside(field, |m| {
                    let mut points = Points {
                        m,
                        start,
                        now,
                        count: 0,
                    };
                    write(&mut points);
                    count = points.count;
                    if kind != MetricKind::Gauge {
                        m.uint(2, CUMULATIVE);
                    }
                    if kind == MetricKind::Counter {
                        m.uint(3, 1);
                    }
                });
            });
        });
        if count > 0 {
            self.bytes.extend_from_slice(&encoded);
            self.points += count;
        }
    }
}

impl Points<'_> {
    /// A total or a level.
    pub fn number(&mut self, labels: &[(&str, &str)], value: f64) {
        let (start, now) = (self.start, self.now);
        self.count += 1;
        self.m.inside(1, |m| {
            m.fixed64(2, start);
            m.fixed64(3, now);
            m.double(4, value);
            write_labels(m, 7, labels);
        });
    }

    /// A distribution: the sum, and each bucket's upper bound with the samples up to it, the last infinite.
    pub fn histogram(
        &mut self,
        labels: &[(&str, &str)],
        sum: f64,
        buckets: &[(f64, u64)],
        exemplars: &[Exemplar],
    ) {
        let (start, now) = (self.start, self.now);
        self.count += 1;
        let mut below = 0;
        let each: Vec<u64> = buckets
            .iter()
            .map(|(_, up_to)| {
                let own = up_to.saturating_sub(below);
                below = *up_to;
                own
            })
            .collect();
        let bounds: Vec<u64> = buckets
            .iter()
            .map(|(bound, _)| *bound)
            .filter(|bound| bound.is_finite())
            .map(f64::to_bits)
            .collect();
        self.m.inside(1, |m| {
            m.fixed64(2, start);
            m.fixed64(3, now);
            m.fixed64(4, below);
            m.double(5, sum);
            m.packed(6, each.into_iter());
            m.packed(7, bounds.into_iter());
            for exemplar in exemplars {
                m.inside(8, |m| {
                    m.fixed64(2, nanos(exemplar.at));
                    m.double(3, exemplar.value);
                    m.bytes(5, &exemplar.trace_id.to_be_bytes());
                });
            }
            write_labels(m, 9, labels);
        });
    }
}

fn write_labels(m: &mut Message, field: u32, labels: &[(&str, &str)]) {
    for (name, value) in labels {
        attribute(m, field, name, &(*value).into());
    }
}
