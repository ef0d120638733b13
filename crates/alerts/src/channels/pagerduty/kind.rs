//! PagerDuty as an operator asks for it.

use super::super::kind::{ChannelKind, ChannelVariable, Make};

pub(super) const KIND: ChannelKind = ChannelKind {
    name: "pagerduty",
    variables: VARIABLES,
    min_level: Some("PAGERDUTY_MIN_LEVEL"),
    review: |_| Vec::new(),
    make: MAKE,
};

const VARIABLES: &[ChannelVariable] = &[ChannelVariable::new(
    "PAGERDUTY_ROUTING_KEY",
    "routing_key",
    "Events v2 integration key, or several separated by commas",
)
.secret()
.shared()];

#[cfg(not(feature = "pagerduty"))]
const MAKE: Option<Make> = None;
#[cfg(feature = "pagerduty")]
const MAKE: Option<Make> = Some(|asked, made| {
    made.keep_each(VARIABLES, asked, "pagerduty", |it, id| {
        let channel = crate::channels::PagerDutyChannel::new(it)?;
        channel.with_id(id).with_http(&asked.way.http())
    });
});
