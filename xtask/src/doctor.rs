//! `cargo xtask doctor`: the environment as a service would have it.

use std::process::ExitCode;

use crate::run::{example, hand_over};

pub(crate) fn examine(args: &[String]) -> ExitCode {
    hand_over(example("doctor").args(args))
}
