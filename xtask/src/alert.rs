//! `cargo xtask alert test [channel]`: a test message, with the service's environment.

use std::process::ExitCode;

use crate::run::{complain, example, hand_over};

pub(crate) fn by_hand(args: &[String]) -> ExitCode {
    match args {
        [what, channel @ ..] if what == "test" && channel.len() <= 1 => {
            hand_over(example("alert_test").args(channel))
        }
        _ => {
            complain("usage: cargo xtask alert test [channel]");
            ExitCode::from(2)
        }
    }
}
