//! What the tests of every crate share: free ports, child processes that end with their guard, waits
//! with one patience, and real servers on the loopback interface.
//!
//! Nothing here is for a service: it panics where a test should fail.
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a library for tests, which watch the clock and fail by panicking"
)]

mod asked;
mod certificates;
mod ports;
mod process;
pub mod servers;
mod wait;

pub use asked::asked;
pub use certificates::Certificates;
pub use ports::{free_address, free_port};
pub use process::{Lines, Process, python};
pub use wait::{PATIENCE, eventually, until};
