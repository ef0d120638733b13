//! `cargo xtask report`: the daily report by hand, with the service's environment.

use crate::run::{Failure, example, run};

pub(crate) fn by_hand(args: &[String]) -> Result<(), Failure> {
    run(example("report").args(args))
}
