//! `cargo xtask demo`: builds the example and its driver, then hands over.

use std::{os::unix::process::CommandExt as _, process::Command};

use crate::run::{Failure, cargo, run, say, target_dir};

/// Becomes the demo, so that what is sent to this process ends it.
pub(crate) fn become_it(args: &[String]) -> Result<(), Failure> {
    say("Building the example trading engine (about three minutes the first time) …");
    let engine = ["--example", "trading_engine", "--example", "demo"];
    run(cargo(["build", "--quiet", "--package", "bongsu"]).args(engine))?;
    let error = demo().args(args).exec();
    Err(Failure(format!("cannot run the demo: {error}")))
}

/// The bounded run, to its end, with the programs that the tests use.
pub(crate) fn once() -> Result<(), Failure> {
    build_all()?;
    run(demo().arg("--once"))
}

/// Every example and the command, as the tests of the workspace need them.
pub(crate) fn build_all() -> Result<(), Failure> {
    let args = ["build", "--quiet", "--workspace", "--all-features"];
    run(cargo(args).args(["--examples", "--bins"]))
}

fn demo() -> Command {
    let examples = target_dir().join("debug").join("examples");
    let mut demo = Command::new(examples.join("demo"));
    demo.arg(examples.join("trading_engine"));
    demo
}
