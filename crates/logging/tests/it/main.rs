//! Logging against files, programs and hostile values.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests read clocks and the environment, and stop at what they did not expect"
)]

mod lines;
