//! `cargo xtask test`: everything, against real servers.

use std::process::{Command, Stdio};

use crate::{
    demo, packages,
    run::{Failure, cargo, run, variable},
};

pub(crate) fn run_all(args: &[String]) -> Result<(), Failure> {
    packages::ensure()?;
    let mut tests = cargo(["test", "--workspace", "--all-features", "--no-fail-fast"]);
    run(with_python(tests.args(args)))
}

/// The tests that need nothing but the code.
pub(crate) fn units() -> Result<(), Failure> {
    run(&mut cargo([
        "test",
        "--quiet",
        "--workspace",
        "--all-features",
        "--lib",
        "--bins",
    ]))
}

/// The examples in the documentation.
pub(crate) fn documentation() -> Result<(), Failure> {
    run(&mut cargo([
        "test",
        "--quiet",
        "--workspace",
        "--all-features",
        "--doc",
    ]))
}

/// The tests with servers and processes: by nextest where it is there, for it runs the tests of all crates
/// side by side.
pub(crate) fn integration() -> Result<(), Failure> {
    // A choice of tests builds no examples, which some of them run.
    demo::build_all()?;
    let mut nextest = cargo(["nextest", "--version"]);
    let found = nextest.stdout(Stdio::null()).stderr(Stdio::null()).status();
    let runner: &[&str] = if found.is_ok_and(|status| status.success()) {
        &[
            "nextest",
            "run",
            "--no-fail-fast",
            "--status-level",
            "slow",
            "--final-status-level",
            "slow",
        ]
    } else {
        &["test", "--no-fail-fast"]
    };
    let mut tests = cargo(runner.iter().copied());
    tests.args(["--workspace", "--all-features", "--test", "*"]);
    run(with_python(&mut tests))
}

/// The interpreter that sees the distribution's packages.
fn with_python(command: &mut Command) -> &mut Command {
    let python = variable("BONGSU_TEST_PYTHON").unwrap_or_else(|| packages::PYTHON.to_owned());
    command.env("BONGSU_TEST_PYTHON", python)
}
