//! Tests against real programs, real sockets and real kills, in one binary.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails, and a child process speaks through its output"
)]

#[cfg(any(feature = "email", feature = "http"))]
mod channels;
#[cfg(all(feature = "sqlite", feature = "testing", unix))]
mod child;
#[cfg(all(feature = "sqlite", feature = "testing", unix))]
mod disk;
#[cfg(all(feature = "sqlite", feature = "testing", unix))]
mod faulty;
#[cfg(all(feature = "sqlite", feature = "testing", unix))]
mod kill;
#[cfg(all(feature = "sqlite", feature = "redis", feature = "testing", unix))]
mod replicas;
#[cfg(all(feature = "sqlite", feature = "testing", unix))]
mod stopped;
