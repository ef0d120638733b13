//! Aggregations: many series to few.

use std::collections::HashMap;

use super::{
    math::{ascending, quantile, whole},
    rows::{Cursor, Gathered},
    tree::Grouping,
    window::Times,
};
use crate::{
    answer,
    expression::EvalError,
    labels::{Labels, NAME},
    series::Series,
    value::Element,
};

/// What is computed of a group, its parameter by step.
pub(crate) enum Kind<'a> {
    Sum,
    Average,
    Count,
    Minimum,
    Maximum,
    Group,
    Deviation,
    Variance,
    Top(Vec<f64>),
    Bottom(Vec<f64>),
    Quantile(Vec<f64>),
    CountValues(&'a str),
}

pub(crate) fn aggregate(
    kind: &Kind<'_>,
    grouping: &Grouping,
    rows: Vec<Series>,
    times: Times,
) -> Result<Vec<Series>, EvalError> {
    let mut cursor = Cursor::new(rows);
    let mut gathered = Gathered::new(times);
    let groups = Groups::new(grouping, &cursor);
    let mut found = Vec::new();
    for (step, time_ms) in times.iter().enumerate() {
        cursor.step(time_ms, &mut found);
        let vector = match kind {
            Kind::CountValues(label) => count_values(label, grouping, &cursor, &found),
            Kind::Top(k) => extreme(k[step], true, &groups, &cursor, &found)?,
            Kind::Bottom(k) => extreme(k[step], false, &groups, &cursor, &found)?,
            Kind::Quantile(q) => groups.values(&found, |values| quantile(q[step], values)),
            _ => groups.values(&found, |values| of_group(kind, values)),
        };
        gathered.add(time_ms, vector)?;
    }
    Ok(gathered.rows())
}

/// Which rows belong together.
struct Groups {
    of_row: Vec<usize>,
    labels: Vec<Labels>,
}

impl Groups {
    fn new(grouping: &Grouping, cursor: &Cursor) -> Self {
        let mut known = HashMap::new();
        let mut groups = Self {
            of_row: Vec::new(),
            labels: Vec::new(),
        };
        for row in cursor.all_labels() {
            let labels = grouping.labels_of(row);
            let next = groups.labels.len();
            let index = *known.entry(labels.clone()).or_insert(next);
            if index == next {
                groups.labels.push(labels);
            }
            groups.of_row.push(index);
        }
        groups
    }

    /// The rows of each group, the groups in the order in which they are met.
    fn split(&self, found: &[(usize, f64)]) -> Vec<(usize, Vec<(usize, f64)>)> {
        let mut place = vec![usize::MAX; self.labels.len()];
        let mut groups: Vec<(usize, Vec<(usize, f64)>)> = Vec::new();
        for &(row, value) in found {
            let group = self.of_row[row];
            if place[group] == usize::MAX {
                place[group] = groups.len();
                groups.push((group, Vec::new()));
            }
            groups[place[group]].1.push((row, value));
        }
        groups
    }

    /// One element a group.
    fn values(&self, found: &[(usize, f64)], of: impl Fn(&mut [f64]) -> f64) -> Vec<Element> {
        let groups = self.split(found).into_iter();
        groups
            .map(|(group, rows)| {
                let mut values: Vec<f64> = rows.into_iter().map(|(_, value)| value).collect();
                Element {
                    labels: self.labels[group].clone(),
                    value: of(&mut values),
                }
            })
            .collect()
    }
}

impl Grouping {
    fn labels_of(&self, labels: &Labels) -> Labels {
        if self.without {
            labels.only(|name| name != NAME && !self.labels.iter().any(|it| it == name))
        } else {
            labels.only(|name| self.labels.iter().any(|it| it == name))
        }
    }
}

/// In the order of the values, of which there is one at least.
fn of_group(kind: &Kind<'_>, values: &[f64]) -> f64 {
    let (first, rest) = (values[0], values[1..].iter().copied());
    let count = values.len() as f64;
    match kind {
        Kind::Sum => rest.fold(first, |sum, value| sum + value),
        Kind::Count => count,
        Kind::Minimum => rest.fold(first, |least, value| {
            if least > value || least.is_nan() {
                value
            } else {
                least
            }
        }),
        Kind::Maximum => rest.fold(first, |most, value| {
            if most < value || most.is_nan() {
                value
            } else {
                most
            }
        }),
        Kind::Average => average(first, rest),
        Kind::Deviation => (squares(first, rest) / count).sqrt(),
        Kind::Variance => squares(first, rest) / count,
        _ => 1.0,
    }
}

fn average(first: f64, rest: impl Iterator<Item = f64>) -> f64 {
    let (mut mean, mut count) = (first, 1.0);
    for value in rest {
        count += 1.0;
        // An infinite mean stays what it is, save by NaN and by the other infinity.
        if mean.is_infinite() && (value.is_finite() || value == mean) {
            continue;
        }
        // Each side is divided, so that no sum overflows.
        mean += value / count - mean / count;
    }
    mean
}

/// The sum of the squared distances from the mean.
fn squares(first: f64, rest: impl Iterator<Item = f64>) -> f64 {
    let (mut mean, mut count, mut sum) = (first, 1.0, 0.0);
    for value in rest {
        count += 1.0;
        let delta = value - mean;
        mean += delta / count;
        sum += delta * (value - mean);
    }
    sum
}

/// `topk` and `bottomk`: of each group the `k` outermost, the outermost first, with all their labels.
fn extreme(
    k: f64,
    top: bool,
    groups: &Groups,
    cursor: &Cursor,
    found: &[(usize, f64)],
) -> Result<Vec<Element>, EvalError> {
    let Some(k) = whole(k) else {
        return Err(EvalError::Parameter(format!(
            "{} of {k}: how many is a whole number",
            if top { "topk" } else { "bottomk" }
        )));
    };
    let mut out = Vec::new();
    let Some(k) = usize::try_from(k).ok().filter(|k| *k > 0) else {
        return Ok(out);
    };
    for (_, rows) in groups.split(found) {
        let mut heap = Heap {
            rows: Vec::new(),
            top,
        };
        for row in rows {
            heap.offer(row, k);
        }
        out.extend(heap.sorted().into_iter().map(|(row, value)| Element {
            labels: cursor.labels(row).clone(),
            value,
        }));
    }
    Ok(out)
}

/// The innermost of those kept is at its root. It sifts as Go's does, for which of two equal values is kept
/// depends on it.
struct Heap {
    rows: Vec<(usize, f64)>,
    top: bool,
}

impl Heap {
    /// Whether `left` leaves before `right`.
    fn inner(&self, left: usize, right: usize) -> bool {
        let (left, right) = (self.rows[left].1, self.rows[right].1);
        left.is_nan() || if self.top { left < right } else { left > right }
    }

    fn offer(&mut self, row: (usize, f64), k: usize) {
        if self.rows.len() < k {
            self.rows.push(row);
            return self.up(self.rows.len() - 1);
        }
        let root = self.rows[0].1;
        let further = if self.top { root < row.1 } else { root > row.1 };
        if further || root.is_nan() && !row.1.is_nan() {
            self.rows[0] = row;
            self.down();
        }
    }

    fn up(&mut self, mut at: usize) {
        while at > 0 {
            let parent = (at - 1) / 2;
            if !self.inner(at, parent) {
                break;
            }
            self.rows.swap(at, parent);
            at = parent;
        }
    }

    fn down(&mut self) {
        let mut at = 0;
        loop {
            let mut child = 2 * at + 1;
            if child >= self.rows.len() {
                break;
            }
            if child + 1 < self.rows.len() && self.inner(child + 1, child) {
                child += 1;
            }
            if !self.inner(child, at) {
                break;
            }
            self.rows.swap(at, child);
            at = child;
        }
    }

    /// The outermost first, NaN last.
    fn sorted(mut self) -> Vec<(usize, f64)> {
        let sign = if self.top { 1.0 } else { -1.0 };
        self.rows
            .sort_by(|left, right| ascending(sign * right.1, sign * left.1));
        self.rows
    }
}

/// How many series have each value, the value as a label.
fn count_values(
    label: &str,
    grouping: &Grouping,
    cursor: &Cursor,
    found: &[(usize, f64)],
) -> Vec<Element> {
    let mut known = HashMap::new();
    let mut out: Vec<Element> = Vec::new();
    for &(row, value) in found {
        let text = answer::plain(value);
        let labels = if grouping.without {
            grouping.labels_of(&cursor.labels(row).with(label, &text))
        } else {
            grouping.labels_of(cursor.labels(row)).with(label, &text)
        };
        let next = out.len();
        let index = *known.entry(labels.clone()).or_insert(next);
        if index == next {
            out.push(Element { labels, value: 1.0 });
        } else {
            out[index].value += 1.0;
        }
    }
    out
}
