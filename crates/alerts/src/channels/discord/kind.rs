//! Discord's webhooks as an operator asks for it.

use super::super::kind::{ChannelKind, ChannelVariable, Make};

pub(super) const KIND: ChannelKind = ChannelKind {
    name: "discord",
    variables: VARIABLES,
    min_level: Some("DISCORD_MIN_LEVEL"),
    review: |_| Vec::new(),
    make: MAKE,
};

const VARIABLES: &[ChannelVariable] = &[ChannelVariable::new(
    "DISCORD_WEBHOOK_URL",
    "url",
    "webhook, or several separated by commas",
)
.urls()
.shared()];

#[cfg(not(feature = "discord"))]
const MAKE: Option<Make> = None;
#[cfg(feature = "discord")]
const MAKE: Option<Make> = Some(|asked, made| {
    made.keep_each(VARIABLES, asked, "discord", |it, id| {
        let channel = crate::channels::DiscordChannel::new(it)?;
        channel.with_id(id).with_http(&asked.way.http())
    });
});
