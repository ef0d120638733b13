//! The facade as a user meets it: the README, and the example as a real process.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking"
)]

mod process;
mod readme;
mod startup;
