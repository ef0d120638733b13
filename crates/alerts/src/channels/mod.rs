//! The channels that come with the crate, one file and one feature each. [`LogChannel`] needs none.
//!
//! | feature | channel | goes to | a report arrives as | probe |
//! | --- | --- | --- | --- | --- |
//! | – | [`LogChannel`] | the service's log | text | – |
//! | `email` | `EmailChannel` | SMTP, required STARTTLS or implicit TLS | text and HTML with pictures | connects, authenticates |
//! | `slack` | `SlackChannel` | an incoming webhook | blocks | a message without text |
//! | `webhook` | `WebhookChannel` | any URL, signed on demand | JSON | `HEAD` |
//! | `alertmanager` | `AlertmanagerChannel` | every peer, API v2 | – | status of every peer |
//! | `telegram` | `TelegramChannel` | chats, by a bot | text | `getMe`, `getChat` |
//! | `discord` | `DiscordChannel` | a webhook | text | `GET` of the webhook |
//! | `pagerduty` | `PagerDutyChannel` | Events API v2 | – | resolves what never was |
//! | `teams` | `TeamsChannel` | a workflow | text | – |
//!
//! All of them: one attempt with its own time limits and no retry inside; answers read up to 64 KiB;
//! no redirect followed; no environment read; no URL, token or key in an error, a log line or a stored
//! message. Constructors reject what cannot be right and name every wrong field at once.

#[cfg(feature = "alertmanager")]
mod alertmanager;
#[cfg(feature = "discord")]
mod discord;
#[cfg(feature = "email")]
mod email;
#[cfg(any(feature = "_http", feature = "email"))]
mod error;
#[cfg(feature = "alertmanager")]
mod firing;
#[cfg(feature = "_http")]
#[cfg_attr(
    not(all(
        feature = "alertmanager",
        feature = "discord",
        feature = "heartbeat",
        feature = "pagerduty",
        feature = "slack",
        feature = "teams",
        feature = "telegram",
        feature = "webhook"
    )),
    allow(dead_code, unused_imports, reason = "each channel uses its part")
)]
pub(crate) mod http;
mod log;
#[cfg(feature = "pagerduty")]
mod pagerduty;
#[cfg(feature = "slack")]
mod slack;
#[cfg(feature = "email")]
mod smtp;
#[cfg(feature = "teams")]
mod teams;
#[cfg(feature = "telegram")]
mod telegram;
#[cfg(feature = "webhook")]
mod webhook;

#[cfg(feature = "alertmanager")]
pub use alertmanager::AlertmanagerChannel;
#[cfg(feature = "discord")]
pub use discord::DiscordChannel;
#[cfg(feature = "email")]
pub use email::{EmailChannel, EmailConfig, Tls};
#[cfg(feature = "heartbeat")]
pub(crate) use error::Problems;
#[cfg(any(feature = "_http", feature = "email"))]
pub use error::{ChannelConfigError, FieldProblem, Problem};
#[cfg(feature = "_http")]
pub use http::HttpOptions;
pub use log::LogChannel;
#[cfg(feature = "pagerduty")]
pub use pagerduty::PagerDutyChannel;
#[cfg(feature = "slack")]
pub use slack::SlackChannel;
#[cfg(feature = "teams")]
pub use teams::TeamsChannel;
#[cfg(feature = "telegram")]
pub use telegram::TelegramChannel;
#[cfg(feature = "webhook")]
pub use webhook::WebhookChannel;

/// The circumstances of a probe, which is no delivery.
#[cfg(feature = "_http")]
#[cfg_attr(
    not(all(
        feature = "alertmanager",
        feature = "discord",
        feature = "heartbeat",
        feature = "pagerduty",
        feature = "slack",
        feature = "teams",
        feature = "telegram",
        feature = "webhook"
    )),
    allow(dead_code, unused_imports, reason = "each channel uses its part")
)]
fn probe_attempt() -> crate::channel::Attempt {
    crate::channel::Attempt {
        delivery_id: "probe".to_owned(),
        attempt: 1,
        now: jiff::Timestamp::now(),
        deadline: tokio::time::Instant::now() + std::time::Duration::from_secs(30),
    }
}
