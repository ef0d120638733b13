//! `cargo xtask doctor`, `alert` and `report`: the command `bongsu`, with the service's environment.

use std::process::ExitCode;

use crate::run::{cargo, hand_over};

/// In the folder in which somebody typed it: its `.env` is the service's.
pub(crate) fn run(command: &str, args: &[String]) -> ExitCode {
    let mut bongsu = cargo(["run", "--quiet", "--package", "bongsu-cli", "--"]);
    if let Ok(here) = std::env::current_dir() {
        bongsu.arg("--dir").arg(here);
    }
    hand_over(bongsu.arg(command).args(args))
}
