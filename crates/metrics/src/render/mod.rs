//! One page out of everything.

mod accept;
mod page;

pub use page::Page;

pub(crate) use accept::{Format, choose_format, wants_gzip};
pub(crate) use page::compress;

use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

use crate::bounds::{Bounds, MAX_BOUNDS, Scale};
use crate::catalog::{Id, Kind, Unit};
use crate::cells::CellSpace;
use crate::exemplar::Exemplar;
use crate::family::{Family, Repr};
use crate::http::{self, Part};
use crate::registry::Registry;
use crate::status::STATUSES;
use crate::text::{self, BLOCK, Block};

/// Statuses that every route shows from the start: error ratios divide by the first and take the rate
/// of the second.
const ALWAYS: [u16; 2] = [200, 500];

/// Writes the whole page.
pub(crate) fn render(registry: &Registry, format: Format) -> String {
    let expected = registry.page.load(Relaxed);
    let mut page = Writer {
        out: String::with_capacity(expected + expected / 16 + 4096),
        format,
        created: registry.options.created,
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
        page.out.push_str("# EOF\n");
    }
    registry.page.store(page.out.len(), Relaxed);
    page.out
}

struct Writer {
    out: String,
    format: Format,
    created: f64,
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
        let out = &mut self.out;
        for part in ["# HELP ", name, " "] {
            out.push_str(part);
        }
        text::escape_help(out, &family.help, open);
        for part in ["\n# TYPE ", name, " ", family.kind.as_str(), "\n"] {
            out.push_str(part);
        }
        if open
            && family.unit != Unit::None
            && name.strip_suffix(unit).is_some_and(|n| n.ends_with('_'))
        {
            for part in ["# UNIT ", name, " ", unit, "\n"] {
                out.push_str(part);
            }
        }
    }

    fn family(&mut self, cells: &CellSpace, family: &Family) {
        let blocks = family.blocks.snapshot();
        if blocks.is_empty() {
            return;
        }
        self.head(family);
        for block in &blocks {
            match &family.repr {
                Repr::Histogram(bounds) => {
                    let stride = family.stride() as u32;
                    for (labels, i) in block.texts().zip(0..) {
                        let series = (labels, block.base + i * stride);
                        self.histogram(cells, &family.name, bounds, series, &[]);
                    }
                }
                _ => self.scalars(cells, family, block),
            }
        }
    }

    fn scalars(&mut self, cells: &CellSpace, family: &Family, block: &Block) {
        let texts = block.texts();
        let count = texts.len();
        let (mut whole, mut float) = ([0_u64; BLOCK], [0_f64; BLOCK]);
        match family.repr {
            Repr::Count | Repr::Balance => cells.sum(block.base, &mut whole[..count]),
            Repr::CountF64 => cells.sum_f64(block.base, &mut float[..count]),
            _ => {
                let shared = cells.shared(block.base, count);
                for ((whole, float), cell) in whole.iter_mut().zip(&mut float).zip(shared) {
                    *whole = cell.load(Relaxed);
                    *float = f64::from_bits(*whole);
                }
            }
        }
        for ((labels, whole), float) in texts.zip(whole).zip(float) {
            self.name(&family.name, "", labels);
            match family.repr {
                Repr::Count | Repr::Absolute => text::write_u64(&mut self.out, whole),
                Repr::LevelI64 => text::write_i64(&mut self.out, whole as i64),
                // Lanes are read one after the other, so that an end may be seen before its beginning.
                Repr::Balance => text::write_i64(&mut self.out, (whole as i64).max(0)),
                _ => text::write_f64(&mut self.out, float),
            }
            self.out.push('\n');
            if family.kind == Kind::Counter {
                self.created(base(&family.name), labels);
            }
        }
    }

    /// `name_suffix{labels} `
    fn name(&mut self, name: &str, suffix: &str, labels: &str) {
        self.out.push_str(name);
        self.out.push_str(suffix);
        if labels.is_empty() {
            self.out.push(' ');
        } else {
            self.out.push('{');
            self.out.push_str(labels);
            self.out.push_str("} ");
        }
    }

    fn created(&mut self, name: &str, labels: &str) {
        if self.format == Format::OpenMetrics {
            self.name(name, "_created", labels);
            text::write_f64(&mut self.out, self.created);
            self.out.push('\n');
        }
    }

    fn histogram(
        &mut self,
        cells: &CellSpace,
        name: &str,
        bounds: &Bounds,
        (labels, base): (&str, u32),
        exemplars: &[Option<Exemplar>],
    ) {
        let buckets = bounds.buckets();
        let mut counts = [0_u64; MAX_BOUNDS + 2];
        cells.sum(base, &mut counts[..=buckets]);
        let comma = if labels.is_empty() { "" } else { "," };
        let mut total = 0;
        for (bucket, (count, end)) in counts[..buckets].iter().zip(&bounds.ends).enumerate() {
            total += count;
            for part in [name, "_bucket{", labels, comma, end] {
                self.out.push_str(part);
            }
            text::write_u64(&mut self.out, total);
            if let Some(Some(exemplar)) = exemplars.get(bucket) {
                self.exemplar(exemplar);
            }
            self.out.push('\n');
        }
        self.name(name, "_sum", labels);
        match bounds.scale {
            Scale::Nanos => text::write_nanos(&mut self.out, counts[buckets]),
            Scale::Whole => text::write_u64(&mut self.out, counts[buckets]),
            Scale::Float => {
                let mut sum = [0.0];
                cells.sum_f64(base + buckets as u32, &mut sum);
                text::write_f64(&mut self.out, sum[0]);
            }
        }
        self.out.push('\n');
        self.name(name, "_count", labels);
        text::write_u64(&mut self.out, total);
        self.out.push('\n');
        self.created(name, labels);
    }

    fn exemplar(&mut self, exemplar: &Exemplar) {
        for part in [" # {trace_id=\"", exemplar.trace_id(), "\"} "] {
            self.out.push_str(part);
        }
        text::write_nanos(&mut self.out, exemplar.nanos);
        self.out.push(' ');
        text::write_f64(&mut self.out, exemplar.at);
    }

    fn http_counts(&mut self, registry: &Registry, family: &Family) {
        let routes = registry.http.blocks.snapshot();
        let rare = family.blocks.snapshot();
        if routes.is_empty() && rare.is_empty() {
            return;
        }
        self.head(family);
        let mut digits = itoa::Buffer::new();
        for block in &routes {
            for (labels, i) in block.texts().zip(0..) {
                let counts = http::statuses(&registry.cells, block.base + i * http::stride());
                for (status, count) in STATUSES.iter().zip(counts) {
                    if count > 0 || ALWAYS.contains(status) {
                        let status = digits.format(*status);
                        self.http_name(&family.name, labels, status);
                        text::write_u64(&mut self.out, count);
                        self.out.push('\n');
                        if self.format == Format::OpenMetrics {
                            self.http_name("http_requests_created", labels, status);
                            text::write_f64(&mut self.out, self.created);
                            self.out.push('\n');
                        }
                    }
                }
            }
        }
        for block in &rare {
            self.scalars(&registry.cells, family, block);
        }
    }

    fn http_name(&mut self, name: &str, labels: &str, status: &str) {
        for part in [name, "{", labels, ",status=\"", status, "\"} "] {
            self.out.push_str(part);
        }
    }

    fn http_histograms(&mut self, registry: &Registry, family: &Family, part: Part) {
        let Repr::Histogram(bounds) = &family.repr else {
            return;
        };
        let routes = registry.http.blocks.snapshot();
        if routes.is_empty() {
            return;
        }
        self.head(family);
        let shown = self.format == Format::OpenMetrics && matches!(part, Part::Duration);
        let mut number = 0;
        for block in &routes {
            for (labels, i) in block.texts().zip(0..) {
                let base = block.base + i * http::stride() + part.offset() as u32;
                let exemplars = if shown {
                    registry.http.exemplars(number)
                } else {
                    Vec::new()
                };
                self.histogram(
                    &registry.cells,
                    &family.name,
                    bounds,
                    (labels, base),
                    &exemplars,
                );
                number += 1;
            }
        }
    }

    fn info(&mut self, registry: &Registry, family: &Family) {
        let info = registry
            .info
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let (version, environment) = info.unwrap_or_default();
        let mut labels = String::new();
        let values = [environment.as_str(), &registry.service, version.as_str()];
        text::write_labels(&mut labels, &family.labels, &values);
        self.head(family);
        self.name(&family.name, "", &labels);
        self.out.push_str("1\n");
    }

    fn overflow(&mut self, registry: &Registry, family: &Family) {
        let mut counts: Vec<(String, u64)> = registry
            .families()
            .iter()
            .map(|family| (family.name.to_string(), family.overflow.load(Relaxed)))
            .collect();
        for family in registry.custom_families() {
            counts.push((family.name.to_string(), family.overflow.load(Relaxed)));
        }
        if let Some(macros) = registry.macros.get() {
            counts.extend(macros.overflow());
        }
        counts.push((
            "record_business_metric".to_owned(),
            registry.refused.load(Relaxed),
        ));
        counts.push(("macros".to_owned(), registry.refused_macros.load(Relaxed)));
        counts.push((
            "on_scrape".to_owned(),
            registry.failed_collectors.load(Relaxed),
        ));
        counts.retain(|(_, count)| *count > 0);
        counts.sort_unstable();
        if counts.is_empty() {
            return;
        }
        self.head(family);
        for (metric, count) in counts {
            let mut labels = String::new();
            text::write_labels(&mut labels, &family.labels, &[&metric]);
            self.name(&family.name, "", &labels);
            text::write_u64(&mut self.out, count);
            self.out.push('\n');
            self.created(base(&family.name), &labels);
        }
    }
}

/// A counter's name without `_total`, as OpenMetrics calls its family.
fn base(name: &str) -> &str {
    name.strip_suffix("_total").unwrap_or(name)
}
