//! `cargo xtask test`: everything, against real servers.

use std::{
    fs,
    process::{Command, Stdio},
};

use crate::{
    demo, packages,
    run::{Failure, cargo, run, target_dir, variable},
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
    run(with_python(runner().arg("--tests")))?;
    outputs()
}

/// What the tests use for passwords, tokens and keys.
const SECRETS: [&str; 4] = ["hunter2", "s3cret", "7secret", "7%3As%40cret"];

/// No test printed what nobody may read.
fn outputs() -> Result<(), Failure> {
    let path = target_dir().join("nextest/default/junit.xml");
    let Ok(text) = fs::read_to_string(&path) else {
        // Without nextest nobody keeps it.
        return Ok(());
    };
    let leak = text
        .lines()
        .find(|line| SECRETS.iter().any(|secret| line.contains(secret)));
    match leak {
        None => Ok(()),
        Some(line) => Err(Failure(format!("a test printed a secret: {line:.300}"))),
    }
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
