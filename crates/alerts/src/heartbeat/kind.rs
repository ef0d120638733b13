//! The dead-man's switch as an operator asks for it.

use crate::channels::kind::{ChannelKind, ChannelVariable, Make};

pub(crate) const KIND: ChannelKind = ChannelKind {
    name: "heartbeat",
    variables: VARIABLES,
    min_level: None,
    review: |_| Vec::new(),
    make: MAKE,
};

const VARIABLES: &[ChannelVariable] = &[ChannelVariable::new(
    "BONGSU_HEARTBEAT_URL",
    "url",
    "dead-man's switch: called every minute while the service lives",
)
.urls()];

#[cfg(not(feature = "heartbeat"))]
const MAKE: Option<Make> = None;
#[cfg(feature = "heartbeat")]
const MAKE: Option<Make> = Some(|asked, made| {
    let Some(url) = asked.given.secret("BONGSU_HEARTBEAT_URL") else {
        return;
    };
    let heartbeat = crate::heartbeat::Heartbeat::new(url.clone());
    match heartbeat.and_then(|it| it.with_http(&asked.way.http())) {
        Ok(heartbeat) => {
            let beating = Box::pin(heartbeat.run());
            made.background.push(("heartbeat", beating));
        }
        Err(error) => made.refuse(VARIABLES, &error),
    }
});
