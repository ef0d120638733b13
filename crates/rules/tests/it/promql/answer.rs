//! Answers of both, and where they differ.

use std::collections::BTreeMap;

use bongsu_rules::{EvalError, Series, Value, answer};
use serde_json::Value as Json;

/// Labels to the times and values under them.
type Rows = BTreeMap<BTreeMap<String, String>, Vec<(f64, f64)>>;

#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    Error,
    Text(String),
    Rows { kind: String, rows: Rows },
}

impl Answer {
    pub(crate) fn of_api(body: &str) -> Self {
        let answer: Json = serde_json::from_str(body).unwrap();
        assert_eq!(answer["status"], "success", "{body}");
        Self::of_data(&answer["data"])
    }

    /// Through our own JSON, for it is what is handed on.
    pub(crate) fn of_value(value: Result<Value, EvalError>) -> Self {
        match value {
            Ok(value) => Self::of_text(&answer::instant(&value, 0)),
            Err(_) => Self::Error,
        }
    }

    pub(crate) fn of_range(rows: Result<Vec<Series>, EvalError>) -> Self {
        match rows {
            Ok(rows) => Self::of_text(&answer::range(&rows)),
            Err(_) => Self::Error,
        }
    }

    fn of_text(text: &str) -> Self {
        Self::of_data(&serde_json::from_str(text).unwrap())
    }

    pub(crate) fn has_values(&self) -> bool {
        matches!(self, Self::Rows { rows, .. } if !rows.is_empty())
    }

    fn of_data(data: &Json) -> Self {
        let kind = data["resultType"].as_str().unwrap().to_owned();
        let result = &data["result"];
        let mut rows = Rows::new();
        match kind.as_str() {
            "string" => return Self::Text(result[1].as_str().unwrap().to_owned()),
            "scalar" => {
                rows.insert(BTreeMap::new(), vec![point(result, false)]);
            }
            _ => {
                for row in result.as_array().unwrap() {
                    let labels = row["metric"].as_object().unwrap().iter();
                    let labels = labels
                        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
                    let points = match (row.get("value"), row.get("values")) {
                        (Some(value), _) => vec![point(value, false)],
                        (None, Some(values)) => {
                            let values = values.as_array().unwrap().iter();
                            values.map(|it| point(it, true)).collect()
                        }
                        // Prometheus names a series of a subquery that has no point in it.
                        (None, None) => continue,
                    };
                    let before = rows.insert(labels.collect(), points);
                    assert!(before.is_none(), "the same labels twice: {row}");
                }
            }
        }
        Self::Rows { kind, rows }
    }

    /// Whether the same values are there at the same times, of whatever series.
    pub(crate) fn chose_of_equals(&self, ours: &Self) -> bool {
        let points = |answer: &Self| match answer {
            Self::Rows { rows, .. } => {
                let mut all: Vec<(f64, f64)> = rows.values().flatten().copied().collect();
                all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
                all
            }
            _ => Vec::new(),
        };
        let (theirs, ours) = (points(self), points(ours));
        let equal = |(a, b): (&(f64, f64), &(f64, f64))| a.0 == b.0 && same(a.1, b.1);
        theirs.len() == ours.len() && theirs.iter().zip(&ours).all(equal)
    }

    /// Where the two differ, in words.
    pub(crate) fn difference(&self, ours: &Self) -> Option<String> {
        let (
            Self::Rows { kind, rows },
            Self::Rows {
                kind: our_kind,
                rows: our_rows,
            },
        ) = (self, ours)
        else {
            return (self != ours).then(|| format!("{}, ours {}", short(self), short(ours)));
        };
        if kind != our_kind {
            return Some(format!("{kind}, ours {our_kind}"));
        }
        if let Some(labels) = rows.keys().find(|it| !our_rows.contains_key(*it)) {
            return Some(format!(
                "{labels:?} is not in ours ({} of {})",
                our_rows.len(),
                rows.len()
            ));
        }
        if let Some(labels) = our_rows.keys().find(|it| !rows.contains_key(*it)) {
            return Some(format!(
                "{labels:?} is in ours alone ({} of {})",
                our_rows.len(),
                rows.len()
            ));
        }
        rows.iter()
            .zip(our_rows.values())
            .find_map(|((labels, theirs), ours)| {
                let same = |(left, right): (&(f64, f64), &(f64, f64))| {
                    left.0 == right.0 && same(left.1, right.1)
                };
                let equal = theirs.len() == ours.len() && theirs.iter().zip(ours).all(same);
                let first = theirs.iter().zip(ours).find(|it| !same(*it));
                (!equal).then(|| {
                    format!(
                        "{labels:?}: {} points, ours {}; {first:?}",
                        theirs.len(),
                        ours.len()
                    )
                })
            })
    }
}

fn short(answer: &Answer) -> String {
    format!("{answer:?}").chars().take(300).collect()
}

/// Time and value; at an instant the time is the one that was asked for.
fn point(point: &Json, timed: bool) -> (f64, f64) {
    let value = match point[1].as_str().unwrap() {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        text => text.parse().unwrap(),
    };
    (
        if timed {
            point[0].as_f64().unwrap()
        } else {
            0.0
        },
        value,
    )
}

fn same(left: f64, right: f64) -> bool {
    let finite = left.is_finite() && right.is_finite();
    let near = || finite && (left - right).abs() <= 1e-12 * left.abs().max(right.abs());
    left == right || left.is_nan() && right.is_nan() || near()
}
