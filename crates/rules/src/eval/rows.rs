//! Series as they are between two operations: values at the steps of one evaluation.

use std::collections::HashMap;

use super::window::Times;
use crate::{
    expression::EvalError,
    labels::Labels,
    series::{Sample, Series},
    value::Element,
};

/// What a part of an expression comes to at each step.
pub(crate) enum Out {
    /// One value a step.
    Scalar(Vec<f64>),
    /// Series with a value at some of the steps.
    Vector(Vec<Series>),
    Text(String),
}

/// Series that are read step by step.
pub(crate) struct Cursor {
    rows: Vec<Series>,
    next: Vec<usize>,
}

impl Cursor {
    pub(crate) fn new(rows: Vec<Series>) -> Self {
        Self {
            next: vec![0; rows.len()],
            rows,
        }
    }

    pub(crate) fn labels(&self, row: usize) -> &Labels {
        &self.rows[row].labels
    }

    pub(crate) fn all_labels(&self) -> impl Iterator<Item = &Labels> {
        self.rows.iter().map(|row| &row.labels)
    }

    /// The rows that have a value at a step, which is not before the last asked for.
    pub(crate) fn step(&mut self, time_ms: i64, found: &mut Vec<(usize, f64)>) {
        found.clear();
        for (index, (row, next)) in self.rows.iter().zip(&mut self.next).enumerate() {
            if let Some(sample) = row.samples.get(*next).filter(|it| it.time_ms == time_ms) {
                *next += 1;
                found.push((index, sample.value));
            }
        }
    }
}

/// What is gathered step by step, as series.
pub(crate) struct Gathered {
    times: Times,
    rows: Vec<Series>,
    known: HashMap<Labels, usize>,
}

impl Gathered {
    pub(crate) fn new(times: Times) -> Self {
        Self {
            times,
            rows: Vec::new(),
            known: HashMap::new(),
        }
    }

    /// The vector of one step; no two of it may have the same labels.
    pub(crate) fn add(
        &mut self,
        time_ms: i64,
        vector: impl IntoIterator<Item = Element>,
    ) -> Result<(), EvalError> {
        for Element { labels, value } in vector {
            let sample = Sample { time_ms, value };
            let next = self.rows.len();
            let index = *self.known.entry(labels.clone()).or_insert(next);
            if index == next {
                let mut samples = Vec::with_capacity(if self.times.is_instant() { 1 } else { 8 });
                samples.push(sample);
                self.rows.push(Series { labels, samples });
                continue;
            }
            let row = &mut self.rows[index];
            if row.samples.last().is_some_and(|it| it.time_ms == time_ms) {
                return Err(same_labels(&labels));
            }
            row.samples.push(sample);
        }
        Ok(())
    }

    pub(crate) fn rows(self) -> Vec<Series> {
        self.rows
    }
}

pub(crate) fn same_labels(labels: &Labels) -> EvalError {
    EvalError::SameLabels {
        labels: labels.to_string(),
    }
}

/// No two series may have the same labels, whether they meet at a step or not.
pub(crate) fn distinct(rows: Vec<Series>) -> Result<Vec<Series>, EvalError> {
    let mut seen = std::collections::HashSet::with_capacity(rows.len());
    match rows.iter().find(|row| !seen.insert(&row.labels)) {
        Some(row) => Err(same_labels(&row.labels)),
        None => Ok(rows),
    }
}

/// Series whose labels have changed: those that are the same now are one, unless they meet at a step.
pub(crate) fn joined(rows: Vec<Series>) -> Result<Vec<Series>, EvalError> {
    let mut known = HashMap::with_capacity(rows.len());
    let mut out: Vec<Series> = Vec::with_capacity(rows.len());
    let mut grown = Vec::new();
    for row in rows {
        let next = out.len();
        let index = *known.entry(row.labels.clone()).or_insert(next);
        if index == next {
            out.push(row);
        } else {
            out[index].samples.extend(row.samples);
            grown.push(index);
        }
    }
    for index in grown {
        let row = &mut out[index];
        row.samples.sort_by_key(|it| it.time_ms);
        if row
            .samples
            .windows(2)
            .any(|it| it[0].time_ms == it[1].time_ms)
        {
            return Err(same_labels(&row.labels));
        }
    }
    Ok(out)
}
