//! Every kind of channel, a line each: declared in its own folder, whether it is compiled in or not.

#[path = "alertmanager/kind.rs"]
mod alertmanager;
#[path = "discord/kind.rs"]
mod discord;
#[path = "email/kind.rs"]
mod email;
#[path = "../heartbeat/kind.rs"]
mod heartbeat;
#[path = "pagerduty/kind.rs"]
mod pagerduty;
#[path = "slack/kind.rs"]
mod slack;
#[path = "teams/kind.rs"]
mod teams;
#[path = "telegram/kind.rs"]
mod telegram;
#[path = "webhook/kind.rs"]
mod webhook;

use super::kind::ChannelKind;

/// Every kind of channel that comes with the crate, and the dead-man's switch.
pub const KINDS: &[ChannelKind] = &[
    email::KIND,
    slack::KIND,
    webhook::KIND,
    telegram::KIND,
    discord::KIND,
    pagerduty::KIND,
    teams::KIND,
    alertmanager::KIND,
    heartbeat::KIND,
];
