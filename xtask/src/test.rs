//! `cargo xtask test`: everything, against real servers.

use std::process::{Command, Stdio};

use crate::{
    demo, packages,
    run::{Failure, cargo, run, variable},
};

/// With arguments, what `cargo test` makes of them; without, the documentation's tests and then all others.
pub(crate) fn run_all(args: &[String]) -> Result<(), Failure> {
    packages::ensure()?;
    if args.is_empty() {
        documentation()?;
        return all();
    }
    let mut tests = cargo(["test", "--workspace", "--all-features", "--no-fail-fast"]);
    run(with_python(tests.args(args)))
}

/// The tests that need nothing but the code.
pub(crate) fn units() -> Result<(), Failure> {
    run(runner().args(["--lib", "--bins"]))
}

/// Those with one of these in their name, with variables that say how much they do.
pub(crate) fn only(names: &[&str], variables: &[(&str, &str)]) -> Result<(), Failure> {
    let mut tests = runner();
    tests.args(["--tests", "--"]).args(names);
    run(with_python(tests.envs(variables.iter().copied())))
}

/// The examples in the documentation.
fn documentation() -> Result<(), Failure> {
    run(&mut cargo([
        "test",
        "--quiet",
        "--workspace",
        "--all-features",
        "--doc",
    ]))
}

/// Units, servers and processes, and the examples that they start.
fn all() -> Result<(), Failure> {
    // Some of the tests run the examples.
    demo::build_all()?;
    run(with_python(runner().arg("--tests")))
}

/// nextest where it is there, for it runs the tests of all crates side by side.
fn runner() -> Command {
    let mut nextest = cargo(["nextest", "--version"]);
    let found = nextest.stdout(Stdio::null()).stderr(Stdio::null()).status();
    let words: &[&str] = if found.is_ok_and(|status| status.success()) {
        &[
            "nextest",
            "run",
            "--status-level",
            "slow",
            "--final-status-level",
            "slow",
        ]
    } else {
        &["test"]
    };
    let mut runner = cargo(words.iter().copied());
    runner.args(["--no-fail-fast", "--workspace", "--all-features"]);
    runner
}

/// The interpreter that sees the distribution's packages.
fn with_python(command: &mut Command) -> &mut Command {
    let python = variable("BONGSU_TEST_PYTHON").unwrap_or_else(|| packages::PYTHON.to_owned());
    command.env("BONGSU_TEST_PYTHON", python)
}
