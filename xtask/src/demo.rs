//! `cargo xtask demo`: builds the example and its driver, then hands over.

use std::process::Command;

use crate::run::{Failure, cargo, run, say, target_dir};

pub(crate) fn start(args: &[String]) -> Result<(), Failure> {
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
    run(Command::new(examples.join("demo"))
        .arg(examples.join("trading_engine"))
        .args(args))
}
