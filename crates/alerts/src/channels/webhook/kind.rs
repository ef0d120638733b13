//! Webhooks as an operator asks for it.

use super::super::kind::{ChannelKind, ChannelVariable, Make};

pub(super) const KIND: ChannelKind = ChannelKind {
    name: "webhook",
    variables: VARIABLES,
    min_level: Some("ALERT_WEBHOOK_MIN_LEVEL"),
    review: |_| Vec::new(),
    make: MAKE,
};

const VARIABLES: &[ChannelVariable] = &[
    ChannelVariable::new("ALERT_WEBHOOK_URLS", "url", "URLs, separated by commas").urls(),
    ChannelVariable::new(
        "ALERT_WEBHOOK_SECRET",
        "secret",
        "`whsec_…`: signs the webhooks (Standard Webhooks 1.0)",
    )
    .secret()
    .needs("ALERT_WEBHOOK_URLS"),
];

#[cfg(not(feature = "webhook"))]
const MAKE: Option<Make> = None;
#[cfg(feature = "webhook")]
const MAKE: Option<Make> = Some(|asked, made| {
    let secret = asked.given.secret("ALERT_WEBHOOK_SECRET");
    made.keep_each(VARIABLES, asked, "webhook", |url, id| {
        let channel = crate::channels::WebhookChannel::new(url, secret.cloned())?;
        channel.with_id(id).with_http(&asked.way.http())
    });
});
