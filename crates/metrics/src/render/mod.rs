//! One page out of everything.

mod accept;
mod output;

pub use output::Page;

pub(crate) use accept::{Format, choose_format, wants_gzip};
pub(crate) use output::{Output, Spare};

use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

use crate::bounds::{Bounds, MAX_BOUNDS, Scale};
use crate::catalog::{Id, Kind, Unit};
use crate::cells::CellSpace;
use crate::exemplar::Exemplar;
use crate::family::{BLOCK, Family, Repr};
use crate::http::{self, Part};
use crate::index::{Entry, run};
use crate::registry::Registry;
use crate::service_metrics::seconds;
use crate::status::STATUSES;
use crate::text;

/// Statuses that every route shows from the start: error ratios divide by the first and take the rate
/// of the second.
const ALWAYS: [u16; 2] = [200, 500];

/// Writes the whole page, packed if so asked.
pub(crate) fn render(registry: &Registry, format: Format, gzip: bool) -> Output {
    let expected = registry.page.load(Relaxed);
    let mut page = Writer {
        out: Output::new(expected, gzip, &registry.spare),
        format,
        created: registry.options.created,
        labels: Vec::new(),
    };
    for (family, id) in registry.families().iter().zip(0..) {
        page.catalogued(registry, id, family);
    }
    for family in registry.custom_families() {
        page.family(&registry.cells, &family);
    }
    if let Some(macros) = registry.macros.get() {
        macros.render(&mut page.out, format);
    }
    if format == Format::OpenMetrics {
        page.out.push("# EOF\n");
    }
    registry.page.store(page.out.written(), Relaxed);
    page.out
}

struct Writer {
    out: Output,
    format: Format,
    created: f64,
    /// The label text of the series at hand.
    labels: Vec<u8>,
}

impl Writer {
    fn catalogued(&mut self, registry: &Registry, id: usize, family: &Family) {
        let is = |other: Id| other as usize == id;
        if is(Id::ServiceInfo) {
            self.info(registry, family);
        } else if is(Id::BongsuMetricsOverflowTotal) {
            self.overflow(registry, family);
        } else if is(Id::HttpRequestsTotal) {
            self.http_counts(registry, family);
        } else if is(Id::HttpRequestDurationSeconds) {
            self.http_histograms(registry, family, Part::Duration);
        } else if is(Id::HttpRequestSizeBytes) {
            self.http_histograms(registry, family, Part::RequestSize);
        } else if is(Id::HttpResponseSizeBytes) {
            self.http_histograms(registry, family, Part::ResponseSize);
        } else {
            self.family(&registry.cells, family);
        }
    }

    /// The lines before a family's samples.
    fn head(&mut self, family: &Family) {
        let open = self.format == Format::OpenMetrics;
        let name = match family.kind {
            Kind::Counter if open => base(&family.name),
            _ => &*family.name,
        };
        let unit = family.unit.as_str();
        self.out.all(&["# HELP ", name, " "]);
        text::escape_bytes(self.out.buffer(), family.help.as_bytes(), open);
        self.out
            .all(&["\n# TYPE ", name, " ", family.kind.as_str(), "\n"]);
        let named = name
            .strip_suffix(unit)
            .is_some_and(|name| name.ends_with('_'));
        if open && family.unit != Unit::None && named {
            self.out.all(&["# UNIT ", name, " ", unit, "\n"]);
        }
    }

    fn family(&mut self, cells: &CellSpace, family: &Family) {
        if family.len() == 0 {
            return;
        }
        self.head(family);
        let Repr::Histogram(bounds) = &family.repr else {
            return self.scalars(cells, family);
        };
        for entry in family.entries() {
            self.label(&entry, &family.labels);
            self.histogram(cells, &family.name, bounds, entry.cell(), &[]);
        }
    }

    /// Takes up a series' label text.
    fn label(&mut self, entry: &Entry<'_>, labels: &[impl AsRef<str>]) {
        self.labels.clear();
        entry.write_labels(&mut self.labels, labels);
    }

    fn scalars(&mut self, cells: &CellSpace, family: &Family) {
        let block = family.block();
        let with_created = family.kind == Kind::Counter && self.format == Format::OpenMetrics;
        let (mut whole, mut float) = ([0; BLOCK], [0.0; BLOCK]);
        let mut value = Vec::new();
        let mut place = block;
        let whole_only = matches!(family.repr, Repr::Count | Repr::Absolute);
        for entry in family.entries() {
            if place == block {
                place = 0;
                load(
                    cells,
                    family,
                    entry.cell(),
                    &mut whole[..block],
                    &mut float[..block],
                );
            }
            let number = whole[place];
            if !whole_only {
                value.clear();
                match family.repr {
                    Repr::LevelI64 => text::write_i64(&mut value, number as i64),
                    // Lanes are read one after the other: an end may be seen before its beginning.
                    Repr::Balance => text::write_i64(&mut value, (number as i64).max(0)),
                    _ => text::write_f64(&mut value, float[place]),
                }
            }
            place += 1;
            let quick = self.out.line(|line| {
                let at = entry.write_line(&family.line, line)?;
                let end = if whole_only {
                    text::put_u64(line, at, number)
                } else {
                    let end = at + value.len();
                    line.get_mut(at..end)?.copy_from_slice(&value);
                    end
                };
                *run(line, end) = *b"\n";
                Some(end + 1)
            });
            if !quick {
                if whole_only {
                    value.clear();
                    text::write_u64(&mut value, number);
                }
                self.scalar(family, &entry, &value);
            }
            if with_created {
                self.label(&entry, &family.labels);
                self.created(base(&family.name));
            }
        }
    }

    /// A line that must be put together piece by piece.
    #[cold]
    fn scalar(&mut self, family: &Family, entry: &Entry<'_>, value: &[u8]) {
        self.label(entry, &family.labels);
        self.name(&family.name, "");
        self.out.buffer().extend_from_slice(value);
        self.out.end_line();
    }

    /// `name_suffix{labels} `
    fn name(&mut self, name: &str, suffix: &str) {
        self.out.all(&[name, suffix]);
        if self.labels.is_empty() {
            self.out.push(" ");
        } else {
            self.out.push("{");
            self.out.buffer().extend_from_slice(&self.labels);
            self.out.push("} ");
        }
    }

    /// The line of the series' beginning, without its end.
    fn created_value(&mut self, name: &str) {
        self.name(name, "_created");
        text::write_f64(self.out.buffer(), self.created);
    }

    fn created(&mut self, name: &str) {
        if self.format == Format::OpenMetrics {
            self.created_value(name);
            self.out.end_line();
        }
    }

    /// All lines of the series whose labels were taken up.
    fn histogram(
        &mut self,
        cells: &CellSpace,
        name: &str,
        bounds: &Bounds,
        cell: u32,
        exemplars: &[Option<Exemplar>],
    ) {
        let buckets = bounds.buckets();
        let mut counts = [0_u64; MAX_BOUNDS + 2];
        cells.sum(cell, &mut counts[..=buckets]);
        let comma = if self.labels.is_empty() { "" } else { "," };
        let mut total = 0;
        for (bucket, (count, end)) in counts[..buckets].iter().zip(&bounds.ends).enumerate() {
            total += count;
            self.out.all(&[name, "_bucket{"]);
            self.out.buffer().extend_from_slice(&self.labels);
            self.out.push(comma);
            self.out.buffer().extend_from_slice(end);
            text::write_u64(self.out.buffer(), total);
            if let Some(Some(exemplar)) = exemplars.get(bucket) {
                self.exemplar(exemplar);
            }
            self.out.end_line();
        }
        self.name(name, "_sum");
        match bounds.scale {
            Scale::Nanos => text::write_nanos(self.out.buffer(), counts[buckets]),
            Scale::Whole => text::write_u64(self.out.buffer(), counts[buckets]),
            Scale::Float => {
                let mut sum = [0.0];
                cells.sum_f64(cell + buckets as u32, &mut sum);
                text::write_f64(self.out.buffer(), sum[0]);
            }
        }
        self.out.end_line();
        self.name(name, "_count");
        text::write_u64(self.out.buffer(), total);
        self.out.end_line();
        self.created(name);
    }

    fn exemplar(&mut self, exemplar: &Exemplar) {
        self.out
            .all(&[" # {trace_id=\"", exemplar.trace_id(), "\"} "]);
        text::write_nanos(self.out.buffer(), exemplar.nanos);
        self.out.push(" ");
        text::write_f64(self.out.buffer(), seconds(exemplar.at));
    }

    fn http_counts(&mut self, registry: &Registry, family: &Family) {
        let routes = Id::HttpRequestDurationSeconds.spec().labels;
        let mut any = false;
        for entry in registry.http.entries() {
            if !any {
                self.head(family);
                any = true;
            }
            let counts = http::statuses(&registry.cells, entry.cell());
            self.label(&entry, routes);
            let route = self.labels.len();
            for (status, count) in STATUSES.iter().zip(counts) {
                if count == 0 && !ALWAYS.contains(status) {
                    continue;
                }
                self.labels.truncate(route);
                self.labels.extend_from_slice(b",status=\"");
                text::write_u64(&mut self.labels, u64::from(*status));
                self.labels.push(b'"');
                self.name(&family.name, "");
                text::write_u64(self.out.buffer(), count);
                self.out.end_line();
                self.created(base(&family.name));
            }
        }
        // Statuses without a cell of their own; there is a route wherever there is one.
        self.scalars(&registry.cells, family);
    }

    fn http_histograms(&mut self, registry: &Registry, family: &Family, part: Part) {
        let Repr::Histogram(bounds) = &family.repr else {
            return;
        };
        let shown = self.format == Format::OpenMetrics && matches!(part, Part::Duration);
        for (entry, number) in registry.http.entries().zip(0..) {
            if number == 0 {
                self.head(family);
            }
            let exemplars = if shown {
                registry.http.exemplars(number)
            } else {
                Vec::new()
            };
            self.label(&entry, &family.labels);
            let cell = entry.cell() + part.offset() as u32;
            self.histogram(&registry.cells, &family.name, bounds, cell, &exemplars);
        }
    }

    fn info(&mut self, registry: &Registry, family: &Family) {
        let info = registry
            .info
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let (version, environment) = info.unwrap_or_default();
        let values = [environment.as_str(), &registry.service, version.as_str()];
        self.head(family);
        self.labels.clear();
        text::write_labels(&mut self.labels, &family.labels, &values);
        self.name(&family.name, "");
        self.out.push("1");
        self.out.end_line();
    }

    fn overflow(&mut self, registry: &Registry, family: &Family) {
        let counted = |family: &Family| (family.name.to_string(), family.overflow.load(Relaxed));
        let mut counts: Vec<(String, u64)> = registry.families().iter().map(counted).collect();
        counts.extend(
            registry
                .custom_families()
                .iter()
                .map(|family| counted(family)),
        );
        if let Some(macros) = registry.macros.get() {
            counts.extend(macros.overflow());
        }
        for (what, count) in [
            ("record_business_metric", &registry.refused),
            ("macros", &registry.refused_macros),
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
        if counts.is_empty() {
            return;
        }
        self.head(family);
        for (metric, count) in counts {
            self.labels.clear();
            text::write_labels(&mut self.labels, &family.labels, &[&metric]);
            self.name(&family.name, "");
            text::write_u64(self.out.buffer(), count);
            self.out.end_line();
            self.created(base(&family.name));
        }
    }
}

/// Reads a block of cells, as the family keeps them.
fn load(cells: &CellSpace, family: &Family, cell: u32, whole: &mut [u64], float: &mut [f64]) {
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

/// A counter's name without `_total`, as OpenMetrics calls its family.
fn base(name: &str) -> &str {
    name.strip_suffix("_total").unwrap_or(name)
}
