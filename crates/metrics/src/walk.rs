//! The one way through all that is kept, to whoever visits it.

use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

use crate::bounds::{Bounds, MAX_BOUNDS};
use crate::catalog::{CATALOG, Id, Source};
use crate::cells::CellSpace;
use crate::family::{self, BLOCK, Repr};
use crate::http::{self, Http};
use crate::index::Entry;
use crate::registry::Registry;
use crate::status::STATUSES;
use crate::visit::{Distribution, Family, Number, Sample, Value, Values, Visitor};

/// Statuses that every route shows from the start: error ratios divide by the first and take the rate
/// of the second.
const ALWAYS: [u16; 2] = [200, 500];

/// Shows everything.
pub(crate) fn walk<V: Visitor + ?Sized>(registry: &Registry, visitor: &mut V) {
    for (spec, family) in CATALOG.iter().zip(registry.families()) {
        let mut to = To::new(visitor, family.view());
        match spec.source {
            Source::Series => to.series(&registry.cells, family),
            Source::Info => to.info(registry, family),
            Source::Overflow => to.overflow(registry, family),
            Source::HttpCounts => to.http_counts(registry, family),
            Source::Http(part) => to.http_histograms(registry, family, part),
        }
    }
    for family in registry.custom_families() {
        To::new(visitor, family.view()).series(&registry.cells, &family);
    }
    for metric in registry.macros.metrics() {
        let Some(first) = metric.variants.first() else {
            continue;
        };
        let view = Family {
            help: &metric.help,
            ..first.view()
        };
        let mut to = To::new(visitor, view);
        for family in &metric.variants {
            to.series(&registry.cells, family);
        }
    }
}

/// A visitor at one family, which is announced with its first series.
struct To<'a, V: ?Sized> {
    visitor: &'a mut V,
    family: Family<'a>,
    /// The visitor's answer.
    wanted: Option<bool>,
}

impl<'a, V: Visitor + ?Sized> To<'a, V> {
    fn new(visitor: &'a mut V, family: Family<'a>) -> Self {
        Self {
            visitor,
            family,
            wanted: None,
        }
    }

    /// Whether the series are wanted; asked when there is one.
    fn wanted(&mut self) -> bool {
        *self
            .wanted
            .get_or_insert_with(|| self.visitor.family(&self.family))
    }

    #[inline]
    fn show(&mut self, sample: &Sample<'_>) {
        self.visitor.sample(&self.family, sample);
    }

    /// The series of a family with cells of its own.
    fn series(&mut self, cells: &CellSpace, family: &family::Family) {
        if family.len() == 0 || !self.wanted() {
            return;
        }
        match &family.repr {
            Repr::Histogram(bounds) => {
                for entry in family.entries() {
                    self.histogram(cells, &family.labels, bounds, entry, entry.cell(), None);
                }
            }
            _ => self.scalars(cells, family),
        }
    }

    fn scalars(&mut self, cells: &CellSpace, family: &family::Family) {
        let block = family.block();
        let (mut whole, mut float) = ([0; BLOCK], [0.0; BLOCK]);
        let mut place = block;
        for entry in family.entries() {
            if place == block {
                place = 0;
                let cell = entry.cell();
                load(
                    cells,
                    family,
                    cell,
                    &mut whole[..block],
                    &mut float[..block],
                );
            }
            let number = whole[place];
            let number = match family.repr {
                Repr::Count | Repr::Absolute => Number::U64(number),
                Repr::LevelI64 => Number::I64(number as i64),
                // Lanes are read one after the other: an end may be seen before its beginning.
                Repr::Balance => Number::I64((number as i64).max(0)),
                _ => Number::F64(float[place]),
            };
            place += 1;
            self.show(&Sample {
                names: &family.labels,
                values: Values::Stored(entry, Some(&family.line)),
                more: None,
                value: Value::Number(number),
            });
        }
    }

    fn histogram(
        &mut self,
        cells: &CellSpace,
        names: &[Box<str>],
        bounds: &Bounds,
        entry: Entry<'_>,
        cell: u32,
        exemplars: Option<(&Http, usize)>,
    ) {
        let buckets = bounds.buckets();
        let mut counts = [0_u64; MAX_BOUNDS + 2];
        cells.sum(cell, &mut counts[..=buckets]);
        let mut float_sum = [0.0];
        if bounds.is_float() {
            cells.sum_f64(cell + buckets as u32, &mut float_sum);
        }
        self.show(&Sample {
            names,
            values: Values::Stored(entry, None),
            more: None,
            value: Value::Histogram(Distribution {
                bounds,
                counts: &counts[..=buckets],
                float_sum: float_sum[0],
                exemplars,
            }),
        });
    }

    fn http_counts(&mut self, registry: &Registry, family: &family::Family) {
        let routes = &registry.family(Id::HttpRequestDurationSeconds).labels;
        for entry in registry.http.entries() {
            if !self.wanted() {
                return;
            }
            let counts = http::statuses(&registry.cells, entry.cell());
            for (status, count) in STATUSES.iter().zip(counts) {
                if count == 0 && !ALWAYS.contains(status) {
                    continue;
                }
                let mut digits = itoa::Buffer::new();
                self.show(&Sample {
                    names: routes,
                    values: Values::Stored(entry, None),
                    more: Some(("status", digits.format(*status))),
                    value: Value::Number(Number::U64(count)),
                });
            }
        }
        // Statuses without a cell of their own; there is a route wherever there is one.
        self.series(&registry.cells, family);
    }

    fn http_histograms(&mut self, registry: &Registry, family: &family::Family, part: http::Part) {
        let Repr::Histogram(bounds) = &family.repr else {
            return;
        };
        let exemplars = matches!(part, http::Part::Duration);
        for (entry, route) in registry.http.entries().zip(0..) {
            if !self.wanted() {
                return;
            }
            let cell = entry.cell() + part.offset() as u32;
            let exemplars = exemplars.then_some((&registry.http, route));
            self.histogram(
                &registry.cells,
                &family.labels,
                bounds,
                entry,
                cell,
                exemplars,
            );
        }
    }

    fn info(&mut self, registry: &Registry, family: &family::Family) {
        if !self.wanted() {
            return;
        }
        let info = registry.info.lock().unwrap_or_else(PoisonError::into_inner);
        let (version, environment) = info.clone().unwrap_or_default();
        drop(info);
        self.show(&Sample {
            names: &family.labels,
            values: Values::Given(&[&environment, &registry.service, &version]),
            more: None,
            value: Value::Number(Number::U64(1)),
        });
    }

    fn overflow(&mut self, registry: &Registry, family: &family::Family) {
        for (metric, count) in overflow(registry) {
            if !self.wanted() {
                return;
            }
            self.show(&Sample {
                names: &family.labels,
                values: Values::Given(&[&metric]),
                more: None,
                value: Value::Number(Number::U64(count)),
            });
        }
    }
}

/// What could not be recorded, by metric.
fn overflow(registry: &Registry) -> Vec<(String, u64)> {
    let counted =
        |family: &family::Family| (family.name.to_string(), family.overflow.load(Relaxed));
    let mut counts: Vec<(String, u64)> = registry.families().iter().map(counted).collect();
    let custom = registry.custom_families();
    counts.extend(custom.iter().map(|family| counted(family)));
    counts.extend(registry.macros.overflow());
    for (what, count) in [
        ("record_business_metric", &registry.refused),
        ("macros", &registry.macros.refused),
        ("on_scrape", &registry.failed_collectors),
    ] {
        counts.push((what.to_owned(), count.load(Relaxed)));
    }
    counts.retain(|(_, count)| *count > 0);
    // A name of the macros may be one that the catalogue owns: then it is one series.
    counts.sort_unstable();
    counts.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    counts
}

/// Reads a block of cells, as the family keeps them.
fn load(
    cells: &CellSpace,
    family: &family::Family,
    cell: u32,
    whole: &mut [u64],
    float: &mut [f64],
) {
    whole.fill(0);
    float.fill(0.0);
    match family.repr {
        Repr::Count | Repr::Balance => cells.sum(cell, whole),
        Repr::CountF64 => cells.sum_f64(cell, float),
        _ => {
            let shared = cells.shared(cell, whole.len());
            for ((whole, float), cell) in whole.iter_mut().zip(float).zip(shared) {
                *whole = cell.load(Relaxed);
                *float = f64::from_bits(*whole);
            }
        }
    }
}
