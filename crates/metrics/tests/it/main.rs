//! Tests against the real tools, and the model of the lanes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod global;
mod lanes;
mod memory;
mod prometheus;
mod promtool;
