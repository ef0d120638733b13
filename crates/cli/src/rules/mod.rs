//! `rules`: PromQL and rule files without a Prometheus.

mod backtest;
mod check;
mod eval;
mod test;

use std::path::PathBuf;

use crate::{Failure, line::Line};

pub(crate) fn run(mut line: Line) -> Result<(), Failure> {
    match line.wanted("backtest, check, eval or test")?.as_str() {
        "backtest" => backtest::run(line),
        "check" => check::run(line),
        "eval" => eval::run(line),
        "test" => test::run(line),
        other => Err(Failure::Usage(format!(
            "rules {other:?}: there are backtest, check, eval and test"
        ))),
    }
}

/// The files and patterns that are left on the line.
fn words(mut line: Line) -> Result<Vec<String>, Failure> {
    let words = std::iter::from_fn(|| line.word()).collect();
    line.end()?;
    Ok(words)
}

/// The files that they name.
fn found(patterns: &[String]) -> Result<Vec<PathBuf>, Failure> {
    let found = bongsu::rules::find(patterns, "".as_ref());
    found.map_err(|error| Failure::undone(error.to_string()))
}
