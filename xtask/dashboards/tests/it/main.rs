//! The generated files and the stack's configuration against the programs that will read them:
//! promtool, Prometheus, amtool and Alertmanager from the distribution.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests wait on real programs with a deadline; a panic is how a test fails"
)]

mod alertmanager;
mod check;
mod example;
mod expressions;
mod live;
mod panels;
mod programs;
mod receiver;
mod rules;
mod stack;
mod support;
