//! The `metrics` macros: `metrics-exporter-prometheus` behind a guard.
//!
//! The exporter stores and writes; the guard decides what reaches it: no name of the catalogue, no name
//! used for two kinds, no two names that become one when made legal, no label the format owns, no more
//! series than the budget, no number that would spoil a sum.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Label, Metadata, Recorder, SharedString,
    Unit,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::catalog::Kind;
use crate::family::OTHER;
use crate::index::MAX_VALUE;
use crate::names;
use crate::registry::Registry;
use crate::render::{Format, Output};

mod rewrite;

/// Most names the macros may use.
const MAX_NAMES: usize = 2_000;
/// Queued histogram samples at which the recording thread takes them in itself: upkeep that is not run
/// costs time then, never memory.
const QUEUE: u64 = 65_536;

/// The macros' side of a registry.
pub(crate) struct Macros {
    exporter: PrometheusRecorder,
    handle: PrometheusHandle,
    names: Mutex<Names>,
    counters: RwLock<HashMap<Key, Counter>>,
    gauges: RwLock<HashMap<Key, Gauge>>,
    histograms: RwLock<HashMap<Key, Histogram>>,
    queue: Arc<Queue>,
    budget: usize,
}

#[derive(Default)]
struct Names {
    /// By the name on the page.
    known: HashMap<String, Name>,
}

struct Name {
    /// As the macro gave it.
    given: String,
    kind: Kind,
    series: usize,
    overflow: Arc<AtomicU64>,
    /// Refused from its first use on.
    refused: bool,
}

/// Samples that wait in the exporter.
struct Queue {
    waiting: AtomicU64,
    handle: PrometheusHandle,
    running: Mutex<()>,
}

impl Queue {
    fn pushed(&self, samples: u64) {
        if self.waiting.fetch_add(samples, Relaxed) + samples >= QUEUE
            && let Ok(_one) = self.running.try_lock()
        {
            self.waiting.store(0, Relaxed);
            self.handle.run_upkeep();
        }
    }

    fn drain(&self) {
        let _one = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        self.waiting.store(0, Relaxed);
        self.handle.run_upkeep();
    }
}

/// A histogram that keeps out what would spoil its sum.
struct Guarded {
    inner: Histogram,
    queue: Arc<Queue>,
    overflow: Arc<AtomicU64>,
}

impl HistogramFn for Guarded {
    fn record(&self, value: f64) {
        if value.is_finite() {
            self.inner.record(value);
            self.queue.pushed(1);
        } else {
            self.overflow.fetch_add(1, Relaxed);
        }
    }

    fn record_many(&self, value: f64, count: usize) {
        if value.is_finite() {
            self.inner.record_many(value, count);
            self.queue.pushed(count as u64);
        } else {
            self.overflow.fetch_add(count as u64, Relaxed);
        }
    }
}

impl Macros {
    fn new(budget: usize, buckets: &[f64]) -> Self {
        // The list was checked by the builder; an empty one is the only error here.
        let builder = PrometheusBuilder::new();
        let exporter = match builder.set_buckets(buckets) {
            Ok(builder) => builder.build_recorder(),
            Err(_) => PrometheusBuilder::new().build_recorder(),
        };
        let handle = exporter.handle();
        Self {
            queue: Arc::new(Queue {
                waiting: AtomicU64::new(0),
                handle: handle.clone(),
                running: Mutex::new(()),
            }),
            exporter,
            handle,
            names: Mutex::default(),
            counters: RwLock::default(),
            gauges: RwLock::default(),
            histograms: RwLock::default(),
            budget,
        }
    }

    pub(crate) fn upkeep(&self) {
        self.queue.drain();
    }

    /// Samples that wait in the exporter.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> u64 {
        self.queue.waiting.load(Relaxed)
    }

    pub(crate) fn render(&self, out: &mut Output, format: Format) {
        rewrite::page(&self.handle.render(), out, format);
    }

    /// Samples and handles refused, by metric.
    pub(crate) fn overflow(&self) -> Vec<(String, u64)> {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let counted =
            |(name, state): (&String, &Name)| (name.clone(), state.overflow.load(Relaxed));
        names.known.iter().map(counted).collect()
    }

    /// What the exporter shall store the key as, with the counter of overflow; `None` is refused.
    fn admit(&self, registry: &Registry, key: &Key, kind: Kind) -> Option<Admitted> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let page_name = rewrite::legal_name(key.name());
        let known = names.known.len();
        if known >= MAX_NAMES && !names.known.contains_key(&page_name) {
            registry.refused_macros.fetch_add(1, Relaxed);
            return None;
        }
        let state = names.known.entry(page_name.clone()).or_insert_with(|| {
            let mut custom = registry
                .custom
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            let refused = page_name.is_empty()
                || page_name.len() > names::MAX_NAME
                || custom.owner(&page_name, kind).is_some();
            if !refused {
                custom.claim(&page_name, kind);
            }
            Name {
                given: key.name().to_owned(),
                kind,
                series: 0,
                overflow: Arc::new(AtomicU64::new(0)),
                refused,
            }
        });
        let mut labels: Vec<&str> = key.labels().map(Label::key).collect();
        labels.sort_unstable();
        let fits = !state.refused
            && state.given == key.name()
            && state.kind == kind
            && names::check_labels(&page_name, &labels).is_ok();
        if !fits {
            state.overflow.fetch_add(1, Relaxed);
            return None;
        }
        let overflow = Arc::clone(&state.overflow);
        if state.series >= self.budget || key.labels().any(|label| label.value().len() > MAX_VALUE)
        {
            overflow.fetch_add(1, Relaxed);
            let labels: Vec<Label> = labels
                .iter()
                .map(|name| Label::new((*name).to_owned(), OTHER))
                .collect();
            return Some(Admitted {
                key: Key::from_parts(key.name().to_owned(), labels),
                overflow,
                own: false,
            });
        }
        state.series += 1;
        Some(Admitted {
            key: exact(key),
            overflow,
            own: true,
        })
    }
}

struct Admitted {
    key: Key,
    overflow: Arc<AtomicU64>,
    /// Not a stand-in for what is past the budget.
    own: bool,
}

/// The key with its backslashes doubled: the exporter takes a pair for one that is escaped already, so
/// that without this two different values would become the same series.
fn exact(key: &Key) -> Key {
    if !key.labels().any(|label| label.value().contains('\\')) {
        return key.clone();
    }
    let double =
        |label: &Label| Label::new(label.key().to_owned(), label.value().replace('\\', r"\\"));
    Key::from_parts(
        key.name().to_owned(),
        key.labels().map(double).collect::<Vec<_>>(),
    )
}

/// The recorder for the `metrics` macros. Made by
/// [`ServiceMetrics::recorder`](crate::ServiceMetrics::recorder).
#[derive(Clone)]
pub struct GuardRecorder {
    registry: Arc<Registry>,
}

impl GuardRecorder {
    pub(crate) fn new(registry: Arc<Registry>) -> Self {
        registry.macros.get_or_init(|| {
            Macros::new(
                registry.options.macro_series,
                &registry.options.macro_buckets,
            )
        });
        Self { registry }
    }

    /// The handle of a known key, or of a new one that is let in.
    fn handle<H: Clone>(
        &self,
        key: &Key,
        kind: Kind,
        map: impl Fn(&Macros) -> &RwLock<HashMap<Key, H>>,
        make: impl FnOnce(&Macros, &Admitted) -> H,
        noop: impl FnOnce() -> H,
    ) -> H {
        let Some(macros) = self.registry.macros.get() else {
            return noop();
        };
        if let Some(handle) = map(macros)
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
        {
            return handle.clone();
        }
        // Held over the decision, so that one key is admitted once.
        let mut handles = map(macros).write().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = handles.get(key) {
            return handle.clone();
        }
        let Some(admitted) = macros.admit(&self.registry, key, kind) else {
            return noop();
        };
        let handle = make(macros, &admitted);
        if admitted.own {
            handles.insert(key.to_retained(), handle.clone());
        }
        handle
    }

    /// A description is for a metric of the macros, not of the catalogue.
    fn describe(&self, name: KeyName, kind: Kind, then: impl FnOnce(&Macros, KeyName)) {
        let free = self
            .registry
            .owner(&rewrite::legal_name(name.as_str()), kind);
        if let Some(macros) = self.registry.macros.get()
            && free.is_none_or(|owner| owner == rewrite::legal_name(name.as_str()))
        {
            then(macros, name);
        }
    }
}

fn exact_help(help: SharedString) -> SharedString {
    if help.contains('\\') {
        help.replace('\\', r"\\").into()
    } else {
        help
    }
}

impl Recorder for GuardRecorder {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(name, Kind::Counter, |macros, name| {
            macros
                .exporter
                .describe_counter(name, unit, exact_help(help));
        });
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(name, Kind::Gauge, |macros, name| {
            macros.exporter.describe_gauge(name, unit, exact_help(help));
        });
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(name, Kind::Histogram, |macros, name| {
            macros
                .exporter
                .describe_histogram(name, unit, exact_help(help));
        });
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        self.handle(
            key,
            Kind::Counter,
            |macros| &macros.counters,
            |macros, admitted| macros.exporter.register_counter(&admitted.key, metadata),
            Counter::noop,
        )
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.handle(
            key,
            Kind::Gauge,
            |macros| &macros.gauges,
            |macros, admitted| macros.exporter.register_gauge(&admitted.key, metadata),
            Gauge::noop,
        )
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        self.handle(
            key,
            Kind::Histogram,
            |macros| &macros.histograms,
            |macros, admitted| {
                Histogram::from_arc(Arc::new(Guarded {
                    inner: macros.exporter.register_histogram(&admitted.key, metadata),
                    queue: Arc::clone(&macros.queue),
                    overflow: Arc::clone(&admitted.overflow),
                }))
            },
            Histogram::noop,
        )
    }
}

impl fmt::Debug for GuardRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardRecorder").finish_non_exhaustive()
    }
}
