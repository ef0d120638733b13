//! Prometheus' alerting rules inside a service: PromQL over a short memory of its own metrics.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod answer;
mod backtest;
mod eval;
mod expression;
mod file;
mod group;
mod labels;
mod memory;
pub mod openmetrics;
mod pattern;
mod selector;
mod series;
mod sources;
mod template;
mod unit;
mod value;
mod watch;

pub use backtest::{Backtested, Fired, backtest};
pub use expression::{Compared, EvalError, Expression, ExpressionError};
pub use file::{
    Alerting, Does, Group, LoadError, LoadProblem, Problem, Problems, Rule, RuleFile, find, load,
};
pub use group::{Active, External, GroupState, RuleSet, Seen, State, Storage};
pub use labels::Labels;
pub use memory::{Memory, MemoryStatistics, Round, Segments};
pub use selector::{Matcher, Operator, Selector};
pub use series::{Sample, Selected, Series, SeriesSource, is_stale, stale};
pub use sources::Sources;
pub use template::{Filling, Queried, Template, TemplateError};
pub use unit::{Failure, Table, UnitTests};
pub use value::{Element, Kind, Value};
pub use watch::{Watch, WatchOptions};
