//! The generated files and the stack's configuration against the programs that will read them:
//! promtool, Prometheus, amtool and Alertmanager from the distribution.

#![expect(
    clippy::disallowed_methods,
    reason = "tests wait on real programs with a deadline"
)]

mod alertmanager;
mod check;
mod expressions;
mod live;
mod panels;
mod rules;
mod stack;
mod support;
