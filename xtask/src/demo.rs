//! `cargo xtask demo`: builds the example and its driver, then hands over.

use std::{os::unix::process::CommandExt as _, process::Command};

use crate::run::{Failure, cargo, run, say, target_dir};

/// Becomes the demo, so that what is sent to this process ends it.
pub(crate) fn become_it(args: &[String]) -> Result<(), Failure> {
    let error = build()?.args(args).exec();
    Err(Failure(format!("cannot run the demo: {error}")))
}

/// The bounded run, to its end.
pub(crate) fn once() -> Result<(), Failure> {
    run(build()?.arg("--once"))
}

fn build() -> Result<Command, Failure> {
    say("Building the example trading engine (about three minutes the first time) …");
    run(&mut cargo([
        "build",
        "--quiet",
        "--package",
        "bongsu",
        "--example",
        "trading_engine",
        "--example",
        "demo",
    ]))?;
    let examples = target_dir().join("debug").join("examples");
    let mut demo = Command::new(examples.join("demo"));
    demo.arg(examples.join("trading_engine"));
    Ok(demo)
}
