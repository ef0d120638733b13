//! `rules`: PromQL and rule files without a Prometheus.

mod backtest;
mod check;
mod diff;
mod eval;
mod remote;
mod routes;
mod test;

use std::path::{Path, PathBuf};

use crate::{Failure, line::Line};

pub(crate) async fn run(mut line: Line) -> Result<(), Failure> {
    match line.wanted("backtest, check, diff, eval or test")?.as_str() {
        "backtest" => backtest::run(line).await,
        "check" => check::run(line),
        "diff" => diff::run(line),
        "eval" => eval::run(line),
        "test" => test::run(line),
        other => Err(Failure::Usage(format!(
            "rules {other:?}: there are backtest, check, diff, eval and test"
        ))),
    }
}

/// Whether a file is of routes, and not of Prometheus' rules.
fn is_toml(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == "toml")
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
