//! `rules`: PromQL and rule files without a Prometheus.

mod eval;

use crate::{Failure, line::Line};

pub(crate) fn run(mut line: Line) -> Result<(), Failure> {
    match line.wanted("eval")?.as_str() {
        "eval" => eval::run(line),
        other => Err(Failure::Usage(format!("rules {other:?}: there is eval"))),
    }
}
