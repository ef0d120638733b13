//! What a message looks like, channel by channel: pure functions from a notification to bytes.
//!
//! Everything a caller wrote is hostile until it is escaped for the place it goes to, and is cut on
//! a character boundary under the limit of that place; a cut says so in the text.

#[cfg(feature = "alertmanager")]
pub(crate) mod alertmanager;
#[cfg(feature = "discord")]
pub(crate) mod discord;
pub mod fit;
#[cfg(feature = "email")]
pub(crate) mod mail;
#[cfg(feature = "pagerduty")]
pub(crate) mod pagerduty;
#[cfg(feature = "slack")]
pub(crate) mod slack;
#[cfg(feature = "teams")]
pub(crate) mod teams;
#[cfg(feature = "telegram")]
pub(crate) mod telegram;
pub mod view;
#[cfg(feature = "webhook")]
pub(crate) mod webhook;

#[cfg(test)]
#[allow(dead_code, reason = "each channel is tried on its part")]
pub(crate) mod samples;
#[cfg(all(
    test,
    feature = "discord",
    feature = "pagerduty",
    feature = "slack",
    feature = "teams",
    feature = "telegram",
    feature = "webhook"
))]
mod tests;
