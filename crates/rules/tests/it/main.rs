//! Rules and expressions held against real programs.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests fail by panicking, and say what they could not do"
)]

mod promql;
