//! Families of the service's own: registered at start with typed handles, or made by the first
//! [`record_business_metric`](ServiceMetrics::record_business_metric).

use std::fmt;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crate::bounds::{self, Bounds, Scale};
use crate::catalog::{CATALOG, DEFAULT_BUCKETS, Id, Kind, Unit};
use crate::cells::{CellSpace, Copies};
use crate::error::MetricsError;
use crate::family::{Declaration, Family, Repr};
use crate::index::MAX_LABELS;
use crate::names;
use crate::registry::Registry;
use crate::service_metrics::{ServiceMetrics, nanos};

/// A family to register.
///
/// ```
/// use bongsu_metrics::{FamilyBuilder, ServiceMetrics};
///
/// # fn main() -> Result<(), bongsu_metrics::MetricsError> {
/// let metrics = ServiceMetrics::new("trading_engine")?;
/// let rejected = metrics.register_counter(
///     FamilyBuilder::new("orders_rejected_total", "Orders the exchange refused.").labels(&["reason"]),
/// )?;
/// let by_price = rejected.with(&["price_limit"]);
/// by_price.increment(1);
/// assert!(metrics.export_metrics().contains("orders_rejected_total{reason=\"price_limit\"} 1\n"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct FamilyBuilder {
    name: String,
    help: String,
    unit: Unit,
    labels: Vec<String>,
    buckets: Vec<f64>,
    budget: usize,
}

impl FamilyBuilder {
    /// A family without labels, with a budget of 1,000 series.
    pub fn new(name: &str, help: &str) -> Self {
        Self {
            name: name.to_owned(),
            help: help.to_owned(),
            unit: Unit::None,
            labels: Vec::new(),
            buckets: Vec::new(),
            budget: 1_000,
        }
    }

    /// Label names; the order is that of the values given later. None by default.
    pub fn labels(mut self, labels: &[&str]) -> Self {
        self.labels = labels.iter().map(|label| (*label).to_owned()).collect();
        self
    }

    /// What the numbers count. A histogram of seconds keeps whole nanoseconds, one of bytes or won
    /// whole numbers. Default: [`Unit::None`], floats.
    pub fn unit(mut self, unit: Unit) -> Self {
        self.unit = unit;
        self
    }

    /// Upper bounds of a histogram's buckets. Default: 0.001 to 10.
    pub fn buckets(mut self, upper: &[f64]) -> Self {
        self.buckets = upper.to_vec();
        self
    }

    /// Most series. Default: 1,000.
    pub fn budget(mut self, series: usize) -> Self {
        self.budget = series;
        self
    }

    fn build(mut self, kind: Kind, float: bool) -> Result<Family, MetricsError> {
        names::check_metric(&self.name)?;
        if kind == Kind::Counter && !self.name.ends_with("_total") {
            self.name.push_str("_total");
        }
        let labels: Vec<&str> = self.labels.iter().map(String::as_str).collect();
        let mut sorted = labels.clone();
        sorted.sort_unstable();
        names::check_labels(&self.name, &sorted)?;
        if self.budget == 0 {
            return Err(MetricsError::ZeroBudget { metric: self.name });
        }
        let repr = match kind {
            Kind::Counter if float => Repr::CountF64,
            Kind::Counter => Repr::Count,
            Kind::Gauge => Repr::Level,
            Kind::Histogram => {
                if self.buckets.is_empty() {
                    self.buckets = DEFAULT_BUCKETS.to_vec();
                }
                bounds::check(&self.name, &self.buckets)?;
                Repr::Histogram(Bounds::new(&self.buckets, scale(self.unit, &self.buckets)))
            }
        };
        Ok(Family::new(Declaration {
            name: &self.name,
            help: &self.help,
            kind,
            unit: self.unit,
            labels: &labels,
            budget: self.budget,
            repr,
        }))
    }
}

/// Whole numbers where bounds allow them.
fn scale(unit: Unit, upper: &[f64]) -> Scale {
    let within = |low: f64, high: f64| upper.iter().all(|bound| (low..=high).contains(bound));
    match unit {
        Unit::Seconds if within(1e-6, 1e9) => Scale::Nanos,
        Unit::Bytes | Unit::Krw if within(0.0, 1e18) => Scale::Whole,
        _ => Scale::Float,
    }
}

impl ServiceMetrics {
    fn register(
        &self,
        builder: FamilyBuilder,
        kind: Kind,
        float: bool,
    ) -> Result<Series, MetricsError> {
        let family = builder.build(kind, float)?;
        let registry = &self.registry;
        let mut custom = registry
            .custom
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let family = custom.add(family, registry.options.custom_families)?;
        drop(custom);
        let series = Series {
            cells: Arc::clone(&registry.cells),
            family,
            cell: None,
        };
        if series.family.labels.is_empty() && kind != Kind::Gauge {
            let _ = series.family.resolve(&registry.cells, &[]);
        }
        Ok(series)
    }

    /// Registers a counter of whole numbers. `_total` is added to a name without it.
    ///
    /// # Errors
    ///
    /// When a name is illegal or taken, or a bound is reached.
    pub fn register_counter(&self, family: FamilyBuilder) -> Result<CounterFamily, MetricsError> {
        Ok(CounterFamily(self.register(
            family,
            Kind::Counter,
            false,
        )?))
    }

    /// Registers a counter of floats. `_total` is added to a name without it.
    ///
    /// # Errors
    ///
    /// When a name is illegal or taken, or a bound is reached.
    pub fn register_counter_f64(
        &self,
        family: FamilyBuilder,
    ) -> Result<FloatCounterFamily, MetricsError> {
        Ok(FloatCounterFamily(self.register(
            family,
            Kind::Counter,
            true,
        )?))
    }

    /// Registers a gauge.
    ///
    /// # Errors
    ///
    /// When a name is illegal or taken, or a bound is reached.
    pub fn register_gauge(&self, family: FamilyBuilder) -> Result<GaugeFamily, MetricsError> {
        Ok(GaugeFamily(self.register(family, Kind::Gauge, false)?))
    }

    /// Registers a histogram.
    ///
    /// # Errors
    ///
    /// When a name or the buckets are illegal, the name is taken, or a bound is reached.
    pub fn register_histogram(
        &self,
        family: FamilyBuilder,
    ) -> Result<HistogramFamily, MetricsError> {
        Ok(HistogramFamily(self.register(
            family,
            Kind::Histogram,
            false,
        )?))
    }

    /// Records a metric of the service's own by name: adds to a counter, sets a gauge, observes into a
    /// histogram. The first use makes the family: its kind and label names stay. A counter's name gets
    /// `_total`. What does not fit (another kind or other labels than at first, an illegal name, a
    /// counter given a negative number) is counted as overflow. Registering is faster and tells of
    /// mistakes at start. Of the catalogue's own families a gauge is set by its name; the others have
    /// methods of their own.
    pub fn record_business_metric(
        &self,
        name: &str,
        kind: Kind,
        value: f64,
        labels: &[(&str, &str)],
    ) {
        let registry = &self.registry;
        let Some(sorted) = Sorted::new(labels) else {
            registry.refused.fetch_add(1, Relaxed);
            return;
        };
        let Some(family) = business_family(registry, name, kind, &sorted) else {
            if !set_catalogued(registry, name, kind, &sorted, value) {
                registry.refused.fetch_add(1, Relaxed);
            }
            return;
        };
        if family.kind != kind
            || !family
                .labels
                .iter()
                .map(|l| &**l)
                .eq(sorted.names().iter().copied())
        {
            family.count_overflow();
            return;
        }
        let values = sorted.values();
        match &family.repr {
            Repr::CountF64 => family.add_f64(&registry.cells, values, value),
            Repr::Count if value >= 0.0 && value.trunc() == value && value < 1.8e19 => {
                family.add(&registry.cells, values, value as u64);
            }
            Repr::Level => family.set(&registry.cells, values, value),
            Repr::Histogram(_) => {
                if let Some(cell) = family.resolve(&registry.cells, values) {
                    family.observe_f64_at(&registry.cells, cell, value, 1);
                }
            }
            _ => family.count_overflow(),
        }
    }
}

/// Labels in the order of their names.
struct Sorted<'a> {
    names: [&'a str; MAX_LABELS],
    values: [&'a str; MAX_LABELS],
    len: usize,
}

impl<'a> Sorted<'a> {
    fn new(labels: &[(&'a str, &'a str)]) -> Option<Self> {
        let mut pairs = [("", ""); MAX_LABELS];
        let len = labels.len();
        pairs.get_mut(..len)?.copy_from_slice(labels);
        pairs[..len].sort_unstable_by_key(|(name, _)| *name);
        Some(Self {
            names: pairs.map(|(name, _)| name),
            values: pairs.map(|(_, value)| value),
            len,
        })
    }

    fn names(&self) -> &[&'a str] {
        &self.names[..self.len]
    }

    fn values(&self) -> &[&'a str] {
        &self.values[..self.len]
    }
}

fn business_family(
    registry: &Registry,
    name: &str,
    kind: Kind,
    labels: &Sorted<'_>,
) -> Option<Arc<Family>> {
    {
        let custom = registry
            .custom
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(family) = custom.find(name, kind) {
            return Some(family);
        }
        // Whoever records under a name that gets no family must not wait for the others.
        if custom.refuses(name, kind, registry.options.custom_families) {
            return None;
        }
    }
    let builder = FamilyBuilder::new(name, "Recorded by the service.").labels(labels.names());
    let family = builder.build(kind, true).ok()?;
    let mut custom = registry
        .custom
        .write()
        .unwrap_or_else(PoisonError::into_inner);
    match custom.find(name, kind) {
        Some(family) => Some(family),
        None => custom.add(family, registry.options.custom_families).ok(),
    }
}

/// Sets a gauge of the catalogue that is recorded by its name. Gives whether there is such a one.
fn set_catalogued(
    registry: &Registry,
    name: &str,
    kind: Kind,
    labels: &Sorted<'_>,
    value: f64,
) -> bool {
    let place = CATALOG
        .iter()
        .position(|spec| spec.name == name && spec.kind == kind);
    let Some(family) = place.and_then(|place| registry.families().get(place)) else {
        return false;
    };
    let own = family.labels.iter().map(|label| &**label);
    let fits = matches!(family.repr, Repr::Level) && own.eq(labels.names().iter().copied());
    if fits {
        family.set(&registry.cells, labels.values(), value);
    }
    fits
}

pub(crate) fn start_at_zero(
    registry: &Arc<Registry>,
    metric: &str,
    labels: &[(&str, &str)],
) -> Result<(), MetricsError> {
    let custom = {
        let custom = registry
            .custom
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        custom.by_name.get(metric).cloned()
    };
    let place = CATALOG.iter().position(|spec| spec.name == metric);
    let family = match (place, &custom) {
        (Some(place), _) => &registry.families()[place],
        (None, Some(family)) => &**family,
        (None, None) => {
            return Err(MetricsError::UnknownMetric {
                name: metric.to_owned(),
            });
        }
    };
    let value = |name: &str| {
        labels
            .iter()
            .find(|(l, _)| *l == name)
            .map(|(_, value)| *value)
    };
    let values: Option<Vec<&str>> = family.labels.iter().map(|name| value(name)).collect();
    let Some(values) = values.filter(|values| values.len() == labels.len()) else {
        return Err(MetricsError::WrongLabels {
            metric: metric.to_owned(),
            expected: family.labels.iter().map(|l| l.to_string()).collect(),
        });
    };
    let is = |id: Id| place == Some(id as usize);
    let by = |name: &str| value(name).unwrap_or_default();
    if is(Id::HttpRequestsTotal)
        || is(Id::HttpRequestDurationSeconds)
        || is(Id::HttpRequestSizeBytes)
        || is(Id::HttpResponseSizeBytes)
    {
        // A route's metrics come into being together.
        let _ = crate::http::HttpRoute::resolve(registry, by("method"), by("endpoint"));
    } else {
        let _ = family.resolve(&registry.cells, &values);
    }
    Ok(())
}

/// What every handle holds.
#[derive(Clone)]
struct Series {
    cells: Arc<CellSpace>,
    family: Arc<Family>,
    /// `None` in a family's handle, and where there was no room.
    cell: Option<u32>,
}

impl Series {
    fn with(&self, values: &[&str]) -> Self {
        Self {
            cell: self.family.resolve(&self.cells, values),
            ..self.clone()
        }
    }

    /// The cell, or a counted overflow.
    #[inline]
    fn cell(&self) -> Option<u32> {
        if self.cell.is_none() {
            self.family.count_overflow();
        }
        self.cell
    }
}

impl fmt::Debug for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Series")
            .field("metric", &self.family.name)
            .finish_non_exhaustive()
    }
}

/// A registered counter of whole numbers.
#[derive(Debug, Clone)]
pub struct CounterFamily(Series);

impl CounterFamily {
    /// One series, by the label values in the order of registration. Hold it where it is used often.
    /// A wrong number of values gives a handle that only counts overflow.
    #[must_use]
    pub fn with(&self, values: &[&str]) -> Counter {
        let Series { cells, family, .. } = &self.0;
        let cell = family.resolve(cells, values);
        let copies = match cell {
            Some(cell) => Arc::clone(cells.copies(cell)),
            None => Arc::default(),
        };
        Counter {
            copies,
            cell: cell.unwrap_or_default(),
            refused: cell.is_none(),
            family: Arc::clone(family),
        }
    }

    /// Adds by label values, without making a handle.
    #[inline]
    pub fn increment(&self, values: &[&str], by: u64) {
        self.0.family.add(&self.0.cells, values, by);
    }
}

/// A counter of whole numbers.
#[derive(Clone)]
pub struct Counter {
    /// The cell's copies, at hand. Where there was no room, copies that no thread ever opens.
    copies: Arc<Copies>,
    cell: u32,
    refused: bool,
    family: Arc<Family>,
}

impl Counter {
    /// Adds.
    #[inline]
    pub fn increment(&self, by: u64) {
        if !self.copies.add_to_own(self.cell, by) {
            self.increment_slow(by);
        }
    }

    #[cold]
    fn increment_slow(&self, by: u64) {
        if self.refused {
            self.family.count_overflow();
        } else {
            self.copies.add(self.cell, by);
        }
    }
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Counter").field(&self.family.name).finish()
    }
}

/// A registered counter of floats.
#[derive(Debug, Clone)]
pub struct FloatCounterFamily(Series);

impl FloatCounterFamily {
    /// One series, as [`CounterFamily::with`].
    #[must_use]
    pub fn with(&self, values: &[&str]) -> FloatCounter {
        FloatCounter(self.0.with(values))
    }
}

/// A counter of floats.
#[derive(Debug, Clone)]
pub struct FloatCounter(Series);

impl FloatCounter {
    /// Adds. A negative number, an infinity or what is no number is counted as overflow instead.
    #[inline]
    pub fn increment(&self, by: f64) {
        if !(by >= 0.0 && by.is_finite()) {
            self.0.family.count_overflow();
        } else if let Some(cell) = self.0.cell() {
            self.0.cells.writer(cell, 1).add_f64(0, by);
        }
    }
}

/// A registered gauge.
#[derive(Debug, Clone)]
pub struct GaugeFamily(Series);

impl GaugeFamily {
    /// One series, as [`CounterFamily::with`].
    #[must_use]
    pub fn with(&self, values: &[&str]) -> Gauge {
        Gauge(self.0.with(values))
    }
}

/// A gauge.
#[derive(Debug, Clone)]
pub struct Gauge(Series);

impl Gauge {
    /// Sets the level.
    #[inline]
    pub fn set(&self, level: f64) {
        if let Some(cell) = self.0.cell() {
            let cells = self.0.cells.shared(cell, 1);
            cells[0].store(level.to_bits(), Relaxed);
        }
    }

    /// Moves the level, down when `by` is negative.
    #[inline]
    pub fn add(&self, by: f64) {
        if let Some(cell) = self.0.cell() {
            crate::cells::add_f64(&self.0.cells.shared(cell, 1)[0], by);
        }
    }
}

/// A registered histogram.
#[derive(Debug, Clone)]
pub struct HistogramFamily(Series);

impl HistogramFamily {
    /// One series, as [`CounterFamily::with`].
    #[must_use]
    pub fn with(&self, values: &[&str]) -> Histogram {
        Histogram(self.0.with(values))
    }
}

/// A histogram.
#[derive(Debug, Clone)]
pub struct Histogram(Series);

impl Histogram {
    /// Records a value. What is not a finite number, and a negative one where whole numbers are kept, is
    /// counted as overflow and leaves the sum as it was.
    #[inline]
    pub fn record(&self, value: f64) {
        if let Some(cell) = self.0.cell() {
            self.0.family.observe_f64_at(&self.0.cells, cell, value, 1);
        }
    }

    /// Records a time, in seconds.
    #[inline]
    pub fn record_duration(&self, duration: Duration) {
        if let Some(cell) = self.0.cell() {
            let series = &self.0;
            match &series.family.repr {
                Repr::Histogram(bounds) if bounds.scale == Scale::Nanos => {
                    series
                        .family
                        .observe_at(&series.cells, cell, nanos(duration), 1);
                }
                _ => series
                    .family
                    .observe_f64_at(&series.cells, cell, duration.as_secs_f64(), 1),
            }
        }
    }
}
