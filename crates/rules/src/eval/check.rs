//! From what the parser read to what is evaluated: types are checked, selectors are numbered, functions are
//! found. What is not there is refused here, by name.

use std::time::{Duration, SystemTime};

use promql_parser::{
    label::{MatchOp, Matcher as Parsed},
    parser::{
        self, AtModifier, BinModifier, Expr, LabelModifier, Offset, VectorMatchCardinality, token,
    },
};

use super::{
    functions,
    tree::{
        Aggregate, Aggregator, At, Binary, BinaryOperator, Content, Grouping, Instant, Matching,
        Node, Shift, Side, Window,
    },
};
use crate::{
    labels::NAME,
    selector::{Matcher, Operator, Selector},
    value::Kind,
};

/// The step of a subquery that names none: Prometheus' own `evaluation_interval` when nothing is configured.
pub(crate) const SUBQUERY_STEP_MS: i64 = 60_000;

/// Deeper than any expression that a person or a generator writes.
const DEPTH: usize = 200;

/// What is gathered on the way.
#[derive(Default)]
pub(crate) struct Checker {
    pub(crate) selectors: Vec<Selector>,
    depth: usize,
}

impl Checker {
    pub(crate) fn node(&mut self, expr: &Expr) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(format!(
                "it is nested more than {DEPTH} deep; record a part of it as a series of its own"
            ));
        }
        let node = match expr {
            Expr::NumberLiteral(number) => Node::Number(number.val),
            Expr::StringLiteral(text) => Node::Text(text.val.clone()),
            Expr::Paren(inner) => self.node(&inner.expr)?,
            Expr::Unary(inner) => self.negate(&inner.expr)?,
            Expr::VectorSelector(selector) => Node::Instant(Instant {
                shift: shift(selector.at.as_ref(), selector.offset.as_ref())?,
                selector: self.selector(selector)?,
            }),
            Expr::MatrixSelector(matrix) => Node::Window(Window {
                shift: shift(matrix.vs.at.as_ref(), matrix.vs.offset.as_ref())?,
                length_ms: milliseconds(matrix.range)?,
                of: Content::Selector(self.selector(&matrix.vs)?),
            }),
            Expr::Subquery(query) => self.subquery(query)?,
            Expr::Binary(binary) => self.binary(binary)?,
            Expr::Aggregate(aggregate) => self.aggregate(aggregate)?,
            Expr::Call(call) => functions::call(self, call)?,
            Expr::Extension(_) => return Err("it holds an extension of the parser".to_owned()),
        };
        self.depth -= 1;
        Ok(node)
    }

    /// The same, of one kind.
    pub(crate) fn wanted(&mut self, expr: &Expr, kind: Kind, by: &str) -> Result<Node, String> {
        let node = self.node(expr)?;
        if node.kind() == kind {
            return Ok(node);
        }
        let (wanted, found) = (kind.as_str(), node.kind().as_str());
        Err(format!("{by} takes a {wanted} here, not a {found}"))
    }

    /// The same, of a range of samples.
    pub(crate) fn window(&mut self, expr: &Expr, by: &str) -> Result<Window, String> {
        match self.wanted(expr, Kind::Matrix, by)? {
            Node::Window(window) => Ok(window),
            _ => Err(format!("{by} takes a range of samples, as in metric[5m]")),
        }
    }

    fn selector(&mut self, selector: &parser::VectorSelector) -> Result<usize, String> {
        if !selector.matchers.or_matchers.is_empty() {
            return Err("`or` between matchers is not known; use a pattern (=~)".to_owned());
        }
        let mut matchers = Vec::new();
        if let Some(name) = &selector.name {
            matchers.push(Matcher::new(NAME, Operator::Equal, name)?);
        }
        for parsed in &selector.matchers.matchers {
            matchers.push(matcher(parsed)?);
        }
        if matchers.iter().all(|it| it.takes("")) {
            return Err(
                "a selector needs a metric's name or a matcher that does not take the empty value"
                    .to_owned(),
            );
        }
        self.selectors.push(Selector::new(matchers));
        Ok(self.selectors.len() - 1)
    }

    fn negate(&mut self, expr: &Expr) -> Result<Node, String> {
        match self.node(expr)? {
            Node::Number(number) => Ok(Node::Number(-number)),
            node if matches!(node.kind(), Kind::Scalar | Kind::Vector) => {
                Ok(Node::Negate(Box::new(node)))
            }
            node => Err(format!("a {} cannot be negated", node.kind().as_str())),
        }
    }

    fn subquery(&mut self, query: &parser::SubqueryExpr) -> Result<Node, String> {
        let step_ms = query.step.map_or(Ok(SUBQUERY_STEP_MS), milliseconds)?;
        if step_ms == 0 {
            return Err("the step of a subquery is at least 1ms".to_owned());
        }
        let inner = self.wanted(&query.expr, Kind::Vector, "a subquery")?;
        Ok(Node::Window(Window {
            shift: shift(query.at.as_ref(), query.offset.as_ref())?,
            length_ms: milliseconds(query.range)?,
            of: Content::Subquery {
                inner: Box::new(inner),
                step_ms,
            },
        }))
    }

    fn binary(&mut self, binary: &parser::BinaryExpr) -> Result<Node, String> {
        let operator = operator(binary.op.id())?;
        let (left, right) = (self.node(&binary.lhs)?, self.node(&binary.rhs)?);
        let kinds = [left.kind(), right.kind()];
        if kinds
            .iter()
            .any(|it| !matches!(it, Kind::Scalar | Kind::Vector))
        {
            return Err(format!("`{}` joins scalars and vectors only", binary.op));
        }
        let scalar = kinds.contains(&Kind::Scalar);
        if operator.is_set() && scalar {
            return Err(format!("`{}` joins vectors, not scalars", binary.op));
        }
        let as_number = binary.modifier.as_ref().is_some_and(|it| it.return_bool);
        if operator.is_comparison() && kinds == [Kind::Scalar; 2] && !as_number {
            return Err(format!(
                "two scalars are compared with `{} bool`",
                binary.op
            ));
        }
        if as_number && !operator.is_comparison() {
            return Err("`bool` belongs to a comparison".to_owned());
        }
        let matching = matching(binary.modifier.as_ref())?;
        if scalar && !matching.labels.is_empty() {
            return Err("`on` and `ignoring` match vectors with vectors".to_owned());
        }
        if operator.is_set() && matching.side != Side::OneToOne {
            return Err(format!(
                "`{}` knows no group_left or group_right",
                binary.op
            ));
        }
        if let Some(both) = matching
            .include
            .iter()
            .find(|it| matching.on && matching.labels.contains(it))
        {
            return Err(format!(
                "label {both:?} stands in `on` and in the group at once"
            ));
        }
        Ok(Node::Binary(Box::new(Binary {
            operator,
            left,
            right,
            as_number,
            matching,
        })))
    }

    fn aggregate(&mut self, aggregate: &parser::AggregateExpr) -> Result<Node, String> {
        let name = aggregate.op.to_string();
        let number = |checker: &mut Self| match &aggregate.param {
            Some(parameter) => checker.wanted(parameter, Kind::Scalar, &name),
            None => Err(format!("{name} takes a number before the vector")),
        };
        let operator = match aggregate.op.id() {
            token::T_SUM => Aggregator::Sum,
            token::T_AVG => Aggregator::Average,
            token::T_COUNT => Aggregator::Count,
            token::T_MIN => Aggregator::Minimum,
            token::T_MAX => Aggregator::Maximum,
            token::T_GROUP => Aggregator::Group,
            token::T_STDDEV => Aggregator::Deviation,
            token::T_STDVAR => Aggregator::Variance,
            token::T_TOPK => Aggregator::Top(number(self)?),
            token::T_BOTTOMK => Aggregator::Bottom(number(self)?),
            token::T_QUANTILE => Aggregator::Quantile(number(self)?),
            token::T_COUNT_VALUES => {
                Aggregator::CountValues(label_of(aggregate.param.as_deref(), &name)?)
            }
            _ => return Err(format!("the aggregation {name} is not known here")),
        };
        let of = self.wanted(&aggregate.expr, Kind::Vector, &name)?;
        let (without, labels) = match &aggregate.modifier {
            None => (false, Vec::new()),
            Some(LabelModifier::Include(labels)) => (false, labels.labels.clone()),
            Some(LabelModifier::Exclude(labels)) => (true, labels.labels.clone()),
        };
        Ok(Node::Aggregate(Box::new(Aggregate {
            operator,
            of,
            grouping: Grouping { without, labels },
        })))
    }
}

/// A label's name in quotes.
fn label_of(expr: Option<&Expr>, by: &str) -> Result<String, String> {
    match expr.and_then(text) {
        Some(name) if is_label(name) => Ok(name.to_owned()),
        Some(name) => Err(format!("{by}: {name:?} is no label's name")),
        None => Err(format!("{by} takes a label's name in quotes")),
    }
}

/// The text of a literal, with or without parentheses.
pub(crate) fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::StringLiteral(text) => Some(&text.val),
        Expr::Paren(inner) => text(&inner.expr),
        _ => None,
    }
}

/// Letters, digits and underscores, no digit first.
pub(crate) fn is_label(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(plain)
        && name
            .bytes()
            .next()
            .is_some_and(|byte| !byte.is_ascii_digit())
}

fn matcher(parsed: &Parsed) -> Result<Matcher, String> {
    let operator = match parsed.op {
        MatchOp::Equal => Operator::Equal,
        MatchOp::NotEqual => Operator::NotEqual,
        MatchOp::Re(_) => Operator::Regex,
        MatchOp::NotRe(_) => Operator::NotRegex,
    };
    Matcher::new(&parsed.name, operator, &parsed.value)
        .map_err(|error| format!("{} is no pattern: {error}", parsed.value))
}

fn matching(modifier: Option<&BinModifier>) -> Result<Matching, String> {
    let none = Matching {
        on: false,
        labels: Vec::new(),
        side: Side::OneToOne,
        include: Vec::new(),
    };
    let Some(modifier) = modifier else {
        return Ok(none);
    };
    if modifier.fill_values.lhs.is_some() || modifier.fill_values.rhs.is_some() {
        return Err("`fill` is not known here; use `or`".to_owned());
    }
    let (on, labels) = match &modifier.matching {
        None => (false, Vec::new()),
        Some(LabelModifier::Include(labels)) => (true, labels.labels.clone()),
        Some(LabelModifier::Exclude(labels)) => (false, labels.labels.clone()),
    };
    let (side, include) = match &modifier.card {
        VectorMatchCardinality::ManyToOne(labels) => (Side::ManyLeft, labels.labels.clone()),
        VectorMatchCardinality::OneToMany(labels) => (Side::ManyRight, labels.labels.clone()),
        VectorMatchCardinality::OneToOne | VectorMatchCardinality::ManyToMany => {
            (Side::OneToOne, Vec::new())
        }
    };
    Ok(Matching {
        on,
        labels,
        side,
        include,
    })
}

fn operator(id: token::TokenId) -> Result<BinaryOperator, String> {
    Ok(match id {
        token::T_ADD => BinaryOperator::Add,
        token::T_SUB => BinaryOperator::Subtract,
        token::T_MUL => BinaryOperator::Multiply,
        token::T_DIV => BinaryOperator::Divide,
        token::T_MOD => BinaryOperator::Modulo,
        token::T_POW => BinaryOperator::Power,
        token::T_ATAN2 => BinaryOperator::Atan2,
        token::T_EQLC => BinaryOperator::Equal,
        token::T_NEQ => BinaryOperator::NotEqual,
        token::T_GTR => BinaryOperator::Greater,
        token::T_LSS => BinaryOperator::Less,
        token::T_GTE => BinaryOperator::GreaterOrEqual,
        token::T_LTE => BinaryOperator::LessOrEqual,
        token::T_LAND => BinaryOperator::And,
        token::T_LOR => BinaryOperator::Or,
        token::T_LUNLESS => BinaryOperator::Unless,
        other => {
            return Err(format!(
                "the operator {} is not known here",
                token::TokenType::new(other)
            ));
        }
    })
}

fn shift(at: Option<&AtModifier>, offset: Option<&Offset>) -> Result<Shift, String> {
    let at = match at {
        None => None,
        Some(AtModifier::Start) => Some(At::Start),
        Some(AtModifier::End) => Some(At::End),
        Some(AtModifier::At(time)) => Some(At::Time(
            match time.duration_since(SystemTime::UNIX_EPOCH) {
                Ok(after) => milliseconds(after)?,
                Err(before) => -milliseconds(before.duration())?,
            },
        )),
    };
    let offset_ms = match offset {
        None => 0,
        Some(Offset::Pos(length)) => milliseconds(*length)?,
        Some(Offset::Neg(length)) => -milliseconds(*length)?,
    };
    Ok(Shift { at, offset_ms })
}

/// What Prometheus can hold: some 292 years.
fn milliseconds(length: Duration) -> Result<i64, String> {
    let longest = i64::MAX / 1_000_000;
    let found = i64::try_from(length.as_millis())
        .ok()
        .filter(|it| *it <= longest);
    found.ok_or_else(|| "a time or a length of more than 292 years".to_owned())
}
