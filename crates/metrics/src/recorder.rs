//! The recorder of the `metrics` macros: their metrics are families like all others.
//!
//! What the macros may say is decided here: no name of the catalogue, no name used for two kinds, no two
//! names that become one on the page, no label that the format owns, no more series than the budget.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError, RwLock};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

use crate::catalog::Kind;
use crate::cells::{self, CellSpace};
use crate::family::Family;
use crate::registry::Registry;

mod macros;

pub(crate) use macros::Macros;
use macros::{Answer, read};

/// One series, held by a handle of the macros.
pub(crate) struct Held {
    cells: Arc<CellSpace>,
    family: Arc<Family>,
    cell: u32,
}

impl CounterFn for Held {
    fn increment(&self, by: u64) {
        self.cells.add(self.cell, by);
    }

    fn absolute(&self, total: u64) {
        self.cells.raise(self.cell, total);
    }
}

impl GaugeFn for Held {
    fn increment(&self, by: f64) {
        cells::add_f64(&self.cells.shared(self.cell, 1)[0], by);
    }

    fn decrement(&self, by: f64) {
        GaugeFn::increment(self, -by);
    }

    fn set(&self, level: f64) {
        self.cells.shared(self.cell, 1)[0].store(level.to_bits(), Relaxed);
    }
}

impl HistogramFn for Held {
    fn record(&self, value: f64) {
        self.family.observe_f64_at(&self.cells, self.cell, value, 1);
    }

    fn record_many(&self, value: f64, count: usize) {
        let count = count as u64;
        self.family
            .observe_f64_at(&self.cells, self.cell, value, count);
    }
}

/// The recorder for the `metrics` macros. Made by
/// [`ServiceMetrics::recorder`](crate::ServiceMetrics::recorder).
#[derive(Clone)]
pub struct GuardRecorder {
    registry: Arc<Registry>,
}

impl GuardRecorder {
    pub(crate) fn new(registry: Arc<Registry>) -> Self {
        Self { registry }
    }

    /// The handle of a known key, or of a new one that is let in; `None` is refused.
    fn handle<H: Clone>(
        &self,
        key: &Key,
        kind: Kind,
        handles: &RwLock<HashMap<Key, H>>,
        make: impl FnOnce(Arc<Held>) -> H,
    ) -> Option<H> {
        if let Some(handle) = read(handles).get(key) {
            return Some(handle.clone());
        }
        let macros = &self.registry.macros;
        let answer = macros
            .settled(&self.registry, key, kind)
            .unwrap_or_else(|| macros.admit(&self.registry, key, kind));
        let (family, cell, remembered) = match answer {
            Answer::Own(family, cell) => (family, cell, true),
            Answer::Passing(family, cell) => (family, cell, false),
            Answer::Refused(problem) => {
                if let Some(problem) = problem {
                    tracing::warn!(metric = key.name(), %problem, "a metric of the macros is not recorded");
                }
                return None;
            }
        };
        let handle = make(Arc::new(Held {
            cells: Arc::clone(&self.registry.cells),
            family,
            cell,
        }));
        if remembered {
            let mut handles = handles.write().unwrap_or_else(PoisonError::into_inner);
            handles.insert(key.to_retained(), handle.clone());
        }
        Some(handle)
    }
}

impl Recorder for GuardRecorder {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, help: SharedString) {
        let macros = &self.registry.macros;
        macros.describe(&self.registry, &name, Kind::Counter, &help);
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, help: SharedString) {
        let macros = &self.registry.macros;
        macros.describe(&self.registry, &name, Kind::Gauge, &help);
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, help: SharedString) {
        let macros = &self.registry.macros;
        macros.describe(&self.registry, &name, Kind::Histogram, &help);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let handles = &self.registry.macros.counters;
        self.handle(key, Kind::Counter, handles, Counter::from_arc)
            .unwrap_or_else(Counter::noop)
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let handles = &self.registry.macros.gauges;
        self.handle(key, Kind::Gauge, handles, Gauge::from_arc)
            .unwrap_or_else(Gauge::noop)
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let handles = &self.registry.macros.histograms;
        self.handle(key, Kind::Histogram, handles, Histogram::from_arc)
            .unwrap_or_else(Histogram::noop)
    }
}

impl fmt::Debug for GuardRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardRecorder").finish_non_exhaustive()
    }
}
