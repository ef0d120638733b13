//! Evaluation: pure, of a checked expression, the series it selects, and times.
//!
//! Each part of an expression is evaluated for all steps at once. What a selector needs over all of them is
//! asked of the source once, before.

mod aggregate;
mod binary;
mod calendar;
mod calls;
mod check;
mod functions;
mod histogram;
mod math;
mod over_time;
mod rows;
mod text;
mod tree;
mod window;

use std::cell::Cell;

use rows::{Out, distinct};
use tree::{Aggregator, Content, Instant, Window};
use window::{Ends, LOOK_BACK_MS, MOST_SAMPLES, Span, demand, far_end};

pub(crate) use check::Checker;
pub(crate) use text::{explain, nesting, renamed};
pub(crate) use tree::Node;
pub(crate) use window::Times;

use crate::{
    expression::EvalError,
    selector::Selector,
    series::{Sample, Selected, Series, SeriesSource, is_stale, within},
    value::{Element, Kind, Value},
};

/// How far back an expression looks, `@` with a time left out.
pub(crate) fn reach(root: &Node) -> i64 {
    let mut reach = 0;
    let ends = Ends {
        start_ms: 0,
        end_ms: 0,
    };
    demand(root, (0, 0), ends, &mut |_, shift, from, _| {
        if !matches!(shift.at, Some(tree::At::Time(_))) {
            reach = reach.max(-from);
        }
    });
    reach
}

/// The value at one time.
pub(crate) fn instant<S: SeriesSource + ?Sized>(
    root: &Node,
    selectors: &[Selector],
    source: &S,
    time_ms: i64,
) -> Result<Value, EvalError> {
    let times = Times::at(time_ms);
    let evaluation = Evaluation::new(root, selectors, source, times);
    if let Node::Window(window) = root {
        return evaluation.matrix(window, time_ms).map(Value::Matrix);
    }
    let element = |row: Series| {
        let value = row.samples.first()?.value;
        Some(Element {
            labels: row.labels,
            value,
        })
    };
    Ok(match evaluation.node(root, times)? {
        Out::Scalar(values) => Value::Scalar(values.first().copied().unwrap_or(f64::NAN)),
        Out::Text(text) => Value::String(text),
        Out::Vector(rows) => {
            let rows = distinct(rows)?;
            Value::Vector(rows.into_iter().filter_map(element).collect())
        }
    })
}

/// The values at all steps, by labels.
pub(crate) fn range<S: SeriesSource + ?Sized>(
    root: &Node,
    selectors: &[Selector],
    source: &S,
    times: Times,
) -> Result<Vec<Series>, EvalError> {
    if !matches!(root.kind(), Kind::Scalar | Kind::Vector) {
        return Err(EvalError::Parameter(format!(
            "a {} has no value at each step; ask for a scalar or a vector",
            root.kind().as_str()
        )));
    }
    let evaluation = Evaluation::new(root, selectors, source, times);
    let mut rows = match evaluation.node(root, times)? {
        Out::Scalar(values) => vec![Series {
            labels: Default::default(),
            samples: sampled(times, values),
        }],
        Out::Vector(rows) => distinct(rows)?,
        Out::Text(_) => Vec::new(),
    };
    rows.sort_by(|left, right| left.labels.cmp(&right.labels));
    Ok(rows)
}

fn sampled(times: Times, values: Vec<f64>) -> Vec<Sample> {
    let pairs = times.iter().zip(values);
    pairs
        .map(|(time_ms, value)| Sample { time_ms, value })
        .collect()
}

/// One evaluation: what was selected for it, and what it may still make.
struct Evaluation<'a> {
    selected: Vec<Vec<Selected<'a>>>,
    ends: Ends,
    left: Cell<usize>,
}

impl<'a> Evaluation<'a> {
    fn new<S: SeriesSource + ?Sized>(
        root: &Node,
        selectors: &[Selector],
        source: &'a S,
        times: Times,
    ) -> Self {
        let ends = Ends {
            start_ms: times.start_ms,
            end_ms: times.end_ms,
        };
        let mut wanted = vec![(0, 0); selectors.len()];
        demand(
            root,
            (times.start_ms, times.end_ms),
            ends,
            &mut |selector, _, from, to| {
                wanted[selector] = (from, to);
            },
        );
        let selected = selectors.iter().zip(wanted).map(|(selector, (from, to))| {
            let mut found = source.select(selector, from, to);
            // In one order, whatever the source's: sums and ties depend on it.
            if !found.is_sorted_by(|left, right| left.labels <= right.labels) {
                found.sort_by(|left, right| left.labels.cmp(&right.labels));
            }
            found
        });
        Self {
            selected: selected.collect(),
            ends,
            left: Cell::new(MOST_SAMPLES),
        }
    }

    fn node(&self, node: &Node, times: Times) -> Result<Out, EvalError> {
        if times.is_empty() {
            return self.without_steps(node, times);
        }
        Ok(match node {
            Node::Number(number) => Out::Scalar(vec![*number; times.count()]),
            Node::Text(text) => Out::Text(text.clone()),
            Node::Instant(instant) => Out::Vector(self.instant(instant, times, |it| it.value)?),
            // Only what takes a window asks for one.
            Node::Window(_) => Out::Vector(Vec::new()),
            Node::Negate(inner) => match self.node(inner, times)? {
                Out::Vector(mut rows) => {
                    for row in &mut rows {
                        row.labels = row.labels.without_name();
                        row.samples.iter_mut().for_each(|it| it.value = -it.value);
                    }
                    Out::Vector(distinct(rows)?)
                }
                Out::Scalar(values) => Out::Scalar(values.into_iter().map(|it| -it).collect()),
                text => text,
            },
            Node::Binary(binary) => {
                let (left, right) = (
                    self.node(&binary.left, times)?,
                    self.node(&binary.right, times)?,
                );
                binary::apply(binary, left, right, times)?
            }
            Node::Aggregate(inner) => {
                let kind = match &inner.operator {
                    Aggregator::Sum => aggregate::Kind::Sum,
                    Aggregator::Average => aggregate::Kind::Average,
                    Aggregator::Count => aggregate::Kind::Count,
                    Aggregator::Minimum => aggregate::Kind::Minimum,
                    Aggregator::Maximum => aggregate::Kind::Maximum,
                    Aggregator::Group => aggregate::Kind::Group,
                    Aggregator::Deviation => aggregate::Kind::Deviation,
                    Aggregator::Variance => aggregate::Kind::Variance,
                    Aggregator::Top(k) => aggregate::Kind::Top(self.scalars(k, times)?),
                    Aggregator::Bottom(k) => aggregate::Kind::Bottom(self.scalars(k, times)?),
                    Aggregator::Quantile(q) => aggregate::Kind::Quantile(self.scalars(q, times)?),
                    Aggregator::CountValues(label) => aggregate::Kind::CountValues(label),
                };
                let rows = self.vector(&inner.of, times)?;
                Out::Vector(aggregate::aggregate(&kind, &inner.grouping, rows, times)?)
            }
            Node::Call(call) => self.call(call, times)?,
        })
    }

    /// A subquery's expression where no step falls into its range. Prometheus evaluates what does not change
    /// with time once all the same, at the step that follows the range: for its errors, and for whoever asks
    /// for the samples themselves.
    fn without_steps(&self, node: &Node, times: Times) -> Result<Out, EvalError> {
        if node.is_fixed() {
            return self.node(node, Times::at(times.start_ms));
        }
        let (parts, window) = node.parts();
        for part in parts {
            self.node(part, times)?;
        }
        if let Some(window) = window {
            self.windows(window, times, |_| Ok(()))?;
        }
        Ok(match node.kind() {
            Kind::Scalar => Out::Scalar(Vec::new()),
            _ => Out::Vector(Vec::new()),
        })
    }

    fn vector(&self, node: &Node, times: Times) -> Result<Vec<Series>, EvalError> {
        Ok(match self.node(node, times)? {
            Out::Vector(rows) => rows,
            Out::Scalar(_) | Out::Text(_) => Vec::new(),
        })
    }

    fn scalars(&self, node: &Node, times: Times) -> Result<Vec<f64>, EvalError> {
        Ok(match self.node(node, times)? {
            Out::Scalar(values) => values,
            Out::Vector(_) | Out::Text(_) => vec![f64::NAN; times.count()],
        })
    }

    /// The newest sample at each step that is not too old and no stale mark, as `value` reads it.
    fn instant(
        &self,
        instant: &Instant,
        times: Times,
        value: impl Fn(&Sample) -> f64,
    ) -> Result<Vec<Series>, EvalError> {
        let mut rows = Vec::new();
        for series in &self.selected[instant.selector] {
            let mut samples = Vec::new();
            let mut next = 0;
            for time_ms in times.iter() {
                let look = instant.shift.apply(time_ms, self.ends);
                next += series.samples[next..].partition_point(|it| it.time_ms <= look);
                let newest = next.checked_sub(1).map(|index| &series.samples[index]);
                let newest = newest.filter(|it| it.time_ms >= far_end(look, LOOK_BACK_MS));
                if let Some(sample) = newest.filter(|it| !is_stale(it.value)) {
                    samples.push(Sample {
                        time_ms,
                        value: value(sample),
                    });
                }
            }
            if !samples.is_empty() {
                self.spend(samples.len())?;
                rows.push(Series {
                    labels: series.labels.clone(),
                    samples,
                });
            }
        }
        Ok(rows)
    }

    /// The samples of a window at one time, as they are.
    fn matrix(&self, window: &Window, time_ms: i64) -> Result<Vec<Series>, EvalError> {
        let (from_ms, to_ms) = window.ends(time_ms, self.ends);
        let mut rows = Vec::new();
        self.windows(window, Times::at(time_ms), |series| {
            let samples = match &window.of {
                Content::Selector(_) => within(&series.samples, far_end(from_ms, 0), to_ms),
                Content::Subquery { .. } => &series.samples,
            };
            let samples = samples.iter();
            let samples: Vec<Sample> = samples.filter(|it| !is_stale(it.value)).copied().collect();
            if !samples.is_empty() {
                rows.push(Series {
                    labels: series.labels.clone(),
                    samples,
                });
            }
            Ok(())
        })?;
        distinct(rows)
    }

    /// A function of the samples of each series' window at each step.
    fn over_time(
        &self,
        window: &Window,
        parameters: &[Vec<f64>],
        times: Times,
        keep_name: bool,
        by: impl Fn(&Span<'_>) -> Option<f64>,
    ) -> Result<Vec<Series>, EvalError> {
        let mut rows = Vec::new();
        let mut unmarked = Vec::new();
        let mut of_step = vec![0.0; parameters.len()];
        self.windows(window, times, |series| {
            // Rarely is there a mark: then only are samples copied.
            let samples = if series.samples.iter().any(|it| is_stale(it.value)) {
                unmarked.clear();
                unmarked.extend(
                    series
                        .samples
                        .iter()
                        .filter(|it| !is_stale(it.value))
                        .copied(),
                );
                &unmarked[..]
            } else {
                &series.samples[..]
            };
            let mut out = Vec::new();
            let (mut from, mut to) = (0, 0);
            for (step, now_ms) in times.iter().enumerate() {
                let (from_ms, to_ms) = window.ends(now_ms, self.ends);
                let oldest = far_end(from_ms, 0);
                from += samples[from..].partition_point(|it| it.time_ms < oldest);
                to = to.max(from);
                to += samples[to..].partition_point(|it| it.time_ms <= to_ms);
                if from == to {
                    continue;
                }
                for (slot, values) in of_step.iter_mut().zip(parameters) {
                    *slot = values[step];
                }
                let value = by(&Span {
                    samples: &samples[from..to],
                    from_ms,
                    to_ms,
                    now_ms,
                    parameters: &of_step,
                });
                if let Some(value) = value {
                    out.push(Sample {
                        time_ms: now_ms,
                        value,
                    });
                }
            }
            if !out.is_empty() {
                self.spend(out.len())?;
                let labels = &series.labels;
                rows.push(Series {
                    labels: if keep_name {
                        labels.clone()
                    } else {
                        labels.without_name()
                    },
                    samples: out,
                });
            }
            Ok(())
        })?;
        distinct(rows)
    }

    /// Each series that a window is of, with the samples of all steps.
    fn windows(
        &self,
        window: &Window,
        times: Times,
        mut see: impl FnMut(&Selected<'_>) -> Result<(), EvalError>,
    ) -> Result<(), EvalError> {
        let (inner, step_ms) = match &window.of {
            Content::Selector(selector) => {
                return self.selected[*selector].iter().try_for_each(see);
            }
            Content::Subquery { inner, step_ms } => (inner, *step_ms),
        };
        let [first, last] =
            [times.start_ms, times.end_ms].map(|it| window.shift.apply(it, self.ends));
        let from = far_end(first.saturating_sub(window.length_ms), 0);
        let times = Times::within((from, last), step_ms)?;
        for row in self.vector(inner, times)? {
            see(&Selected {
                labels: row.labels,
                samples: row.samples.into(),
            })?;
        }
        Ok(())
    }

    /// Counts what is made.
    fn spend(&self, samples: usize) -> Result<(), EvalError> {
        let left = self.left.get().checked_sub(samples);
        let limit = MOST_SAMPLES;
        self.left.set(left.ok_or(EvalError::TooMuch { limit })?);
        Ok(())
    }
}
