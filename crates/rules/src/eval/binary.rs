//! Operators between two numbers, a vector and a number, two vectors.

use std::collections::{HashMap, HashSet};

use super::{
    rows::{Cursor, Gathered, Out, joined},
    tree::{Binary, BinaryOperator, Matching, Side},
    window::Times,
};
use crate::{
    expression::EvalError,
    labels::{Labels, NAME},
    series::Series,
    value::Element,
};

impl BinaryOperator {
    /// The value, or for a comparison the left one and whether it is kept.
    fn apply(self, left: f64, right: f64) -> (f64, bool) {
        match self {
            Self::Add => (left + right, true),
            Self::Subtract => (left - right, true),
            Self::Multiply => (left * right, true),
            Self::Divide => (left / right, true),
            Self::Modulo => (left % right, true),
            Self::Power => (left.powf(right), true),
            Self::Atan2 => (left.atan2(right), true),
            Self::Equal => (left, left == right),
            Self::NotEqual => (left, left != right),
            Self::Greater => (left, left > right),
            Self::Less => (left, left < right),
            Self::GreaterOrEqual => (left, left >= right),
            Self::LessOrEqual => (left, left <= right),
            Self::And | Self::Or | Self::Unless => (left, true),
        }
    }
}

pub(crate) fn apply(
    binary: &Binary,
    left: Out,
    right: Out,
    times: Times,
) -> Result<Out, EvalError> {
    Ok(match (left, right) {
        (Out::Scalar(left), Out::Scalar(right)) => {
            let pairs = left.into_iter().zip(right);
            Out::Scalar(
                pairs
                    .map(|(left, right)| of_numbers(binary.operator, left, right))
                    .collect(),
            )
        }
        (Out::Vector(rows), Out::Scalar(numbers)) => {
            Out::Vector(with_number(binary, rows, &numbers, false, times)?)
        }
        (Out::Scalar(numbers), Out::Vector(rows)) => {
            Out::Vector(with_number(binary, rows, &numbers, true, times)?)
        }
        (Out::Vector(left), Out::Vector(right)) if binary.operator.is_set() => {
            Out::Vector(sets(binary, left, right, times)?)
        }
        (Out::Vector(left), Out::Vector(right)) => {
            Out::Vector(vectors(binary, left, right, times)?)
        }
        (other, _) => other,
    })
}

fn of_numbers(operator: BinaryOperator, left: f64, right: f64) -> f64 {
    let (value, kept) = operator.apply(left, right);
    if operator.is_comparison() {
        f64::from(kept)
    } else {
        value
    }
}

fn with_number(
    binary: &Binary,
    mut rows: Vec<Series>,
    numbers: &[f64],
    swapped: bool,
    times: Times,
) -> Result<Vec<Series>, EvalError> {
    let operator = binary.operator;
    for row in &mut rows {
        if operator.drops_name() || binary.as_number {
            row.labels = row.labels.without_name();
        }
        row.samples.retain_mut(|sample| {
            let number = numbers[times.index(sample.time_ms)];
            let of_vector = sample.value;
            let (value, kept) = if swapped {
                operator.apply(number, of_vector)
            } else {
                operator.apply(of_vector, number)
            };
            // A comparison keeps the vector's value, on whichever side it stands.
            sample.value = match (operator.is_comparison(), binary.as_number) {
                (true, true) => f64::from(kept),
                (true, false) => of_vector,
                (false, _) => value,
            };
            kept || binary.as_number
        });
    }
    rows.retain(|row| !row.samples.is_empty());
    joined(rows)
}

/// Numbers for the labels that are matched: equal where they are equal, on both sides.
struct Signatures<'a> {
    matching: &'a Matching,
    known: HashMap<Labels, usize>,
}

impl<'a> Signatures<'a> {
    fn new(matching: &'a Matching) -> Self {
        Self {
            matching,
            known: HashMap::new(),
        }
    }

    fn of_rows(&mut self, cursor: &Cursor) -> Vec<usize> {
        let matching = self.matching;
        cursor
            .all_labels()
            .map(|labels| {
                let next = self.known.len();
                *self.known.entry(matching.of(labels)).or_insert(next)
            })
            .collect()
    }
}

impl Matching {
    /// The labels that are matched.
    fn of(&self, labels: &Labels) -> Labels {
        let named = |name: &str| self.labels.iter().any(|it| it == name);
        if self.on {
            labels.only(named)
        } else {
            labels.only(|name| name != NAME && !named(name))
        }
    }

    /// The labels of a result.
    fn result(&self, many: &Labels, one: &Labels, drop_name: bool) -> Labels {
        let mut labels = if drop_name {
            many.without_name()
        } else {
            many.clone()
        };
        if self.side == Side::OneToOne {
            let named = |name: &str| self.labels.iter().any(|it| it == name);
            labels = labels.only(|name| named(name) == self.on);
        }
        for name in &self.include {
            labels = labels.with(name, one.get(name));
        }
        labels
    }
}

fn sets(
    binary: &Binary,
    left: Vec<Series>,
    right: Vec<Series>,
    times: Times,
) -> Result<Vec<Series>, EvalError> {
    let (mut left, mut right) = (Cursor::new(left), Cursor::new(right));
    let mut signatures = Signatures::new(&binary.matching);
    let (of_left, of_right) = (signatures.of_rows(&left), signatures.of_rows(&right));
    let mut gathered = Gathered::new(times);
    let (mut lefts, mut rights, mut there) = (Vec::new(), Vec::new(), HashSet::new());
    for time_ms in times.iter() {
        left.step(time_ms, &mut lefts);
        right.step(time_ms, &mut rights);
        there.clear();
        let element = |cursor: &Cursor, (row, value): (usize, f64)| Element {
            labels: cursor.labels(row).clone(),
            value,
        };
        let mut out = Vec::new();
        if binary.operator == BinaryOperator::Or {
            there.extend(lefts.iter().map(|(row, _)| of_left[*row]));
            out.extend(lefts.iter().map(|it| element(&left, *it)));
            let others = rights
                .iter()
                .filter(|(row, _)| !there.contains(&of_right[*row]));
            out.extend(others.map(|it| element(&right, *it)));
        } else {
            there.extend(rights.iter().map(|(row, _)| of_right[*row]));
            let wanted = binary.operator == BinaryOperator::And;
            let kept = lefts
                .iter()
                .filter(|(row, _)| there.contains(&of_left[*row]) == wanted);
            out.extend(kept.map(|it| element(&left, *it)));
        }
        gathered.add(time_ms, out)?;
    }
    Ok(gathered.rows())
}

fn vectors(
    binary: &Binary,
    left: Vec<Series>,
    right: Vec<Series>,
    times: Times,
) -> Result<Vec<Series>, EvalError> {
    let matching = &binary.matching;
    // The side that may have many series comes first.
    let swapped = matching.side == Side::ManyRight;
    let (many, one) = if swapped {
        (right, left)
    } else {
        (left, right)
    };
    let (mut many, mut one) = (Cursor::new(many), Cursor::new(one));
    let mut signatures = Signatures::new(matching);
    let (of_many, of_one) = (signatures.of_rows(&many), signatures.of_rows(&one));
    let drop_name = binary.operator.drops_name() || binary.as_number;
    let mut results: HashMap<(usize, usize), Labels> = HashMap::new();
    let mut gathered = Gathered::new(times);
    let (mut manys, mut ones) = (Vec::new(), Vec::new());
    let (mut partner, mut told, mut inserted) = (HashMap::new(), HashSet::new(), HashSet::new());
    for time_ms in times.iter() {
        many.step(time_ms, &mut manys);
        one.step(time_ms, &mut ones);
        if manys.is_empty() || ones.is_empty() {
            continue;
        }
        partner.clear();
        for &(row, value) in &ones {
            if let Some((other, _)) = partner.insert(of_one[row], (row, value)) {
                return Err(EvalError::DuplicateSeries {
                    group: matching.of(one.labels(row)).to_string(),
                    side: if swapped { "left" } else { "right" },
                    first: one.labels(row).to_string(),
                    second: one.labels(other).to_string(),
                });
            }
        }
        told.clear();
        inserted.clear();
        let mut out = Vec::new();
        for &(row, value) in &manys {
            let signature = of_many[row];
            let Some(&(other, of_other)) = partner.get(&signature) else {
                continue;
            };
            let (value, kept) = if swapped {
                binary.operator.apply(of_other, value)
            } else {
                binary.operator.apply(value, of_other)
            };
            if !kept && !binary.as_number {
                continue;
            }
            let value = if binary.as_number {
                f64::from(kept)
            } else {
                value
            };
            let labels = results
                .entry((row, other))
                .or_insert_with(|| matching.result(many.labels(row), one.labels(other), drop_name));
            if matching.side == Side::OneToOne {
                if !told.insert(signature) {
                    return Err(EvalError::ManyToOne);
                }
            } else if !inserted.insert((signature, labels.clone())) {
                return Err(EvalError::SameResult);
            }
            out.push(Element {
                labels: labels.clone(),
                value,
            });
        }
        gathered.add(time_ms, out)?;
    }
    Ok(gathered.rows())
}
