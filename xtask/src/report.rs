//! `cargo xtask report`: the daily report by hand, with the service's environment.

use crate::run::{Failure, cargo, run};

pub(crate) fn by_hand(args: &[String]) -> Result<(), Failure> {
    let mut command = cargo([
        "run",
        "--quiet",
        "--package",
        "bongsu",
        "--no-default-features",
        "--features",
        "alerts,charts,email,logging,postgres,reports,slack,sqlite",
        "--example",
        "report",
        "--",
    ]);
    run(command.args(args))
}
