//! A PromQL expression, parsed and checked.

use std::fmt;

use promql_parser::parser;
use thiserror::Error;

use crate::{
    eval::{self, Checker, Node, Times},
    selector::Selector,
    series::{Series, SeriesSource},
    value::{Kind, Value},
};

/// Longer than any expression that a person or a generator writes.
const LENGTH: usize = 16 * 1024;

/// A PromQL expression that can be evaluated: what cannot was refused by [`Expression::parse`].
///
/// ```
/// use bongsu_rules::{Expression, Labels, Sample, Series, Value};
///
/// let sample = |time_ms, value| Sample { time_ms, value };
/// let series = [Series {
///     labels: Labels::new([("__name__", "orders_total"), ("venue", "KRX")]),
///     samples: vec![sample(0, 10.0), sample(30_000, 20.0), sample(60_000, 40.0)],
/// }];
/// let expression = Expression::parse("sum by (venue) (increase(orders_total[1m])) > 5")?;
/// assert_eq!(expression.reach_ms(), 60_000);
/// let Value::Vector(found) = expression.evaluate(&series[..], 60_000)? else { unreachable!() };
/// assert_eq!(found[0].labels.get("venue"), "KRX");
/// assert_eq!(found[0].value, 30.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Expression {
    text: String,
    root: Node,
    selectors: Vec<Selector>,
}

/// Why a text is no expression that can be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what}")]
#[non_exhaustive]
pub struct ExpressionError {
    /// The byte of the text where it is, if that is known.
    pub position: Option<usize>,
    /// What is wrong, and what to write instead where that is known.
    pub what: String,
}

/// Why an expression has no value over certain series; Prometheus has none either.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EvalError {
    /// Two series would have the same labels once the metric's name is dropped.
    #[error(
        "vector cannot contain metrics with the same labelset: {labels}; keep a label that tells them apart"
    )]
    SameLabels {
        /// Those labels.
        labels: String,
    },
    /// Several series where one may be, on the side of an operation that has one.
    #[error(
        "found duplicate series for the match group {group} on the {side} hand-side of the operation: \
         [{first}, {second}];many-to-many matching not allowed: matching labels must be unique on one side"
    )]
    DuplicateSeries {
        /// The labels that are matched.
        group: String,
        /// `left` or `right`.
        side: &'static str,
        /// One of the two.
        first: String,
        /// The other.
        second: String,
    },
    /// Several series of the left side match one of the right.
    #[error(
        "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
    )]
    ManyToOne,
    /// `group_left` or `group_right` gives one series twice.
    #[error("multiple matches for labels: grouping labels must ensure unique matches")]
    SameResult,
    /// A parameter that is out of its bounds.
    #[error("{0}")]
    Parameter(String),
    /// More samples than one evaluation may make.
    #[error(
        "it would make more than {limit} samples; ask for fewer steps, a shorter range or a longer step"
    )]
    TooMuch {
        /// How many it may make.
        limit: usize,
    },
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    ///
    /// When it is no PromQL, when its types do not fit, and when it uses what is not evaluated here: native
    /// histograms, experimental functions and aggregations.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let refused = |what: String| ExpressionError {
            position: None,
            what,
        };
        if text.len() > LENGTH {
            return Err(refused(format!(
                "it is longer than {LENGTH} bytes; record parts of it as series of their own"
            )));
        }
        eval::nesting(text)?;
        let parsed =
            parser::parse(&eval::renamed(text)).map_err(|what| eval::explain(text, what))?;
        let mut checker = Checker::default();
        let root = checker.node(&parsed).map_err(refused)?;
        Ok(Self {
            text: text.to_owned(),
            root,
            selectors: checker.selectors,
        })
    }

    /// What it was read from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it gives.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.root.kind()
    }

    /// Every selector in it, in the order of the text.
    #[must_use]
    pub fn selectors(&self) -> &[Selector] {
        &self.selectors
    }

    /// How far back from its time it looks, in milliseconds: how long a memory must keep samples for it.
    ///
    /// A selector with `@` and a time of its own is not counted: no memory of a fixed length suffices it.
    #[must_use]
    pub fn reach_ms(&self) -> i64 {
        eval::reach(&self.root)
    }

    /// What it comes to at one time, in milliseconds since 1970.
    ///
    /// # Errors
    ///
    /// When Prometheus would give an error for these series, see [`EvalError`].
    pub fn evaluate<S: SeriesSource + ?Sized>(
        &self,
        source: &S,
        time_ms: i64,
    ) -> Result<Value, EvalError> {
        eval::instant(&self.root, &self.selectors, source, time_ms)
    }

    /// What it comes to at each step of a range, as series sorted by their labels; a scalar is one series
    /// without labels. Times in milliseconds; the end is included where a step falls on it.
    ///
    /// # Errors
    ///
    /// As [`Expression::evaluate`]; besides when it gives neither a scalar nor a vector, when the step is not
    /// above 0 and when the end lies before the start.
    pub fn range<S: SeriesSource + ?Sized>(
        &self,
        source: &S,
        start_ms: i64,
        end_ms: i64,
        step_ms: i64,
    ) -> Result<Vec<Series>, EvalError> {
        let times = Times::new(start_ms, end_ms, step_ms)?;
        eval::range(&self.root, &self.selectors, source, times)
    }
}

/// Both sides of a comparison over a range, as series sorted by their labels.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Compared {
    /// What is measured, whether it crosses the limit or not.
    pub measured: Vec<Series>,
    /// What it is held against; a number is one series without labels.
    pub limit: Vec<Series>,
}

impl Expression {
    /// Both sides of what it compares, at each step of a range: the figure, and where its limit lies. None where it
    /// compares nothing. Of several comparisons it is the first that `and`, `or` or `unless` joins.
    ///
    /// ```
    /// use bongsu_rules::{Expression, Labels, Sample, Series};
    ///
    /// let sample = |time_ms, value| Sample { time_ms, value };
    /// let series = [Series {
    ///     labels: Labels::new([("__name__", "disk_percent")]),
    ///     samples: vec![sample(0, 80.0), sample(30_000, 97.0)],
    /// }];
    /// let full = Expression::parse("disk_percent > 95 and on () vector(1)")?;
    /// let both = full.compared(&series[..], 0, 30_000, 30_000)?.expect("it compares");
    /// assert_eq!(both.measured[0].samples, series[0].samples, "also where it holds not");
    /// assert_eq!(both.limit[0].samples[1].value, 95.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Expression::range`].
    pub fn compared<S: SeriesSource + ?Sized>(
        &self,
        source: &S,
        start_ms: i64,
        end_ms: i64,
        step_ms: i64,
    ) -> Result<Option<Compared>, EvalError> {
        let times = Times::new(start_ms, end_ms, step_ms)?;
        let Some((measured, limit)) = self.root.comparison() else {
            return Ok(None);
        };
        let side = |node| eval::range(node, &self.selectors, source, times);
        Ok(Some(Compared {
            measured: side(measured)?,
            limit: side(limit)?,
        }))
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.text).finish()
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Labels, Sample};

    #[test]
    fn both_sides_of_what_an_expression_compares() {
        let series = |name: &str, values: [f64; 2]| Series {
            labels: Labels::new([("__name__", name)]),
            samples: (0..)
                .zip(values)
                .map(|(n, value)| Sample {
                    time_ms: n * 10_000,
                    value,
                })
                .collect(),
        };
        let source = [series("used", [1.0, 9.0]), series("line", [5.0, 6.0])];
        let sides = |text: &str| {
            let compared =
                Expression::parse(text)
                    .unwrap()
                    .compared(&source[..], 0, 10_000, 10_000);
            compared.unwrap().map(|both| {
                [both.measured, both.limit].map(|rows| {
                    let rows = rows.into_iter().flat_map(|row| row.samples);
                    rows.map(|it| it.value).collect::<Vec<_>>()
                })
            })
        };
        let used = vec![1.0, 9.0];
        let constant = Some([used.clone(), vec![5.0, 5.0]]);
        for text in [
            "used > 5",
            "5 < used",
            "(used >= 5)",
            "used != 5 and on () line > 0",
            "vector(1) or used > 5",
            "used > 5 unless on () line",
            "used > bool 5",
        ] {
            assert_eq!(sides(text), constant, "{text}");
        }
        assert_eq!(sides("used > line"), Some([used.clone(), vec![5.0, 6.0]]));
        assert_eq!(
            sides("used * 2 > 5"),
            Some([vec![2.0, 18.0], vec![5.0, 5.0]])
        );
        for text in [
            "used",
            "absent(gone)",
            "1 > bool 2",
            "used * 2",
            "used and on () line",
        ] {
            assert_eq!(sides(text), None, "{text}");
        }
    }
}
