//! The channels that come with the crate, one folder and one feature each. [`LogChannel`] needs none.
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
#[cfg(feature = "alertmanager")]
pub use alertmanager::AlertmanagerChannel;

#[cfg(feature = "discord")]
mod discord;
#[cfg(feature = "discord")]
pub use discord::DiscordChannel;

#[cfg(feature = "email")]
mod email;
#[cfg(feature = "email")]
pub use email::{EmailChannel, EmailConfig, Tls, addresses};

mod log;
pub use log::LogChannel;

#[cfg(feature = "pagerduty")]
mod pagerduty;
#[cfg(feature = "pagerduty")]
pub use pagerduty::PagerDutyChannel;

#[cfg(feature = "slack")]
mod slack;
#[cfg(feature = "slack")]
pub use slack::SlackChannel;

#[cfg(feature = "teams")]
mod teams;
#[cfg(feature = "teams")]
pub use teams::TeamsChannel;

#[cfg(feature = "telegram")]
mod telegram;
#[cfg(feature = "telegram")]
pub use telegram::TelegramChannel;

#[cfg(feature = "webhook")]
mod webhook;
#[cfg(feature = "webhook")]
pub use webhook::WebhookChannel;

mod kind;
pub use kind::{Asked, ChannelKind, ChannelVariable, Given, Made, Purpose, Remark, WayOut};
mod kinds;
pub use kinds::KINDS;

mod error;
pub use error::{ChannelConfigError, FieldProblem, Problem, Problems};

#[cfg(feature = "http")]
pub use crate::http::HttpOptions;

/// How long a probe may take.
#[cfg(any(feature = "http", feature = "email"))]
#[allow(
    dead_code,
    reason = "the base alone, for other people's channels, has none"
)]
const PROBE: std::time::Duration = std::time::Duration::from_secs(30);

#[cfg(all(
    test,
    feature = "discord",
    feature = "pagerduty",
    feature = "slack",
    feature = "teams",
    feature = "telegram",
    feature = "webhook"
))]
mod limits_tests;
