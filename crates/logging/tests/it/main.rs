//! Logging against files, programs and hostile values.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests read clocks and the environment, and stop at what they did not expect"
)]

mod any_event;
mod child;
mod context;
mod daemon;
mod files;
mod lines;
mod memory;
mod process;
mod property;
mod stores;

use std::time::{Duration, Instant};

/// Waits for a condition; the deadline is for a busy machine.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "not within 30 s: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
