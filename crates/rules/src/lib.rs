//! Prometheus' alerting rules inside a service: PromQL over a short memory of its own metrics.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod answer;
mod eval;
mod expression;
mod labels;
pub mod openmetrics;
mod pattern;
mod selector;
mod series;
mod value;

pub use expression::{EvalError, Expression, ExpressionError};
pub use labels::Labels;
pub use selector::{Matcher, Operator, Selector};
pub use series::{Sample, Selected, Series, SeriesSource, is_stale, stale};
pub use value::{Element, Kind, Value};
