//! The functions by their names, and what each takes.

use promql_parser::parser::{self, Expr};

use super::{
    calendar::Moment,
    check::{Checker, is_label, text},
    math, over_time,
    tree::{Call, Content, Node, Relabel, Window},
    window::Span,
};
use crate::{
    labels::{Labels, NAME},
    pattern,
    selector::{Operator, Selector},
    value::Kind,
};

/// Checks a call. The parser knows more functions than are evaluated here.
pub(crate) fn call(checker: &mut Checker, call: &parser::Call) -> Result<Node, String> {
    let name = call.func.name;
    let arguments: Vec<&Expr> = call.args.args.iter().map(|it| &**it).collect();
    let mut given = Arguments {
        checker,
        name,
        arguments,
        next: 0,
    };
    let made = if let Some(by) = each(name) {
        Call::Each {
            of: given.vector()?,
            by,
        }
    } else if let Some(by) = over_time(name) {
        Call::OverTime {
            window: given.window()?,
            parameters: Vec::new(),
            by,
            keep_name: name == "last_over_time",
            moves: false,
        }
    } else if let Some(part) = calendar(name) {
        let of = given.more().then(|| given.vector()).transpose()?;
        Call::Calendar { of, part }
    } else {
        match other(&mut given)? {
            Some(node) => return given.end(node),
            None => return Err(unknown(name)),
        }
    };
    given.end(Node::Call(Box::new(made)))
}

fn unknown(name: &str) -> String {
    if name.starts_with("histogram_") {
        return format!(
            "{name}() reads native histograms, which are not kept here; histogram_quantile() reads classic buckets"
        );
    }
    format!("the function {name}() is not known here")
}

/// Functions of each value alone.
fn each(name: &str) -> Option<fn(f64) -> f64> {
    Some(match name {
        "abs" => f64::abs,
        "ceil" => f64::ceil,
        "floor" => f64::floor,
        "exp" => f64::exp,
        "sqrt" => f64::sqrt,
        "ln" => f64::ln,
        "log2" => f64::log2,
        "log10" => f64::log10,
        "sgn" => math::sign,
        "sin" => f64::sin,
        "cos" => f64::cos,
        "tan" => f64::tan,
        "asin" => f64::asin,
        "acos" => f64::acos,
        "atan" => f64::atan,
        "sinh" => f64::sinh,
        "cosh" => f64::cosh,
        "tanh" => f64::tanh,
        "asinh" => f64::asinh,
        "acosh" => f64::acosh,
        "atanh" => f64::atanh,
        "deg" => |value| value * 180.0 / std::f64::consts::PI,
        "rad" => |value| value * std::f64::consts::PI / 180.0,
        _ => return None,
    })
}

/// Functions of a range of samples and nothing else.
fn over_time(name: &str) -> Option<fn(&Span<'_>) -> Option<f64>> {
    Some(match name {
        "rate" => over_time::rate,
        "increase" => over_time::increase,
        "delta" => over_time::delta,
        "irate" => over_time::irate,
        "idelta" => over_time::idelta,
        "deriv" => over_time::deriv,
        "changes" => over_time::changes,
        "resets" => over_time::resets,
        "avg_over_time" => over_time::average,
        "sum_over_time" => over_time::sum,
        "min_over_time" => over_time::minimum,
        "max_over_time" => over_time::maximum,
        "count_over_time" => over_time::count,
        "last_over_time" => over_time::last,
        "present_over_time" => over_time::present,
        "stddev_over_time" => over_time::deviation,
        "stdvar_over_time" => over_time::variance,
        "mad_over_time" => over_time::median_deviation,
        _ => return None,
    })
}

/// Functions of the calendar, in UTC.
fn calendar(name: &str) -> Option<fn(&Moment) -> i64> {
    Some(match name {
        "minute" => Moment::minute,
        "hour" => Moment::hour,
        "day_of_week" => Moment::day_of_week,
        "day_of_month" => Moment::day_of_month,
        "day_of_year" => Moment::day_of_year,
        "days_in_month" => Moment::days_in_month,
        "month" => Moment::month,
        "year" => Moment::year,
        _ => return None,
    })
}

/// Those with arguments of their own.
fn other(given: &mut Arguments<'_>) -> Result<Option<Node>, String> {
    let call = match given.name {
        "pi" => return Ok(Some(Node::Number(std::f64::consts::PI))),
        "time" => Call::Time,
        "vector" => Call::ToVector(given.scalar()?),
        "scalar" => Call::ToScalar(given.vector()?),
        "timestamp" => Call::Timestamp(given.vector()?),
        "sort" | "sort_desc" => Call::Sort {
            of: given.vector()?,
            descending: given.name == "sort_desc",
        },
        "round" => Call::Round {
            of: given.vector()?,
            to: match given.more() {
                true => given.scalar()?,
                false => Node::Number(1.0),
            },
        },
        "clamp" => Call::Clamp {
            of: given.vector()?,
            low: Some(given.scalar()?),
            high: Some(given.scalar()?),
        },
        "clamp_min" => Call::Clamp {
            of: given.vector()?,
            low: Some(given.scalar()?),
            high: None,
        },
        "clamp_max" => Call::Clamp {
            of: given.vector()?,
            low: None,
            high: Some(given.scalar()?),
        },
        "absent" => {
            let of = given.vector()?;
            let labels = match &of {
                Node::Instant(instant) => given.absent(instant.selector),
                _ => Labels::default(),
            };
            Call::Absent { of, labels }
        }
        "absent_over_time" => {
            let window = given.window()?;
            let labels = match window.of {
                Content::Selector(selector) => given.absent(selector),
                Content::Subquery { .. } => Labels::default(),
            };
            Call::AbsentOverTime { window, labels }
        }
        "predict_linear" => Call::OverTime {
            window: given.window()?,
            parameters: vec![given.scalar()?],
            by: over_time::predict_linear,
            keep_name: false,
            moves: true,
        },
        "quantile_over_time" => Call::OverTime {
            parameters: vec![given.scalar()?],
            window: given.window()?,
            by: over_time::quantile_of,
            keep_name: false,
            moves: false,
        },
        "double_exponential_smoothing" => Call::Smoothing {
            window: given.window()?,
            factors: [given.scalar()?, given.scalar()?],
        },
        "histogram_quantile" => Call::HistogramQuantile {
            quantile: given.scalar()?,
            of: given.vector()?,
        },
        "label_replace" => given.replace()?,
        "label_join" => given.join()?,
        _ => return Ok(None),
    };
    Ok(Some(Node::Call(Box::new(call))))
}

/// The arguments of a call, one after the other.
struct Arguments<'a> {
    checker: &'a mut Checker,
    name: &'a str,
    arguments: Vec<&'a Expr>,
    next: usize,
}

impl<'a> Arguments<'a> {
    fn more(&self) -> bool {
        self.next < self.arguments.len()
    }

    fn take(&mut self) -> Result<&'a Expr, String> {
        let argument = self.arguments.get(self.next).copied();
        self.next += 1;
        argument.ok_or_else(|| {
            format!(
                "{}() needs more than {} arguments",
                self.name,
                self.next - 1
            )
        })
    }

    fn vector(&mut self) -> Result<Node, String> {
        let argument = self.take()?;
        self.checker.wanted(argument, Kind::Vector, self.name)
    }

    fn scalar(&mut self) -> Result<Node, String> {
        let argument = self.take()?;
        self.checker.wanted(argument, Kind::Scalar, self.name)
    }

    fn window(&mut self) -> Result<Window, String> {
        let argument = self.take()?;
        self.checker.window(argument, self.name)
    }

    fn text(&mut self) -> Result<&'a str, String> {
        let argument = self.take()?;
        text(argument).ok_or_else(|| format!("{} takes a text in quotes here", self.name))
    }

    fn label(&mut self) -> Result<String, String> {
        let label = self.text()?;
        if is_label(label) {
            return Ok(label.to_owned());
        }
        Err(format!("{}: {label:?} is no label's name", self.name))
    }

    fn end(&self, node: Node) -> Result<Node, String> {
        match self.arguments.len() {
            given if given == self.next => Ok(node),
            given => Err(format!(
                "{}() takes {} arguments, not {given}",
                self.name, self.next
            )),
        }
    }

    /// `label_replace(v, target, replacement, source, pattern)`
    fn replace(&mut self) -> Result<Call, String> {
        let (of, target) = (self.vector()?, self.label()?);
        let (replacement, source, pattern) = (self.text()?, self.text()?, self.text()?);
        let compiled = pattern::whole(pattern)
            .map_err(|error| format!("{}: {pattern:?} is no pattern: {error}", self.name))?;
        Ok(Call::Relabel {
            of,
            target,
            how: Relabel::Replace {
                source: source.to_owned(),
                pattern: compiled,
                replacement: replacement.to_owned(),
            },
        })
    }

    /// `label_join(v, target, separator, source, …)`
    fn join(&mut self) -> Result<Call, String> {
        let (of, target, separator) = (self.vector()?, self.label()?, self.text()?);
        let mut sources = Vec::new();
        while self.more() {
            sources.push(self.label()?);
        }
        Ok(Call::Relabel {
            of,
            target,
            how: Relabel::Join {
                separator: separator.to_owned(),
                sources,
            },
        })
    }

    fn absent(&self, selector: usize) -> Labels {
        self.checker
            .selectors
            .get(selector)
            .map_or_else(Labels::default, said)
    }
}

/// What a selector says of the labels of series that are not there: a label that is named twice, or otherwise
/// than by `=`, is left out.
fn said(selector: &Selector) -> Labels {
    let mut said = Labels::default();
    let mut seen = Vec::new();
    for matcher in selector.matchers().iter().filter(|it| it.label() != NAME) {
        let first = matcher.operator() == Operator::Equal && !seen.contains(&matcher.label());
        if first {
            seen.push(matcher.label());
        }
        said = said.with(matcher.label(), if first { matcher.value() } else { "" });
    }
    said
}
