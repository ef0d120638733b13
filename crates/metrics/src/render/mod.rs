//! One page out of everything.

mod accept;
mod output;

pub use output::Page;

pub(crate) use accept::{Format, choose_format, wants_gzip};
pub(crate) use output::{Output, Spare};

use std::sync::atomic::Ordering::Relaxed;

use crate::bounds::Scale;
use crate::catalog::{Kind, Unit};
use crate::exemplar::Exemplar;
use crate::index::run;
use crate::registry::Registry;
use crate::service_metrics::seconds;
use crate::text;
use crate::visit::{Distribution, Family, Number, Sample, Value, Values, Visitor};
use crate::walk::walk;

/// Writes the whole page, packed if so asked.
pub(crate) fn render(registry: &Registry, format: Format, gzip: bool) -> Output {
    let expected = registry.page.load(Relaxed);
    let mut page = Writer {
        out: Output::new(expected, gzip, &registry.spare),
        format,
        created: registry.options.created,
        labels: Vec::new(),
        number: Vec::new(),
    };
    walk(registry, &mut page);
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
    /// The text of the number at hand.
    number: Vec<u8>,
}

impl Visitor for Writer {
    /// Writes the lines before a family's samples.
    fn family(&mut self, family: &Family<'_>) -> bool {
        let open = self.format == Format::OpenMetrics;
        let name = match family.kind {
            Kind::Counter if open => base(family.name),
            _ => family.name,
        };
        if !family.help.is_empty() {
            self.out.all(&["# HELP ", name, " "]);
            text::escape_bytes(self.out.buffer(), family.help.as_bytes(), open);
            self.out.push("\n");
        }
        self.out
            .all(&["# TYPE ", name, " ", family.kind.as_str(), "\n"]);
        let unit = family.unit.as_str();
        let named = name
            .strip_suffix(unit)
            .is_some_and(|name| name.ends_with('_'));
        if open && family.unit != Unit::None && named {
            self.out.all(&["# UNIT ", name, " ", unit, "\n"]);
        }
        true
    }

    #[inline]
    fn sample(&mut self, family: &Family<'_>, sample: &Sample<'_>) {
        match &sample.value {
            Value::Number(number) => self.scalar(family, sample, *number),
            Value::Histogram(distribution) => self.histogram(family, sample, distribution),
        }
    }
}

impl Writer {
    #[inline]
    fn scalar(&mut self, family: &Family<'_>, sample: &Sample<'_>, number: Number) {
        if !self.quick(sample, number) {
            self.label(sample);
            self.name(family.name, "");
            self.out.buffer().extend_from_slice(&self.number);
            self.out.end_line();
        }
        if family.kind == Kind::Counter && self.format == Format::OpenMetrics {
            self.label(sample);
            self.created(base(family.name));
        }
    }

    /// Writes a line in one go. What must be put together piece by piece is left to the caller, with
    /// the number's text at hand.
    #[inline]
    fn quick(&mut self, sample: &Sample<'_>, number: Number) -> bool {
        let template = match &sample.values {
            Values::Stored(entry, Some(template)) if sample.more.is_none() => {
                Some((entry, *template))
            }
            _ => None,
        };
        if let (Number::U64(number), Some((entry, template))) = (number, template) {
            let written = self.out.line(|line| {
                let at = entry.write_line(template, line)?;
                let end = text::put_u64(line, at, number);
                *run(line, end) = *b"\n";
                Some(end + 1)
            });
            if written {
                return true;
            }
        }
        self.number.clear();
        match number {
            Number::U64(number) => text::write_u64(&mut self.number, number),
            Number::I64(number) => text::write_i64(&mut self.number, number),
            Number::F64(number) => text::write_f64(&mut self.number, number),
        }
        let (Some((entry, template)), false) = (template, matches!(number, Number::U64(_))) else {
            return false;
        };
        let value = &self.number;
        self.out.line(|line| {
            let at = entry.write_line(template, line)?;
            let end = at + value.len();
            line.get_mut(at..end)?.copy_from_slice(value);
            *run(line, end) = *b"\n";
            Some(end + 1)
        })
    }

    /// Takes up a series' label text.
    fn label(&mut self, sample: &Sample<'_>) {
        self.labels.clear();
        match &sample.values {
            Values::Stored(entry, _) => entry.write_labels(&mut self.labels, sample.names),
            Values::Given(values) => text::write_labels(&mut self.labels, sample.names, values),
        }
        if let Some((name, value)) = sample.more {
            if !self.labels.is_empty() {
                self.labels.push(b',');
            }
            text::write_labels(&mut self.labels, &[name], &[value]);
        }
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

    /// The line of the series' beginning, where the format has one.
    fn created(&mut self, name: &str) {
        if self.format == Format::OpenMetrics {
            self.name(name, "_created");
            text::write_f64(self.out.buffer(), self.created);
            self.out.end_line();
        }
    }

    /// All lines of a series.
    fn histogram(&mut self, family: &Family<'_>, sample: &Sample<'_>, shown: &Distribution<'_>) {
        self.label(sample);
        let exemplars = match self.format {
            Format::OpenMetrics => shown.exemplars(),
            Format::Text => Vec::new(),
        };
        let comma = if self.labels.is_empty() { "" } else { "," };
        let mut total = 0;
        for (bucket, (count, end)) in shown.counts.iter().zip(&shown.bounds.ends).enumerate() {
            total += count;
            self.out.all(&[family.name, "_bucket{"]);
            self.out.buffer().extend_from_slice(&self.labels);
            self.out.push(comma);
            self.out.buffer().extend_from_slice(end);
            text::write_u64(self.out.buffer(), total);
            if let Some(Some(exemplar)) = exemplars.get(bucket) {
                self.exemplar(exemplar);
            }
            self.out.end_line();
        }
        self.name(family.name, "_sum");
        match shown.bounds.scale {
            Scale::Nanos => text::write_nanos(self.out.buffer(), shown.whole_sum()),
            Scale::Whole => text::write_u64(self.out.buffer(), shown.whole_sum()),
            Scale::Float => text::write_f64(self.out.buffer(), shown.float_sum),
        }
        self.out.end_line();
        self.name(family.name, "_count");
        text::write_u64(self.out.buffer(), total);
        self.out.end_line();
        self.created(family.name);
    }

    fn exemplar(&mut self, exemplar: &Exemplar) {
        self.out
            .all(&[" # {trace_id=\"", exemplar.trace_id(), "\"} "]);
        text::write_nanos(self.out.buffer(), exemplar.nanos);
        self.out.push(" ");
        text::write_f64(self.out.buffer(), seconds(exemplar.at));
    }
}

/// A counter's name without `_total`, as OpenMetrics calls its family.
fn base(name: &str) -> &str {
    name.strip_suffix("_total").unwrap_or(name)
}
