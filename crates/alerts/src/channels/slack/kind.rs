//! Slack's webhooks as an operator asks for it.

use super::super::kind::{ChannelKind, ChannelVariable, Make};

pub(super) const KIND: ChannelKind = ChannelKind {
    name: "slack",
    variables: VARIABLES,
    min_level: Some("SLACK_MIN_LEVEL"),
    review: |_| Vec::new(),
    make: MAKE,
};

const VARIABLES: &[ChannelVariable] = &[
    ChannelVariable::new("SLACK_WEBHOOK_URL", "url", "incoming webhook, or several separated by commas").urls().shared(),
    ChannelVariable::new("SLACK_CHANNEL", "channel", "overrides the webhook's channel, e.g. `#trading-alerts`; several, separated by commas, are written to each").shared().needs("SLACK_WEBHOOK_URL"),
];

#[cfg(not(feature = "slack"))]
const MAKE: Option<Make> = None;
#[cfg(feature = "slack")]
const MAKE: Option<Make> = Some(|asked, made| {
    let rooms = asked.given.items("SLACK_CHANNEL");
    made.keep_each(VARIABLES, asked, "slack", |url, id| {
        let channel = crate::channels::SlackChannel::with_rooms(url, rooms.clone())?;
        channel.with_id(id).with_http(&asked.way.http())
    });
});
