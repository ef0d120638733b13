//! A family at run time: its declaration, its series, its cells.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};

use crate::bounds::{Bounds, Scale};
use crate::catalog::{FamilySpec, Keeps, Kind, Source, Unit};
use crate::cells::{CHUNK, CellSpace};
use crate::http::Part;
use crate::index::{Entry, Found, Index, MAX_LABELS, MAX_VALUE, Template};
use crate::visit;

/// The label value of what went past a bound.
pub(crate) const OTHER: &str = "other";

/// Most series whose cells are allocated together.
pub(crate) const BLOCK: usize = 64;

/// How a family's cells are to be read.
#[derive(Debug)]
pub(crate) enum Repr {
    /// A total in whole numbers, added to per lane.
    Count,
    /// A total in floats, added to per lane.
    CountF64,
    /// A total in whole numbers that is set from outside, in the shared lane.
    Absolute,
    /// The same in floats.
    AbsoluteF64,
    /// A level in floats, in the shared lane.
    Level,
    /// A level in whole won, in the shared lane.
    LevelI64,
    /// A level that is the wrapping sum of what lanes added and took away.
    Balance,
    /// Buckets, then the sum.
    Histogram(Bounds),
}

/// A family.
pub(crate) struct Family {
    pub(crate) name: Box<str>,
    pub(crate) help: Box<str>,
    pub(crate) kind: Kind,
    pub(crate) unit: Unit,
    pub(crate) labels: Box<[Box<str>]>,
    pub(crate) repr: Repr,
    pub(crate) line: Template,
    budget: usize,
    index: Index<0>,
    /// First cell of the block that the next series goes to.
    block_base: AtomicU32,
    full: AtomicBool,
    /// Samples that went to the `other` series or nowhere.
    pub(crate) overflow: AtomicU64,
}

/// What a new family is made of.
pub(crate) struct Declaration<'a> {
    pub(crate) name: &'a str,
    pub(crate) help: &'a str,
    pub(crate) kind: Kind,
    pub(crate) unit: Unit,
    pub(crate) labels: &'a [&'a str],
    pub(crate) budget: usize,
    pub(crate) repr: Repr,
}

impl Declaration<'static> {
    /// `buckets` are those of the HTTP durations, which the service may choose.
    pub(crate) fn of(spec: &FamilySpec, buckets: &[f64]) -> Self {
        let buckets = match spec.source {
            Source::Http(Part::Duration) => buckets,
            _ => spec.buckets,
        };
        let repr = match spec.keeps {
            Keeps::Total => Repr::Count,
            Keeps::Raised => Repr::Absolute,
            Keeps::RaisedF64 => Repr::AbsoluteF64,
            Keeps::Level => Repr::Level,
            Keeps::LevelI64 => Repr::LevelI64,
            Keeps::Balance => Repr::Balance,
            Keeps::Buckets if spec.unit == Unit::Seconds => {
                Repr::Histogram(Bounds::new(buckets, Scale::Nanos))
            }
            Keeps::Buckets => Repr::Histogram(Bounds::new(buckets, Scale::Whole)),
        };
        Self {
            name: spec.name,
            help: spec.help,
            kind: spec.kind,
            unit: spec.unit,
            labels: spec.labels,
            budget: spec.budget,
            repr,
        }
    }
}

impl Family {
    pub(crate) fn new(declaration: Declaration<'_>) -> Self {
        let seed = declaration
            .name
            .bytes()
            .fold(0x9E37_79B9_7F4A_7C15_u64, |h, b| {
                (h ^ u64::from(b)).wrapping_mul(0x100_0000_01B3)
            });
        Self {
            name: declaration.name.into(),
            help: declaration.help.into(),
            kind: declaration.kind,
            unit: declaration.unit,
            labels: declaration.labels.iter().map(|l| Box::from(*l)).collect(),
            repr: declaration.repr,
            line: Template::new(declaration.name, declaration.labels),
            block_base: AtomicU32::new(0),
            budget: declaration.budget,
            index: Index::new(seed, declaration.budget + 1),
            full: AtomicBool::new(false),
            overflow: AtomicU64::new(0),
        }
    }

    /// What a visitor is told of it.
    pub(crate) fn view(&self) -> visit::Family<'_> {
        visit::Family {
            name: &self.name,
            help: &self.help,
            kind: self.kind,
            unit: self.unit,
        }
    }

    /// Cells of one series.
    pub(crate) fn stride(&self) -> usize {
        match &self.repr {
            Repr::Histogram(bounds) => bounds.buckets() + 1,
            _ => 1,
        }
    }

    /// Series whose cells are allocated together.
    pub(crate) fn block(&self) -> usize {
        let most = BLOCK.min(CHUNK / self.stride());
        let expected = if self.stride() > 1 { 8 } else { BLOCK };
        most.min(expected).min(self.budget + 1)
    }

    /// The first cell of the series with these label values, in the order of the labels. Past the
    /// budget, and for values that are too long, the `other` series; the sample is counted as overflow.
    #[inline]
    pub(crate) fn resolve(&self, cells: &CellSpace, values: &[&str]) -> Option<u32> {
        self.resolve_with(cells, values, 0)
    }

    /// The same; a series made now starts with `initial` in the shared lane.
    #[inline]
    pub(crate) fn resolve_with(
        &self,
        cells: &CellSpace,
        values: &[&str],
        initial: u64,
    ) -> Option<u32> {
        match self.known(values) {
            Some(cell) => Some(cell),
            None => self.resolve_slow(cells, values, initial),
        }
    }

    #[cold]
    fn resolve_slow(&self, cells: &CellSpace, values: &[&str], initial: u64) -> Option<u32> {
        if values.len() != self.labels.len() {
            self.overflow.fetch_add(1, Relaxed);
            return None;
        }
        let fits = values.iter().all(|value| value.len() <= MAX_VALUE);
        if fits
            && !self.full.load(Relaxed)
            && let Some(cell) = self.insert(cells, values, initial, self.budget)
        {
            return Some(cell);
        }
        self.overflow.fetch_add(1, Relaxed);
        let other = &[OTHER; MAX_LABELS][..self.labels.len()];
        // A flood of new label values must not queue up at the writer's lock.
        match self.known(other) {
            Some(cell) => Some(cell),
            None => self.insert(cells, other, initial, usize::MAX),
        }
    }

    fn insert(
        &self,
        cells: &CellSpace,
        values: &[&str],
        initial: u64,
        budget: usize,
    ) -> Option<u32> {
        let found = self.index.get_or_insert(values, |number| {
            if number >= budget {
                self.full.store(true, Relaxed);
                return None;
            }
            let (block, stride) = (self.block(), self.stride());
            if number % block == 0 {
                self.block_base.store(cells.alloc(block * stride)?, Relaxed);
            }
            let cell = self.block_base.load(Relaxed) + (number % block * stride) as u32;
            if initial != 0 {
                cells.shared(cell, 1)[0].store(initial, Relaxed);
            }
            Some(Found { cell, more: [] })
        })?;
        Some(found.cell)
    }

    /// The series in the order of their appearance. Cells of [`block`](Self::block) in a row lie side
    /// by side.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.index.entries(self.labels.len())
    }

    /// Series so far.
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// Adds to a [`Repr::Count`].
    #[inline]
    pub(crate) fn add(&self, cells: &CellSpace, values: &[&str], n: u64) {
        if let Some(cell) = self.resolve(cells, values) {
            cells.add(cell, n);
        }
    }

    /// Adds to a [`Repr::CountF64`]; what a counter cannot take is counted as overflow.
    pub(crate) fn add_f64(&self, cells: &CellSpace, values: &[&str], n: f64) {
        if !(n >= 0.0 && n.is_finite()) {
            self.overflow.fetch_add(1, Relaxed);
        } else if let Some(cell) = self.resolve(cells, values) {
            cells.writer(cell, 1).add_f64(0, n);
        }
    }

    /// Raises a [`Repr::Absolute`] to `total`; a smaller total is ignored.
    pub(crate) fn raise(&self, cells: &CellSpace, values: &[&str], total: u64) {
        if let Some(cell) = self.resolve_with(cells, values, total) {
            cells.shared(cell, 1)[0].fetch_max(total, Relaxed);
        }
    }

    /// The same for a [`Repr::AbsoluteF64`].
    pub(crate) fn raise_f64(&self, cells: &CellSpace, values: &[&str], total: f64) {
        if !(total >= 0.0 && total.is_finite()) {
            self.overflow.fetch_add(1, Relaxed);
        } else if let Some(cell) = self.resolve_with(cells, values, total.to_bits()) {
            // The bits of floats that are not negative have the order of the floats.
            cells.shared(cell, 1)[0].fetch_max(total.to_bits(), Relaxed);
        }
    }

    /// Sets a [`Repr::Level`].
    pub(crate) fn set(&self, cells: &CellSpace, values: &[&str], level: f64) {
        if let Some(cell) = self.resolve_with(cells, values, level.to_bits()) {
            cells.shared(cell, 1)[0].store(level.to_bits(), Relaxed);
        }
    }

    /// Sets a [`Repr::LevelI64`].
    pub(crate) fn set_i64(&self, cells: &CellSpace, values: &[&str], level: i64) {
        if let Some(cell) = self.resolve_with(cells, values, level as u64) {
            cells.shared(cell, 1)[0].store(level as u64, Relaxed);
        }
    }

    /// Records into a [`Repr::Histogram`] of a whole scale.
    #[inline]
    pub(crate) fn observe(&self, cells: &CellSpace, values: &[&str], value: u64) {
        if let Some(cell) = self.resolve(cells, values) {
            self.observe_at(cells, cell, value, 1);
        }
    }

    /// The same `count` times, with the series resolved.
    #[inline]
    pub(crate) fn observe_at(&self, cells: &CellSpace, cell: u32, value: u64, count: u64) {
        if let Repr::Histogram(bounds) = &self.repr {
            let buckets = bounds.buckets();
            let writer = cells.writer(cell, buckets + 1);
            writer.add(bounds.bucket(value), count);
            writer.add(buckets, value.wrapping_mul(count));
        }
    }

    /// Records a float `count` times into a [`Repr::Histogram`] of any scale. Not a number, and what a
    /// whole scale cannot hold, is counted as overflow and leaves the sum as it was.
    pub(crate) fn observe_f64_at(&self, cells: &CellSpace, cell: u32, value: f64, count: u64) {
        let Repr::Histogram(bounds) = &self.repr else {
            return;
        };
        let buckets = bounds.buckets();
        let whole = match bounds.scale {
            Scale::Nanos => value * 1e9,
            Scale::Whole => value,
            Scale::Float => 0.0,
        };
        if !value.is_finite() || !(0.0..1.8e19).contains(&whole) {
            self.overflow.fetch_add(count, Relaxed);
        } else if bounds.scale == Scale::Float {
            let writer = cells.writer(cell, buckets + 1);
            writer.add(bounds.bucket_f64(value), count);
            writer.add_f64(buckets, value * count as f64);
        } else {
            self.observe_at(cells, cell, whole.round() as u64, count);
        }
    }

    /// Counts a sample that could not be recorded under its own labels.
    pub(crate) fn count_overflow(&self) {
        self.overflow.fetch_add(1, Relaxed);
    }

    /// The first cell of the series with these label values, when there is one.
    #[inline]
    pub(crate) fn known(&self, values: &[&str]) -> Option<u32> {
        if values.len() != self.labels.len() {
            return None;
        }
        Some(self.index.get(values)?.cell)
    }
}
