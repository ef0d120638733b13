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
#[cfg(feature = "email")]
mod postfix;
mod rig;
