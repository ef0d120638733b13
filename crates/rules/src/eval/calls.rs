//! What each function does.

use std::{cell::Cell, collections::HashMap};

use super::{
    Evaluation,
    calendar::Moment,
    histogram::{self, Bucket},
    math::{ascending, maximum, minimum},
    over_time,
    rows::{Cursor, Gathered, Out, joined},
    tree::{Call, Node, Relabel},
    window::Times,
};
use crate::{
    expression::EvalError,
    labels::{Labels, NAME},
    series::{Sample, Series},
    value::Element,
};

impl Evaluation<'_> {
    pub(super) fn call(&self, call: &Call, times: Times) -> Result<Out, EvalError> {
        Ok(Out::Vector(match call {
            Call::Time => return Ok(Out::Scalar(times.iter().map(seconds).collect())),
            Call::ToScalar(of) => return Ok(Out::Scalar(scalars(self.vector(of, times)?, times))),
            Call::ToVector(of) => vec![Series {
                labels: Labels::default(),
                samples: super::sampled(times, self.scalars(of, times)?),
            }],
            Call::Each { of, by } => self.each(of, times, |_, value| Some(by(value)))?,
            Call::Round { of, to } => {
                let to = self.scalars(to, times)?;
                self.each(of, times, |step, value| {
                    let inverse = 1.0 / to[step];
                    Some((value * inverse + 0.5).floor() / inverse)
                })?
            }
            Call::Clamp { of, low, high } => self.clamp(of, low.as_ref(), high.as_ref(), times)?,
            Call::Timestamp(Node::Instant(instant)) => {
                nameless(self.instant(instant, times, |it| seconds(it.time_ms))?)?
            }
            Call::Timestamp(of) => {
                let at: Vec<f64> = times.iter().map(seconds).collect();
                self.each(of, times, |step, _| Some(at[step]))?
            }
            Call::Calendar { of: None, part } => vec![Series {
                labels: Labels::default(),
                samples: super::sampled(
                    times,
                    times
                        .iter()
                        .map(|it| part(&Moment::new(seconds(it))) as f64)
                        .collect(),
                ),
            }],
            Call::Calendar { of: Some(of), part } => {
                self.each(of, times, |_, value| Some(part(&Moment::new(value)) as f64))?
            }
            Call::Absent { of, labels } => absent(&self.vector(of, times)?, labels, times),
            Call::AbsentOverTime { window, labels } => {
                let there = self.over_time(window, &[], times, true, over_time::present)?;
                absent(&there, labels, times)
            }
            Call::OverTime {
                window,
                parameters,
                by,
                keep_name,
                ..
            } => {
                let parameters = parameters.iter().map(|it| self.scalars(it, times));
                let parameters: Vec<_> = parameters.collect::<Result<_, _>>()?;
                self.over_time(window, &parameters, times, *keep_name, by)?
            }
            Call::Smoothing { window, factors } => {
                let [level, trend] = factors;
                let factors = [self.scalars(level, times)?, self.scalars(trend, times)?];
                // Looked at where there is something to smooth, and nowhere else.
                let wrong = Cell::new(None);
                let rows = self.over_time(window, &factors, times, false, |span| {
                    let outside = |it: &&f64| **it <= 0.0 || **it >= 1.0;
                    match span.parameters.iter().find(outside) {
                        Some(factor) => {
                            wrong.set(Some(*factor));
                            None
                        }
                        None => over_time::smoothed(span),
                    }
                })?;
                if let Some(wrong) = wrong.get() {
                    return Err(EvalError::Parameter(format!(
                        "a factor of smoothing is {wrong}; it lies between 0 and 1"
                    )));
                }
                rows
            }
            Call::Sort { of, descending } => {
                let mut rows = self.vector(of, times)?;
                // A range is ordered by its labels.
                if times.is_instant() {
                    sort(&mut rows, *descending);
                }
                rows
            }
            Call::Relabel { of, target, how } => {
                let mut rows = self.vector(of, times)?;
                for row in &mut rows {
                    how.apply(&mut row.labels, target);
                }
                joined(rows)?
            }
            Call::HistogramQuantile { quantile, of } => {
                let (q, rows) = (self.scalars(quantile, times)?, self.vector(of, times)?);
                histogram_quantile(&q, rows, times)?
            }
        }))
    }

    /// Each value for itself, by the number of its step; what is nothing goes.
    fn each(
        &self,
        of: &Node,
        times: Times,
        by: impl Fn(usize, f64) -> Option<f64>,
    ) -> Result<Vec<Series>, EvalError> {
        let mut rows = self.vector(of, times)?;
        for row in &mut rows {
            row.samples.retain_mut(|sample| {
                let value = by(times.index(sample.time_ms), sample.value);
                sample.value = value.unwrap_or(sample.value);
                value.is_some()
            });
        }
        rows.retain(|row| !row.samples.is_empty());
        nameless(rows)
    }

    fn clamp(
        &self,
        of: &Node,
        low: Option<&Node>,
        high: Option<&Node>,
        times: Times,
    ) -> Result<Vec<Series>, EvalError> {
        let of_node = |node: Option<&Node>| node.map(|it| self.scalars(it, times)).transpose();
        let (low, high) = (of_node(low)?, of_node(high)?);
        self.each(of, times, |step, value| {
            let (low, high) = (
                low.as_ref().map(|it| it[step]),
                high.as_ref().map(|it| it[step]),
            );
            if let (Some(low), Some(high)) = (low, high)
                && high < low
            {
                return None;
            }
            let value = high.map_or(value, |high| minimum(high, value));
            Some(low.map_or(value, |low| maximum(low, value)))
        })
    }
}

fn seconds(time_ms: i64) -> f64 {
    time_ms as f64 / 1000.0
}

fn nameless(mut rows: Vec<Series>) -> Result<Vec<Series>, EvalError> {
    for row in &mut rows {
        row.labels = row.labels.without_name();
    }
    joined(rows)
}

/// The value of the only series, NaN when there is none or are several.
fn scalars(rows: Vec<Series>, times: Times) -> Vec<f64> {
    let (mut cursor, mut found) = (Cursor::new(rows), Vec::new());
    let of_step = |time_ms| {
        cursor.step(time_ms, &mut found);
        match found[..] {
            [(_, value)] => value,
            _ => f64::NAN,
        }
    };
    times.iter().map(of_step).collect()
}

/// A 1 where there is no series.
fn absent(rows: &[Series], labels: &Labels, times: Times) -> Vec<Series> {
    let mut there = vec![false; times.count()];
    for sample in rows.iter().flat_map(|row| &row.samples) {
        there[times.index(sample.time_ms)] = true;
    }
    let missing = times.iter().zip(there).filter(|(_, there)| !there);
    let samples: Vec<Sample> = missing
        .map(|(time_ms, _)| Sample {
            time_ms,
            value: 1.0,
        })
        .collect();
    let labels = labels.clone();
    if samples.is_empty() {
        Vec::new()
    } else {
        vec![Series { labels, samples }]
    }
}

/// By the value of the instant, NaN last.
fn sort(rows: &mut [Series], descending: bool) {
    let value = |row: &Series| row.samples.first().map_or(f64::NAN, |it| it.value);
    let sign = if descending { -1.0 } else { 1.0 };
    rows.sort_by(|left, right| ascending(-sign * value(right), -sign * value(left)));
}

impl Relabel {
    fn apply(&self, labels: &mut Labels, target: &str) {
        let value = match self {
            Self::Replace {
                source,
                pattern,
                replacement,
            } => {
                let Some(found) = pattern.captures(labels.get(source)) else {
                    return;
                };
                let mut value = String::new();
                found.expand(replacement, &mut value);
                value
            }
            Self::Join { separator, sources } => {
                let values: Vec<&str> = sources.iter().map(|it| labels.get(it)).collect();
                values.join(separator)
            }
        };
        *labels = labels.with(target, &value);
    }
}

fn histogram_quantile(
    q: &[f64],
    rows: Vec<Series>,
    times: Times,
) -> Result<Vec<Series>, EvalError> {
    let mut cursor = Cursor::new(rows);
    // Of each row its bound and the number of its histogram, unless its `le` is no number.
    let (mut of_row, mut labels, mut known) = (Vec::new(), Vec::new(), HashMap::new());
    for row in cursor.all_labels() {
        let whole = row.only(|name| name != "le");
        of_row.push(histogram::bound(row.get("le")).map(|bound| {
            let next = labels.len();
            let index = *known.entry(whole.clone()).or_insert(next);
            if index == next {
                labels.push(whole.only(|name| name != NAME));
            }
            (bound, index)
        }));
    }
    let mut gathered = Gathered::new(times);
    let (mut found, mut buckets) = (Vec::new(), vec![Vec::new(); labels.len()]);
    for (step, time_ms) in times.iter().enumerate() {
        cursor.step(time_ms, &mut found);
        buckets.iter_mut().for_each(Vec::clear);
        for &(row, count) in &found {
            if let Some((bound, histogram)) = of_row[row] {
                buckets[histogram].push(Bucket { bound, count });
            }
        }
        let filled = labels
            .iter()
            .zip(&mut buckets)
            .filter(|(_, it)| !it.is_empty());
        let vector = filled.map(|(labels, buckets)| Element {
            labels: labels.clone(),
            value: histogram::quantile(q[step], buckets),
        });
        gathered.add(time_ms, vector)?;
    }
    Ok(gathered.rows())
}
