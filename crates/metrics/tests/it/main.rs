//! Tests against the real tools.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod global;
mod memory;
mod prometheus;
mod promtool;
