//! The client against real servers: logins, TLS by a private CA, unix sockets, a failover by a Sentinel.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod failover;
mod reach;
mod rig;
mod strangers;
