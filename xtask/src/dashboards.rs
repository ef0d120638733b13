//! `cargo xtask dashboards [--check]`: writes the dashboards, rules and runbooks, or compares them.

use crate::run::{Failure, cargo, run};

pub(crate) fn generate(args: &[String]) -> Result<(), Failure> {
    let mut command = cargo(["run", "--quiet", "--package", "bongsu-dashboards", "--"]);
    run(command.args(args))
}
