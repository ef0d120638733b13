//! Alertmanager as an operator asks for it.

use super::super::kind::{ChannelKind, ChannelVariable, Make};

pub(super) const KIND: ChannelKind = ChannelKind {
    name: "alertmanager",
    variables: VARIABLES,
    min_level: Some("ALERTMANAGER_MIN_LEVEL"),
    review: |_| Vec::new(),
    make: MAKE,
};

const VARIABLES: &[ChannelVariable] = &[ChannelVariable::new(
    "ALERTMANAGER_URLS",
    "url",
    "every peer, separated by commas",
)
.urls()];

#[cfg(not(feature = "alertmanager"))]
const MAKE: Option<Make> = None;
#[cfg(feature = "alertmanager")]
const MAKE: Option<Make> = Some(|asked, made| {
    let peers = asked.given.items("ALERTMANAGER_URLS");
    if peers.is_empty() {
        return;
    }
    let channel = crate::channels::AlertmanagerChannel::new(peers);
    let channel = channel.and_then(|it| it.with_http(&asked.way.http()));
    if let Ok(channel) = &channel {
        let refresh = Box::pin(channel.refresh());
        made.background.push(("alertmanager-refresh", refresh));
    }
    made.keep(VARIABLES, channel);
});
