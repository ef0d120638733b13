//! The `metrics` macros: `metrics-exporter-prometheus` behind a guard.
//!
//! The exporter stores and writes; the guard decides what reaches it: no name of the catalogue, no name
//! used for two kinds, no two names that become one when made legal, no label the format owns, no more
//! series than the budget, no number that would spoil a sum.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

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
/// Most series of one name for what is past its budget.
const STAND_INS: usize = 8;
/// Queued histogram samples at which the recording thread takes them in itself: upkeep that is not run
/// costs time then, never memory.
const QUEUE: u64 = 8_192;

/// The macros' side of a registry.
pub(crate) struct Macros {
    exporter: PrometheusRecorder,
    handle: PrometheusHandle,
    names: RwLock<Names>,
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
    /// For what is past the budget, one for each set of label names.
    stand_ins: Vec<Key>,
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
            names: RwLock::default(),
            counters: RwLock::default(),
            gauges: RwLock::default(),
            histograms: RwLock::default(),
            budget,
        }
    }

    pub(crate) fn upkeep(&self) {
        self.queue.drain();
    }

    /// Keeps everybody from writing.
    #[cfg(test)]
    pub(crate) fn hold(&self) -> impl Sized + '_ {
        (
            read(&self.names),
            read(&self.counters),
            read(&self.gauges),
            read(&self.histograms),
        )
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
        let names = read(&self.names);
        let counted =
            |(name, state): (&String, &Name)| (name.clone(), state.overflow.load(Relaxed));
        names.known.iter().map(counted).collect()
    }

    /// Whether there is any series.
    pub(crate) fn any(&self) -> bool {
        !read(&self.counters).is_empty()
            || !read(&self.gauges).is_empty()
            || !read(&self.histograms).is_empty()
    }

    /// The handle of a key that is refused or past the budget, where its name tells: such keys are not
    /// remembered, and those who record under them must not wait for one another.
    fn settled<H: Clone>(
        &self,
        registry: &Registry,
        key: &Key,
        kind: Kind,
        handles: &RwLock<HashMap<Key, H>>,
        noop: &H,
    ) -> Option<H> {
        let page_name = rewrite::legal_name(key.name());
        let names = read(&self.names);
        let Some(name) = names.known.get(&*page_name) else {
            return names.refuses_new(registry).then(|| noop.clone());
        };
        let overflow = Arc::clone(&name.overflow);
        let judged = name.judge(&page_name, key, kind, self.budget);
        drop(names);
        let handle = match judged {
            Verdict::Series => return None,
            Verdict::Refused => noop.clone(),
            Verdict::StandIn(stand_in) => read(handles).get(&stand_in)?.clone(),
        };
        overflow.fetch_add(1, Relaxed);
        Some(handle)
    }

    /// Makes room for a key that has no handle; `None` is refused.
    fn admit(&self, registry: &Registry, key: &Key, kind: Kind) -> Option<Admitted> {
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        let page_name = rewrite::legal_name(key.name());
        if !names.known.contains_key(&*page_name) {
            if names.refuses_new(registry) {
                return None;
            }
            let new = Name::new(registry, &page_name, key, kind);
            names.known.insert(page_name.clone().into_owned(), new);
        }
        let name = names.known.get_mut(&*page_name)?;
        let (found_by, stored) = match name.judge(&page_name, key, kind, self.budget) {
            Verdict::Series => {
                name.series += 1;
                (key.to_retained(), exact(key))
            }
            Verdict::StandIn(stand_in) => {
                name.overflow.fetch_add(1, Relaxed);
                if !name.stand_ins.contains(&stand_in) {
                    name.stand_ins.push(stand_in.clone());
                }
                (stand_in.clone(), stand_in)
            }
            Verdict::Refused => {
                name.overflow.fetch_add(1, Relaxed);
                return None;
            }
        };
        Some(Admitted {
            found_by,
            stored,
            overflow: Arc::clone(&name.overflow),
        })
    }
}

impl Names {
    /// Whether the bound is reached, which is counted.
    fn refuses_new(&self, registry: &Registry) -> bool {
        let full = self.known.len() >= MAX_NAMES;
        if full {
            registry.refused_macros.fetch_add(1, Relaxed);
        }
        full
    }
}

impl Name {
    /// A name at its first use, taken unless somebody has it.
    fn new(registry: &Registry, page_name: &str, key: &Key, kind: Kind) -> Self {
        let mut custom = registry
            .custom
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let refused = page_name.is_empty()
            || page_name.len() > names::MAX_NAME
            || custom.owner(page_name, kind).is_some();
        if !refused {
            custom.claim(page_name, kind);
        }
        Self {
            given: key.name().to_owned(),
            kind,
            series: 0,
            stand_ins: Vec::new(),
            overflow: Arc::new(AtomicU64::new(0)),
            refused,
        }
    }

    /// What becomes of a key of this name that has no series.
    fn judge(&self, page_name: &str, key: &Key, kind: Kind, budget: usize) -> Verdict {
        let mut labels: Vec<&str> = key.labels().map(Label::key).collect();
        labels.sort_unstable();
        let fits = !self.refused
            && self.given == key.name()
            && self.kind == kind
            && names::check_labels(page_name, &labels).is_ok();
        if !fits {
            return Verdict::Refused;
        }
        if self.series < budget && key.labels().all(|label| label.value().len() <= MAX_VALUE) {
            return Verdict::Series;
        }
        let other = |name: &&str| Label::new((*name).to_owned(), OTHER);
        let labels: Vec<Label> = labels.iter().map(other).collect();
        let stand_in = Key::from_parts(key.name().to_owned(), labels);
        if self.stand_ins.len() < STAND_INS || self.stand_ins.contains(&stand_in) {
            Verdict::StandIn(stand_in)
        } else {
            Verdict::Refused
        }
    }
}

enum Verdict {
    /// One of its own.
    Series,
    /// The series of what is past the budget, or has a value that is too long.
    StandIn(Key),
    Refused,
}

struct Admitted {
    /// What the handle is remembered under.
    found_by: Key,
    /// What the exporter stores it as.
    stored: Key,
    overflow: Arc<AtomicU64>,
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
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
        noop: H,
    ) -> H {
        let Some(macros) = self.registry.macros.get() else {
            return noop;
        };
        let handles = map(macros);
        if let Some(handle) = read(handles).get(key) {
            return handle.clone();
        }
        if let Some(handle) = macros.settled(&self.registry, key, kind, handles, &noop) {
            return handle;
        }
        // Held over the decision, so that one key is admitted once.
        let mut handles = handles.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = handles.get(key) {
            return handle.clone();
        }
        let Some(admitted) = macros.admit(&self.registry, key, kind) else {
            return noop;
        };
        let handle = make(macros, &admitted);
        handles.insert(admitted.found_by, handle.clone());
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
            |macros, admitted| macros.exporter.register_counter(&admitted.stored, metadata),
            Counter::noop(),
        )
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.handle(
            key,
            Kind::Gauge,
            |macros| &macros.gauges,
            |macros, admitted| macros.exporter.register_gauge(&admitted.stored, metadata),
            Gauge::noop(),
        )
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        self.handle(
            key,
            Kind::Histogram,
            |macros| &macros.histograms,
            |macros, admitted| {
                Histogram::from_arc(Arc::new(Guarded {
                    inner: macros
                        .exporter
                        .register_histogram(&admitted.stored, metadata),
                    queue: Arc::clone(&macros.queue),
                    overflow: Arc::clone(&admitted.overflow),
                }))
            },
            Histogram::noop(),
        )
    }
}

impl fmt::Debug for GuardRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardRecorder").finish_non_exhaustive()
    }
}
