//! What needs several crates at once, through the facade.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod bridges;
mod console;
mod console_access;
mod console_stories;
mod one_redis;
