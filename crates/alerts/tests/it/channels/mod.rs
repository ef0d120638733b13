//! The network channels against real servers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

#[cfg(all(feature = "email", feature = "slack", feature = "webhook"))]
mod acceptance;
#[cfg(feature = "alertmanager")]
mod alertmanager;
#[cfg(feature = "email")]
mod dialogue;
#[cfg(feature = "email")]
mod email;
#[cfg(feature = "heartbeat")]
mod heartbeat;
#[cfg(all(
    feature = "discord",
    feature = "pagerduty",
    feature = "slack",
    feature = "teams",
    feature = "telegram",
    feature = "webhook"
))]
mod http;
mod http_server;
/// The channel that `cargo xtask new-channel` writes: it compiles, and its own tests hold.
#[cfg(feature = "http")]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "a channel to start from offers more than its tests use"
)]
#[path = "../../../../../xtask/src/new_channel/pigeon/mod.rs"]
mod pigeon;
#[cfg(feature = "email")]
mod postfix;
mod rig;
