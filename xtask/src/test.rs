//! `cargo xtask test`: everything, against real servers.

use crate::{
    packages,
    run::{Failure, cargo, run, variable},
};

pub(crate) fn run_all(args: &[String]) -> Result<(), Failure> {
    packages::ensure()?;
    let python = variable("BONGSU_TEST_PYTHON").unwrap_or_else(|| packages::PYTHON.to_owned());
    let mut tests = cargo(["test", "--workspace", "--all-features", "--no-fail-fast"]);
    run(tests.args(args).env("BONGSU_TEST_PYTHON", python))
}
