//! An expression as it is evaluated: checked, its selectors by number, its functions chosen.

use regex::Regex;

use super::{calendar, window::Span};
use crate::{labels::Labels, value::Kind};

pub(crate) enum Node {
    Number(f64),
    Text(String),
    /// `name{…}`
    Instant(Instant),
    /// `name{…}[5m]`, or a subquery
    Window(Window),
    Negate(Box<Node>),
    Binary(Box<Binary>),
    Aggregate(Box<Aggregate>),
    Call(Box<Call>),
}

/// A selector by its number, moved in time.
pub(crate) struct Instant {
    pub(crate) selector: usize,
    pub(crate) shift: Shift,
}

/// `@` and `offset`.
#[derive(Clone, Copy, Default)]
pub(crate) struct Shift {
    pub(crate) at: Option<At>,
    pub(crate) offset_ms: i64,
}

#[derive(Clone, Copy)]
pub(crate) enum At {
    Time(i64),
    Start,
    End,
}

/// Samples of a length of time.
pub(crate) struct Window {
    pub(crate) of: Content,
    pub(crate) shift: Shift,
    pub(crate) length_ms: i64,
}

pub(crate) enum Content {
    Selector(usize),
    Subquery { inner: Box<Node>, step_ms: i64 },
}

pub(crate) struct Binary {
    pub(crate) operator: BinaryOperator,
    pub(crate) left: Node,
    pub(crate) right: Node,
    /// `bool`
    pub(crate) as_number: bool,
    pub(crate) matching: Matching,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BinaryOperator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Atan2,
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    And,
    Or,
    Unless,
}

/// `on (…)`, `ignoring (…)`, `group_left (…)`, `group_right (…)`.
pub(crate) struct Matching {
    pub(crate) on: bool,
    pub(crate) labels: Vec<String>,
    pub(crate) side: Side,
    /// Labels that the side with one series hands over.
    pub(crate) include: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    OneToOne,
    /// `group_left`
    ManyLeft,
    /// `group_right`
    ManyRight,
}

pub(crate) struct Aggregate {
    pub(crate) operator: Aggregator,
    pub(crate) of: Node,
    pub(crate) grouping: Grouping,
}

pub(crate) enum Aggregator {
    Sum,
    Average,
    Count,
    Minimum,
    Maximum,
    Group,
    Deviation,
    Variance,
    Top(Node),
    Bottom(Node),
    Quantile(Node),
    CountValues(String),
}

/// `by (…)` or `without (…)`.
pub(crate) struct Grouping {
    pub(crate) without: bool,
    pub(crate) labels: Vec<String>,
}

pub(crate) enum Call {
    /// `abs`, `ln`, `sin`: a number of each number
    Each {
        of: Node,
        by: fn(f64) -> f64,
    },
    Clamp {
        of: Node,
        low: Option<Node>,
        high: Option<Node>,
    },
    Round {
        of: Node,
        to: Node,
    },
    Time,
    ToVector(Node),
    ToScalar(Node),
    Timestamp(Node),
    Absent {
        of: Node,
        labels: Labels,
    },
    AbsentOverTime {
        window: Window,
        labels: Labels,
    },
    /// Of the evaluation's time when there is no argument.
    Calendar {
        of: Option<Node>,
        part: fn(&calendar::Moment) -> i64,
    },
    Sort {
        of: Node,
        descending: bool,
    },
    Relabel {
        of: Node,
        target: String,
        how: Relabel,
    },
    HistogramQuantile {
        quantile: Node,
        of: Node,
    },
    OverTime {
        window: Window,
        parameters: Vec<Node>,
        by: fn(&Span<'_>) -> Option<f64>,
        keep_name: bool,
        /// Whether it is another at each time, though the samples be the same.
        moves: bool,
    },
    Smoothing {
        window: Window,
        factors: [Node; 2],
    },
}

/// What a label is made of.
pub(crate) enum Relabel {
    /// `label_replace`
    Replace {
        source: String,
        pattern: Regex,
        replacement: String,
    },
    /// `label_join`
    Join {
        separator: String,
        sources: Vec<String>,
    },
}

impl BinaryOperator {
    pub(crate) const fn is_comparison(self) -> bool {
        use BinaryOperator::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        matches!(
            self,
            Equal | NotEqual | Greater | Less | GreaterOrEqual | LessOrEqual
        )
    }

    pub(crate) const fn is_set(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }

    /// Whether what it gives is another thing than what was measured: it has no metric's name then. That
    /// `atan2` keeps it is Prometheus' own exception.
    pub(crate) const fn drops_name(self) -> bool {
        !self.is_comparison() && !self.is_set() && !matches!(self, Self::Atan2)
    }
}

impl Node {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Number(_) => Kind::Scalar,
            Self::Text(_) => Kind::String,
            Self::Window(_) => Kind::Matrix,
            Self::Instant(_) | Self::Aggregate(_) => Kind::Vector,
            Self::Negate(inner) => inner.kind(),
            Self::Binary(binary) => match (binary.left.kind(), binary.right.kind()) {
                (Kind::Scalar, Kind::Scalar) => Kind::Scalar,
                _ => Kind::Vector,
            },
            Self::Call(call) => match **call {
                Call::Time | Call::ToScalar(_) => Kind::Scalar,
                _ => Kind::Vector,
            },
        }
    }

    /// What it compares, the measured side first: of several comparisons the first that is joined by `and`,
    /// `or` or `unless`.
    pub(crate) fn comparison(&self) -> Option<(&Self, &Self)> {
        let Self::Binary(binary) = self else {
            return None;
        };
        let (left, right) = (&binary.left, &binary.right);
        if binary.operator.is_set() {
            return left.comparison().or_else(|| right.comparison());
        }
        match (binary.operator.is_comparison(), left.kind(), right.kind()) {
            (false, ..) | (_, Kind::Scalar, Kind::Scalar) => None,
            (true, Kind::Scalar, _) => Some((right, left)),
            (true, ..) => Some((left, right)),
        }
    }

    /// Whether it is the same at every time, as Prometheus decides it: of an aggregation the parameter is not
    /// looked at.
    pub(crate) fn is_fixed(&self) -> bool {
        match self {
            Self::Number(_) | Self::Text(_) => true,
            Self::Instant(instant) => instant.shift.at.is_some(),
            Self::Window(window) => window.shift.at.is_some(),
            Self::Aggregate(aggregate) => aggregate.of.is_fixed(),
            Self::Negate(_) | Self::Binary(_) | Self::Call(_) => {
                let (parts, window) = self.parts();
                !self.moves()
                    && parts.iter().all(|part| part.is_fixed())
                    && window.is_none_or(|window| window.shift.at.is_some())
            }
        }
    }

    /// Whether it is a function of the time itself.
    fn moves(&self) -> bool {
        matches!(self, Self::Call(call) if matches!(
            **call,
            Call::Time | Call::Timestamp(_) | Call::Calendar { .. } | Call::OverTime { moves: true, .. }
        ))
    }

    /// What it is made of: expressions that are evaluated at its own times, and windows.
    pub(crate) fn parts(&self) -> (Vec<&Self>, Option<&Window>) {
        match self {
            Self::Number(_) | Self::Text(_) | Self::Instant(_) => (Vec::new(), None),
            Self::Window(window) => (Vec::new(), Some(window)),
            Self::Negate(inner) => (vec![inner], None),
            Self::Binary(binary) => (vec![&binary.left, &binary.right], None),
            Self::Aggregate(aggregate) => match &aggregate.operator {
                Aggregator::Top(parameter)
                | Aggregator::Bottom(parameter)
                | Aggregator::Quantile(parameter) => (vec![parameter, &aggregate.of], None),
                _ => (vec![&aggregate.of], None),
            },
            Self::Call(call) => call.parts(),
        }
    }
}

impl Call {
    fn parts(&self) -> (Vec<&Node>, Option<&Window>) {
        match self {
            Self::Time => (Vec::new(), None),
            Self::Each { of, .. }
            | Self::ToVector(of)
            | Self::ToScalar(of)
            | Self::Timestamp(of)
            | Self::Absent { of, .. }
            | Self::Sort { of, .. }
            | Self::Relabel { of, .. } => (vec![of], None),
            Self::Clamp { of, low, high } => {
                let bounds = low.iter().chain(high);
                (std::iter::once(of).chain(bounds).collect(), None)
            }
            Self::Round { of, to } => (vec![of, to], None),
            Self::HistogramQuantile { quantile, of } => (vec![quantile, of], None),
            Self::Calendar { of, .. } => (of.iter().collect(), None),
            Self::AbsentOverTime { window, .. } => (Vec::new(), Some(window)),
            Self::Smoothing { window, factors } => (factors.iter().collect(), Some(window)),
            Self::OverTime {
                window, parameters, ..
            } => (parameters.iter().collect(), Some(window)),
        }
    }
}
